# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One repository, whose contents in the registry and on the engine are set independently."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.common import TestbedError
from testbed.manifests import Manifests, index_of, packed_anew

from .sandbox import Sandbox


@dataclass(frozen=True)
class Where:
    """The address of a registry. `login` is a user name and a password."""

    address: str
    login: tuple[str, str] | None = None
    authority: Path | None = None


class Repository:
    """The repository `name` in a registry, and a container of the same name."""

    def __init__(self, sandbox: Sandbox, where: Where, name: str) -> None:
        self._sandbox = sandbox
        self._client = sandbox.client
        self._where = where
        self.repository = f"{where.address}/{sandbox.prefix}/{name}"
        self.suffix = name
        self.container_name = f"{sandbox.prefix}-{name}"
        self.manifests = Manifests(where.address, f"{sandbox.prefix}/{name}", where.login, where.authority)

    def reference(self, tag: str = "latest") -> str:
        return f"{self.repository}:{tag}"

    def publish(self, image: str, tag: str = "latest") -> str:
        """Push a local image to the registry, and return its digest. The engine keeps no record of the push."""
        self._client.tag(image, self.repository, "to-push")
        try:
            for line in self._client.push(self.repository, tag="to-push", stream=True, decode=True, auth_config=self._auth):
                if "error" in line:
                    raise TestbedError(f"pushing to {self.repository} failed: {line['error']}")
        finally:
            self._forget("to-push")
        manifest = self.manifests.read("to-push")
        self.manifests.write(tag, manifest)
        return manifest.digest

    def publish_index(self, tag: str = "latest", /, **images: str) -> str:
        """Push local images as an index by architecture, and return its digest."""
        for architecture, image in images.items():
            self.publish(image, architecture)
        index = index_of({architecture: self.manifests.read(architecture) for architecture in images})
        self.manifests.write(tag, index)
        return index.digest

    def publish_attested(self, image: str, attestation: int, tag: str = "latest") -> str:
        """Push a local image in an index with an attestation of this number, and return the digest of the index."""
        self.publish(image, "attested")
        manifest = self.manifests.read("attested")
        statement = packed_anew(manifest, 20 + attestation)
        self.manifests.write(f"attestation-{attestation}", statement)
        index = index_of({"amd64": manifest}, statement)
        self.manifests.write(tag, index)
        return index.digest

    def pull(self, version: str = "latest") -> str:
        """Pull from the registry, and return the reference."""
        for line in self._client.pull(self.repository, tag=version, stream=True, decode=True, auth_config=self._auth):
            if "error" in line:
                raise TestbedError(f"pulling {self.repository} {version} failed: {line['error']}")
        return f"{self.repository}{'@' if ':' in version else ':'}{version}"

    def call(self, image: str, tag: str = "latest") -> str:
        """Point a local tag at an image, and return the reference."""
        self._client.tag(image, self.repository, tag)
        return self.reference(tag)

    def make(self, image: str | None = None, *, start: bool = False, **create: Any) -> str:
        """Create a container from a reference, and return its ID."""
        return self._sandbox.container(self.suffix, image or self.reference(), start=start, **create)

    def _forget(self, tag: str) -> None:
        """Remove a local tag, and with it the digest that a push recorded. A digest known before stays known by another tag."""
        self._client.remove_image(self.reference(tag))

    @property
    def options(self) -> dict[str, str]:
        """The module options that log in to the registry."""
        return dict(zip(("registry_username", "registry_password"), self._where.login or (), strict=False))

    @property
    def _auth(self) -> dict[str, str] | None:
        return dict(zip(("username", "password"), self._where.login, strict=True)) if self._where.login else {}
