# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a whole host: what its containers run, what the registries have, and which of them a run would update."""

from __future__ import annotations

import typing as t

from ..container.compose import service_of
from ..engine.errors import EngineError, InspectFailed, PullErrorKind
from ..engine.image_reference import ImageReference, followed_by
from ..engine.interfaces import Clock
from ..engine.model import Document, ImageIdentity, Published, PullPolicy, name_of
from ..image.pull_errors import classify, describe
from ..image.resolve import ResolvedImage, match_running, resolve, resolve_locally
from ..plan.preflight import update_blocker, why_managed_elsewhere
from ..plan.skip_rules import EXCLUSION_LABEL, has_build_date, is_excluded, why_too_young
from ..state.journal import ProcessTable
from ..state.lock import RunLock
from ..state.rejections import Rejections
from .leftovers import ArchiveInfo, Leftovers, find_leftovers
from .model import Assessment, ContainerInfo, HostInfo, Status, UpdateQuery
from .order import update_order
from .reader import Answer, HostReader
from .snapshot import LocalImages, ReadOnlyJournal, as_inspected


class _Look:
    """One answer in the making, with the warnings of what could not be seen."""

    def __init__(self, reader: HostReader, runs: ProcessTable, clock: Clock, query: UpdateQuery) -> None:
        self._reader = reader
        self._runs = runs
        self._clock = clock
        self._query = query
        self._warnings: list[str] = []
        self._inspected: dict[str, Document] = {}
        self._created: dict[str, int | None] = {}
        self._rejections: Rejections | None = None
        self._leftovers = Leftovers()
        self._knows_leftovers = False
        self._images: LocalImages | None = None
        self._why_no_images = ""
        self._answers: t.Mapping[str, Answer] = {}
        self._architecture = ""

    def answer(self) -> HostInfo:
        listed = self._list()
        everything = [as_inspected(one) for one in listed]
        self._created = {one["Id"]: one.get("Created") for one in listed}
        self._read_notes(everything)
        containers, left_over = _under_their_own_names(everything, self._leftovers.archives)
        chosen = [self._with_reference(container) for container in containers if self._query.selection.chooses(container)]
        self._read_images(chosen)
        infos = [self._info(container) for container in chosen]
        would = [info.name for info in infos if info.outdated and not info.obstacle]
        return HostInfo(
            containers=tuple(sorted(infos, key=lambda info: info.name)),
            outdated=update_order(would, [*containers, *self._inspected.values()], listed),
            missing=self._missing([*everything, *containers]),
            left_over=left_over,
            warnings=tuple(self._warnings),
        )

    def _list(self) -> tuple[Document, ...]:
        try:
            return self._reader.containers()
        except EngineError as error:
            raise InspectFailed(f"The containers of this host could not be listed: {error}") from error

    def _missing(self, there: t.Iterable[Document]) -> tuple[str, ...]:
        known = {word for container in there for word in (name_of(container), container["Id"])}
        return tuple(sorted(self._query.selection.names - known))

    def _read_notes(self, containers: t.Sequence[Document]) -> None:
        try:
            memory, journal = self._reader.memory(), self._reader.journal()
        except EngineError as error:
            self._warnings.append(
                "Which images were rejected before, which archives are kept and which runs were interrupted is not known: "
                f"the volumes of this host could not be listed ({error})."
            )
            return
        remembered = ReadOnlyJournal(memory, self._reader.age)
        lock = RunLock(ReadOnlyJournal(journal, self._reader.age), self._runs, self._clock, lock_timeout=0)
        self._rejections = Rejections(remembered)
        self._leftovers = find_leftovers(containers, remembered, memory, lock, journal)
        self._knows_leftovers = True
        self._warnings += self._leftovers.warnings

    def _with_reference(self, container: Document) -> Document:
        """The list has an image ID where the reference no longer means the image that runs."""
        return self._inspect(container) if container["Config"]["Image"] == container["Image"] else container

    def _inspect(self, container: Document) -> Document:
        """The whole document, under the name that it goes by here. What the list has, when it cannot be had."""
        if container["Id"] not in self._inspected:
            try:
                whole = self._reader.container(container["Id"])
            except EngineError as error:
                self._warnings.append(f"{name_of(container)} could not be inspected: {error}")
                return container
            self._inspected[container["Id"]] = {**whole, "Name": container["Name"]}
        return self._inspected[container["Id"]]

    def _read_images(self, containers: t.Iterable[Document]) -> None:
        try:
            listed = self._reader.images()
        except EngineError as error:
            self._why_no_images = f"the images of this host could not be listed: {error}"
            return
        unsettled = (followed_by(one["Config"]["Image"], one["Image"]) for one in containers if self._settled(one) is None)
        references = {reference.normalised: reference for reference in unsettled if reference}
        here = LocalImages(listed, {})
        asked = tuple(reference for reference in references.values() if _needs_registry(here, reference, self._query.policy))
        answers = self._reader.ask(asked)
        self._answers = {reference.normalised: answer for reference, answer in zip(asked, answers)}
        self._images = LocalImages(listed, self._answers)

    def _info(self, container: Document) -> ContainerInfo:
        name = name_of(container)
        assessment = self._find(container)
        obstacle = ""
        if assessment.status is Status.OUTDATED:
            container = self._inspect(container)
            obstacle = update_blocker(container, image_is_here=self._images is None or self._images.has(container["Image"])) or ""
        followed = followed_by(container["Config"]["Image"], container["Image"])
        digest = self._images.digest_of(container["Image"], followed) if self._images and followed else None
        run = self._leftovers.runs.get(name)
        return ContainerInfo(
            name=name,
            id=container["Id"],
            state=container["State"]["Status"],
            created=self._created[container["Id"]],
            image=ImageIdentity(container["Config"]["Image"], container["Image"], digest),
            assessment=assessment,
            compose=service_of(container),
            archives=self._leftovers.of(name) if self._knows_leftovers else None,
            interrupted=bool(run and not run.may_live) if self._knows_leftovers else None,
            busy=bool(run and run.may_live) if self._knows_leftovers else None,
            obstacle=obstacle,
        )

    def _settled(self, container: Document) -> Assessment | None:
        """What can be said without asking anybody."""
        reason = why_managed_elsewhere(container)
        if reason:
            return Assessment(Status.MANAGED_ELSEWHERE, reason)
        if is_excluded(container):
            return Assessment(Status.EXCLUDED, f"its label {EXCLUSION_LABEL} excludes it from updates")
        text, image_id = container["Config"]["Image"], container["Image"]
        if text == image_id and container["Id"] not in self._inspected:
            return Assessment(Status.UNKNOWN, "which reference it was created from could not be seen")
        followed = followed_by(text, image_id)
        if followed is None:
            return Assessment(Status.LOCAL, "it was created from an image ID, which no registry knows")
        if followed.digest:
            return Assessment(Status.PINNED, "it follows a digest, and moves only to another reference")
        return None

    def _find(self, container: Document) -> Assessment:
        settled = self._settled(container)
        if settled:
            return settled
        if self._images is None:
            return Assessment(Status.UNKNOWN, self._why_no_images)
        followed = t.cast(ImageReference, followed_by(container["Config"]["Image"], container["Image"]))
        try:
            resolved = resolve(self._images, followed, self._query.policy)
            resolved = match_running(resolved, container["Image"], self._images.digests_of(container["Image"]))
        except EngineError as error:
            return self._without_answer(container, followed, self._images, error)
        answer = self._answers.get(followed.normalised)
        registry = answer if isinstance(answer, Published) else None
        return self._compare(container, resolved, self._images)._replace(registry=registry)

    @staticmethod
    def _without_answer(container: Document, followed: ImageReference, images: LocalImages, error: EngineError) -> Assessment:
        problem = classify(error)
        image_id = container["Image"]
        # Who has no access is not told whether there is such an image.
        nobody_has_it = problem in (PullErrorKind.NOT_FOUND, PullErrorKind.AUTHENTICATION)
        if nobody_has_it and images.has(image_id) and not images.came_from_a_registry(image_id):
            offered = f"{followed.domain} does not offer it: {describe(error)}"
            return Assessment(Status.LOCAL, f"its image never came from a registry, and {offered}")
        return Assessment(Status.UNKNOWN, f"{followed.as_written}: {describe(error)}", problem=problem)

    def _compare(self, container: Document, resolved: ResolvedImage, images: LocalImages) -> Assessment:
        image = resolved.image
        if image.id == container["Image"]:
            return Assessment(Status.UP_TO_DATE)
        rejected = self._rejections.recall(name_of(container)) if self._rejections else None
        if rejected and rejected.is_image(image):
            kind = rejected.reason.partition(":")[0]  # What follows are words of the engine, which may cite anything.
            return Assessment(Status.REJECTED, f"it was rolled back from this image of {rejected.reference} ({kind})")
        made_at, min_age = images.made_at(image.id), self._query.min_image_age
        young = why_too_young(image.reference, made_at, self._clock.unix_seconds(), min_age)
        if young:
            return Assessment(Status.TOO_YOUNG, young)
        problem = self._no_image_for_this_platform(resolved)
        if problem:
            return Assessment(Status.UNKNOWN, f"{image.reference}: {describe(problem)}", problem=classify(problem))
        doubts = [resolved.doubt]
        if self._rejections is None:
            doubts.append("whether it was rolled back from this image before is not known")
        if min_age and not image.id:
            doubts.append("how old the image is can be known only once it is pulled")
        elif min_age and not has_build_date(made_at):
            self._warnings.append(f"{image.reference} does not tell when it was built, so min_image_age does not hold it back.")
        reason = "; ".join(filter(None, doubts))
        return Assessment(Status.OUTDATED, reason, certain=not reason)

    def _no_image_for_this_platform(self, resolved: ResolvedImage) -> EngineError | None:
        """What a pull would say. None also when nobody can tell: then the run will."""
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


def _needs_registry(here: LocalImages, reference: ImageReference, policy: PullPolicy) -> bool:
    try:
        return resolve_locally(here, reference, policy) is None
    except EngineError:
        return False


def _under_their_own_names(containers: t.Sequence[Document], archives: t.Sequence[ArchiveInfo]) -> tuple[list[Document], tuple[str, ...]]:
    """The containers without the archives, and the names of the archives whose container is gone.

    Where a run was to put another one in the place of an archive and did not come to it, the archive stands there for its container.
    """
    by_id = {archive.id: archive for archive in archives}
    there = [container for container in containers if container["Id"] not in by_id]
    taken = {name_of(container) for container in there}
    orphans = [by_id[container["Id"]] for container in containers if container["Id"] in by_id and by_id[container["Id"]].owner not in taken]
    documents = {container["Id"]: container for container in containers}
    there += [{**documents[archive.id], "Name": f"/{archive.owner}"} for archive in orphans if not archive.kept]
    return there, tuple(sorted(archive.name for archive in orphans if archive.kept))
