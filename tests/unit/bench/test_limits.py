# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from bench.figures import Spread, compared
from bench.limits import Limit

GAPS = compared("gap", "plain", "s", {"floor": [1.0, 1.0], "ours": [1.5, 1.5]})


@pytest.mark.parametrize(
    ("limit", "measured", "met"),
    [
        (Limit("gap", "plain", "ours", "floor", 1.5), 1.5, True),
        (Limit("gap", "plain", "ours", "floor", 1.4), 1.5, False),
        (Limit("gap", "plain", "ours", "floor", 1.2, 0.5), 1.0, True),
        (Limit("gap", "plain", "ours", extra=1.5), 1.5, True),
        (Limit("gap", "plain", "ours", extra=1.4), 1.5, False),
    ],
)
def test_limit_is_compared_with_the_median(limit: Limit, measured: float, met: bool) -> None:
    judged = limit.judge([GAPS])
    assert (judged.measured, judged.met) == (Spread(measured, measured, measured), met)


@pytest.mark.parametrize(
    "limit",
    [Limit("gap", "other", "ours", "floor", 9), Limit("gap", "plain", "ours", "nobody", 9), Limit("gap", "plain", "nobody", extra=9)],
)
def test_unmeasured_limit_is_not_met(limit: Limit) -> None:
    judged = limit.judge([GAPS])
    assert (judged.measured, judged.met) == (None, False)
