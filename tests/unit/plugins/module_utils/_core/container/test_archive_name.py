# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.archive_name import archive_name


def test_name() -> None:
    assert archive_name("web", 1000, set()) == "web-old-1000"


def test_a_taken_name_is_avoided() -> None:
    assert archive_name("web", 1000, {"web-old-1000", "web-old-1001"}) == "web-old-1002"
