# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ground on which the rounds happen: an engine of their own, with a small disk. Nothing else on the machine notices what they do."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors

from testbed.engines import ContainedEngine

from . import images

DISK = 600
"""The size of the engine's disk, in MiB."""
_RESERVE = 1 << 20
_BALLAST = "ballast"


class Ground:
    """A private engine, and what interference does to the engine as a whole."""

    def __init__(self, engine: ContainedEngine) -> None:
        self._engine = engine
        self.host = engine.host
        self.folder = Path(engine.data).parent / "binds"
        self.client = engine.client()

    def new_client(self) -> docker.APIClient:
        return self._engine.client()

    def new_client_or_none(self) -> docker.APIClient | None:
        """A client, or None while the engine does not answer."""
        with contextlib.suppress(docker.errors.DockerException, OSError):
            return self.new_client()
        return None

    def restart(self, signal: str) -> None:
        self._engine.restart(signal)

    def fill_disk(self) -> None:
        """Leave less than a MiB on the disk of the engine."""
        free = shutil.disk_usage(self._engine.data).free
        with (self._engine.data / _BALLAST).open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(1, free - _RESERVE))

    def free_disk(self) -> None:
        (self._engine.data / _BALLAST).unlink(missing_ok=True)

    def marker_in(self, source: str) -> Path:
        """The file in a volume or folder that tells whether its data are intact."""
        folder = Path(source) if source.startswith("/") else self._engine.data / "volumes" / source / "_data"
        return folder / "marker"


@contextlib.contextmanager
def private_ground(kind: str) -> Iterator[Ground]:
    """An engine of a kind in `testbed.engines`, for the time of the block."""
    engine = ContainedEngine(kind, f"chaos-{secrets.token_hex(4)}", disk=DISK)
    try:
        engine.up()
        ground = Ground(engine)
        images.build(ground.client)
        yield ground
        ground.client.close()
    finally:
        engine.down()
