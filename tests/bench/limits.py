# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits for what we measure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .figures import Comparison, Spread


@dataclass(frozen=True)
class Limit:
    """The limit of `contender`: `factor` times what `base` takes in the same round, plus `extra`; without `base`, only `extra`."""

    figure: str
    case: str
    contender: str
    base: str = ""
    factor: float = 0
    extra: float = 0

    def judge(self, comparisons: Iterable[Comparison]) -> Judged:
        """Find the measured value among the comparisons."""
        found = (comparison for comparison in comparisons if (comparison.figure, comparison.case) == (self.figure, self.case))
        return Judged(self, next((spread for spread in map(self._measured, found) if spread), None))

    def _measured(self, comparison: Comparison) -> Spread | None:
        if self.base:
            return comparison.ratio(self.contender, self.base, less=self.extra)
        series = comparison.of(self.contender)
        return series.spread if series else None


@dataclass(frozen=True)
class Judged:
    """A limit and its measured value: the factor if the limit has a base, else the figure itself. None if it was not measured."""

    limit: Limit
    measured: Spread | None

    @property
    def met(self) -> bool:
        most = self.limit.factor if self.limit.base else self.limit.extra
        return self.measured is not None and self.measured.median <= most
