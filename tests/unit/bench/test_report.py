# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from bench.figures import Comparison, Series, compared
from bench.limits import Limit
from bench.report import Section, document

GAP = compared("gap", "plain", "s", {"floor": [0.4, 0.5, 0.6], "ours": [0.4, 0.6, 0.6]})
BACK = Comparison("back", "crashes", "s", (Series("floor", (1.0,)), Series("theirs", note="never")))
CALLS = compared("calls", "nothing to do", "calls", {"theirs": [10], "ours": [5]})


def lines(*sections: Section) -> list[str]:
    return document("# All\n", sections, {"Engine": "1"}).splitlines()


def test_ratios_come_first() -> None:
    text = lines(Section("Gap", "What it is.", (GAP,)))
    assert text[: text.index("What it is.")][-2:] == ["## Gap", ""]
    assert "| plain | floor | 1 |  | 0.500 s | 0.450 s to 0.550 s | 3 |" in text
    assert "|  | ours | **1.00** | 1.00 to 1.10 | 0.600 s | 0.500 s to 0.600 s | 3 |" in text


def test_missing_series_is_noted() -> None:
    assert "|  | theirs | never |  |  |  |  |" in lines(Section("Back", "", (BACK,)))


def test_calls_are_printed_as_integers() -> None:
    assert "| nothing to do | theirs | 1 |  | 10 calls |  | 1 |" in lines(Section("Calls", "", (CALLS,)))


def test_each_figure_of_a_subject_has_its_own_table() -> None:
    text = lines(Section("Both", "", (GAP, CALLS)))
    assert {"### gap", "### calls"} <= set(text)


def test_limits_are_listed_beside_the_measurements() -> None:
    limits = (
        Limit("gap", "plain", "ours", "floor", 1.05),
        Limit("gap", "plain", "ours", "floor", 0.5, 0.1),
        Limit("gap", "plain", "ours", extra=0.6),
        Limit("gap", "with more", "ours", "floor", 1.1),
    )
    text = lines(Section("Gap", "", (GAP,), limits))
    assert [line for line in text if "| gap |" in line] == [
        "| gap | plain | 1.05 x floor | 1.00 x floor | met |",
        "| gap | plain | 0.50 x floor + 0.1 s | 0.83 x floor + 0.1 s | **not met** |",
        "| gap | plain | 0.600 s | 0.600 s | met |",
        "| gap | with more | 1.10 x floor | not measured |  |",
    ]


def test_versions_are_listed() -> None:
    assert lines()[-1] == "| Engine | 1 |"
