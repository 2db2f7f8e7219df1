# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long each step took, and how long nothing ran."""

from __future__ import annotations

import contextlib
import typing as t

from .ports import Clock


class StepTime(t.NamedTuple):
    """One step of the cycle and its wall time in seconds, also when it failed."""

    name: str
    seconds: float


class Stopwatch:
    """Collects the steps of one run, in the order in which they ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: t.List[StepTime] = []
        self._down_since: t.Optional[float] = None
        self._downtime: t.Optional[float] = None

    @property
    def steps(self) -> t.Tuple[StepTime, ...]:
        return tuple(self._steps)

    @property
    def downtime(self) -> t.Optional[float]:
        """Seconds from C(went_down) to the C(came_up) that counts; None when there was none."""
        return self._downtime

    @contextlib.contextmanager
    def step(self, name: str) -> t.Iterator[None]:
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self._steps.append(StepTime(name, self._clock.monotonic() - began))

    def went_down(self) -> None:
        self._down_since = self._clock.monotonic()

    def still_down(self) -> None:
        """What came up did not count."""
        self._downtime = None

    def came_up(self) -> None:
        if self._down_since is not None:
            self._downtime = self._clock.monotonic() - self._down_since
