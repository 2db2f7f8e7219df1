# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docker compose writes into the labels of its containers, and looks for when it comes by again."""

from __future__ import annotations

import typing as t

from ..engine.model import Document

IMAGE_LABEL = "com.docker.compose.image"
"""The ID of the image that compose made the container from. Another one makes it recreate the container."""


def tell_compose(body: Document, image_id: str) -> Document:
    """A create body that compose, on its unchanged file, takes for one of its own that is up to date."""
    labels = body.get("Labels") or {}
    if IMAGE_LABEL not in labels:
        return body
    return {**body, "Labels": {**labels, IMAGE_LABEL: image_id}}


class ComposeService(t.NamedTuple):
    """Whose container it is, and which services of the same project that one depends on."""

    project: str
    service: str
    depends_on: tuple[str, ...] = ()


def service_of(container: Document) -> ComposeService | None:
    """What compose wrote into the labels of an inspected container. None when it did not make it.

    It writes `db:service_healthy:true,cache:service_started:false`: the service, what to wait for, and whether to restart with it.
    """
    labels = container["Config"].get("Labels") or {}
    project, service = labels.get("com.docker.compose.project"), labels.get("com.docker.compose.service")
    if not project or not service:
        return None
    written = (labels.get("com.docker.compose.depends_on") or "").split(",")
    return ComposeService(project, service, tuple(filter(None, (one.partition(":")[0].strip() for one in written))))
