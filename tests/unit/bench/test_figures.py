# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from bench.figures import Comparison, Series, Spread, compared, in_turn


def test_every_contender_runs_in_every_round() -> None:
    order: list[str] = []
    given = in_turn(2, {name: lambda name=name: order.append(name) or len(order) for name in "ABC"})  # type: ignore[misc]
    assert order == list("ABCABC")
    assert given == {"A": [1, 4], "B": [2, 5], "C": [3, 6]}


@pytest.mark.parametrize(
    ("values", "spread"),
    [((7,), Spread(7, 7, 7)), ((1, 3), Spread(2, 1.5, 2.5)), ((5, 1, 2, 4, 3), Spread(3, 2, 4)), ((1, 1, 1, 1, 90), Spread(1, 1, 1))],
)
def test_spread_is_from_quartile_to_quartile(values: tuple[float, ...], spread: Spread) -> None:
    assert Spread.of(values) == spread


class TestRatio:
    GAPS = compared("gap", "plain", "s", {"floor": [1, 2, 4], "ours": [2, 4, 4], "theirs": [3, 3, 3]})

    def test_ratio_is_the_median_of_the_ratios_of_the_rounds(self) -> None:
        """Which is another one than that of the medians."""
        assert self.GAPS.ratio("ours") == Spread(2, 1.5, 2)
        assert self.GAPS.ratio("theirs") == Spread(1.5, 1.125, 2.25)

    def test_ratio_to_another_base(self) -> None:
        ratio = self.GAPS.ratio("ours", "theirs")
        assert ratio
        assert ratio.median == pytest.approx(4 / 3)

    def test_ratio_less_an_allowance(self) -> None:
        assert self.GAPS.ratio("ours", less=1) == Spread(1, 0.875, 1.25)

    def test_round_with_a_base_of_zero_does_not_count(self) -> None:
        """A client that comes twice a second may have noticed nothing."""
        gaps = compared("gap", "plain", "s", {"floor": [0, 2], "ours": [1, 4], "never": [0, 0]})
        assert gaps.ratio("ours") == Spread(2, 2, 2)
        assert gaps.ratio("ours", "never") is None

    def test_no_ratio_to_a_missing_series(self) -> None:
        comparison = Comparison("gap", "plain", "s", (Series("floor", (1,)), Series("theirs", note="never")))
        assert comparison.ratio("theirs") is comparison.ratio("floor", "theirs") is comparison.ratio("nobody") is None
