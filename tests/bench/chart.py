# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw the results: a bar for each median, with a line from quartile to quartile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .figures import Comparison, Series, Spread
from .report import told

WIDTH = 900
_LEFT, _LONGEST = 260, 440
"""Where bars begin, and how long they may be. This leaves room for the numbers."""
_LINE, _BAR, _HEADING = 18, 12, 40
_COLOURS = ("#9aa5b1", "#1f77b4", "#e08a2c", "#5a9e6f")
"""The colours of the series, in order. The base of the comparison is grey."""

_Piece = tuple[str, int]
"""An SVG fragment and its height."""


def chart(comparisons: Sequence[Comparison]) -> str:
    """Return an SVG document. Every figure has its own scale."""
    drawn, y = [], 0
    for figure in dict.fromkeys(comparison.figure for comparison in comparisons):
        for piece, height in _figure(figure, [comparison for comparison in comparisons if comparison.figure == figure]):
            drawn.append(f'<g transform="translate(0 {y})">{piece}</g>')
            y += height
    frame = f'width="{WIDTH}" height="{y + _LINE}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif" font-size="12">',
            f'<rect {frame} fill="white"/>',
            *drawn,
            "</svg>\n",
        )
    )


def _figure(name: str, comparisons: Sequence[Comparison]) -> Iterator[_Piece]:
    yield _text(name, 8, _HEADING - 12, "font-size='15' font-weight='bold'"), _HEADING
    spreads = [series.spread for comparison in comparisons for series in comparison.series]
    scale = _LONGEST / max((spread.high for spread in spreads if spread), default=1)
    for comparison in comparisons:
        yield _text(comparison.case, 8, _BAR, "font-weight='bold'"), _LINE
        for place, series in enumerate(comparison.series):
            yield _series(comparison, series, _COLOURS[place % len(_COLOURS)], scale), _LINE


def _series(comparison: Comparison, series: Series, colour: str, scale: float) -> str:
    name = _text(series.contender, _LEFT - 8, _BAR - 2, "text-anchor='end'")
    if series.spread is None:
        return name + _text(series.note, _LEFT + 4, _BAR - 2, "font-style='italic'")
    ratio = None if series is comparison.base else comparison.ratio(series.contender)
    figures = told(series.spread.median, comparison.unit) + (f" · {ratio.median:.2f} x" if ratio else "")
    length = f'<rect x="{_LEFT}" width="{series.spread.median * scale:.1f}" height="{_BAR}" fill="{colour}"/>'
    return name + length + _quartiles(series.spread, scale) + _text(figures, _LEFT + series.spread.high * scale + 6, _BAR - 2)


def _quartiles(spread: Spread, scale: float) -> str:
    low, high = (f"{_LEFT + value * scale:.1f}" for value in (spread.low, spread.high))
    return f'<line x1="{low}" x2="{high}" y1="{_BAR / 2:g}" y2="{_BAR / 2:g}" stroke="#222"/>'


def _text(text: str, x: float, y: float, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:g}" {more}>{escape(text)}</text>'
