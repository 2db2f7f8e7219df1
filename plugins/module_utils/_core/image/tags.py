# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Point tags at images.

A container that is recreated from its exact image still follows a tag, which may have moved to another image. The engine takes the image
from the reference in the create body. This is why the tag points at the exact image during that call.
"""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, NotFound, PullFailed
from ..engine.image_reference import ImageReference, parse_if_possible
from ..engine.interfaces import Context, DockerOps
from ..engine.model import Document, ImageIdentity, is_active, name_of
from ..engine.reported_image import image_of_container
from ..engine.retry import retry_on_no_answer
from .identity import is_same_image
from .resolve import followed_reference, local_image_id

_SAME_IMAGE_STAYS = (
    "Both containers run the same image, but under two IDs, so 'docker compose up' recreates one of them. To avoid that, update this "
    "container once with force: true."
)
_OTHER_IMAGE_STAYS = "A new container from this tag would get that image. Give the two containers different tags."


class TaggedContainer(t.Protocol):
    """A container that follows the reference `image_ref` and keeps the image with the ID `image_id`.

    `tag_means` is the ID of the image that the tag pointed at before anything was changed. None if the container follows no tag, or if the
    tag did not exist.
    """

    @property
    def image_ref(self) -> str:
        """The reference as it was written."""

    @property
    def image_id(self) -> str:
        """The full ID."""

    @property
    def tag_means(self) -> str | None:
        """The full ID, or None."""


def image_behind_tag(ops: DockerOps, container: TaggedContainer) -> str | None:
    """Return the ID of the image behind the tag that a container follows, or None if there is none. Raise EngineError."""
    tag = _tag_of(ops, container)
    return local_image_id(ops, tag) if tag else None


def _tag_of(ops: DockerOps, container: TaggedContainer) -> ImageReference | None:
    """Return the tag that a container follows. None for a digest or an image ID, which always refer to one exact image."""
    reference = followed_reference(ops, container.image_ref, container.image_id)
    return None if reference is None or reference.digest else reference


def point_tag_at_image(context: Context, container: TaggedContainer) -> str | None:
    """Point the tag of a container at its exact image, so that a container created from the tag gets this image.

    Return the ID of the image that the tag pointed at before, or None.
    """
    tag = retry_on_no_answer(context.clock, lambda: _tag_of(context.ops, container))
    if tag is None:
        return None
    previous = retry_on_no_answer(context.clock, lambda: local_image_id(context.ops, tag))
    if previous == container.image_id:
        return container.tag_means  # An interrupted run may have moved the tag already.
    retry_on_no_answer(context.clock, lambda: context.ops.tag(container.image_id, tag))
    return previous


def restore_tag(context: Context, container: TaggedContainer, previous: str | None) -> str:
    """Point the tag of a container at the image `previous` again. Return the error if that fails, else an empty string."""
    if previous is None or previous == container.image_id:
        return ""
    try:
        tag = retry_on_no_answer(context.clock, lambda: _tag_of(context.ops, container))
        if tag is None:
            return ""
        if retry_on_no_answer(context.clock, lambda: local_image_id(context.ops, tag)) == container.image_id:
            retry_on_no_answer(context.clock, lambda: context.ops.tag(previous, tag))
    except EngineError as error:
        return f"the tag {container.image_ref} could not be pointed back at the image {previous} on this host: {error}"
    return ""


def remove_tag(context: Context, container: TaggedContainer, previous: str | None, *, runs: bool) -> str:
    """Remove the tag of a container again if it did not exist: if `previous`, the image that it pointed at, is None.

    `runs` is whether a container of that image is running. While none is, the engine would remove the image together with its only tag.
    Return the error if that fails, else an empty string.
    """
    if previous is not None:
        return ""
    try:
        tag = retry_on_no_answer(context.clock, lambda: _tag_of(context.ops, container))
        if tag and retry_on_no_answer(context.clock, lambda: local_image_id(context.ops, tag)) == container.image_id:
            retry_on_no_answer(context.clock, lambda: context.ops.untag(tag, force=runs))
    except NotFound:
        return ""
    except EngineError as error:
        return f"the tag {container.image_ref}, which did not exist on this host before, could not be removed again: {error}"
    return ""


def move_tag(ops: DockerOps, reference: ImageReference, image: ImageIdentity, container: str) -> None:
    """Point the reference that the container follows at the image that was pulled by digest. Raise PullFailed."""
    try:
        ops.tag(image.id, reference)
    except EngineError as error:
        raise PullFailed(
            f"The tag {reference.as_written} could not be pointed at {image.digest} on this host, and container {container} was not "
            f"changed: {error}. Fix the cause, and run the task again."
        ) from error


def point_tag_back(
    ops: DockerOps, container_id: str, running: ImageIdentity, pulled: ImageIdentity, label: str = "rejected"
) -> tuple[str, ...]:
    """Point the tag that a container follows back at its running image, because the pulled image did not replace that.

    A new container must not start a rejected image by accident. And if both are the same image under two IDs, tools such as docker compose
    compare the IDs, and would recreate the container for nothing.

    This happens only if the pull has moved this tag, and if no other running container needs the pulled image under it. `container_id` is
    the container. Return a warning if the tag was not moved back. The warning calls the image `label`, such as `rejected`.
    """
    tag = shared_tag(running, pulled)
    if tag is None or running.id == pulled.id:
        return ()
    is_same = bool(is_same_image(running, pulled))
    stays = f"The tag {tag.as_written} still points at the {label} image on this host"
    try:
        other = _other_user_of(ops, container_id, tag, pulled, by_id=is_same)
        if other:
            return (f"{stays}, because {other} runs that image under it. {_SAME_IMAGE_STAYS if is_same else _OTHER_IMAGE_STAYS}",)
        ops.tag(running.id, tag)
    except EngineError as error:
        return (f"{stays}. It could not be moved back: {error}",)
    return ()


def _other_user_of(ops: DockerOps, container_id: str, tag: ImageReference, image: ImageIdentity, *, by_id: bool) -> str | None:
    """Return the name of another running container with this tag and this image. Moving the tag would change its image.

    With `by_id`, it counts only if it was created from the image with this ID.
    """
    for other in ops.surroundings(container_id, image.id).others:
        followed = parse_if_possible(other["Config"]["Image"])
        runs = other["Image"] == image.id if by_id else is_same_image(_image_of(other), image)
        if followed and followed.names_same_image_as(tag) and runs and is_active(other):
            return name_of(other)
    return None


def _image_of(container: Document) -> ImageIdentity:
    return image_of_container(container, None, None)


def shared_tag(running: ImageIdentity, pulled: ImageIdentity) -> ImageReference | None:
    """Return the tag under which both images were looked up, or None if they were not looked up under the same tag."""
    followed, other = parse_if_possible(running.reference), parse_if_possible(pulled.reference)
    if not followed or not other or other.digest or not followed.names_same_image_as(other):
        return None
    return followed
