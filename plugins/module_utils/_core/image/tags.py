# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create a container anew from the exact image that it runs, although it follows a tag which may mean another image by now.

The engine takes the image from the reference that a container is created with. So while that call lasts, the tag means the exact image.
"""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, NotFound, PullFailed
from ..engine.image_reference import ImageReference, followed_by, parse_if_possible
from ..engine.interfaces import Context, DockerOps
from ..engine.model import ImageIdentity, is_active, name_of
from ..engine.retry import retry_on_no_answer


class TaggedContainer(t.Protocol):
    """A container that follows `image_ref` and keeps the image of the ID `image_id`.

    `tag_means` is the ID of the image that the tag meant before anything was touched, None when it follows no tag, or that meant nothing.
    """

    @property
    def image_ref(self) -> str:
        """As it was written."""

    @property
    def image_id(self) -> str:
        """In full."""

    @property
    def tag_means(self) -> str | None:
        """In full too."""


def image_behind_tag(ops: DockerOps, container: TaggedContainer) -> str | None:
    """The ID of the image that its tag means on this host, None when it follows none, or that means nothing. Raises EngineError."""
    tag = _tag_of(container)
    return _meaning(ops, tag) if tag else None


def _tag_of(container: TaggedContainer) -> ImageReference | None:
    """The tag that it follows, None when it follows none: a digest or an ID is an exact image already."""
    reference = followed_by(container.image_ref, container.image_id)
    return None if reference is None or reference.digest else reference


def point_tag_at_image(context: Context, container: TaggedContainer) -> str | None:
    """A container follows the reference that it is created from, and gets the image that this means: so it has to mean the exact one.

    Returns what it meant before.
    """
    tag = _tag_of(container)
    if tag is None:
        return None
    meant = retry_on_no_answer(context.clock, lambda: _meaning(context.ops, tag))
    if meant == container.image_id:
        return container.tag_means  # An interrupted run may have come this far.
    retry_on_no_answer(context.clock, lambda: context.ops.tag(container.image_id, tag))
    return meant


def restore_tag(context: Context, container: TaggedContainer, meant: str | None) -> str:
    """Let the tag mean again what it meant, and return what is wrong when that fails."""
    tag = _tag_of(container)
    if tag is None or meant is None or meant == container.image_id:
        return ""
    try:
        if retry_on_no_answer(context.clock, lambda: _meaning(context.ops, tag)) == container.image_id:
            retry_on_no_answer(context.clock, lambda: context.ops.tag(meant, tag))
    except EngineError as error:
        return f"the tag {tag.as_written} could not be given back to the image {meant} on this host: {error}"
    return ""


def _meaning(ops: DockerOps, reference: ImageReference) -> str | None:
    try:
        return ops.local_image(reference).id
    except NotFound:
        return None


def move_tag(ops: DockerOps, reference: ImageReference, image: ImageIdentity, container: str) -> None:
    """Let the reference that the container is created from mean the image that was pulled by digest. Raises PullFailed."""
    try:
        ops.tag(image.id, reference)
    except EngineError as error:
        raise PullFailed(
            f"{reference.as_written} could not be made to mean {image.digest} on this host, and container {container} was not touched: "
            f"{error}."
        ) from error


def point_tag_back(
    ops: DockerOps, container_id: str, running: ImageIdentity, rejected: ImageIdentity, why: str = "rejected"
) -> tuple[str, ...]:
    """Let the tag that the container follows mean the image that runs again, so that nobody starts the rejected one by accident.

    Only where it is that very tag that was moved, and where no other container is well with what it means now. `container_id` is the
    container that runs. Returns a warning when it could not be done, which calls the image as `why` says.
    """
    tag = _tag_they_share(running, rejected)
    if tag is None or running.id == rejected.id:
        return ()
    try:
        content = _healthy_user_of(ops, container_id, tag, running, rejected)
        if content:
            stays = f"The tag {tag.as_written} goes on meaning the {why} image on this host, since {content} runs that under it."
            return (f"{stays} Whoever creates a container from it here gets that image. Give the two of them tags of their own.",)
        ops.tag(running.id, tag)
    except EngineError as error:
        return (f"The tag {tag.as_written} still means the {why} image on this host. It could not be changed: {error}",)
    return ()


def _healthy_user_of(ops: DockerOps, container_id: str, tag: ImageReference, running: ImageIdentity, rejected: ImageIdentity) -> str | None:
    """The name of another container that follows the tag and runs the rejected image. To move the tag would take it back as well."""
    for other in ops.surroundings(container_id, running.id).others:
        followed = parse_if_possible(other["Config"]["Image"])
        if followed and followed.names_same_image_as(tag) and other["Image"] == rejected.id and is_active(other):
            return name_of(other)
    return None


def _tag_they_share(running: ImageIdentity, rejected: ImageIdentity) -> ImageReference | None:
    followed, tried = parse_if_possible(running.reference), parse_if_possible(rejected.reference)
    if not followed or not tried or tried.digest or not followed.names_same_image_as(tried):
        return None
    return followed
