# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.archive_name import archive_name, owner_by_name


def test_the_name_has_the_unix_time() -> None:
    assert archive_name("web", 1000, set()) == "web-old-1000"


def test_a_name_that_is_taken_is_not_used() -> None:
    assert archive_name("web", 1000, {"web-old-1000", "web-old-1001"}) == "web-old-1002"


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("web-old-1000", "web"),
        ("web-old-1-old-2", "web-old-1"),
        ("web", None),
        ("web-old-", None),
        ("web-old-1000x", None),
        ("-old-1", None),
    ],
)
def test_the_owner_is_read_from_the_name(name: str, owner: str | None) -> None:
    assert owner_by_name(name) == owner
