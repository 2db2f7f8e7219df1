# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which images are the same."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.identity import is_same_image

INDEX, NEW_INDEX = "sha256:index", "sha256:new-index"
MANIFEST, OTHER_MANIFEST = "sha256:manifest", "sha256:other-manifest"
CONTENT, OTHER_CONTENT = "content", "other content"


def image(id_: str, **known: t.Any) -> ImageIdentity:
    return ImageIdentity("shop:1", id_, **known)


RUNNING = image(INDEX, digest=INDEX, manifest=MANIFEST, content=CONTENT, digests=(INDEX, MANIFEST))
CLASSIC = image("sha256:config", digest=INDEX, content=CONTENT, digests=(INDEX,))

TRUTH: list[tuple[str, ImageIdentity, ImageIdentity, bool | None]] = [
    # both are on this host
    ("the same ID", image("a"), image("a"), True),
    ("another ID, and nothing else is known", image("a"), image("b"), False),
    ("the same ID in another repository", image("a", digests=("x",)), image("a", digests=("y",)), True),
    ("the same manifest in a new index", RUNNING, image(NEW_INDEX, manifest=MANIFEST), True),
    ("the manifest itself", RUNNING, image(MANIFEST, manifest=MANIFEST), True),
    ("the same manifest, although an image is unreadable", RUNNING._replace(content=None), image(NEW_INDEX, manifest=MANIFEST), True),
    ("another manifest with the same content", RUNNING, image(NEW_INDEX, manifest=OTHER_MANIFEST, content=CONTENT), True),
    ("another manifest with other content", RUNNING, image(NEW_INDEX, manifest=OTHER_MANIFEST, content=OTHER_CONTENT), False),
    ("another manifest of unknown content", RUNNING, image(NEW_INDEX, manifest=OTHER_MANIFEST), False),
    ("another ID with the same content", CLASSIC, image("sha256:other", content=CONTENT), True),
    ("another ID with other content", CLASSIC, image("sha256:other", content=OTHER_CONTENT), False),
    ("an unknown manifest with the same content", RUNNING, image(NEW_INDEX, content=CONTENT), True),
    ("a digest of both, although another engine described the content", CLASSIC, image("new", content="other", digests=(INDEX,)), True),
    # the other one is not on this host
    ("the index that was pulled", RUNNING, image("", digest=INDEX), True),
    ("the manifest that runs", RUNNING, image("", digest=MANIFEST, manifest=MANIFEST), True),
    ("the index that was pulled, on the classic store", CLASSIC, image("", digest=INDEX), True),
    ("a digest in another repository", CLASSIC._replace(digest=None), image("", digest=INDEX), True),
    ("another index", RUNNING, image("", digest=NEW_INDEX), None),
    ("another manifest, which may be the same compressed again", RUNNING, image("", digest=OTHER_MANIFEST, manifest=OTHER_MANIFEST), None),
    ("another digest, on the classic store", CLASSIC, image("", digest=NEW_INDEX), None),
    ("nothing is known", image(""), image(""), None),
    ("no digest is known", CLASSIC._replace(digest=None, digests=()), image("", digest=INDEX), None),
]


@pytest.mark.parametrize(("one", "other", "same"), [row[1:] for row in TRUTH], ids=[row[0] for row in TRUTH])
def test_truth_table(one: ImageIdentity, other: ImageIdentity, same: bool | None) -> None:
    assert {is_same_image(*pair) for pair in ((one, other), (other, one))} == {same}
