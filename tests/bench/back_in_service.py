# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How soon a bad image is gone again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import docker.errors

from support.real.sandbox import free_port
from testbed.images import WebImage, serve_after, shell

from .contenders import FLOOR, OURS, PEER, Contender, define, floor, recreate
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
class _Comeback:
    """A container that comes back from an update."""

    stage: Stage
    name: str
    update: OnHost

    def seconds(self) -> float:
        """From its own kill to its own next start."""
        container = self.stage.sandbox.inspect(self.name)["Id"]
        with Events(self.stage.sandbox.prefix) as events:
            self.update.run(fails=True)
            killed = events.first("kill", container).at
            return events.first("start", container, after=killed).at - killed


def _measure(effort: Effort) -> Iterator[Comparison]:
    for case in effort.of(tuple(_IMAGES)):
        with stage() as here:
            good, bad = here.sandbox.image("1", SERVES), here.sandbox.image("2", _IMAGES[case])
            given = in_turn(effort.rounds(_ROUNDS), {FLOOR: _floor(here, good), OURS: _comeback(here, good, bad).seconds})
            series = [Series(who, tuple(values)) for who, values in given.items()]
            yield Comparison(FIGURE, case, "s", (*series, Series(PEER, note=_what_becomes_of_the_peers(here, good, bad))))


def _floor(stage: Stage, image: str) -> Callable[[], float]:
    name, port = f"{stage.sandbox.prefix}-floor", free_port()
    contender = Contender(name, port, floor(stage.client, Shape(image), name, port))
    return lambda: engine_gap(stage, contender)


def _comeback(stage: Stage, good: str, bad: str) -> _Comeback:
    name, shape = f"{stage.sandbox.prefix}-ours", Shape(good)
    stage.client.start(shape.make(stage.client, name, free_port()))
    # After a rollback the tag means the old image here, until it is pulled again.
    (update,) = keep(stage.folder, [recreate(name, image=bad, pull="always", health_timeout=2)])
    return _Comeback(stage, name, update)


def _what_becomes_of_the_peers(stage: Stage, good: str, bad: str) -> str:
    """Once is enough: it either has the old container still, or it does not."""
    name, port = f"{stage.sandbox.prefix}-peer", free_port()
    stage.client.start(Shape(good).make(stage.client, name, port))
    before = stage.sandbox.inspect(name)["Id"]
    run_tasks([define(Shape(bad), name, port, recreate=True, state="healthy", healthy_wait_timeout=3)])
    try:
        stage.client.inspect_container(before)
    except docker.errors.NotFound:
        return "never: the old container is gone"
    raise AssertionError(f"{PEER} has left the old container; measure when it comes back")


SUBJECT = Subject(
    "back-in-service",
    "From the engine's event `kill` of the old container to its own next `start`, after an update to an image that does not work. Beside "
    "it is the engine gap of the floor for an image that does.",
    _measure,
    (Limit(FIGURE, _CRASHES, OURS, FLOOR, 2.2, 0.3), Limit(FIGURE, _NO_ENTRY_POINT, OURS, FLOOR, 2)),
)
