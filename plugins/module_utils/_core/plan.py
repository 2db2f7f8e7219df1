# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide before anything is touched: what runs, what it should run, and how to get there."""

from __future__ import annotations

import enum
import re
import typing as t
from dataclasses import dataclass

from .archive import owner_by_name
from .errors import EngineError, InspectFailed, InvalidImageReference, InvalidInput, NotFound, Refused
from .health import LONGEST
from .image_reference import ImageReference, digest_in, followed_by, is_digest, parse_if_possible
from .obtaining import Obtain, obtain_image, pull, tag_is_elsewhere, to_pull
from .old_container import OldContainer, old_container
from .policy import LONGEST_AGE, SkipReason, is_excluded, why_excluded
from .ports import (
    DockerOps,
    Document,
    ImageIdentity,
    Inspected,
    Ports,
    PullPolicy,
    stop_timeout_of,
)
from .stopwatch import Stopwatch

if t.TYPE_CHECKING:
    from .kept_archives import Kept
    from .rejection import Rejected

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


class Unchanged(t.NamedTuple):
    """The container runs the right image already."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    warnings: t.Tuple[str, ...] = ()


class Skipped(t.NamedTuple):
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


class Replacement(t.NamedTuple):
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
    old = old_container(container, ports.clock.unix_seconds())
    refuse_archive(ports, old)
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
        from .replacement import replacement_for

        return replacement_for(ports, request, inspected, old, reference, old_image, foreseen, warnings)


def inspect_exactly(ops: DockerOps, container: str) -> Inspected:
    """Look at a container that has to be there. Raises InspectFailed."""
    try:
        return ops.inspect(container)
    except NotFound:
        raise InspectFailed(
            f"There is no container with the full name or full ID {container} on this engine, so there is nothing to update."
        ) from None
    except EngineError as error:
        raise InspectFailed(f"Container {container} could not be inspected, and was not touched: {error}") from error


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


def refuse_archive(ports: Ports, old: OldContainer) -> None:
    """To replace an archive would be to lose the way back that it was kept for. Raises Refused and InspectFailed."""
    if not owner_by_name(old.name):
        return
    from .kept_archives import owner_of_archive

    try:
        owner = owner_of_archive(ports.memory, old.id, old.name)
    except EngineError as error:
        raise InspectFailed(f"It could not be found out whether {old.name} is an archive, and it was not touched: {error}") from error
    if owner:
        raise Refused(
            f"{old.name} is an archive of {owner}, kept to go back to, and was not touched. Name {owner} to update it, put this one back "
            "with container_rollback, or drop it with container_finalize."
        )


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
