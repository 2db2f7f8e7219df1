# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether two images are the same.

A container runs the manifest for its platform and the configuration in it. Two images are the same if these are, whatever index lists them,
and also if they differ only in compression or annotations.
"""

from __future__ import annotations

from ..engine.model import ImageIdentity


def is_same_image(one: ImageIdentity, other: ImageIdentity) -> bool | None:
    """Whether a container gets the same from both images. None if that cannot be told before the image is on this host.

    An ID that is equal decides, then the manifest, then the content. An image that is not on this host is recognised by its digests.
    """
    if one.id and one.id == other.id:
        return True
    if one.manifest and one.manifest == other.manifest:
        return True
    if one.content and other.content:
        return one.content == other.content
    if one.id and other.id:
        return False
    return True if _all_digests(one) & _all_digests(other) else None


def _all_digests(image: ImageIdentity) -> set[str]:
    return set(filter(None, (*image.digests, image.digest, image.manifest)))
