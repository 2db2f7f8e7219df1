# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's event stream, heard beside the work (https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents).

It makes looks come early, and is no reason to believe anything: what is true is what an inspect says.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t

from .._core.engine.errors import EngineError
from .sdk import engine_errors

_ABOUT_ITS_LIFE = ["start", "die", "oom", "pause", "unpause", "destroy", "health_status"]


class Events:
    """What happens to one container from now on.

    Heard in a thread of its own, which ends with the process: a stream that hangs, is refused or breaks off holds nobody up.
    """

    def __init__(self, client: t.Any, container: str) -> None:
        """`container` is a full ID: names match in part."""
        self._client = client
        self._filters = {"type": ["container"], "container": [container], "event": _ABOUT_ITS_LIFE}
        self._heard = threading.Event()
        threading.Thread(target=self._listen, name="events", daemon=True).start()

    def wait(self, seconds: float) -> None:
        if self._heard.wait(seconds):
            self._heard.clear()

    def _listen(self) -> None:
        with contextlib.suppress(EngineError), engine_errors():
            stream = self._client.events(filters=self._filters)
            self._heard.set()  # Of what happened before the stream was open, it does not tell.
            for _event in stream:
                self._heard.set()
