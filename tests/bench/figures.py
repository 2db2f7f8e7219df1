# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measured values, and their medians, spreads and ratios."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


def in_turn(rounds: int, contenders: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run each contender once per round, so that a disturbance affects all equally. Return the values of each, by its name."""
    given: dict[str, list[T]] = {name: [] for name in contenders}
    for _round in range(rounds):
        for name, run in contenders.items():
            given[name].append(run())
    return given


@dataclass(frozen=True)
class Spread:
    """The median, and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Compute the spread of at least one value. The quartiles are interpolated."""
        ordered = sorted(values)
        if len(ordered) == 1:
            return cls(ordered[0], ordered[0], ordered[0])
        low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Series:
    """The values of one contender, one per round. If there are none, `note` says why."""

    contender: str
    values: tuple[float, ...] = ()
    note: str = ""

    @property
    def spread(self) -> Spread | None:
        return Spread.of(self.values) if self.values else None


@dataclass(frozen=True)
class Comparison:
    """One figure of one case, such as the engine gap with 20 volumes. The first of the `series` is the base of the ratios."""

    figure: str
    case: str
    unit: str
    series: tuple[Series, ...]

    @property
    def base(self) -> Series:
        return self.series[0]

    def of(self, contender: str) -> Series | None:
        return next((series for series in self.series if series.contender == contender), None)

    def ratio(self, contender: str, base: str = "", less: float = 0) -> Spread | None:
        """The spread of (value of the contender - `less`) / (value of `base`) within the same round.

        Rounds in which `base` has the value 0 do not count. Return None if no round is left.
        """
        one, other = self.of(contender), self.of(base) if base else self.base
        if not (one and other and one.values and other.values):
            return None
        ratios = [(value - less) / of for value, of in zip(one.values, other.values, strict=True) if of]
        return Spread.of(ratios) if ratios else None


def compared(figure: str, case: str, unit: str, given: Mapping[str, Iterable[float]]) -> Comparison:
    """Turn the values from `in_turn` into a comparison."""
    return Comparison(figure, case, unit, tuple(Series(contender, tuple(values)) for contender, values in given.items()))
