# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a client of the service receives no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .client import Clients
from .contenders import BARE_CALLS, OURS, PEER, Contender, contenders
from .engine_gap import plain
from .figures import Comparison, compared, in_turn
from .limits import Limit
from .subject import Effort, Subject, stage

FIGURE = "client gap"
_CASES = {"asks every 2 ms": (0.002, 1), "asks twice a second": (0.5, 10)}
"""The seconds between two requests of a client, and the number of such clients."""
_ROUNDS = 4


def _measure(effort: Effort) -> Iterator[Comparison]:
    with stage() as here:
        everybody = contenders(here, plain(here))
        for case, (pause, number) in effort.of(tuple(_CASES.items())):
            runs = {who: _run(contender, pause, number) for who, contender in everybody.items()}
            yield compared(FIGURE, case, "s", in_turn(effort.rounds(_ROUNDS), runs))


def _run(contender: Contender, pause: float, number: int) -> Callable[[], float]:
    def run() -> float:
        with Clients(contender.port, pause, number) as clients:
            contender.replace()
            contender.wait_until_served()
        return clients.gap

    return run


SUBJECT = Subject(
    "client-gap",
    "The longest time that an HTTP client of a plain container's published port receives no answer. The client runs in its own process. If "
    "a client sends requests while the network of the new container comes up, the kernel waits a second for the container's address. The "
    "case *asks twice a second* has ten clients that start at different moments, and shows the mean of their times.",
    _measure,
    tuple(Limit(FIGURE, case, OURS, base, factor) for case in _CASES for base, factor in ((BARE_CALLS, 1.10), (PEER, 1.05))),
)
