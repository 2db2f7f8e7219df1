# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the task still runs after the new container has become healthy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from support.real.sandbox import free_port
from testbed.images import WebImage

from .contenders import OURS, PEER, define, recreate
from .events import HEALTHY, Events
from .figures import Comparison, compared, in_turn
from .limits import Limit
from .on_host import OnHost, keep
from .shapes import Shape
from .subject import Effort, Stage, Subject, stage

FIGURE, _CASE = "time to verdict", "health check once a second"
_ROUNDS = 5


def _measure(effort: Effort) -> Iterator[Comparison]:
    with stage() as here:
        shape = Shape(here.sandbox.image("1", WebImage("v1"), push=False))
        names = {who: f"{here.sandbox.prefix}-{who.replace('_', '-')}" for who in (PEER, OURS)}
        here.client.start(shape.make(here.client, names[OURS], free_port()))
        tasks = (define(shape, names[PEER], free_port(), recreate=True, state="healthy"), recreate(names[OURS]))
        kept = dict(zip((PEER, OURS), keep(here.folder, tasks), strict=True))
        runs = {who: _run(here, module) for who, module in kept.items()}
        yield compared(FIGURE, _CASE, "s", in_turn(effort.rounds(_ROUNDS), runs))


def _run(stage: Stage, module: OnHost) -> Callable[[], float]:
    def run() -> float:
        with Events(stage.sandbox.prefix) as events:
            module.run()
            ended = time.time()
            started = events.first("start")
            return ended - events.first(HEALTHY, started.container).at

    return run


SUBJECT = Subject(
    "time-to-verdict",
    "The time from the engine's event `health_status: healthy` of the new container to the end of the module's process. "
    "`docker_container` runs with `recreate: true, state: healthy`.",
    _measure,
    (Limit(FIGURE, _CASE, OURS, extra=0.2),),
)
