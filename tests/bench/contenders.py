# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contenders: tools that replace a running container with a new one. Each has its own container."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker

from support.real.polling_client import fetch
from support.real.sandbox import free_port, wait_for
from testbed import compose, engine
from testbed.common import TestbedError

from .on_host import Task, keep
from .shapes import Shape
from .subject import Stage, say

BARE_CALLS = "bare engine calls"
OURS = "container_recreate"
PEER = "docker_container"
COMPOSE = "docker compose"


@dataclass(frozen=True)
class Contender:
    """`replace` replaces the container with the name `container`, and returns when everything is done."""

    container: str
    port: int
    replace: Callable[[], object]

    def wait_until_served(self) -> None:
        wait_for(lambda: fetch(self.port) is not None, f"the page of {self.container}")


def contenders(stage: Stage, shape: Shape) -> Mapping[str, Contender]:
    """All contenders that are available here, by name. Their containers are running."""
    names = {who: f"{stage.sandbox.prefix}-{who.replace(' ', '-').replace('_', '-')}" for who in (BARE_CALLS, OURS, PEER, COMPOSE)}
    ports = {who: free_port() for who in names}
    stage.client.start(shape.make(stage.client, names[OURS], ports[OURS]))
    tasks = (recreate(names[OURS], grace_period=0), define(shape, names[PEER], ports[PEER], recreate=True))
    ours, peer = keep(stage.folder, tasks)
    replace: dict[str, Callable[[], object]] = {
        BARE_CALLS: bare_calls(stage.client, shape, names[BARE_CALLS], ports[BARE_CALLS]),
        OURS: ours.run,
        PEER: peer.run,
    }
    up = _compose(stage.folder, shape, names[COMPOSE], ports[COMPOSE])
    if up:
        replace[COMPOSE] = up
    made = {who: Contender(names[who], ports[who], run) for who, run in replace.items()}
    for contender in made.values():
        contender.wait_until_served()
    return made


def bare_calls(client: docker.APIClient, shape: Shape, name: str, port: int) -> Callable[[], None]:
    """Replace a container with only the necessary engine calls. They come from this process, whose client is already connected."""
    current = shape.make(client, name, port)
    client.start(current)

    def replace() -> None:
        nonlocal current
        old = current
        client.stop(old, timeout=shape.stop_timeout)
        client.rename(old, f"{name}-old-{time.time_ns()}")
        current = shape.make(client, name, port)
        client.start(current)
        client.remove_container(old)

    return replace


def recreate(name: str, **options: object) -> Task:
    """A task that replaces a container even though its image is the same, without asking a registry."""
    return {"name": OURS, "evenkeel.fleet.container_recreate": {"name": name, "force": True, "pull": "never", **options}}


def define(shape: Shape, name: str, port: int, **options: object) -> Task:
    """A task that defines a container with docker_container, without asking a registry."""
    return {"name": PEER, "community.docker.docker_container": {**shape.task(name, port), "pull": "never", **options}}


def _compose(folder: Path, shape: Shape, name: str, port: int) -> Callable[[], None] | None:
    """A function that replaces the container with Docker Compose, or None if Compose is not available."""
    try:
        program = compose.program()
    except TestbedError as error:
        say(f"skipping docker compose: {error}")
        return None
    file = folder / f"{name}.json"
    file.write_text(json.dumps(shape.composition(name, port)))  # JSON is YAML too.

    def up(*more: str) -> None:
        command = (program, "--project-name", name, "--file", file, "up", "--detach", *more)
        environment = {**os.environ, "DOCKER_HOST": engine.host()}
        run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode:
            raise AssertionError(f"docker compose up failed:\n{run.stderr}")

    up()
    return lambda: up("--force-recreate")
