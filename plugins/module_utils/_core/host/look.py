# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inspect a whole host: what its containers run, what the registries offer, and which containers an update would change."""

from __future__ import annotations

import contextlib
import typing as t

from ..container.compose import service_of
from ..engine.errors import EngineError, InspectFailed, PullErrorKind
from ..engine.image_reference import ImageReference, parse_if_possible
from ..engine.interfaces import Clock
from ..engine.model import Document, Inspected, Published, PullPolicy, name_of
from ..image.identity import is_same_image
from ..image.pull_errors import classify, describe
from ..image.resolve import ResolvedImage, match_running, resolve, resolve_locally
from ..plan.preflight import update_blocker, why_managed_elsewhere
from ..plan.skip_rules import EXCLUSION_LABEL, is_excluded, why_age_is_unknown, why_too_young
from ..state.journal import ProcessTable
from ..state.lock import RunLock
from ..state.rejections import Rejected, Rejections
from .leftovers import ArchiveInfo, Leftovers, find_leftovers
from .model import Assessment, ContainerInfo, HostInfo, Status, UpdateQuery
from .order import update_order
from .reader import Answer, HostReader
from .report import what_stands_out
from .snapshot import LocalImages, ReadOnlyJournal, as_inspected


class HostInspection:
    """One inspection of a host. It collects a warning for each thing that could not be read."""

    def __init__(self, reader: HostReader, processes: ProcessTable, clock: Clock, query: UpdateQuery) -> None:
        self._reader = reader
        self._processes = processes
        self._clock = clock
        self._query = query
        self._warnings: list[str] = []
        self._inspected: dict[str, Document] = {}
        self._created: dict[str, int | None] = {}
        self._rejections: Rejections | None = None
        self._leftovers: Leftovers | None = None
        self._images: LocalImages | None = None
        self._why_no_images = ""
        self._answers: t.Mapping[str, Answer] = {}
        self._architecture = ""

    def run(self) -> HostInfo:
        """Inspect the host. Raise InspectFailed if the containers cannot be listed."""
        listed = self._list()
        all_containers = [as_inspected(entry) for entry in listed]
        self._created = {entry["Id"]: entry.get("Created") for entry in listed}
        self._read_records(all_containers)
        archives = self._leftovers.archives if self._leftovers else ()
        containers, left_over = _separate_archives(all_containers, archives)
        selected = [self._with_reference(container) for container in containers if self._query.selection.matches(container)]
        self._read_images(selected)
        infos = [self._info(container) for container in selected]
        to_update = [info.name for info in infos if info.outdated and not info.obstacle]
        return HostInfo(
            containers=tuple(sorted(infos, key=lambda info: info.name)),
            outdated=update_order(to_update, [*containers, *self._inspected.values()], listed),
            missing=self._missing([*all_containers, *containers]),
            left_over=left_over,
            warnings=(*self._warnings, *what_stands_out(infos)),
        )

    def _list(self) -> tuple[Document, ...]:
        try:
            return self._reader.containers()
        except EngineError as error:
            raise InspectFailed(f"The containers of this host could not be listed: {error}") from error

    def _missing(self, containers: t.Iterable[Document]) -> tuple[str, ...]:
        existing = {key for container in containers for key in (name_of(container), container["Id"])}
        return tuple(sorted(self._query.selection.names - existing))

    def _read_records(self, containers: t.Sequence[Document]) -> None:
        try:
            memory, journal = self._reader.memory(), self._reader.journal()
        except EngineError as error:
            self._warnings.append(
                "Rejected images, archives and interrupted runs are unknown, because the volumes of this host could not be listed: "
                f"{error}. The other results are valid."
            )
            return
        memory_journal = ReadOnlyJournal(memory, self._reader.age)
        lock = RunLock(ReadOnlyJournal(journal, self._reader.age), self._processes, self._clock, lock_timeout=0)
        self._rejections = Rejections(memory_journal)
        self._leftovers = find_leftovers(containers, memory_journal, memory, lock, journal)
        self._warnings += self._leftovers.warnings

    def _with_reference(self, container: Document) -> Document:
        """Inspect the container if the list shows an image ID instead of its reference, as it does once the reference has moved."""
        return self._inspect(container) if container["Config"]["Image"] == container["Image"] else container

    def _inspect(self, container: Document) -> Document:
        """Return the full inspect document with the name used here, or `container` itself and a warning if that fails."""
        if container["Id"] not in self._inspected:
            try:
                document = self._reader.container(container["Id"])
            except EngineError as error:
                self._warnings.append(f"{name_of(container)} could not be inspected: {error}")
                return container
            self._inspected[container["Id"]] = {**document, "Name": container["Name"]}
        return self._inspected[container["Id"]]

    def _read_images(self, containers: t.Iterable[Document]) -> None:
        try:
            listed = self._reader.images()
        except EngineError as error:
            self._why_no_images = f"the images of this host could not be listed: {error}"
            return
        self._images = local_images = LocalImages(listed, {})
        to_resolve = (one for one in containers if self._assess_without_registry(one) is None)
        references = {reference.normalised: reference for reference in map(self._followed, to_resolve) if reference}
        to_ask = tuple(reference for reference in references.values() if _needs_registry(local_images, reference, self._query.policy))
        self._answers = {reference.normalised: answer for reference, answer in zip(to_ask, self._reader.ask(to_ask))}
        self._images = LocalImages(listed, self._answers)

    def _followed(self, container: Document) -> ImageReference | None:
        """Return the reference that a container follows. Without the names of images, digits that could be an ID or a name are a name."""
        return self._images.followed_by(container) if self._images else parse_if_possible(container["Config"]["Image"])

    def _info(self, container: Document) -> ContainerInfo:
        name = name_of(container)
        assessment = self._assess(container)
        obstacle = ""
        if assessment.status is Status.OUTDATED:
            container = self._inspect(container)
            obstacle = update_blocker(container, image_is_here=self._images is None or self._images.has(container["Image"])) or ""
        leftovers = self._leftovers
        run = leftovers.runs.get(name) if leftovers else None
        return ContainerInfo(
            name=name,
            id=container["Id"],
            state=container["State"]["Status"],
            created=self._created[container["Id"]],
            image=(self._images or LocalImages((), {})).image_of(container),
            assessment=assessment,
            compose=service_of(container),
            archives=leftovers.of(name) if leftovers else None,
            interrupted=bool(run and not run.may_live) if leftovers else None,
            busy=bool(run and run.may_live) if leftovers else None,
            obstacle=obstacle,
        )

    def _assess_without_registry(self, container: Document) -> Assessment | None:
        """Return the assessment if it does not depend on images and registries, else None."""
        reason = why_managed_elsewhere(container)
        if reason:
            return Assessment(Status.MANAGED_ELSEWHERE, reason)
        if is_excluded(container):
            return Assessment(Status.EXCLUDED, f"its label {EXCLUSION_LABEL} excludes it from updates")
        text, image_id = container["Config"]["Image"], container["Image"]
        if text == image_id and container["Id"] not in self._inspected:
            return Assessment(Status.UNKNOWN, "it could not be inspected, so the reference that it was created from is unknown")
        followed = self._followed(container)
        if followed is None:
            return Assessment(Status.LOCAL, "it was created from an image ID, which cannot be looked up in a registry")
        if followed.digest:
            return Assessment(Status.PINNED, "it follows a digest, so it moves only if another reference is set")
        return None

    def _assess(self, container: Document) -> Assessment:
        assessment = self._assess_without_registry(container)
        if assessment:
            return assessment
        if self._images is None:
            return Assessment(Status.UNKNOWN, self._why_no_images)
        followed = t.cast(ImageReference, self._followed(container))
        try:
            resolved = resolve(self._images, followed, self._query.policy)
            resolved = match_running(resolved, self._images.image_of(container))
        except EngineError as error:
            return self._assess_unresolved(container, followed, self._images, error)
        answer = self._answers.get(followed.normalised)
        registry = answer if isinstance(answer, Published) else None
        return self._compare(container, resolved, self._images)._replace(registry=registry)

    @staticmethod
    def _assess_unresolved(container: Document, followed: ImageReference, images: LocalImages, error: EngineError) -> Assessment:
        problem = classify(error)
        image_id = container["Image"]
        # Without access, a registry does not say whether the image exists.
        not_offered = problem in (PullErrorKind.NOT_FOUND, PullErrorKind.AUTHENTICATION)
        built_here = images.was_built_here(image_id) if images.has(image_id) else False
        if not_offered and built_here:
            reason = f"its image never came from a registry, and {followed.domain} does not offer it: {describe(error)}"
            return Assessment(Status.LOCAL, reason)
        if problem is PullErrorKind.NOT_FOUND and built_here is None:
            reason = f"its image is on this host, and {followed.domain} does not offer it: {describe(error)}"
            return Assessment(Status.LOCAL, reason, problem=problem)
        return Assessment(Status.UNKNOWN, f"{followed.as_written}: {describe(error)}", problem=problem)

    def _compare(self, container: Document, resolved: ResolvedImage, images: LocalImages) -> Assessment:
        image = resolved.image
        if image.id and not is_same_image(image, images.image_of(container)):
            self._inspect_images(images, image.id, container["Image"])
            image = images.in_detail(image)
        if is_same_image(image, images.image_of(container)):
            return Assessment(Status.UP_TO_DATE)
        rejected = self._rejections.recall(name_of(container)) if self._rejections else None
        if rejected and rejected.is_image(image) and self._is_case(rejected, container):
            kind = rejected.reason.partition(":")[0]  # The rest is the engine's text, which may contain secrets.
            return Assessment(Status.REJECTED, f"it was rolled back from this image of {rejected.reference} ({kind})")
        created, min_age = images.created(image.id), self._query.min_image_age
        too_young = why_too_young(image.reference, created, self._clock.unix_seconds(), min_age)
        if too_young:
            return Assessment(Status.TOO_YOUNG, too_young)
        problem = self._platform_error(resolved)
        if problem:
            return Assessment(Status.UNKNOWN, f"{image.reference}: {describe(problem)}", problem=classify(problem))
        doubts = [resolved.doubt]
        if self._rejections is None:
            doubts.append("it is unknown whether it was rolled back from this image before")
        if min_age and not image.id:
            doubts.append("the age of the image is unknown until it is pulled")
        elif min_age:
            unknown = why_age_is_unknown(image.reference, created, self._clock.unix_seconds())
            self._warnings += [f"{name_of(container)}: min_image_age is not applied, because {unknown}."] if unknown else []
        reason = "; ".join(filter(None, doubts))
        return Assessment(Status.OUTDATED, reason, certain=not reason)

    def _is_case(self, rejected: Rejected, container: Document) -> bool:
        """Whether the container is still configured as it was when the image was rejected, as far as can be told."""
        document = self._inspect(container)
        image = None
        if "HostConfig" not in document or "Env" not in document["Config"]:
            return True
        with contextlib.suppress(EngineError):
            image = self._reader.image(document["Image"])
        return rejected.is_case(Inspected(document, image))

    def _inspect_images(self, images: LocalImages, *image_ids: str) -> None:
        """Learn what the engine's list of images does not say. An image that cannot be inspected is compared by what the list says."""
        for image_id in image_ids:
            with contextlib.suppress(EngineError):
                images.add_details(self._reader.image(image_id))

    def _platform_error(self, resolved: ResolvedImage) -> EngineError | None:
        """Return the error that a pull would raise if the image does not support this platform. None if it does, or if it is unknown."""
        if resolved.image.id or not resolved.is_index or not resolved.platforms:
            return None
        try:
            self._architecture = self._architecture or self._reader.architecture()
        except EngineError:
            return None
        try:
            resolved.architecture_for(self._architecture)
        except EngineError as error:
            return error
        return None


def _needs_registry(images: LocalImages, reference: ImageReference, policy: PullPolicy) -> bool:
    try:
        return resolve_locally(images, reference, policy) is None
    except EngineError:
        return False


def _separate_archives(containers: t.Sequence[Document], archives: t.Sequence[ArchiveInfo]) -> tuple[list[Document], tuple[str, ...]]:
    """Return the containers that are not archives, and the names of kept archives whose container does not exist.

    A run renames the old container to an archive before it creates the new one. If the new one does not exist, the archive is returned
    under the name of its container.
    """
    by_id = {archive.id: archive for archive in archives}
    remaining = [container for container in containers if container["Id"] not in by_id]
    taken = {name_of(container) for container in remaining}
    documents = {container["Id"]: container for container in containers if container["Id"] in by_id}
    orphans = [by_id[container_id] for container_id in documents if by_id[container_id].owner not in taken]
    remaining += [{**documents[archive.id], "Name": f"/{archive.owner}"} for archive in orphans if not archive.kept]
    return remaining, tuple(sorted(archive.name for archive in orphans if archive.kept))
