# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can interfere with a run. Each act does one thing to the engine or to a container, as another actor would."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable

import docker
import docker.errors

from . import modules
from .held_calls import FAULTS
from .scenario import Event, Task
from .story import Deed
from .world import SERVICE, World

HOLDER, ARCHIVE, USER = "holder", "archive", "user"
"""The roles of victims: what has the name of the target, another container of the target, a container that uses the target."""

_HEAD_START = 3
"""Seconds that another task gets before the held call is let go. It may have to wait for the held run."""
_Act = Callable[[docker.APIClient, str], object]


def _disconnect(client: docker.APIClient, container: str) -> None:
    networks = client.inspect_container(container)["NetworkSettings"]["Networks"]
    for network in sorted(networks)[:1]:
        client.disconnect_container_from_network(container, network, force=True)


ON_CONTAINERS: dict[str, _Act] = {
    "kill": lambda client, container: client.kill(container),
    "stop": lambda client, container: client.stop(container, timeout=1),
    "pause": lambda client, container: client.pause(container),
    "remove": lambda client, container: client.remove_container(container, force=True),
    "start": lambda client, container: client.start(container),
    "rename": lambda client, container: client.rename(container, f"evenkeel-chaos-moved-{container[:8]}"),
    "disconnect": _disconnect,
}
NEED_RUNNING = ("kill", "stop", "pause")
ON_ENGINE = ("prune containers", "prune images", "prune networks", "prune volumes", "restart engine", "kill engine", "fill disk")
ON_MODULE = tuple(dict.fromkeys(act for act, _after in FAULTS))
RECORDS = "fleet.evenkeel.journal"
"""The documented label of the records of interrupted runs."""
OTHERS = ("usurp", "run task", "lose bind source")
"""`usurp` starts a second container under the name of the target and on its volumes, after removing the container that has the name."""
HIT_THE_TARGET = ("prune containers", *OTHERS)
"""The acts without a victim that can change the containers of the target."""


class Meddler:
    """Interferes with the run number `run`, on the service `target`. `deeds` is what it did."""

    def __init__(self, world: World, collections: str) -> None:
        self._world = world
        self._collections = collections
        self._paused: list[str] = []
        self._others: list[tuple[Task, subprocess.Popen[str]]] = []
        self.deeds: list[Deed] = []
        self.target = ""

    def interfere(self, event: Event, call: int) -> None:
        """Do what the event says. If it is impossible, for example because there is no such victim, nothing happens."""
        victim = self._victim(event.victim)
        if event.victim and victim is None:
            return
        if event.act in NEED_RUNNING and victim not in self._running():
            return
        service = self._service_of(victim) if victim else self.target if event.act in HIT_THE_TARGET else ""
        with contextlib.suppress(docker.errors.APIError):
            started = self._act(event, victim or "")
            self.deeds.append(Deed(event, event.run, call, victim or "", service, self._ids(service or self.target), started))

    def _act(self, event: Event, victim: str) -> frozenset[str]:
        """Return the containers that were started."""
        client, ground = self._world.client, self._world.ground
        if event.act in ON_CONTAINERS:
            ON_CONTAINERS[event.act](client, victim)
            if event.act == "pause":
                self._paused.append(victim)
            return frozenset({victim} if event.act == "start" else ())
        if event.act.startswith("prune "):
            # Before API 1.42, pruning volumes also removes named ones, and with them the records of the collection, as documented.
            filters = {"label!": [RECORDS]} if event.act == "prune volumes" else {}
            getattr(client, f"prune_{event.act.removeprefix('prune ')}")(filters)
        elif event.act in ("restart engine", "kill engine"):
            ground.restart("TERM" if event.act == "restart engine" else "KILL")
        elif event.act == "fill disk":
            ground.fill_disk()
        elif event.act == "usurp":
            return frozenset({self._world.start_second(self.target, instead_of=self._victim(HOLDER))})
        elif event.act == "lose bind source":
            self._world.lose_bind_source(self.target)
        elif event.act == "run task" and event.task:
            self._run(event.task)
        return frozenset()

    def _run(self, task: Task) -> None:
        """Start another task, and wait until it ends or has had a head start."""
        process = modules.start(task, self._world.name(task.target), self._world.ground.host, self._collections)
        self._others.append((task, process))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_HEAD_START)

    def finish_others(self) -> list[tuple[Task, modules.Output]]:
        """Wait for the tasks that were started meanwhile."""
        finished = [(task, modules.finish(process)) for task, process in self._others]
        self._others.clear()
        return finished

    def withdraw(self) -> None:
        """End what lasts: the full disk, the missing bind source, and pauses. What was removed or stopped stays so."""
        self._world.ground.free_disk()
        self._world.return_bind_sources()
        for container in self._paused:
            with contextlib.suppress(docker.errors.APIError):
                self._world.client.unpause(container)
        self._paused.clear()

    def _victim(self, role: str) -> str | None:
        """The ID of the container in a role, or of the container with that name."""
        names = {HOLDER: self.target, USER: "".join(self._world.scenario.users_of(self.target)[:1])}
        if role == ARCHIVE:
            others = self._ids(self.target) - {self._id_of(self.target)}
            return min(others, default=None)
        return self._id_of(names.get(role, role)) if role and names.get(role, role) else None

    def _id_of(self, service: str) -> str | None:
        with contextlib.suppress(docker.errors.NotFound):
            return str(self._world.client.inspect_container(self._world.name(service))["Id"])
        return None

    def _ids(self, service: str) -> frozenset[str]:
        found = self._world.client.containers(all=True, filters={"label": f"{SERVICE}={service}"})
        return frozenset(container["Id"] for container in found)

    def _running(self) -> frozenset[str]:
        return frozenset(container["Id"] for container in self._world.client.containers())

    def _service_of(self, container: str) -> str:
        for service in self._world.scenario.services:
            if container in self._ids(service.name):
                return service.name
        return self.target


def wait_for_engine(client: docker.APIClient, seconds: float = 30) -> None:
    """Wait until the engine answers again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(docker.errors.DockerException, OSError):
            client.ping()
            return
        time.sleep(0.1)
