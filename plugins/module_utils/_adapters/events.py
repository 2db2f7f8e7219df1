# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listen to the engine's event stream in the background.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
An event only triggers an earlier inspect. The state of a container always comes from the inspect, never from the event. Events also show
whether something else acted on the container: that is not in any inspect document.
"""

from __future__ import annotations

import contextlib
import re
import threading
import typing as t

from .._core.engine.errors import EngineError
from .._core.engine.model import EventLog
from .._core.engine.timing import unix_seconds_of
from .sdk import engine_errors

_LIFECYCLE_EVENTS = ["start", "die", "oom", "pause", "unpause", "destroy", "health_status", "kill", "stop", "restart", "rename"]
_LONGEST_LOOK_BACK = 2
"""Seconds to wait for past events: the old container is waiting meanwhile."""
_SOON = 10**9
"""Nanoseconds between the time stamp of a start and the event of this start, at most."""

_BROKEN = (EngineError, KeyError, ValueError)
"""No answer, or not one that an engine gives. Then there is no stream."""
_FRACTION = re.compile(r"\.(\d{1,9})")

_Happened = t.Tuple[int, str, str]
"""When, in nanoseconds since 1970, what, and the exit code if a process ended."""


class Events:
    """The events of one container from now on.

    A daemon thread reads the stream, so a stream that hangs, is refused or breaks off delays nothing.
    """

    def __init__(self, client: t.Any, container: str) -> None:
        """`container` is a full ID. The engine would match a name that is only a part of another name."""
        self._client = client
        self._filters = {"type": ["container"], "container": [container], "event": _LIFECYCLE_EVENTS}
        self._event = threading.Event()
        self._seen: list[_Happened] = []
        self._is_open: bool | None = None
        threading.Thread(target=self._listen, name="events", daemon=True).start()

    def wait(self, seconds: float) -> None:
        if self._event.wait(seconds):
            self._event.clear()

    def log(self, since: str) -> EventLog:
        """Add the events that the engine remembers to those of the stream, which may be late, or may have broken off."""
        began = _nanoseconds_of(since)
        past: list[_Happened] = []
        if began is not None:
            thread = threading.Thread(target=self._look_back, args=(since, past), name="past-events", daemon=True)
            thread.start()
            thread.join(_LONGEST_LOOK_BACK)
        happened = sorted({*self._seen, *past})
        reaches_back = began is not None and any(what == "start" and when - began < _SOON for when, what, _exit_code in past)
        exit_codes = (int(exit_code) for _when, what, exit_code in happened if what == "die" and exit_code.isdigit())
        actions = tuple(what for _when, what, _exit_code in happened)
        return EventLog(actions, True if reaches_back else self._is_open, next(exit_codes, None))

    def _listen(self) -> None:
        with contextlib.suppress(*_BROKEN), engine_errors(self._client):
            stream = self._client.events(filters=self._filters, decode=True)
            self._is_open = True
            self._event.set()  # The stream does not report what happened before it was open.
            for event in stream:
                self._seen.append(_happened(event))
                self._event.set()
        if self._is_open:
            self._is_open = False

    def _look_back(self, since: str, past: list[_Happened]) -> None:
        with contextlib.suppress(*_BROKEN), engine_errors(self._client):
            until = self._client.info()["SystemTime"]  # With a time in the future, the engine would wait for it.
            events = self._client.events(since=_as_parameter(since), until=_as_parameter(until), filters=self._filters, decode=True)
            past.extend(map(_happened, events))


def _happened(event: t.Mapping[str, t.Any]) -> _Happened:
    return event["timeNano"], event["Action"], (event.get("Actor") or {}).get("Attributes", {}).get("exitCode") or ""


def _nanoseconds_of(timestamp: str) -> int | None:
    seconds, fraction = unix_seconds_of(timestamp), _FRACTION.search(timestamp)
    return None if seconds is None else seconds * 10**9 + int((fraction[1] if fraction else "").ljust(9, "0"))


def _as_parameter(timestamp: str) -> str:
    """Write a time stamp of the engine as its event API takes it. Raise ValueError."""
    nanoseconds = _nanoseconds_of(timestamp)
    if nanoseconds is None:
        raise ValueError(f"'{timestamp}' is not a time stamp")
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
