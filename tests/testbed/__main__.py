# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m testbed up|down`: start what the tests and the demo need, or stop and remove it.

`python -m testbed unpack PACKAGE` unpacks a Debian package and prints the path of the folder.

`python -m testbed engine KIND up` starts an engine of another release in a container and prints its DOCKER_HOST. `down` removes it. `run
COMMAND...` runs a command in its network namespace, with this engine as DOCKER_HOST. `prefer COMMAND...` does the same, but uses the
machine's engine if that is of this kind, or if this kind cannot be started here.

`python -m testbed fleet HOSTS` starts this number of hosts, each with an engine and an SSH server, and prints an inventory.
`python -m testbed host NUMBER off|on` turns the power of one of them off or on.

`python -m testbed publish NAME PAGE [SCRIPT [HEALTH]]` publishes an image in the registry of the hosts. The image runs a shell script and
then serves a page. The command prints the image's reference, as the hosts use it, and its ID.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys

import docker.errors

from . import compose, engine, engines, fleet, images, registry
from .common import STATE, TestbedError, say
from .packages import unpacked


def up() -> None:
    """Start what is missing. Print nothing if nothing is missing."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine.up()
        registry.up()
        images.up(engine.client())


def down() -> None:
    try:
        fleet.down()
        engines.down()
        images.down(engine.client())
    except docker.errors.DockerException as error:
        say(f"leaving the images: {error}")
    registry.down()
    engine.down()
    shutil.rmtree(STATE, ignore_errors=True)


def unpack(package: str) -> None:
    sys.stdout.write(f"{unpacked(package)}\n")


def contained_engine(kind: str, action: str, *command: str) -> None:
    contained = engines.ContainedEngine(kind)
    if action == "up" and not command:
        contained.up()
        sys.stdout.write(f"{contained.host}\n")
    elif action == "down" and not command:
        contained.down()
    elif action == "prefer" and command:
        sys.exit(engines.run_with(kind, *command))
    elif action == "run" and command:
        compose.program()  # Download it here: the command has no access to Debian's mirror.
        with contained.alone():
            sys.exit(contained.run(*command))
    else:
        sys.exit(__doc__)


def some_hosts(count: str) -> None:
    up()
    sys.stdout.write(f"{json.dumps(fleet.inventory(fleet.up(int(count))), indent=2)}\n")


def one_host(number: str, power: str) -> None:
    host = fleet.Host(int(number))
    if power == "off":
        host.power_off()
    elif power == "on":
        host.power_on()
    else:
        sys.exit(__doc__)


def publish(name: str, page: str, script: str = "", health: str = images.PROBE) -> None:
    image_id = fleet.publish(name, images.WebImage(page, images.serve_after(script), health))
    sys.stdout.write(f"{json.dumps({'reference': fleet.reference(name), 'id': image_id})}\n")


def main() -> None:
    commands = {"up": (up, 0, 0), "down": (down, 0, 0), "unpack": (unpack, 1, 1), "fleet": (some_hosts, 1, 1)}
    commands |= {"host": (one_host, 2, 2), "publish": (publish, 2, 4)}
    commands["engine"] = (contained_engine, 2, sys.maxsize)
    name, *arguments = sys.argv[1:] or [""]
    command, least, most = commands.get(name, (None, 0, 0))
    if command is None or not least <= len(arguments) <= most:
        sys.exit(__doc__)
    try:
        command(*arguments)
    except TestbedError as error:
        sys.exit(f"testbed: {error}")


if __name__ == "__main__":
    main()
