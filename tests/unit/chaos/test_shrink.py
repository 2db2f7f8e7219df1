# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shrinking finds the fewest events and the plainest containers that still fail."""

from __future__ import annotations

from chaos.scenario import Event, Moment, Scenario, Service, Task
from chaos.shrink import candidates, shrink

KILL = Event(0, Moment("POST /containers/create", after=True), "kill module")
PRUNE = Event(0, Moment(), "prune containers")
PAUSE = Event(0, Moment("POST /containers/*/stop"), "pause", "holder")
LATER = Event(1, Moment(), "prune images")
SCENARIO = Scenario(
    7,
    (
        Service("app", networks=("front",), fixed_address=True, published=True, restart="always", project="shop"),
        Service("other", shared=True),
        Service("side", uses="app", how="network"),
    ),
    (Task("app", hooks=True, clock=60), Task("app", module="container_rollback")),
    (KILL, PAUSE, PRUNE, LATER),
)


def test_only_what_is_needed_to_fail_is_left() -> None:
    def fails(scenario: Scenario) -> bool:
        return {KILL, PRUNE} <= set(scenario.events) and scenario.service("app").restart == "always"

    smallest = shrink(SCENARIO, fails)
    assert smallest.events == (KILL, PRUNE)
    assert smallest.services == (Service("app", restart="always"),)
    assert smallest.tasks == (Task("app"),)
    assert smallest.seed == SCENARIO.seed


def test_scenario_that_fails_by_itself_needs_no_event() -> None:
    assert shrink(SCENARIO, lambda _scenario: True) == Scenario(7, (Service("app"),), (Task("app"),))


def test_scenario_stays_if_nothing_smaller_fails() -> None:
    assert shrink(SCENARIO, lambda scenario: scenario == SCENARIO) == SCENARIO


def test_every_candidate_can_be_played() -> None:
    """Containers that others need, and networks that addresses belong to, are still there. Tasks of events still exist."""
    waiting, seen = [SCENARIO], set()
    while waiting:
        scenario = waiting.pop()
        for candidate in candidates(scenario):
            if candidate not in seen and len(seen) < 500:
                seen.add(candidate)
                waiting.append(candidate)
    assert len(seen) == 500
    for scenario in seen:
        names = {service.name for service in scenario.services}
        assert {task.target for task in scenario.tasks} <= names
        for service in scenario.services:
            assert not service.uses or service.uses in names
            assert service.networks or not (service.fixed_address or service.by_network_id)
        assert all(event.run < len(scenario.tasks) for event in scenario.events)
