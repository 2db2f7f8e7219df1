# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.real.fleet import RealFleet
from testbed import __main__ as testbed
from testbed import fleet
from testbed.containment import locked
from testbed.fleet import Host


@pytest.fixture(scope="session")
def hosts() -> Iterator[list[Host]]:
    """Real hosts: as many as EVENKEEL_HOSTS says. One process at a time has them."""
    testbed.up()
    with locked("fleet-in-use"):
        yield fleet.up(int(os.environ.get("EVENKEEL_HOSTS", "6")))


@pytest.fixture
def real_fleet(hosts: list[Host], tmp_path: Path) -> Iterator[RealFleet]:
    real = RealFleet(hosts, tmp_path)
    real.clean_up()
    yield real
    for host in hosts:
        host.up()
    real.clean_up()
