# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of the software that was measured."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata

import docker

from testbed import compose, engine
from testbed.common import TestbedError

from .on_host import PEERS


def versions() -> Mapping[str, str]:
    """The versions of everything that affects the results."""
    with contextlib.closing(engine.client()) as client:
        told, driver = client.version(), client.info()["Driver"]
        store = f"{image_store(client)} ({driver})"
    return {
        "Docker Engine": told["Version"].partition("+")[0],
        "API": f"{told['MinAPIVersion']} to {told['ApiVersion']}",
        "image store": store,
        "ansible-core": metadata.version("ansible-core"),
        "community.docker": _of_peer(),
        "Docker SDK for Python": metadata.version("docker"),
        "Python": platform.python_version(),
        "Docker Compose": _of_compose(),
        "Linux": platform.release().partition("-")[0],
        "processor cores": str(os.cpu_count()),
    }


def image_store(client: docker.APIClient) -> str:
    return "containerd" if engine.has_containerd_store(client) else "classic"


def _of_peer() -> str:
    manifest = json.loads((PEERS / "ansible_collections/community/docker/MANIFEST.json").read_text())
    return str(manifest["collection_info"]["version"])


def _of_compose() -> str:
    try:
        program = compose.program()
    except TestbedError:
        return "none"
    return subprocess.run((program, "version", "--short"), capture_output=True, text=True, check=True).stdout.strip()
