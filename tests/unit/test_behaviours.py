# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case has its test or its answer, and the document says what is true."""

from __future__ import annotations

import pytest

from support.docs.behaviours import DOCUMENT, Case, cases, document, proofs


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_every_case_is_proven_or_answered(case: Case) -> None:
    assert bool(proofs()[case.id]) != bool(case.answer), "a test, or the reason why there is none"


def test_no_test_names_a_case_that_does_not_exist() -> None:
    known = {case.id for case in cases()}
    assert {name for name in proofs() if name[0] in "ABCDEFGHIJK"} <= known


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == document(), "run: make docs"
