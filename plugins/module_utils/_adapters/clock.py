# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The system clock."""

from __future__ import annotations

import time

from .._core.engine.interfaces import EventWaiter


class SystemClock:
    """Clock of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    def unix_seconds(self) -> int:
        return int(time.time())

    def sleep(self, seconds: float, events: EventWaiter | None = None) -> None:
        if events:
            events.wait(seconds)
        else:
            time.sleep(seconds)
