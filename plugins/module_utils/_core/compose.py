# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docker compose writes into the labels of its containers, and looks for when it comes by again."""

from __future__ import annotations

from .ports import Document

IMAGE_LABEL = "com.docker.compose.image"
"""The ID of the image that compose made the container from. Another one makes it recreate the container."""


def tell_compose(body: Document, image_id: str) -> Document:
    """A create body that compose, on its unchanged file, takes for one of its own that is up to date."""
    labels = body.get("Labels") or {}
    if IMAGE_LABEL not in labels:
        return body
    return {**body, "Labels": {**labels, IMAGE_LABEL: image_id}}
