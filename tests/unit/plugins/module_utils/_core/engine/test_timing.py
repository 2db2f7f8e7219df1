# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import (
    LONGEST,
    StepTime,
    Stopwatch,
    format_duration,
    parse_age,
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
    watch = Stopwatch(clock)
    with watch.step("stop"):
        clock.now += 2
    clock.now += 1
    with contextlib.suppress(ZeroDivisionError), watch.step("start"):
        clock.now += 3
        raise ZeroDivisionError
    assert watch.steps == (StepTime("stop", 2), StepTime("start", 3))


def test_downtime_ends_with_the_last_container_that_came_up(clock: FakeClock) -> None:
    watch = Stopwatch(clock)
    watch.came_up()
    assert watch.downtime is None, "nothing was down"
    watch.went_down()
    clock.now += 2
    watch.came_up()
    assert watch.downtime == 2
    clock.now += 3
    watch.came_up()
    assert watch.downtime == 5
    watch.still_down()
    assert watch.downtime is None
    clock.now += 4
    watch.came_up()
    assert watch.downtime == 9


@pytest.mark.parametrize("seconds", [0, 0.1, 1, LONGEST])
def test_seconds_in_range(seconds: float) -> None:
    require_seconds("timeout", seconds)


@pytest.mark.parametrize("seconds", [-1, -0.1, LONGEST + 1, float("inf"), float("nan")])
@pytest.mark.parametrize("positive", [False, True])
def test_seconds_out_of_range(seconds: float, positive: bool) -> None:
    with pytest.raises(InvalidInput, match="^timeout must be"):
        require_seconds("timeout", seconds, positive=positive)


def test_error_names_option_range_and_value() -> None:
    with pytest.raises(InvalidInput) as caught:
        require_seconds("timeout", 6048001.0)
    assert str(caught.value) == "timeout must be a number of seconds from 0 to 604800 (7 days), not 6048001."


def test_positive_seconds_exclude_zero() -> None:
    with pytest.raises(InvalidInput, match=r"^timeout must be a number of seconds greater than 0 and at most 60 \(60 seconds\), not 0\.$"):
        require_seconds("timeout", 0, positive=True, longest=60)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (9000, "2.5 hours"), (2 * DAY, "2 days")]
)
def test_durations_are_rounded_for_messages(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, 0), ("0", 0), ("90", 90), ("1.5", 1.5), (" 30s ", 30), ("5m", 300), ("36h", 36 * 3600), ("7d", 7 * DAY), ("2 w", 14 * DAY)],
)
def test_parse_age(text: str | None, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1", "7 days", "1h30m", "1e3", "inf", "nan", "P7D", "53w", "99999999999"])
def test_parse_age_rejects(text: str) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        parse_age(text)


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
