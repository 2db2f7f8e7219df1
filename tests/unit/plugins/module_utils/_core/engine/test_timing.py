# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import StepTime, Stopwatch, parse_age, unix_seconds_of
from support.fakes.engine import FakeClock

DAY = 24 * 3600


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.now = 100.0
    return clock


def test_a_step_that_fails_took_time_too(clock: FakeClock) -> None:
    watch = Stopwatch(clock)
    with watch.step("stop"):
        clock.now += 2
    clock.now += 1
    with contextlib.suppress(ZeroDivisionError), watch.step("start"):
        clock.now += 3
        raise ZeroDivisionError
    assert watch.steps == (StepTime("stop", 2), StepTime("start", 3))


def test_downtime_ends_with_the_last_that_came_up(clock: FakeClock) -> None:
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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, 0), ("0", 0), ("90", 90), ("1.5", 1.5), (" 30s ", 30), ("5m", 300), ("36h", 36 * 3600), ("7d", 7 * DAY), ("2 w", 14 * DAY)],
)
def test_an_age_is_parsed_to_seconds(text: str | None, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1", "7 days", "1h30m", "1e3", "inf", "nan", "P7D", "53w", "99999999999"])
def test_an_invalid_age_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        parse_age(text)


def test_timestamps_are_parsed_as_by_the_standard_library() -> None:
    chance = random.Random(4)  # noqa: S311
    for _round in range(300):
        zone = timezone(timedelta(minutes=chance.randint(-14 * 60, 14 * 60)))
        moment = datetime.fromtimestamp(chance.randint(-(10**9), 4 * 10**9), zone)
        assert unix_seconds_of(moment.isoformat()) == moment.timestamp()
        in_utc = moment.astimezone(timezone.utc).strftime(f"%Y-%m-%dT%H:%M:%S.{chance.randint(0, 10**9)}Z")
        assert unix_seconds_of(in_utc) == moment.timestamp()


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-22", "2026-11-22T10:00:00"])
def test_a_text_that_is_not_a_timestamp_gives_none(text: str | None) -> None:
    assert unix_seconds_of(text) is None
