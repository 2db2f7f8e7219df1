# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How soon the old container is back in service after an update to a bad image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker.errors

from support.real.sandbox import free_port
from testbed.images import WebImage, serve_after, shell

from .contenders import BARE_CALLS, OURS, PEER, Contender, bare_calls, define, recreate
from .engine_gap import SERVES, engine_gap
from .events import Events
from .figures import Comparison, Series, in_turn
from .limits import Limit
from .on_host import OnHost, keep, run_tasks
from .shapes import Shape
from .subject import Effort, Stage, Subject, stage

FIGURE = "back in service"
_CRASHES, _SICK, _NO_ENTRY_POINT = "crashes at once", "fails its health check, health_timeout 2 s", "entry point does not exist"
_IMAGES = {
    _CRASHES: WebImage("v2", health=None, command=shell("exit 1")),
    _SICK: WebImage("v2", health="false"),
    _NO_ENTRY_POINT: WebImage("v2", health=None, command=serve_after(), changes=('ENTRYPOINT ["/nowhere"]',)),
}
_ROUNDS = 3


@dataclass(frozen=True)
class _FailingUpdate:
    """An update that fails, and restores its container."""

    stage: Stage
    name: str
    update: OnHost

    def seconds(self) -> float:
        """Run the update. Return the seconds from the container's kill to its next start."""
        container = self.stage.sandbox.inspect(self.name)["Id"]
        with Events(self.stage.sandbox.prefix) as events:
            self.update.run(fails=True)
            killed = events.first("kill", container).at
            return events.first("start", container, after=killed).at - killed


def _measure(effort: Effort) -> Iterator[Comparison]:
    for case in effort.of(tuple(_IMAGES)):
        with stage() as here:
            good, bad = here.sandbox.image("1", SERVES), here.sandbox.image("2", _IMAGES[case])
            given = in_turn(effort.rounds(_ROUNDS), {BARE_CALLS: _bare_calls(here, good), OURS: _failing_update(here, good, bad).seconds})
            series = [Series(who, tuple(values)) for who, values in given.items()]
            yield Comparison(FIGURE, case, "s", (*series, Series(PEER, note=_check_that_the_peer_removes_it(here, good, bad))))


def _bare_calls(stage: Stage, image: str) -> Callable[[], float]:
    name, port = f"{stage.sandbox.prefix}-bare", free_port()
    contender = Contender(name, port, bare_calls(stage.client, Shape(image), name, port))
    return lambda: engine_gap(stage, contender)


def _failing_update(stage: Stage, good: str, bad: str) -> _FailingUpdate:
    name, shape = f"{stage.sandbox.prefix}-ours", Shape(good)
    stage.client.start(shape.make(stage.client, name, free_port()))
    # After a rollback, the tag points to the old image on this host until the next pull.
    (update,) = keep(stage.folder, [recreate(name, image=bad, pull="always", health_timeout=2)])
    return _FailingUpdate(stage, name, update)


def _check_that_the_peer_removes_it(stage: Stage, good: str, bad: str) -> str:
    """Check that docker_container removes the old container. One run is enough."""
    name, port = f"{stage.sandbox.prefix}-peer", free_port()
    stage.client.start(Shape(good).make(stage.client, name, port))
    before = stage.sandbox.inspect(name)["Id"]
    run_tasks([define(Shape(bad), name, port, recreate=True, state="healthy", healthy_wait_timeout=3)])
    try:
        stage.client.inspect_container(before)
    except docker.errors.NotFound:
        return "never: the old container is gone"
    raise AssertionError(f"{PEER} kept the old container, so its time to restore that container must be measured")


SUBJECT = Subject(
    "back-in-service",
    "The time from the engine's event `kill` of the old container to its next event `start`, during an update to an image that does not "
    "work. The bare engine calls are measured with an image that works: the time from `kill` to the `start` of the new container.",
    _measure,
    (Limit(FIGURE, _CRASHES, OURS, BARE_CALLS, 2.2, 0.3), Limit(FIGURE, _NO_ENTRY_POINT, OURS, BARE_CALLS, 2)),
)
