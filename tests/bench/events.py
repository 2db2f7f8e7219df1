# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's events, with its own timestamps."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any

from support.real.sandbox import wait_for
from testbed import engine

HEALTHY = "health_status: healthy"


@dataclass(frozen=True)
class Event:
    """An event of a container. `at` is the engine's time in seconds since 1970."""

    action: str
    container: str
    at: float


class Events:
    """Collects the events of containers with `part` in their names during the `with` block."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._client = engine.client()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._seen: list[Event] = []

    def __enter__(self) -> Events:  # noqa: PYI034 - typing.Self came with Python 3.11
        # With `since`, the engine repeats past events, so none is missed even if it answers late.
        self._stream = self._client.events(since=f"{time.time():.6f}", filters={"type": "container"}, decode=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()
        self._thread.join()
        self._client.close()

    def first(self, action: str, container: str = "", after: float = 0) -> Event:
        """Wait for the first such event, and return it."""
        wait_for(lambda: self._find(action, container, after) is not None, f"the event {action}")
        found = self._find(action, container, after)
        assert found
        return found

    def gap(self) -> float:
        """The seconds from the first kill of a container to the next start of any container."""
        killed = self.first("kill").at
        return self.first("start", after=killed).at - killed

    def _find(self, action: str, container: str, after: float) -> Event | None:
        fits = (event for event in tuple(self._seen) if event.action == action and container in ("", event.container))
        return next((event for event in fits if event.at > after), None)

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # Closing the stream raises an exception here.
            for event in self._stream:
                self._note(event)

    def _note(self, event: dict[str, Any]) -> None:
        if self._part in event["Actor"]["Attributes"].get("name", ""):
            self._seen.append(Event(event["Action"], event["Actor"]["ID"], event["timeNano"] / 1e9))
