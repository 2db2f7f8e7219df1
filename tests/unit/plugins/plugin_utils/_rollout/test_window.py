# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenance windows."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.window import is_within


@pytest.mark.parametrize(
    ("now", "window", "within"),
    [
        ("22:00", "22:00-06:00", True),
        ("05:59", "22:00-06:00", True),
        ("06:00", "22:00-06:00", False),
        ("12:00", "22:00-06:00", False),
        ("12:00", "09:30 - 17:00", True),
        ("09:29", "09:30-17:00", False),
    ],
)
def test_time_within_the_window(now: str, window: str, within: bool) -> None:
    assert is_within(now, window) is within


@pytest.mark.parametrize("window", ["22:00", "24:00-06:00", "22:60-06:00", "10 pm-6 am", "22:00-06:00 UTC"])
def test_invalid_window_is_refused(window: str) -> None:
    with pytest.raises(InvalidRollout, match="rolling_update_window is .*, which is not valid"):
        is_within("12:00", window)


def test_window_that_ends_when_it_begins_is_never_open() -> None:
    assert not is_within("22:00", "22:00-22:00")
    assert not is_within("12:00", "22:00-22:00")
