# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the points that the matrices cover, over tests and processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

PROPERTY = "points"

_SUMMARIES = {
    "kill": "points killed: {}, recovered: {}",
    "fault": "calls made to fail: {}, promise kept: {}",
}


class PointCounter:
    """Count the points of one test. `matrix` is a key of the summaries, `path` the name of the update path."""

    def __init__(self, record: Callable[[str, object], None], matrix: str, path: str) -> None:
        self._record = record
        self._matrix = matrix
        self._path = path
        self._points = 0
        self._problems: list[str] = []

    @contextlib.contextmanager
    def point(self, what: str) -> Iterator[None]:
        """Try one point. Record a failure instead of raising it, so that the next point is tried."""
        self._points += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - every failure is reported at the end
            self._problems.append(f"{what}: {type(error).__name__}: {error}")
            print(self._problems[-1])

    def assert_held(self) -> None:
        """Record the counts in the report. Fail if a point failed or no point was tried."""
        self._record(PROPERTY, [self._matrix, self._path, self._points, self._points - len(self._problems)])
        assert self._points, "there was no point to try"
        assert not self._problems, "\n".join(self._problems)


def lines(point_counter: Iterable[list[object]]) -> list[str]:
    """Return one line for each matrix and path, and one with the sum of each matrix."""
    sums: dict[tuple[object, object], list[int]] = {}
    for matrix, path, *counts in point_counter:
        for key in ((matrix, path), (matrix, "total")):
            sums[key] = [before + int(str(now)) for before, now in zip(sums.get(key, (0, 0)), counts, strict=True)]
    return [
        f"{matrix} matrix, {path}: {_SUMMARIES[str(matrix)].format(*counts)}" for (matrix, path), counts in sorted(sums.items(), key=str)
    ]
