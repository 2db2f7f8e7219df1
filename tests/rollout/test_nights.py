# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play each night of docs/a_night_that_went_wrong.md, and read only what an operator has in the morning."""

from __future__ import annotations

from typing import Any

import pytest

from support.docs.nights import Night, nights
from support.playbook.stub_modules import GOOD, OLD

from .conftest import MakeFleet

DIGESTS = {"GOOD": GOOD, "OLD": OLD}


@pytest.mark.parametrize("night", nights(), ids=lambda night: night.night)
def test_night(make_fleet: MakeFleet, night: Night) -> None:
    fleet = make_fleet(2)
    for host, state in night.hosts.items():
        fleet.change(host, **{name: with_digests(value) for name, value in state.items()})
    for host in night.unreachable:
        fleet.make_unreachable(host)
    run = fleet.run(**night.variables)
    assert run.returncode == night.status, run.stdout
    screen = " ".join(run.stdout.replace("\\n", " ").split())
    assert night.says in screen
    assert night.to_do in screen
    outcomes = fleet.rollout.outcomes() if fleet.rollout.reports() else {}
    assert outcomes == night.outcomes


def with_digests(value: Any) -> Any:
    """Replace the names of digests in the state of a host."""
    if isinstance(value, list):
        return [with_digests(element) for element in value]
    return DIGESTS.get(value, value) if isinstance(value, str) else value
