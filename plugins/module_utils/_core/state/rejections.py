# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rejected images, recorded in the engine, so that the next run does not try them again."""

from __future__ import annotations

import json
import typing as t

from ..engine.errors import EngineError
from ..engine.interfaces import Context, Journal
from ..engine.model import ImageIdentity
from ..image.tags import point_tag_back


class Rejected(t.NamedTuple):
    """A rejected image, and the reason. `since` is in seconds since 1970."""

    reference: str
    image_id: str
    digest: str | None
    reason: str
    since: int

    def is_image(self, image: ImageIdentity) -> bool:
        """Whether this is the same image. An image that is not on this host is compared by its digest."""
        return self.image_id == image.id if image.id else self.digest is not None and self.digest == image.digest


class Rejections:
    """The last rejected image of each container."""

    def __init__(self, memory: Journal) -> None:
        self._memory = memory

    def recall(self, container: str) -> Rejected | None:
        """Return the record, or None. An unreadable record counts as none: to try a bad image again does less harm than never to update."""
        try:
            note = self._memory.read(_key(container))
            return Rejected(**json.loads(note.text)) if note else None
        except (EngineError, TypeError, ValueError):
            return None

    def remember(self, container: str, rejected: Rejected) -> tuple[str, ...]:
        """Record a rejected image. Return a warning if that fails."""
        try:
            self._memory.erase(_key(container))
            self._memory.write(_key(container), json.dumps(rejected._asdict(), sort_keys=True))
        except EngineError as error:
            return (f"The rejection of {rejected.reference} could not be recorded, so the next run tries it again: {error}",)
        return ()

    def forget(self, container: str) -> tuple[str, ...]:
        """Remove the record. Return a warning if that fails."""
        try:
            self._memory.erase(_key(container))
        except EngineError as error:
            return (f"The record of a rejected image could not be removed ({error}). Remove it with: {how_to_forget(container)}",)
        return ()


def how_to_forget(container: str) -> str:
    """The command that does what `Rejections.forget` does."""
    return f"docker volume rm {_key(container)}"


def why_rejected(container: str, rejected: Rejected) -> str:
    """The message for a container that was not updated to `rejected`."""
    return (
        f"{container} was not updated: it was rolled back from this image of {rejected.reference} ({rejected.reason}). "
        f"A newer image will be tried. To try this image again, set force, or remove the record with: {how_to_forget(container)}"
    )


def _key(container: str) -> str:
    return f"evenkeel-rejected.{container}"


def reject(
    context: Context, container: str, container_id: str, running: ImageIdentity, rejected: ImageIdentity, reason: str
) -> tuple[str, ...]:
    """Record that `container` was rolled back from an image, and restore the tag. Return a warning for each thing that failed."""
    # Everyone who can list the engine's volumes can read the record.
    memory = Rejected(rejected.reference, rejected.id, rejected.digest, context.mask(reason), context.clock.unix_seconds())
    return (*Rejections(context.memory).remember(container, memory), *point_tag_back(context.ops, container_id, running, rejected))
