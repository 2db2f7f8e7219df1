# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves are waves, however long each host takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.playbook.stub_modules import GOOD, OLD, StubModules


def test_wave_begins_after_the_wave_before_it_has_ended(make_fleet: Callable[..., StubModules], request: pytest.FixtureRequest) -> None:
    for _run in range(20 if request.config.getoption("--whole-matrices") else 1):
        fleet = make_fleet(6, delays=(0, 2))
        assert fleet.run(waves=[1, 2, "100%"]).returncode == 0
        assert fleet.waves(1, 2, 3)[0] == ["h1"]
        assert all(fleet.state(host)["runs"] == GOOD for host in fleet.hosts)


def test_no_wave_begins_after_the_budget_is_spent(make_fleet: Callable[..., StubModules], request: pytest.FixtureRequest) -> None:
    for _run in range(20 if request.config.getoption("--whole-matrices") else 1):
        fleet = make_fleet(6, delays=(0, 2))
        fleet.change("h3", bad=[GOOD])
        fleet.run(waves=[1, 2, "100%"])
        assert fleet.waves(1, 2)[0] == ["h1"]
        assert all(fleet.state(host)["runs"] == OLD for host in fleet.hosts)
