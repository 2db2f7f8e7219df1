# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide before anything is touched: what runs, what it should run, and how to get there."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from dataclasses import dataclass

from .archive import archive_name
from .compose import tell_compose
from .dependents import Dependent, find_dependents, with_meaning_of_tag
from .errors import EngineError, InspectFailed, InvalidImageReference, InvalidInput, NotFound
from .foresight import Foreseen
from .health import LONGEST
from .image_reference import ImageReference, digest_in, followed_by, is_digest, parse_if_possible
from .kept_archives import Kept
from .lost_files import lost_files
from .obtaining import Obtain, obtain_image, pull, tag_is_elsewhere, to_pull, with_platform
from .policy import LONGEST_AGE, SkipReason, is_excluded, unix_seconds_of, why_excluded
from .ports import (
    ContainerRuntimeState,
    DockerOps,
    Document,
    ImageIdentity,
    Inspected,
    Ports,
    PullPolicy,
    Surroundings,
    is_active,
    name_of,
    stop_timeout_of,
)
from .preflight import Case, refuse_if_unsafe
from .rejection import Rejected
from .rollback import OldContainer
from .spec import ContainerSpec
from .stopwatch import Stopwatch

_FULL_ID = re.compile(r"[0-9a-f]{64}")
_CONTAINER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


class LostFiles(enum.Enum):
    """What to do about files that lie in the container's own layer, and would be lost with it."""

    WARN = "warn"
    REFUSE = "refuse"
    IGNORE = "ignore"


@dataclass(frozen=True)
class ContainerRequest:
    """Which container, by its exact name or its full ID, and how long in seconds it gets to stop: None means its own stop timeout.

    Raises InvalidInput.
    """

    container: str
    stop_timeout: t.Optional[int] = None

    @property
    def is_by_id(self) -> bool:
        return bool(_FULL_ID.fullmatch(self.container))

    def stop_timeout_for(self, container: Document) -> int:
        return stop_timeout_of(container) if self.stop_timeout is None else self.stop_timeout

    def __post_init__(self) -> None:
        if not _CONTAINER_NAME.fullmatch(self.container):
            raise InvalidInput(f"'{self.container}' is not the name of a container (letters, digits, '_', '.', '-').")
        if self.stop_timeout is not None and not 0 <= self.stop_timeout <= LONGEST:
            raise InvalidInput(f"stop_timeout must be a number of seconds from 0 to {LONGEST}, not {self.stop_timeout}.")


@dataclass(frozen=True)
class RecreateRequest(ContainerRequest):
    """What the operator wants done.

    C(image) None means the reference that the container was created from. C(image_digest) is the one that is pulled, whatever the reference
    means in the registry. C(force) recreates a container that runs the right image already, and tries an image that was rejected before.
    C(verbatim) keeps the defaults of an old image that is gone. C(keep_env) names variables that stay as they are even with the old
    image's default value. C(min_image_age) is in seconds, C(respect_labels) leaves containers alone
    whose label says so; C(force) overrides neither. Raises InvalidInput.
    """

    image: t.Optional[str] = None
    pull: PullPolicy = PullPolicy.ALWAYS
    force: bool = False
    verbatim: bool = False
    lost_files: LostFiles = LostFiles.WARN
    keep_env: t.FrozenSet[str] = frozenset()
    min_image_age: float = 0
    respect_labels: bool = False
    image_digest: t.Optional[str] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_digest is not None and not is_digest(self.image_digest):
            raise InvalidInput(f"image_digest must be a digest such as sha256:<64 hex digits>, not '{self.image_digest}'.")
        if self.image is not None:
            to_pull(ImageReference.parse(self.image), self.image_digest)
        if not 0 <= self.min_image_age <= LONGEST_AGE:
            raise InvalidInput(f"min_image_age must be a number of seconds from 0 to {LONGEST_AGE}, not {self.min_image_age:g}.")


@dataclass(frozen=True)
class Unchanged:
    """The container runs the right image already."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    warnings: t.Tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """The container stays as it is, whatever image there is, for a reason and in words that tell it.

    C(rejected) is the memory of the rollback, where that is the reason. C(moved_tag) tells whether a pull may have moved the tag.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    reason: SkipReason
    why: str
    rejected: t.Optional[Rejected] = None
    moved_tag: bool = False
    warnings: t.Tuple[str, ...] = ()


@dataclass(frozen=True)
class Replacement:
    """Everything that the calls after the stop need. C(stop_timeout) in seconds, for the old container and for the new one.

    The new container is created from C(body), unless it is one that was there before: then C(returning) says which. C(seen) is the inspect
    document of the old container that all this was decided on, C(new_defaults) what the new image gives to a container that asks for
    nothing else, None when that cannot be known yet. C(new_image_made_at) is when the new image was built, in seconds since 1970, None when
    it does not say. C(moves_tag) is the reference that has to mean the new image on this host before a container is created from it.
    C(warnings) are what was seen while deciding. C(doubt) is why it may all turn out to be needless, empty when it cannot.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    body: Document
    archive: str
    stop_timeout: int
    seen: Document
    returning: t.Optional[Kept] = None
    old_image_has_other_tags: bool = False
    lost_files: t.Tuple[str, ...] = ()
    new_image_made_at: t.Optional[int] = None
    moves_tag: t.Optional[ImageReference] = None
    warnings: t.Tuple[str, ...] = ()
    new_defaults: t.Optional[Document] = None
    doubt: str = ""

    @property
    def starts(self) -> bool:
        """Whether the new container is to run. One that was there before does what it did then."""
        return self.returning.runs if self.returning else self.old.runs


def plan_replacement(
    ports: Ports, watch: Stopwatch, request: RecreateRequest, obtain: Obtain = pull
) -> t.Union[Unchanged, Skipped, Replacement]:
    """Inspect, pull and decide. Whatever this raises (InvalidInput or StepFailed), the container was not touched.

    C(obtain) is what to do in place of the pull.
    """
    with watch.step("inspect"):
        inspected = inspect_exactly(ports.ops, request.container)
    container = inspected.container
    old = old_container(container)
    if request.respect_labels and is_excluded(container):
        return Skipped(old, image_of(inspected), image_of(inspected), SkipReason.EXCLUDED, why_excluded(old.name))
    reference = _wanted(request, old, container["Image"])
    with watch.step("pull"):
        foreseen = obtain_image(obtain, ports.ops, to_pull(reference, request.image_digest), request.pull, inspected)
        warnings = tag_is_elsewhere(ports.ops, reference, request.image_digest, request.pull)
    old_image = image_of(inspected)
    if foreseen.image.id == old_image.id and not request.force:
        return Unchanged(old, old_image, foreseen.image, warnings)
    with watch.step("preflight"):
        replacement = _replacement(ports, request, inspected, old, reference, old_image, foreseen)
    moves_tag = reference if request.image_digest and not reference.digest else None
    return dataclasses.replace(replacement, moves_tag=moves_tag, warnings=warnings)


def _replacement(
    ports: Ports,
    request: RecreateRequest,
    inspected: Inspected,
    old: OldContainer,
    reference: ImageReference,
    old_image: ImageIdentity,
    foreseen: Foreseen,
) -> Replacement:
    container, new_image = inspected.container, foreseen.image
    surroundings, dependents, inspected_dependents = look_around(ports, old, container, new_image.id)
    surroundings = with_platform(ports.ops, surroundings, foreseen, reference, old.name)
    spec = ContainerSpec.from_inspect(inspected, keep_env=request.keep_env)
    body = tell_compose(spec.create_body(reference.as_written), new_image.id)
    files = _files_at_stake(ports, old, request, (inspected, *inspected_dependents))
    case = Case(
        inspected=inspected,
        surroundings=surroundings,
        dependents=inspected_dependents,
        new_image=reference.as_written,
        networks=tuple(body["NetworkingConfig"]["EndpointsConfig"]),
        lost_files=files if request.lost_files is LostFiles.REFUSE else (),
        verbatim=request.verbatim,
    )
    refuse_if_unsafe(old.name, case)
    return Replacement(
        old=dataclasses.replace(old, dependents=dependents),
        old_image=old_image,
        new_image=new_image,
        body=body,
        archive=archive_name(old.name, ports.clock.unix_seconds(), {name_of(other) for other in surroundings.others}),
        stop_timeout=request.stop_timeout_for(container),
        old_image_has_other_tags=has_other_tags(inspected),
        lost_files=files,
        seen=container,
        new_image_made_at=unix_seconds_of(surroundings.new_image.get("Created")),
        new_defaults=(surroundings.new_image.get("Config") or {}) if new_image.id else None,
        doubt=foreseen.doubt,
    )


def _files_at_stake(ports: Ports, old: OldContainer, request: RecreateRequest, going: t.Iterable[Inspected]) -> t.Tuple[str, ...]:
    """The files that go with the containers that go, those of dependents with the container's name before the path."""
    if request.lost_files is LostFiles.IGNORE:
        return ()
    try:
        return tuple(
            path if container["Id"] == old.id else f"{name_of(container)}:{path}"
            for container in (inspected.container for inspected in going)
            for path in lost_files(ports.ops.changes(container["Id"]), container)
        )
    except EngineError as error:
        raise InspectFailed(
            f"It could not be found out whether files of container {old.name} would be lost, and it was not touched: {error}. "
            "With lost_files=ignore nobody asks."
        ) from error


def look_around(
    ports: Ports, old: OldContainer, container: Document, new_image_id: str
) -> t.Tuple[Surroundings, t.Tuple[Dependent, ...], t.Tuple[Inspected, ...]]:
    """What lies around a container, and who depends on it. Raises InspectFailed."""
    try:
        surroundings = ports.ops.surroundings(old.id, new_image_id)
        found = find_dependents(container, surroundings.others, ports.clock.unix_seconds())
        dependents = tuple(with_meaning_of_tag(ports.ops, dependent) for dependent in found)
        return surroundings, dependents, tuple(ports.ops.inspect(dependent.id) for dependent in dependents)
    except EngineError as error:
        raise InspectFailed(f"What lies around container {old.name} could not be looked at, and it was not touched: {error}") from error


def old_container(container: Document) -> OldContainer:
    """What has to be known of an inspected container to bring it back."""
    return OldContainer(
        id=container["Id"],
        name=name_of(container),
        image_ref=container["Config"]["Image"],
        state=ContainerRuntimeState.from_inspect(container),
        runs=is_active(container),
        time_to_health=_time_to_health(container["Config"].get("Healthcheck") or {}),
        restart_policy=container["HostConfig"].get("RestartPolicy") or {},
    )


def inspect_exactly(ops: DockerOps, container: str) -> Inspected:
    """Look at the container of exactly this name or full ID. Raises InspectFailed."""
    try:
        inspected = ops.inspect(container)
    except NotFound:
        raise InspectFailed(_no_such(container)) from None
    except EngineError as error:
        raise InspectFailed(f"Container {container} could not be inspected, and was not touched: {error}") from error
    # The engine also answers to the first digits of an ID. To update whatever happens to match would be a guess.
    if container not in (name_of(inspected.container), inspected.container["Id"]):
        raise InspectFailed(_no_such(container))
    return inspected


def _no_such(container: str) -> str:
    return f"There is no container with the full name or full ID {container} on this engine, so there is nothing to update."


def _wanted(request: RecreateRequest, old: OldContainer, image_id: str) -> ImageReference:
    if request.image is not None:
        return ImageReference.parse(request.image)
    followed = followed_by(old.image_ref, image_id)
    if followed is None:
        raise InvalidImageReference(
            f"Container {old.name} was not touched: it was created from an image ID ({old.image_ref}), which no registry knows. "
            "Name the image to move it to."
        )
    return followed


def image_of(inspected: Inspected) -> ImageIdentity:
    """The image that a container runs, by the reference that it was created from."""
    reference = inspected.container["Config"]["Image"]
    followed = parse_if_possible(reference)
    digest = digest_in((inspected.image or {}).get("RepoDigests"), followed) if followed else None
    return ImageIdentity(reference=reference, id=inspected.container["Image"], digest=digest)


def has_other_tags(inspected: Inspected) -> bool:
    """Whether somebody calls a container's image by another name than the one that the container follows."""
    followed = parse_if_possible(inspected.container["Config"]["Image"])
    tags = [parse_if_possible(tag) for tag in (inspected.image or {}).get("RepoTags") or ()]
    return any(followed is None or not tag.names_same_image_as(followed) for tag in tags if tag)


def _time_to_health(check: Document) -> float:
    """Seconds that its own health check gives a container, at the least, until it can report healthy. The defaults are the engine's."""
    start_period, interval, timeout = (
        (check.get(field) or default) / 1e9 for field, default in (("StartPeriod", 0), ("Interval", 30e9), ("Timeout", 30e9))
    )
    return float(start_period + 2 * (interval + timeout))
