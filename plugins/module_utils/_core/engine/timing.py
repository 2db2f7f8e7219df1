# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time: parse and check durations, parse timestamps, and measure steps and downtime."""

from __future__ import annotations

import calendar
import contextlib
import re
import typing as t

from .errors import InvalidInput
from .interfaces import Clock

LONGEST = 7 * 24 * 3600
"""The limit for most options. More than a week is a typing error, and can be more than a clock can count."""
LONGEST_AGE = 52 * LONGEST

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([smhdw]?)")
_RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))")


def require_seconds(option: str, seconds: float, *, positive: bool = False, longest: float = LONGEST) -> None:
    """Raise InvalidInput unless `seconds` is between 0 and `longest`. With `positive`, 0 is not allowed either."""
    if not 0 <= seconds <= longest or (positive and seconds == 0):
        allowed = "greater than 0 and at most" if positive else "from 0 to"
        # A float such as 604801.0 is written without an exponent.
        raise InvalidInput(
            f"{option} must be a number of seconds {allowed} {longest:.15g} ({format_duration(longest)}), not {seconds:.15g}."
        )


def parse_age(text: str | None) -> float:
    """Parse `min_image_age`: a duration such as `90`, `36h` or `7d`, in seconds. None is 0. Raise InvalidInput."""
    if text is None:
        return 0.0
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(f"min_image_age must be a duration such as 36h, 7d or 2w, or a number of seconds, not '{text}'.")
    seconds = float(match.group(1)) * _SECONDS[match.group(2)]
    require_seconds("min_image_age", seconds, longest=LONGEST_AGE)
    return seconds


def unix_seconds_of(timestamp: str | None) -> int | None:
    """Convert an RFC 3339 timestamp to whole seconds since 1970. Return None if it is not one."""
    match = _RFC_3339.fullmatch(timestamp or "")
    if not match:
        return None
    *date, sign, hours, minutes = match.groups()
    offset = (int(hours) * 60 + int(minutes)) * 60 if sign else 0
    return calendar.timegm(tuple(map(int, date))) - (offset if sign == "+" else -offset)


def format_duration(seconds: float) -> str:
    """Write a duration with about three digits, for messages: `7 days`, `2.5 hours`."""
    for unit, name in ((24 * 3600, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:g} seconds"


class StepTime(t.NamedTuple):
    """A step of the update and the seconds that it took, whether it succeeded or failed."""

    name: str
    seconds: float


class Stopwatch:
    """Record the steps of one run, in the order in which they ended, and its downtime."""

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
        """Seconds from `went_down` to the last `came_up`. None if the service never went down, or did not come up again."""
        return self._downtime

    @contextlib.contextmanager
    def step(self, name: str) -> t.Iterator[None]:
        start = self._clock.monotonic()
        try:
            yield
        finally:
            self._steps.append(StepTime(name, self._clock.monotonic() - start))

    def went_down(self) -> None:
        self._down_since = self._clock.monotonic()

    def still_down(self) -> None:
        """Discard the last `came_up`: the container that came up was removed again."""
        self._downtime = None

    def came_up(self) -> None:
        if self._down_since is not None:
            self._downtime = self._clock.monotonic() - self._down_since
