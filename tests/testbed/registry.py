# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real registry on loopback, run from Debian's package without installing it."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import NamedTuple

from .common import STATE, Daemon, say, wait_until
from .packages import unpacked

ADDRESS = os.environ.get("EVENKEEL_REGISTRY", "127.0.0.1:5871")
MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
)


class _Answer(NamedTuple):
    status: int | None
    body: bytes


_DAEMON = Daemon("docker-registry")
_DATA = STATE / "registry"
_CONFIG = STATE / "registry.json"


def up() -> None:
    if answers():
        return
    binary = unpacked("docker-registry") / "usr/bin/docker-registry"
    say(f"starting a registry on {ADDRESS}")
    _CONFIG.write_text(config(_DATA))
    _DAEMON.start(str(binary), "serve", str(_CONFIG))
    wait_until(f"the start of the registry (see {_DAEMON.log})", answers)


def down() -> None:
    _DAEMON.stop()


def answers(address: str = ADDRESS) -> bool:
    """Whether a registry answers at `address`."""
    return _request("GET", "/v2/", address).status == 200


def has(repository: str, tag: str) -> bool:
    return _request("HEAD", f"/v2/{repository}/manifests/{tag}", Accept=MANIFESTS).status == 200


def break_layer(repository: str, tag: str) -> None:
    """Delete the content of one layer. The manifest still refers to it."""
    manifest = json.loads(_request("GET", f"/v2/{repository}/manifests/{tag}", Accept=MANIFESTS).body)
    _request("DELETE", f"/v2/{repository}/blobs/{manifest['layers'][0]['digest']}")


def config(data: Path | str, address: str = ADDRESS) -> str:
    """The text of a configuration file for a registry that listens on `address` and stores its images in `data`."""
    return json.dumps(  # JSON is YAML too.
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
            "http": {"addr": address},
        }
    )


def _request(method: str, path: str, address: str = ADDRESS, **headers: str) -> _Answer:
    host, port = address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return _Answer(response.status, response.read())
    except OSError:
        return _Answer(None, b"")
    finally:
        connection.close()
