# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the fleet after the last wave. The gates are those of `judge`."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.gate import Gate, judge, unconfirmed
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.verdict import verdict_on


def gate(**outcomes: str) -> Gate:
    """Return the gate after a rollout with these outcomes by host, with a budget of 0."""
    records = [{"host": host, "outcome": outcome, "wave": None, "under_way": False, "containers": []} for host, outcome in outcomes.items()]
    return judge(records, list(outcomes), 0)


OPEN, CLOSED = gate(h1="updated"), gate(h1="failed")


@pytest.mark.parametrize(
    ("found", "goal", "on_failure", "verdict"),
    [
        (OPEN, "update", "rollback", "commit"),
        (CLOSED, "update", "rollback", "rollback"),
        (CLOSED, "update", "halt", "halt"),
        (CLOSED, "commit", "rollback", "commit"),
        (OPEN, "rollback", "halt", "rollback"),
    ],
)
def test_verdict_for_each_goal(found: Gate, goal: str, on_failure: str, verdict: str) -> None:
    assert verdict_on(found, goal, on_failure) == verdict


def test_unconfirmed_canary_halts_the_rollout() -> None:
    """The canary has not failed."""
    assert verdict_on(unconfirmed(OPEN), "update", "rollback") == "halt"


def test_hosts_outside_their_window_halt_the_rollout() -> None:
    assert verdict_on(gate(h1="updated", h2="outside_window"), "update", "rollback") == "halt"
