# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rejected images, recorded in the engine, so that the next run does not try them again."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ..engine.errors import EngineError
from ..engine.interfaces import Context, Journal
from ..engine.model import ImageIdentity, Inspected, ReturnValues
from ..image.identity import is_same_image
from ..image.tags import point_tag_back


class Rejected(t.NamedTuple):
    """A rejected image, and the reason. `since` is in seconds since 1970.

    `configuration` is the fingerprint of the container's configuration, empty if it is unknown. `kept` is what the update kept,
    None if no update was judged. The other fields are those of an ImageIdentity.
    """

    reference: str
    image_id: str
    digest: str | None
    reason: str
    since: int
    manifest: str | None = None
    content: str | None = None
    digests: tuple[str, ...] = ()
    configuration: str = ""
    kept: tuple[str, ...] | None = None

    def return_values(self) -> ReturnValues:
        """What modules return about a rejection."""
        known = ("reference", "image_id", "digest", "reason", "since")
        return {name: value for name, value in self._asdict().items() if name in known}

    def is_image(self, image: ImageIdentity) -> bool:
        """Whether this is the same image, as far as can be told."""
        rejected = ImageIdentity(self.reference, self.image_id, self.digest, self.manifest, self.content, self.digests)
        return bool(is_same_image(rejected, image))

    def is_case(self, inspected: Inspected, kept: t.Collection[str] | None = None) -> bool:
        """Whether the container is configured as it was when the image was rejected, as far as can be told.

        `kept` is what the update to decide on would keep, None if that is unknown.
        """
        if None not in (self.kept, kept) and sorted(self.kept or ()) != sorted(kept or ()):
            return False
        return not self.configuration or self.configuration == self._fingerprint_of(inspected)

    def with_configuration(self, inspected: Inspected) -> Rejected:
        """Add the fingerprint of a container's configuration."""
        return self._replace(configuration=self._fingerprint_of(inspected))

    def _fingerprint_of(self, inspected: Inspected) -> str:
        from ..container.fingerprint import fingerprint_of  # Only a rejected image needs it.

        return fingerprint_of(inspected, salt=f"{self.reference} {self.image_id} {self.since}")


class Rejections:
    """The last rejected image of each container."""

    def __init__(self, memory: Journal) -> None:
        self._memory = memory

    def recall(self, container: str) -> Rejected | None:
        """Return the record, or None if there is none that can be read."""
        try:
            record = self._memory.read(_key(container))
        except EngineError:
            return None
        return _rejected_from(record.text) if record else None

    def of_others(self, container: str) -> t.Iterator[tuple[str, Rejected]]:
        """Return the records of all other containers, by their names. Leave out what cannot be read."""
        try:
            records = self._memory.read_all(_key(""))
        except EngineError:
            return
        for key, record in records.items():
            rejected = _rejected_from(record.text) if key.startswith(_key("")) and key != _key(container) else None
            if rejected:
                yield key[len(_key("")) :], rejected

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


def _rejected_from(text: str) -> Rejected | None:
    """Read a record. An unreadable one counts as none: to try a bad image again does less harm than never to update."""
    try:
        fields = json.loads(text)
        kept = fields.get("kept")
        return Rejected(**{**fields, "digests": tuple(fields.get("digests") or ()), "kept": None if kept is None else tuple(kept)})
    except (AttributeError, TypeError, ValueError):
        return None


def how_to_forget(container: str) -> str:
    """The command that does what `Rejections.forget` does."""
    return f"docker volume rm {_key(container)}"


def why_rejected(container: str, rejected: Rejected) -> str:
    """The message for a container that was not updated to `rejected`."""
    return (
        f"{container} was not updated: it was rolled back from this image of {rejected.reference} ({rejected.reason}). "
        f"A newer image will be tried. {how_to_try_again(container)}"
    )


def how_to_try_again(container: str) -> str:
    """Say how to try a rejected image again."""
    return f"To try this image again, set force: true, or remove the record with: {how_to_forget(container)}"


def _key(container: str) -> str:
    return f"evenkeel-rejected.{container}"


def reject(
    context: Context,
    container: str,
    container_id: str,
    running: ImageIdentity,
    rejected: ImageIdentity,
    reason: str,
    kept: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Record that `container` was rolled back from an image, and restore the tag. Return a warning for each thing that failed.

    `kept` is what the judged update kept, None if no update was judged.
    """
    # Everyone who can list the engine's volumes can read the record. What the reason quotes is masked already.
    memory = Rejected(
        reference=rejected.reference,
        image_id=rejected.id,
        digest=rejected.digest,
        reason=reason,
        since=context.clock.unix_seconds(),
        manifest=rejected.manifest,
        content=rejected.content,
        digests=rejected.digests,
        kept=kept,
    )
    with contextlib.suppress(EngineError):  # Without a fingerprint, the record holds for every configuration.
        memory = memory.with_configuration(context.ops.inspect(container_id))
    return (*Rejections(context.memory).remember(container, memory), *point_tag_back(context.ops, container_id, running, rejected))
