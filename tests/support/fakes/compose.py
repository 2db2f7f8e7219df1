# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A docker compose in memory, and the labels of its service `web`."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.compose import ComposeProject, HashUnknown
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document

LABELS = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.project.working_dir": "/srv/shop",
    "com.docker.compose.project.config_files": "/srv/shop/compose.yaml,/srv/shop/more.yaml",
}


def hash_of(service: Document) -> str:
    return hashlib.sha256(json.dumps(service, sort_keys=True).encode()).hexdigest()


class FakeCompose:
    """Knows the services of one project. `asked` are the projects and services that it was asked about."""

    def __init__(self, services: t.Mapping[str, Document] | None = None, error: HashUnknown | None = None) -> None:
        self.services = services or {}
        self.error = error
        self.asked: list[tuple[ComposeProject, str]] = []

    def config_hashes(self, project: ComposeProject, service: str, variants: t.Sequence[Document]) -> tuple[str, ...]:
        self.asked.append((project, service))
        if self.error:
            raise self.error
        return tuple(hash_of({**self.services[service], **variant}) for variant in variants)


def image_label(image: Document, version: tuple[int, int], platform: tuple[str, str] | None = None) -> str:
    """Return what a version of docker compose writes into `com.docker.compose.image`. A copy of its rule.

    `image` is the inspect document of the image, and `platform` that of the service, such as `("linux", "s390x")`, None for the host's.
    From `localContentDigest` and `matchLocalManifest` in pkg/compose/images.go of version 5.5.0.
    """
    image_id: str = image["Id"]
    if version < (5, 4):
        return image_id
    available = [manifest for manifest in image.get("Manifests") or () if manifest["Kind"] == "image" and manifest["Available"]]
    for manifest in available:
        offered = (manifest.get("ImageData") or {}).get("Platform") or {}
        if (offered.get("os"), offered.get("architecture")) == (platform or ("linux", "amd64")):
            return str(manifest["ID"])
    return str(available[0]["ID"]) if len(available) == 1 else image_id
