# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the points that the matrices go through, over tests and processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

PROPERTY = "points"

_SUMMARIES = {
    "kill": "points killed: {}, recovered: {}",
    "fault": "calls made to go wrong: {}, promise held: {}",
}


class PointCounter:
    """The points of one test. `matrix` is a key of the summaries, `way` what they are told apart by."""

    def __init__(self, record: Callable[[str, object], None], matrix: str, way: str) -> None:
        self._record = record
        self._matrix = matrix
        self._way = way
        self._points = 0
        self._problems: list[str] = []

    @contextlib.contextmanager
    def point(self, what: str) -> Iterator[None]:
        """Go through one point, and on to the next when something does not hold."""
        self._points += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told at the end
            self._problems.append(f"{what}: {type(error).__name__}: {error}")
            print(self._problems[-1])

    def assert_held(self) -> None:
        """Put the numbers into the report, and fail if something did not hold, or nothing was tried."""
        self._record(PROPERTY, [self._matrix, self._way, self._points, self._points - len(self._problems)])
        assert self._points, "there was no point to go through"
        assert not self._problems, "\n".join(self._problems)


def lines(point_counter: Iterable[list[object]]) -> list[str]:
    """One line a matrix and way, and one with the sum of each matrix."""
    sums: dict[tuple[object, object], list[int]] = {}
    for matrix, way, *counts in point_counter:
        for key in ((matrix, way), (matrix, "in all")):
            sums[key] = [before + int(str(now)) for before, now in zip(sums.get(key, (0, 0)), counts, strict=True)]
    return [f"{matrix} matrix, {way}: {_SUMMARIES[str(matrix)].format(*counts)}" for (matrix, way), counts in sorted(sums.items(), key=str)]
