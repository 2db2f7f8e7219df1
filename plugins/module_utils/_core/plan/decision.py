# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan decides: leave the container as it is, replace it, or restore a container that is missing."""

from __future__ import annotations

import enum
import typing as t

from ..container.old_container import OldContainer
from ..engine.image_reference import ImageReference
from ..engine.model import Document, ImageIdentity

if t.TYPE_CHECKING:
    from ..container.lost_files import LostFile
    from ..container.trial import Trial
    from ..state.archives import ArchiveRecord
    from ..state.rejections import Rejected


class Unchanged(t.NamedTuple):
    """The container already runs the right image. `moved_tag` is true if a pull may have moved the tag to another ID of that image."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    moved_tag: bool = False
    warnings: tuple[str, ...] = ()


class SkipReason(enum.Enum):
    """Why a container was not updated although a newer image may exist."""

    REJECTED = "rejected"
    """An earlier update to this image was rolled back."""
    EXCLUDED = "excluded"
    """A label excludes the container."""
    TOO_YOUNG = "too_young"
    """The image is younger than `min_image_age`."""


class Skipped(t.NamedTuple):
    """The container stays as it is, whatever image there is. `why` is the reason as a sentence for the operator.

    `rejected` is the record of the rollback if that is the reason. `moved_tag` is true if a pull may have moved the tag.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    reason: SkipReason
    why: str
    rejected: Rejected | None = None
    moved_tag: bool = False
    warnings: tuple[str, ...] = ()


class NewContainer(t.NamedTuple):
    """A container to create from the new image. It is started if `runs` is true.

    `body` is its create body. If `tag` is set, this reference must point at the new image before the container is created from it.
    `image_defaults` is the `Config` of the new image, or None if the image is not on this host yet.
    """

    body: Document
    runs: bool
    tag: ImageReference | None = None
    image_defaults: Document | None = None


class Related(t.NamedTuple):
    """A container that is related to the one to be replaced. A run touches its dependents, and needs its providers as they are."""

    name: str
    id: str
    is_dependent: bool


class Replacement(t.NamedTuple):
    """Everything that the calls after the stop need.

    `successor` takes the place of the old container: a new container, or an archive that is restored. `archive` is the name that the old
    container gets. `stop_timeout`, in seconds, applies to the old container and to its successor. `seen` is the inspect document of the
    old container on which this decision is based. `related` are the containers that it depends on, or that depend on it.
    `new_image_created` is when the new image was built, in seconds since 1970, or None if the image does not say. `lost_files` are the
    changes that exist only in the old container's own layer. `consequences` are warnings that only hold if the successor stays. `doubt`
    says why the replacement may turn out to be unnecessary; it is empty if it cannot. `trial` is what to try before the stop, or None, and
    `left_trials` are the IDs of trial containers that earlier runs left.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    successor: NewContainer | ArchiveRecord
    archive: str
    stop_timeout: int
    seen: Document
    related: frozenset[Related] = frozenset()
    old_image_has_other_tags: bool = False
    new_image_created: int | None = None
    lost_files: tuple[LostFile, ...] = ()
    warnings: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    doubt: str = ""
    trial: Trial | None = None
    left_trials: tuple[str, ...] = ()

    @property
    def restores_archive(self) -> bool:
        """Whether the successor is an archive."""
        return not isinstance(self.successor, NewContainer)


class MissingContainer(t.NamedTuple):
    """No container has the name, but one of its archives can be restored.

    `old` is the archive as the container that it becomes again. `stop_timeout` is in seconds.
    """

    old: OldContainer
    image: ImageIdentity
    archive: ArchiveRecord
    stop_timeout: int


Decision = t.Union[Unchanged, Skipped, Replacement]
