# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and write manifests through a registry's API, and combine them into indexes."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .common import TestbedError
from .registry import MANIFESTS

_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"


class Manifest(NamedTuple):
    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"


class Manifests:
    """The manifests of one repository. `login` is a username and a password. `authority` is the certificate to trust if it uses TLS."""

    def __init__(self, address: str, repository: str, login: tuple[str, str] | None = None, authority: Path | None = None) -> None:
        self._address = address
        self._path = f"/v2/{repository}/manifests"
        self._headers = {"Authorization": f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"} if login else {}
        self._tls = ssl.create_default_context(cafile=authority) if authority else None

    def read(self, tag: str) -> Manifest:
        media_type, body = self._request("GET", tag, Accept=MANIFESTS)
        return Manifest(media_type, body)

    def write(self, tag: str, manifest: Manifest) -> None:
        self._request("PUT", tag, manifest.body, **{"Content-Type": manifest.media_type})

    def remove(self, tag: str) -> None:
        """Remove the manifest, and with it all tags that point to it."""
        self._request("DELETE", self.read(tag).digest)

    def _request(self, method: str, which: str, body: bytes | None = None, **headers: str) -> tuple[str, bytes]:
        if self._tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(self._address, context=self._tls, timeout=10)
        else:
            connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            connection.request(method, f"{self._path}/{which}", body, {**self._headers, **headers})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise TestbedError(f"{method} {self._path}/{which}: {response.status} {content.decode()}")
        return response.headers.get("Content-Type", ""), content


def index_of(images: Mapping[str, Manifest], attestation: Manifest | None = None) -> Manifest:
    """An index of the images, which are given by architecture, and of an attestation about the first one."""
    entries = [_entry(manifest, architecture) for architecture, manifest in images.items()]
    if attestation:
        subject = entries[0]["digest"] if entries else attestation.digest
        about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
        entries.append({**_entry(attestation, "unknown", "unknown"), "annotations": about})
    return Manifest(_INDEX, json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}).encode())


def _entry(manifest: Manifest, architecture: str, os: str = "linux") -> dict[str, Any]:
    return {
        "mediaType": manifest.media_type,
        "size": len(manifest.body),
        "digest": manifest.digest,
        "platform": {"architecture": architecture, "os": os},
    }


def packed_anew(manifest: Manifest, indent: int = 7) -> Manifest:
    """The same image with a different digest: its manifest has different whitespace."""
    return Manifest(manifest.media_type, json.dumps(json.loads(manifest.body), indent=indent).encode())
