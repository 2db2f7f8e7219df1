# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import (
    LONGEST,
    StepTime,
    Stopwatch,
    format_duration,
    parse_duration,
    require_seconds,
    unix_seconds_of,
)
from support.fakes.engine import FakeClock

DAY = 24 * 3600


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.now = 100.0
    return clock


def test_steps_include_a_failed_step(clock: FakeClock) -> None:
    stopwatch = Stopwatch(clock)
    with stopwatch.step("stop"):
        clock.now += 2
    clock.now += 1
    with contextlib.suppress(ZeroDivisionError), stopwatch.step("start"):
        clock.now += 3
        raise ZeroDivisionError
    assert stopwatch.steps == (StepTime("stop", 2), StepTime("start", 3))


def test_downtime_ends_with_the_last_container_that_came_up(clock: FakeClock) -> None:
    stopwatch = Stopwatch(clock)
    stopwatch.came_up()
    assert stopwatch.downtime is None, "nothing was down"
    stopwatch.went_down()
    clock.now += 2
    stopwatch.came_up()
    assert stopwatch.downtime == 2
    clock.now += 3
    stopwatch.came_up()
    assert stopwatch.downtime == 5
    stopwatch.still_down()
    assert stopwatch.downtime is None
    clock.now += 4
    stopwatch.came_up()
    assert stopwatch.downtime == 9


@pytest.mark.parametrize("seconds", [0, 0.1, 1, LONGEST])
def test_seconds_in_range(seconds: float) -> None:
    require_seconds("health_timeout", seconds)


@pytest.mark.parametrize("seconds", [-1, -0.1, LONGEST + 1, float("inf"), float("nan")])
@pytest.mark.parametrize("option", ["health_timeout", "poll_interval", "timeout"])
def test_seconds_out_of_range(seconds: float, option: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{option} must be"):
        require_seconds(option, seconds)


def test_some_options_exclude_zero() -> None:
    require_seconds("health_timeout", 0)
    with pytest.raises(InvalidInput, match=r"^timeout must be a number of seconds greater than 0 and at most 7 days, not 0\.$"):
        require_seconds("timeout", 0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (9000, "2.5 hours"), (2 * DAY, "2 days")]
)
def test_durations_are_rounded_for_messages(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.behaviour("F-N15")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (90, 90),
        (1.5, 1.5),
        ("0", 0),
        ("90", 90),
        ("1.5", 1.5),
        ("1e3", 1000),
        (" 30s ", 30),
        ("2m", 120),
        ("36h", 36 * 3600),
        ("7d", 7 * DAY),
        ("1 w", 7 * DAY),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("1m30s500ms", 90.5),
        ("1000us", 0.001),
        ("1000µs", 0.001),
        ("30m1h", 5400),
    ],
)
def test_durations_as_users_type_them(value: object, seconds: float) -> None:
    assert parse_duration("health_timeout", value) == pytest.approx(seconds)


@pytest.mark.behaviour("F-N15")
@pytest.mark.parametrize("value", ["", " ", "d", "-1", "-5m", "2 moons", "1h30", "30 1h", "1,5h", "inf", "nan", "P7D", "8d", "9" * 400])
@pytest.mark.parametrize("kind", [str, lambda value: [value], lambda value: {"m": value}])
def test_error_says_which_duration_was_given_and_which_are_valid(kind: Callable[[str], object], value: str) -> None:
    given = kind(value)
    with pytest.raises(InvalidInput) as caught:
        parse_duration("health_timeout", given)
    valid = "health_timeout must be a duration from 0 to 7 days, such as 90 (seconds), 2m, 1h30m or 7d"
    assert str(caught.value) == f"{valid}, not '{given}'."


@pytest.mark.parametrize("value", [-1, 10**400, float("nan"), float("inf"), True, False, None, "1_000", "2M", "٣"])
def test_other_values_that_are_no_durations(value: object) -> None:
    with pytest.raises(InvalidInput, match="^health_timeout must be a duration"):
        parse_duration("health_timeout", value)


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("poll_interval", "0s", "a duration greater than 0 and at most 7 days"),
        ("stop_timeout", "1500ms", "a duration in whole seconds from 0 to 7 days"),
        ("min_image_age", "53w", "a duration from 0 to 364 days"),
    ],
)
def test_ranges_of_single_options(option: str, value: str, allowed: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{option} must be {allowed}"):
        parse_duration(option, value)
    parse_duration("min_image_age", "52w")
    assert parse_duration("stop_timeout", "1m30s") == 90


def test_timestamps_are_parsed_as_the_standard_library_does() -> None:
    rng = random.Random(4)  # noqa: S311
    for _round in range(300):
        zone = timezone(timedelta(minutes=rng.randint(-14 * 60, 14 * 60)))
        timestamp = datetime.fromtimestamp(rng.randint(-(10**9), 4 * 10**9), zone)
        assert unix_seconds_of(timestamp.isoformat()) == timestamp.timestamp()
        in_utc = timestamp.astimezone(timezone.utc).strftime(f"%Y-%m-%dT%H:%M:%S.{rng.randint(0, 10**9)}Z")
        assert unix_seconds_of(in_utc) == timestamp.timestamp()


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-22", "2026-11-22T10:00:00"])
def test_text_that_is_not_a_timestamp(text: str | None) -> None:
    assert unix_seconds_of(text) is None
