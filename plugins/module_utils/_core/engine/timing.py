# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time: durations and moments as they are written, how long each step took, and how long nothing ran."""

from __future__ import annotations

import calendar
import contextlib
import re
import typing as t

from .errors import InvalidInput
from .interfaces import Clock

LONGEST = 7 * 24 * 3600
"""Seconds. What is longer than a week is a slip of the pen, and more than a clock can count."""
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([smhdw]?)")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))")
LONGEST_AGE = 52 * LONGEST


def parse_age(text: str | None) -> float:
    """Seconds in a duration such as `90`, `36h` or `7d`. None is 0. Raises InvalidInput."""
    if text is None:
        return 0.0
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match.group(1)) * _SECONDS[match.group(2)] if match else -1.0
    if not 0 <= seconds <= LONGEST_AGE:
        raise InvalidInput(f"min_image_age must be a time of up to 52 weeks such as 36h, 7d or 2w, or a number of seconds, not '{text}'.")
    return seconds


def unix_seconds_of(moment: str | None) -> int | None:
    """Whole seconds since 1970 at a moment that is written as in RFC 3339. None when it is not."""
    match = _MOMENT.fullmatch(moment or "")
    if not match:
        return None
    *date, sign, hours, minutes = match.groups()
    ahead = (int(hours) * 60 + int(minutes)) * 60 if sign else 0
    return calendar.timegm(tuple(map(int, date))) - (ahead if sign == "+" else -ahead)


def _roughly(seconds: float) -> str:
    for unit, name in ((24 * 3600, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:g} seconds"


class StepTime(t.NamedTuple):
    """One step of the cycle and its wall time in seconds, also when it failed."""

    name: str
    seconds: float


class Stopwatch:
    """Collects the steps of one run, in the order in which they ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: list[StepTime] = []
        self._down_since: float | None = None
        self._downtime: float | None = None

    @property
    def steps(self) -> tuple[StepTime, ...]:
        return tuple(self._steps)

    @property
    def downtime(self) -> float | None:
        """Seconds from `went_down` to the `came_up` that counts; None when there was none."""
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
