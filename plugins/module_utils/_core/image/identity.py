# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether two images are the same.

A container runs the manifest for its platform and the configuration in it. So two images are the same if they have the same manifest, in
whatever index it is listed, and also if they differ only in compression or annotations.
"""

from __future__ import annotations

from ..engine.model import ImageIdentity


def is_same_image(one: ImageIdentity, other: ImageIdentity) -> bool | None:
    """Whether a container gets the same from both images. None, which callers take for no, if only a pull can tell.

    One thing that both have is enough: the ID, the manifest, the content, or a digest. Only images on this host are known to differ.
    """
    if one.id and one.id == other.id:
        return True
    if one.manifest and one.manifest == other.manifest:
        return True
    if one.content and one.content == other.content:
        return True
    if _all_digests(one) & _all_digests(other):
        return True
    return False if one.id and other.id else None


def _all_digests(image: ImageIdentity) -> set[str]:
    return set(filter(None, (*image.digests, image.digest, image.manifest)))
