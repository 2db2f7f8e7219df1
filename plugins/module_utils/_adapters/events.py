# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listen to the engine's event stream in the background.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
An event only triggers an earlier inspect. The state of a container always comes from the inspect, never from the event.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t

from .._core.engine.errors import EngineError
from .sdk import engine_errors

_LIFECYCLE_EVENTS = ["start", "die", "oom", "pause", "unpause", "destroy", "health_status"]


class Events:
    """The events of one container from now on.

    A daemon thread reads the stream, so a stream that hangs, is refused or breaks off delays nothing.
    """

    def __init__(self, client: t.Any, container: str) -> None:
        """`container` is a full ID. The engine would match a name that is only a part of another name."""
        self._client = client
        self._filters = {"type": ["container"], "container": [container], "event": _LIFECYCLE_EVENTS}
        self._event = threading.Event()
        threading.Thread(target=self._listen, name="events", daemon=True).start()

    def wait(self, seconds: float) -> None:
        if self._event.wait(seconds):
            self._event.clear()

    def _listen(self) -> None:
        with contextlib.suppress(EngineError), engine_errors():
            stream = self._client.events(filters=self._filters)
            self._event.set()  # The stream does not report what happened before it was open.
            for _event in stream:
                self._event.set()
