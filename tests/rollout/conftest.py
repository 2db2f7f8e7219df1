# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from support.playbook.stub_modules import StubModules

MakeFleet = Callable[..., StubModules]


@pytest.fixture
def make_fleet(tmp_path: Path) -> MakeFleet:
    """A fleet of so many hosts that pretend: h1, h2 and so on."""

    count = itertools.count(1)

    def make(hosts: int = 5, **options: object) -> StubModules:
        return StubModules(tmp_path / f"fleet-{next(count)}", [f"h{number}" for number in range(1, hosts + 1)], **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def fleet(make_fleet: MakeFleet) -> StubModules:
    return make_fleet()
