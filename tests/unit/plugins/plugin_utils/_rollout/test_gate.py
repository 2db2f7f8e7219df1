# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The failures in the whole fleet compared with the budget."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.gate import budget_of, judge, waves_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.host_record import FAILURES
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.verdict import verdict_on

HOSTS = [f"h{number}" for number in range(1, 11)]


def records(**outcomes: str) -> list[dict[str, t.Any]]:
    known = {host: outcomes.get(host, "planned") for host in HOSTS if outcomes.get(host) != "lost"}
    container = {"name": "web", "wanted": {"digest": "new"}, "after": {"digest": "old"}}
    return [
        {"host": host, "outcome": outcome, "wave": None, "under_way": False, "containers": [container]} for host, outcome in known.items()
    ]


@pytest.mark.parametrize(("max_failures", "hosts", "budget"), [(0, 10, 0), ("3", 10, 3), ("10%", 10, 1), ("10%", 9, 0), ("100 %", 7, 7)])
def test_budget_from_a_number_or_a_percentage(max_failures: object, hosts: int, budget: int) -> None:
    assert budget_of(max_failures, hosts) == budget


def test_hosts_outside_their_window_leave_the_gate_open() -> None:
    gate = judge(records(h1="updated", h2="outside_window"), HOSTS, 0)
    assert (gate["open"], gate["waiting"]) == (True, ["h2"])


def test_wave_without_any_updated_host_closes_the_gate_when_a_window_closed() -> None:
    first = judge(records(), HOSTS, 0)
    outside_window = [{**record, "wave": 1, "outcome": "outside_window"} if record["host"] == "h1" else record for record in records()]
    gate = judge(outside_window, HOSTS, 0, before=first)
    assert (gate["open"], verdict_on(gate, "update", "rollback")) == (False, "halt")
    assert gate["reason"] == "no host has tried the image yet, since the window of h1 closed before its turn"
    updated = [{**record, "wave": 1, "outcome": "updated"} if record["host"] == "h2" else record for record in outside_window]
    assert judge(updated, HOSTS, 0, before=first)["open"]


class TestNoHostUpdatedYet:
    """The budget covers unhealthy hosts. A bad image stops at the canary, whatever the budget."""

    @staticmethod
    def judged(tolerant: bool = False, **outcomes: str) -> dict[str, t.Any]:
        """Return the gate after a wave on the hosts in `outcomes`."""
        in_waves = [
            {**record, "wave": 1, "under_way": record["outcome"] == "unverified"} if record["host"] in outcomes else record
            for record in records(**outcomes)
        ]
        return judge(in_waves, HOSTS, 5, tolerant=tolerant)

    @pytest.mark.parametrize("outcome", [*FAILURES, "unverified"])
    def test_failed_or_lost_canary_closes_the_gate(self, outcome: str) -> None:
        gate = self.judged(h1=outcome)
        assert (gate["open"], gate["reason"]) == (False, "nobody has come through so far, h1 failed")
        assert verdict_on(gate, "update", "rollback") == "rollback"
        assert self.judged(h1=outcome, tolerant=True)["open"]

    def test_one_updated_host_keeps_the_gate_open(self) -> None:
        assert self.judged(h1="failed", h2="updated")["open"]

    @pytest.mark.parametrize(("runs", "open_"), [("new", True), ("old", False)])
    def test_host_that_already_runs_the_image_keeps_the_gate_open(self, runs: str, open_: bool) -> None:
        """A host that is unchanged but runs another image does not count."""
        canary = {**records(h1="failed")[0], "wave": 1}
        other = {**records(h2="unchanged")[1], "containers": [{"name": "web", "wanted": None, "after": {"id": "x", "digest": runs}}]}
        assert judge([canary, other, *records()[2:]], HOSTS, 5)["open"] is open_

    def test_host_updated_by_an_earlier_run_keeps_the_gate_open(self) -> None:
        canary = {**records(h1="failed")[0], "wave": 1}
        assert judge([canary, *records(h2="unverified")[1:]], HOSTS, 5)["open"]

    def test_failures_before_the_first_wave_keep_the_gate_open(self) -> None:
        assert judge(records(h1="failed", h2="lost"), HOSTS, 5)["open"]

    def test_failure_beside_hosts_that_waited_closes_the_gate(self) -> None:
        assert self.judged(h1="failed", h2="outside_window")["reason"] == "nobody has come through so far, h1 failed"
        assert self.judged(h1="failed", h2="held")["reason"] == "nobody has come through so far, h1 failed"
        assert self.judged(h1="held")["open"]
        waiting = {**records(h2="outside_window")[1]}
        assert judge([{**records(h1="held")[0], "wave": 1}, waiting, *records()[2:]], HOSTS, 0)["open"], "no window closed during a wave"


@pytest.mark.parametrize("max_failures", ["", "some", "-1", "101%", 1.5, None])
def test_invalid_budget_is_refused(max_failures: object) -> None:
    with pytest.raises(InvalidRollout, match="a number of hosts or to a percentage such as 10%"):
        budget_of(max_failures, 10)


@pytest.mark.parametrize(
    ("wanted", "waves"),
    [
        ([1, "25%", "100%"], [1, "25%", "100%"]),
        (5, [5]),
        ("10%", ["10%"]),
        ("1, 25%,100%", ["1", "25%", "100%"]),
        ('[1, "25%", "100%"]', [1, "25%", "100%"]),
    ],
)
def test_waves_from_a_list_or_text(wanted: object, waves: list[object]) -> None:
    assert waves_of(wanted) == waves


@pytest.mark.parametrize("waves", [[], [0], ["0%"], ["120%"], "all", "[1, ", [True], [-1], None])
def test_invalid_waves_are_refused(waves: object) -> None:
    with pytest.raises(InvalidRollout, match="rolling_update_waves is .* such as"):
        waves_of(waves)


@pytest.mark.parametrize("outcome", [*FAILURES, "lost"])
@pytest.mark.behaviour("K3", "K6")
def test_failed_or_lost_host_spends_the_budget(outcome: str) -> None:
    assert judge(records(h3=outcome), HOSTS, 1)["open"]
    gate = judge(records(h3=outcome, h4="failed"), HOSTS, 1)
    assert (gate["open"], sorted(gate["failures"])) == (False, ["h3", "h4"])
    assert gate["reason"].startswith("2 failed (")
    assert gate["reason"].endswith("and 1 may")


@pytest.mark.parametrize("outcome", ["updated", "unchanged", "held", "outside_window", "planned", "went_back"])
def test_other_outcomes_do_not_spend_the_budget(outcome: str) -> None:
    assert judge(records(h3=outcome), HOSTS, 0)["open"]


def test_waves_are_counted_and_a_closed_gate_stays_closed() -> None:
    first = judge(records(), HOSTS, 0)
    second = judge(records(), HOSTS, 0, before=first)
    assert (first["wave"], second["wave"]) == (1, 2)
    closed = judge(records(h1="failed"), HOSTS, 0, before=second)
    assert judge(records(), HOSTS, 0, before=closed)["open"] is False
    assert judge(records(h1="failed"), HOSTS, 0, tolerant=True)["open"]


def test_reason_of_many_failures_is_shortened() -> None:
    reason = judge(records(**dict.fromkeys(HOSTS, "failed")), HOSTS, 0)["reason"]
    assert reason == "10 failed (h1, h2, h3, h4, h5 and 5 more), and none may"
