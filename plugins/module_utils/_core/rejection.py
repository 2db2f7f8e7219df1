# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that a container was rolled back from, remembered so that the next run does not try them again."""

from __future__ import annotations

import json
import typing as t

from .errors import EngineError
from .image_reference import ImageReference, parse_if_possible
from .ports import DockerOps, ImageIdentity, Journal, Ports, is_active, name_of


class Rejected(t.NamedTuple):
    """An image, and why it was rejected. C(since) in whole seconds since 1970."""

    reference: str
    image_id: str
    digest: t.Optional[str]
    reason: str
    since: int

    def is_image(self, image: ImageIdentity) -> bool:
        """Whether it is that image. One that is not on this host has only its digest to be known by."""
        return self.image_id == image.id if image.id else self.digest is not None and self.digest == image.digest


class Rejections:
    """What is remembered of each container: the last image that it was rolled back from, in the engine, where any later run finds it."""

    def __init__(self, memory: Journal) -> None:
        self._memory = memory

    def recall(self, container: str) -> t.Optional[Rejected]:
        """None also when the memory cannot be read: to try a bad image again does less harm than never to update."""
        try:
            note = self._memory.read(_place(container))
            return Rejected(**json.loads(note.text)) if note else None
        except (EngineError, TypeError, ValueError):
            return None

    def remember(self, container: str, rejected: Rejected) -> t.Tuple[str, ...]:
        """Returns a warning when it could not be remembered."""
        try:
            self._memory.erase(_place(container))
            self._memory.write(_place(container), json.dumps(rejected._asdict(), sort_keys=True))
        except EngineError as error:
            return (f"It could not be remembered that {rejected.reference} was rejected, so the next run tries it again: {error}",)
        return ()

    def forget(self, container: str) -> t.Tuple[str, ...]:
        """Returns a warning when it could not be forgotten."""
        try:
            self._memory.erase(_place(container))
        except EngineError as error:
            return (f"An image that was rejected before could not be forgotten ({error}). Forget it with: {how_to_forget(container)}",)
        return ()


def how_to_forget(container: str) -> str:
    """The command that does by hand what C(Rejections.forget) does."""
    return f"docker volume rm {_place(container)}"


def why_rejected(container: str, rejected: Rejected) -> str:
    """What to tell an operator whose container was not moved to C(rejected)."""
    return (
        f"{container} was left as it is: it was rolled back from this image of {rejected.reference} ({rejected.reason}). "
        f"A newer image will be tried. To try this one again, set force, or forget it with: {how_to_forget(container)}"
    )


def _place(container: str) -> str:
    return f"evenkeel-rejected.{container}"


def reject(
    ports: Ports, container: str, container_id: str, running: ImageIdentity, rejected: ImageIdentity, reason: str
) -> t.Tuple[str, ...]:
    """Remember that C(container) was rolled back from an image, and why. Returns a warning for each thing that could not be done."""
    # Whoever may look at the engine's volumes can read it.
    memory = Rejected(rejected.reference, rejected.id, rejected.digest, ports.mask(reason), ports.clock.unix_seconds())
    return (*Rejections(ports.memory).remember(container, memory), *point_tag_back(ports.ops, container_id, running, rejected))


def point_tag_back(
    ops: DockerOps, container_id: str, running: ImageIdentity, rejected: ImageIdentity, why: str = "rejected"
) -> t.Tuple[str, ...]:
    """Let the tag that the container follows mean the image that runs again, so that nobody starts the rejected one by accident.

    Only where it is that very tag that was moved, and where no other container is well with what it means now. C(container_id) is the
    container that runs. Returns a warning when it could not be done, which calls the image as C(why) says.
    """
    tag = _tag_they_share(running, rejected)
    if tag is None or running.id == rejected.id:
        return ()
    try:
        content = _who_is_well_with(ops, container_id, tag, running, rejected)
        if content:
            stays = f"The tag {tag.as_written} goes on meaning the {why} image on this host, since {content} runs that under it."
            return (f"{stays} Whoever creates a container from it here gets that image. Give the two of them tags of their own.",)
        ops.tag(running.id, tag)
    except EngineError as error:
        return (f"The tag {tag.as_written} still means the {why} image on this host. It could not be changed: {error}",)
    return ()


def _who_is_well_with(
    ops: DockerOps, container_id: str, tag: ImageReference, running: ImageIdentity, rejected: ImageIdentity
) -> t.Optional[str]:
    """The name of another container that follows the tag and runs the rejected image. To move the tag would take it back as well."""
    for other in ops.surroundings(container_id, running.id).others:
        followed = parse_if_possible(other["Config"]["Image"])
        if followed and followed.names_same_image_as(tag) and other["Image"] == rejected.id and is_active(other):
            return name_of(other)
    return None


def _tag_they_share(running: ImageIdentity, rejected: ImageIdentity) -> t.Optional[ImageReference]:
    followed, tried = parse_if_possible(running.reference), parse_if_possible(rejected.reference)
    if not followed or not tried or tried.digest or not followed.names_same_image_as(tried):
        return None
    return followed
