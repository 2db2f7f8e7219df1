# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring up what the tests and the demo need, or take it away again: C(python -m testbed up|down)."""

from __future__ import annotations

import fcntl
import shutil
import sys

import docker.errors

from . import engine, images, registry
from .common import STATE, TestbedError, say


def up() -> None:
    """Silent where everything is there already."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine.up()
        registry.up()
        images.up(engine.client())


def down() -> None:
    try:
        images.down(engine.client())
    except docker.errors.DockerException as error:
        say(f"leaving the images: {error}")
    registry.down()
    engine.down()
    shutil.rmtree(STATE, ignore_errors=True)


def main() -> None:
    commands = {"up": up, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit("usage: python -m testbed up|down")
    try:
        commands[sys.argv[1]]()
    except TestbedError as error:
        sys.exit(f"testbed: {error}")


if __name__ == "__main__":
    main()
