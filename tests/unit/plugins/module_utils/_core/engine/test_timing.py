# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import StepTime, Stopwatch
from support.fakes.engine import FakeClock


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
