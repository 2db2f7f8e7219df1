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


class _Range(t.NamedTuple):
    longest: float = LONGEST
    positive: bool = False
    whole: bool = False


_RANGES = {
    "grace_period": _Range(),
    "health_timeout": _Range(),
    "hooks.timeout": _Range(positive=True),
    "lock_timeout": _Range(),
    "min_healthy_time": _Range(),
    "min_image_age": _Range(LONGEST_AGE),
    "poll_interval": _Range(positive=True),
    "pull_timeout": _Range(positive=True),
    "rolling_update_pause": _Range(),
    "stop_timeout": _Range(whole=True),  # The Engine API takes no fractions.
    "timeout": _Range(positive=True),
}
DURATIONS = _RANGES.keys() - {"timeout"}
"""The options and variables that take a duration. `timeout` is a plain number, as in community.docker."""

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_AMOUNT = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_NUMBER = re.compile(rf"[+-]?{_AMOUNT}(?:[eE][+-]?[0-9]+)?")
_PART = re.compile(rf"({_AMOUNT}) *([nuµm]?s|[mhdw])")
_PARTS = re.compile(rf"{_PART.pattern}(?: *{_PART.pattern})*")
_RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))")


def parse_duration(option: str, value: t.Any) -> float:
    """Parse the value of an option in `DURATIONS`, and check its range. Return seconds.

    A number is in seconds. A text is a number, or numbers with units as in Go and community.docker, such as `90`, `2m` or `1h30m`, and also
    with `d` and `w`. Raise InvalidInput.
    """
    seconds = _seconds_of(value)
    if seconds is None or not _is_in_range(option, seconds):
        raise _invalid(option, f"'{value}'")
    return seconds


def require_seconds(option: str, seconds: float) -> None:
    """Raise InvalidInput unless `seconds` is in the range of the option."""
    if not _is_in_range(option, seconds):
        raise _invalid(option, f"{seconds:.15g}")


def _seconds_of(value: t.Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text)) if _PARTS.fullmatch(text) else None


def _is_in_range(option: str, seconds: float) -> bool:
    longest, positive, whole = _RANGES[option]
    return 0 <= seconds <= longest and not (positive and seconds == 0) and not (whole and seconds % 1)


def _invalid(option: str, given: str) -> InvalidInput:
    longest, positive, whole = _RANGES[option]
    limits = f"greater than 0 and at most {format_duration(longest)}" if positive else f"from 0 to {format_duration(longest)}"
    kind = "number of seconds" if option not in DURATIONS else "duration in whole seconds" if whole else "duration"
    examples = ", such as 90 (seconds), 2m, 1h30m or 7d" if option in DURATIONS else ""
    return InvalidInput(f"{option} must be a {kind} {limits}{examples}, not {given}.")


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
