# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from support.stand_ins import StandIns

MakeFleet = Callable[..., StandIns]


@pytest.fixture
def make_fleet(tmp_path: Path) -> MakeFleet:
    """A fleet of so many hosts that pretend: h1, h2 and so on."""

    count = itertools.count(1)

    def make(hosts: int = 5, **options: object) -> StandIns:
        return StandIns(tmp_path / f"fleet-{next(count)}", [f"h{number}" for number in range(1, hosts + 1)], **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def fleet(make_fleet: MakeFleet) -> StandIns:
    return make_fleet()
