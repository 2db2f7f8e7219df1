# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenance windows."""

from __future__ import annotations

import re

from .errors import InvalidRollout

_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")


def is_within(now: str, window: str) -> bool:
    """Return whether `now`, such as `23:30`, is inside `window`, such as `22:00-06:00`. Raise InvalidRollout if `window` is invalid.

    The end time is outside the window. A window with identical start and end times is therefore never open.
    """
    match = _WINDOW.fullmatch(window.strip())
    if match is None:
        raise InvalidRollout(f"rolling_update_window is '{window}', which is not valid. Set it to two times of day, such as 22:00-06:00.")
    begin, end = (int(match[hour]) * 60 + int(match[hour + 1]) for hour in (1, 3))
    hours, minutes = now.split(":")[:2]
    minute = int(hours) * 60 + int(minutes)
    if begin <= end:
        return begin <= minute < end
    return minute >= begin or minute < end
