# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about nights that went wrong shows what the tests play, and names tests that exist."""

from __future__ import annotations

import pytest

from support.docs.nights import DOCUMENT, Night, document, existing_tests, nights


@pytest.mark.parametrize("night", nights(), ids=lambda night: night.night)
def test_row_names_tests_that_exist(night: Night) -> None:
    assert set(night.also) <= existing_tests()


def test_rows_have_different_names() -> None:
    assert len({night.night for night in nights()}) == len(nights())


def test_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == document(), "run: make docs"
