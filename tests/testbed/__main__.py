# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m testbed up|down): bring up what the tests and the demo need, or take it away again.

C(python -m testbed unpack PACKAGE) prints the folder with the files of a Debian package.
"""

from __future__ import annotations

import fcntl
import shutil
import sys

import docker.errors

from . import engine, images, registry
from .common import STATE, TestbedError, say
from .packages import unpacked


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


def unpack(package: str) -> None:
    sys.stdout.write(f"{unpacked(package)}\n")


def main() -> None:
    commands = {("up", 0): up, ("down", 0): down, ("unpack", 1): unpack}
    name, *arguments = sys.argv[1:] or [""]
    command = commands.get((name, len(arguments)))
    if command is None:
        sys.exit(__doc__)
    try:
        command(*arguments)
    except TestbedError as error:
        sys.exit(f"testbed: {error}")


if __name__ == "__main__":
    main()
