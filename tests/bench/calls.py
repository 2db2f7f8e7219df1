# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests the engine gets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from support.real.faulty_proxy import socket_of
from support.real.read_only_proxy import ReadOnlyProxy
from support.real.sandbox import free_port
from testbed import engine
from testbed.images import WebImage, shell

from .contenders import OURS, PEER, define, recreate
from .engine_gap import SERVES
from .figures import Comparison, Series
from .on_host import Task, run_tasks
from .shapes import Shape
from .subject import Effort, Stage, Subject, stage

FIGURE = "engine calls"


@dataclass(frozen=True)
class _Path:
    """A case, with the task of each module that can do it."""

    case: str
    tasks: Mapping[str, Task]


def _measure(effort: Effort) -> Iterator[Comparison]:
    with stage() as here:
        for path in effort.of(_paths(here)):
            counts = _count(path.tasks)
            yield Comparison(FIGURE, path.case, "calls", tuple(Series(who, (float(count),)) for who, count in counts.items()))


def _paths(stage: Stage) -> tuple[_Path, ...]:
    checked, plain = stage.sandbox.image("1", WebImage("v1")), stage.sandbox.image("2", SERVES)
    crashes = stage.sandbox.image("3", WebImage("v3", health=None, command=shell("exit 1")))
    networks = tuple(stage.sandbox.network(suffix) for suffix in "abc")

    def path(case: str, shape: Shape, ours: Task, peer: Task | None = None) -> _Path:
        """Create a container for each module. The paths are measured in this order."""
        name = f"{stage.sandbox.prefix}-{len(made)}"
        stage.client.start(shape.make(stage.client, f"{name}-ours", free_port()))
        tasks = {}
        if peer is not None:
            port = free_port()
            run_tasks([define(shape, f"{name}-peer", port)])
            tasks[PEER] = define(shape, f"{name}-peer", port, **peer)
        tasks[OURS] = recreate(f"{name}-ours", **ours)
        made.append(name)
        return _Path(case, tasks)

    made: list[str] = []
    return (
        path("nothing to do", Shape(checked), {"force": False, "pull": "missing"}, {}),
        path("nothing to do, registry asked", Shape(checked), {"force": False, "pull": "always"}, {"pull": "always"}),
        path("recreates, health check", Shape(checked), {}, {"recreate": True, "state": "healthy"}),
        path("recreates, 3 networks", Shape(plain, networks=networks), {"grace_period": 0}, {"recreate": True}),
        path("crashes at once, rolled back", Shape(plain), {"image": crashes, "pull": "always"}),
    )


def _count(tasks: Mapping[str, Task]) -> dict[str, int]:
    """Run each task through its own proxy, and count its requests."""
    with contextlib.ExitStack() as stack:
        listeners = {who: stack.enter_context(ReadOnlyProxy(socket_of(engine.host()), only_listens=True)) for who in tasks}
        run_tasks([{**_through(listeners[who].url, task), "ignore_errors": True} for who, task in tasks.items()])
        return {who: len(listener.requests) for who, listener in listeners.items()}


def _through(url: str, task: Task) -> Task:
    return {key: {**value, "docker_host": url} if isinstance(value, dict) else value for key, value in task.items()}


SUBJECT = Subject(
    "engine-calls",
    "The number of requests to the engine in one run, counted by a proxy on its socket. They include the polls of a container that is not "
    "healthy yet. `container_recreate` also inspects every other container of the host once. [This page](engine_calls.md) has the reason "
    "for each call.",
    _measure,
)
