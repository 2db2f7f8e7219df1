# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long no container runs during an update."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from testbed.images import PORT, WebImage, shell

from .contenders import BARE_CALLS, OURS, PEER, Contender, contenders
from .events import Events
from .figures import Comparison, compared, in_turn
from .limits import Limit
from .shapes import Shape
from .subject import Effort, Stage, Subject, stage

FIGURE = "engine gap"
SERVES = WebImage("v1", health=None)
_STUBBORN = WebImage("v1", health=None, command=shell(f"trap '' TERM; httpd -f -p {PORT} -h /www & wait"))
_PLAIN, _NETWORKS, _VOLUMES, _IGNORES = "plain", "3 networks", "20 volumes", "ignores SIGTERM, stop timeout 3 s"


def _image(stage: Stage, image: WebImage = SERVES) -> str:
    return stage.sandbox.image("1", image, push=False)


def plain(stage: Stage) -> Shape:
    """A container with one published port."""
    return Shape(_image(stage))


def _with_networks(stage: Stage) -> Shape:
    return Shape(_image(stage), networks=tuple(stage.sandbox.network(suffix) for suffix in "abc"))


def _with_volumes(stage: Stage) -> Shape:
    return Shape(_image(stage), volumes=20)


def _stubborn(stage: Stage) -> Shape:
    return Shape(_image(stage, _STUBBORN), stop_timeout=3)


@dataclass(frozen=True)
class _Case:
    name: str
    rounds: int
    shape: Callable[[Stage], Shape]


_CASES = (
    _Case(_PLAIN, 7, plain),
    _Case(_NETWORKS, 5, _with_networks),
    _Case(_VOLUMES, 5, _with_volumes),
    _Case(_IGNORES, 2, _stubborn),
)


def engine_gap(stage: Stage, contender: Contender) -> float:
    """Replace the container once. Return the gap in seconds."""
    with Events(stage.sandbox.prefix) as events:
        contender.replace()
        gap = events.gap()
    contender.wait_until_served()
    return gap


def _measure(effort: Effort) -> Iterator[Comparison]:
    for case in effort.of(_CASES):
        with stage() as here:
            runs = {who: _run(here, contender) for who, contender in contenders(here, case.shape(here)).items()}
            yield compared(FIGURE, case.name, "s", in_turn(effort.rounds(case.rounds), runs))


def _run(stage: Stage, contender: Contender) -> Callable[[], float]:
    return lambda: engine_gap(stage, contender)


SUBJECT = Subject(
    "engine-gap",
    "The time from the engine's event `kill` of the old container to its event `start` of the new one. *Bare engine calls* are the calls "
    "that no update can do without: stop, rename, create, connect to further networks (if the engine cannot do this on creation), and "
    "start. They come from one process whose client is already connected.",
    _measure,
    (
        Limit(FIGURE, _PLAIN, OURS, BARE_CALLS, 1.05),
        *(Limit(FIGURE, case, OURS, BARE_CALLS, 1.10) for case in (_NETWORKS, _VOLUMES)),
        *(Limit(FIGURE, case.name, OURS, PEER, 1.05) for case in _CASES),
    ),
)
