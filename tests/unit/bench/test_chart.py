# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from bench.chart import WIDTH, chart
from bench.figures import Comparison, Series, compared

SVG = "{http://www.w3.org/2000/svg}"
GAP = compared("gap", "plain", "s", {"floor": [0.4, 0.5, 0.6], "ours <&>": [1.0, 1.0, 1.0]})
MORE = compared("gap", "more", "s", {"floor": [2.0]})
BACK = Comparison("back", "crashes", "s", (Series("floor", (100.0,)), Series("theirs", note="never")))


def drawn(*comparisons: Comparison) -> ET.Element:
    return ET.fromstring(chart(comparisons))  # noqa: S314 - it is our own.


def lengths(svg: ET.Element) -> list[float]:
    return [float(rect.attrib["width"]) for rect in svg.iter(f"{SVG}rect")][1:]


def test_bar_length_is_the_median_on_the_scale_of_its_figure() -> None:
    floor, ours, more, back = lengths(drawn(GAP, MORE, BACK))
    assert (ours / floor, more / floor) == (2, 4)
    assert back == more


def test_nothing_is_drawn_outside() -> None:
    svg = drawn(GAP, MORE, BACK)
    height = float(svg.attrib["height"])
    moved = [int(re.findall(r"\d+", group.attrib["transform"])[1]) for group in svg.iter(f"{SVG}g")]
    assert moved == sorted(set(moved))
    assert moved[-1] < height
    assert all(float(rect.get("x", 0)) + float(rect.attrib["width"]) <= WIDTH for rect in svg.iter(f"{SVG}rect"))


def test_texts_are_unchanged() -> None:
    texts = [text.text for text in drawn(GAP, BACK).iter(f"{SVG}text")]
    assert {"gap", "plain", "ours <&>", "0.500 s", "1.00 s · 2.00 x", "never"} <= set(texts)
