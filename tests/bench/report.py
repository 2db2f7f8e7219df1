# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the results as a Markdown document with tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .figures import Comparison, Series, Spread
from .limits import Judged, Limit

_LIMITS = "The measured values are rounded in this table. The exact values decide whether a limit is met."


@dataclass(frozen=True)
class Section:
    """The results of one subject."""

    title: str
    about: str
    comparisons: tuple[Comparison, ...]
    limits: tuple[Limit, ...] = ()

    @property
    def judged(self) -> list[Judged]:
        return [limit.judge(self.comparisons) for limit in self.limits]


def document(introduction: str, sections: Sequence[Section], versions: Mapping[str, str]) -> str:
    """The whole document, in Markdown."""
    parts = [
        introduction.strip(),
        f"## Limits\n\n{_LIMITS}\n\n" + _table(("figure", "case", "at most", "measured", ""), _limits(sections)),
        *(_section(section) for section in sections),
        "## Measured with\n\n" + _table(("", ""), versions.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    header = ("case", "contender", "ratio", "quartiles", "median", "quartiles", "runs")
    figures = list(dict.fromkeys(comparison.figure for comparison in section.comparisons))
    parts = [f"## {section.title}", section.about]
    for figure in figures:
        rows = [row for comparison in section.comparisons if comparison.figure == figure for row in _rows(comparison)]
        parts += [*([f"### {figure}"] if len(figures) > 1 else []), _table(header, rows)]
    return "\n\n".join(parts)


def _rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    for series in comparison.series:
        case = comparison.case if series is comparison.base else ""
        if series.spread is None:
            yield case, series.contender, series.note, "", "", "", ""
            continue
        ratio = None if series is comparison.base else comparison.ratio(series.contender)
        yield case, series.contender, *_ratio(ratio), *_figure(series, comparison.unit), str(len(series.values))


def _ratio(ratio: Spread | None) -> tuple[str, str]:
    return (f"**{ratio.median:.2f}**", f"{ratio.low:.2f} to {ratio.high:.2f}") if ratio else ("1", "")


def _figure(series: Series, unit: str) -> tuple[str, str]:
    spread = series.spread
    assert spread
    return told(spread.median, unit), f"{told(spread.low, unit)} to {told(spread.high, unit)}" if len(series.values) > 1 else ""


def told(value: float, unit: str) -> str:
    """A value with its unit, rounded for reading."""
    digits = 0 if unit == "calls" else 3 if value < 1 else 2 if value < 100 else 0
    return f"{value:.{digits}f} {unit}"


def _limits(sections: Iterable[Section]) -> Iterator[Sequence[str]]:
    for section in sections:
        for judged in section.judged:
            limit, measured = judged.limit, judged.measured
            most = _most(limit, limit.factor if limit.base else limit.extra)
            if measured is None:
                yield limit.figure, limit.case, most, "not measured", ""
            else:
                yield limit.figure, limit.case, most, _most(limit, measured.median), "met" if judged.met else "**not met**"


def _most(limit: Limit, number: float) -> str:
    if not limit.base:
        return told(number, "s")
    return f"{number:.2f} x {limit.base}" + (f" + {limit.extra:g} s" if limit.extra else "")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
