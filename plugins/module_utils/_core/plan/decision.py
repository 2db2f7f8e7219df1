# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan comes to: leave the container as it is, or replace it."""

from __future__ import annotations

import enum
import typing as t

from ..container.old_container import OldContainer
from ..engine.image_reference import ImageReference
from ..engine.model import Document, ImageIdentity

if t.TYPE_CHECKING:
    from ..state.archives import ArchiveRecord
    from ..state.rejections import Rejected


class Unchanged(t.NamedTuple):
    """The container runs the right image already."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    warnings: tuple[str, ...] = ()


class Skipped(t.NamedTuple):
    """The container stays as it is, whatever image there is, for a reason and in words that tell it.

    `rejected` is the memory of the rollback, where that is the reason. `moved_tag` tells whether a pull may have moved the tag.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    reason: SkipReason
    why: str
    rejected: Rejected | None = None
    moved_tag: bool = False
    warnings: tuple[str, ...] = ()


class Replacement(t.NamedTuple):
    """Everything that the calls after the stop need. `stop_timeout` in seconds, for the old container and for the new one.

    The new container is created from `body`, unless it is one that was there before: then `returning` says which. `seen` is the inspect
    document of the old container that all this was decided on, `new_defaults` what the new image gives to a container that asks for
    nothing else, None when that cannot be known yet. `new_image_made_at` is when the new image was built, in seconds since 1970, None when
    it does not say. `moves_tag` is the reference that has to mean the new image on this host before a container is created from it.
    `warnings` are what was seen while deciding. `doubt` is why it may all turn out to be needless, empty when it cannot.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    body: Document
    archive: str
    stop_timeout: int
    seen: Document
    returning: ArchiveRecord | None = None
    old_image_has_other_tags: bool = False
    lost_files: tuple[str, ...] = ()
    new_image_made_at: int | None = None
    moves_tag: ImageReference | None = None
    warnings: tuple[str, ...] = ()
    new_defaults: Document | None = None
    doubt: str = ""

    @property
    def starts(self) -> bool:
        """Whether the new container is to run. One that was there before does what it did then."""
        return self.returning.runs if self.returning else self.old.runs


class SkipReason(enum.Enum):
    """Why a container was left as it is."""

    REJECTED = "rejected"
    """It was rolled back from that image before."""
    EXCLUDED = "excluded"
    """Its label says so."""
    TOO_YOUNG = "too_young"
    """The image was made too short a time ago."""


Decision = t.Union[Unchanged, Skipped, Replacement]
