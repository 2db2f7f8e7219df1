# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a call of a module on its way to the engine, interfere, and let the call go."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from support.real.faulty_proxy import Call, Fault, Proxy

from .scenario import Event, Moment
from .story import HeldCall

FAULTS = {
    ("kill module", False): Fault.KILL_BEFORE,
    ("kill module", True): Fault.KILL_AFTER,
    ("lose answer", False): Fault.LOST,
    ("refuse call", False): Fault.FAIL,
}
"""The acts that happen to the call itself, before it or after it."""

_CONTAINER = re.compile(r"/containers/([^/?]+)")
Interfere = Callable[[Event, int], None]


class Moments:
    """Recognise moments in a sequence of calls."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._waiting = list(events)
        self._seen: list[str] = []

    def arrived(self, call: str) -> list[Event]:
        """Count a call, and return the events that are due with it."""
        self._seen.append(call)
        due = [event for event in self._waiting if event.moment.call == call and self._count(event.moment) == event.moment.nth]
        self._waiting = [event for event in self._waiting if event not in due]
        return due

    def _count(self, moment: Moment) -> int:
        if not moment.since:
            return self._seen.count(moment.call)
        if moment.since not in self._seen:
            return 0
        return self._seen[self._seen.index(moment.since) + 1 :].count(moment.call)


class HoldingProxy(Proxy):
    """Serve `self.url`. At the moment of an event, call `interfere` with the event and the index of the call, while the call waits.

    `made` are all calls in order, except the event stream, which is opened at the same time as other calls.
    """

    def __init__(self, engine: str, events: Sequence[Event], interfere: Interfere, shorten: Callable[[str], str]) -> None:
        super().__init__(engine)
        self._moments = Moments(events)
        self._interfere = interfere
        self._shorten = shorten
        self._held = threading.local()
        self._one_at_a_time = threading.Lock()
        self.made: list[HeldCall] = []

    def hold(self, call: Call, target: str) -> Fault | None:
        self._held.after = []
        if call.path == "/events":
            return None
        with self._one_at_a_time:
            container = _CONTAINER.search(target) if "/containers/*" in call.path else None
            self.made.append(HeldCall(str(call), self._shorten(container[1]) if container else ""))
            index = len(self.made) - 1
            due = self._moments.arrived(str(call))
            faults = [FAULTS[key] for event in due if (key := (event.act, event.moment.after)) in FAULTS]
            acts = [event for event in due if (event.act, event.moment.after) not in FAULTS]
            for event in due:
                if event not in acts or not event.moment.after:
                    self._interfere(event, index)
            self._held.after = [(event, index) for event in acts if event.moment.after]
            return faults[0] if faults else None

    def answer_to(self, request: Any, body: bytes, answer: Any, content: Iterator[bytes]) -> tuple[Any, Iterator[bytes]]:
        for event, index in self._held.after:
            self._interfere(event, index)
        return super().answer_to(request, body, answer, content)
