# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create a container anew from the exact image that it runs, although it follows a tag which may mean another image by now.

The engine takes the image from the reference that a container is created with. So while that call lasts, the tag means the exact image.
"""

from __future__ import annotations

import typing as t

from .errors import EngineError, NotFound
from .image_reference import ImageReference, followed_by
from .patience import until_answered
from .ports import DockerOps, Ports


class Follower(t.Protocol):
    """A container that follows C(image_ref) and keeps the image of the ID C(image_id).

    C(tag_means) is the ID of the image that the tag meant before anything was touched, None when it follows no tag, or that meant nothing.
    """

    @property
    def image_ref(self) -> str:
        """As it was written."""

    @property
    def image_id(self) -> str:
        """In full."""

    @property
    def tag_means(self) -> t.Optional[str]:
        """In full too."""


def meaning_of_tag(ops: DockerOps, follower: Follower) -> t.Optional[str]:
    """The ID of the image that its tag means on this host, None when it follows none, or that means nothing. Raises EngineError."""
    tag = _tag_of(follower)
    return _meaning(ops, tag) if tag else None


def _tag_of(follower: Follower) -> t.Optional[ImageReference]:
    """The tag that it follows, None when it follows none: a digest or an ID is an exact image already."""
    reference = followed_by(follower.image_ref, follower.image_id)
    return None if reference is None or reference.digest else reference


def let_tag_mean_its_image(ports: Ports, follower: Follower) -> t.Optional[str]:
    """A container follows the reference that it is created from, and gets the image that this means: so it has to mean the exact one.

    Returns what it meant before.
    """
    tag = _tag_of(follower)
    if tag is None:
        return None
    meant = until_answered(ports.clock, lambda: _meaning(ports.ops, tag))
    if meant == follower.image_id:
        return follower.tag_means  # An interrupted run may have come this far.
    until_answered(ports.clock, lambda: ports.ops.tag(follower.image_id, tag))
    return meant


def put_tag_back(ports: Ports, follower: Follower, meant: t.Optional[str]) -> str:
    """Let the tag mean again what it meant, and return what is wrong when that fails."""
    tag = _tag_of(follower)
    if tag is None or meant is None or meant == follower.image_id:
        return ""
    try:
        if until_answered(ports.clock, lambda: _meaning(ports.ops, tag)) == follower.image_id:
            until_answered(ports.clock, lambda: ports.ops.tag(meant, tag))
    except EngineError as error:
        return f"the tag {tag.as_written} could not be given back to the image {meant} on this host: {error}"
    return ""


def _meaning(ops: DockerOps, reference: ImageReference) -> t.Optional[str]:
    try:
        return ops.local_image(reference).id
    except NotFound:
        return None
