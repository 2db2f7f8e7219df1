# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: the same seed makes the same one, and they survive being written to a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from chaos import generate, interference
from chaos.scenario import Scenario

SEEDS = range(300)
SCENARIOS = [generate.scenario_of(seed) for seed in SEEDS]


def test_seed_determines_the_scenario() -> None:
    assert [generate.scenario_of(seed) for seed in SEEDS] == SCENARIOS
    assert len(set(SCENARIOS)) > len(SCENARIOS) * 0.95


def test_seed_determines_the_scenario_in_every_process() -> None:
    """The order of a set, for example, differs from process to process."""
    show = "from chaos.generate import scenario_of; print(*map(scenario_of, range(100)), sep='\\n')"
    shown = [
        subprocess.run(
            (sys.executable, "-c", show),
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert shown[0] == shown[1] == "".join(f"{scenario}\n" for scenario in SCENARIOS[:100])


@pytest.mark.parametrize("scenario", SCENARIOS[:50], ids=lambda scenario: str(scenario.seed))
def test_scenario_is_the_same_after_it_was_written_to_a_file(scenario: Scenario) -> None:
    assert Scenario.from_json(scenario.to_json()) == scenario


def test_every_act_and_every_kind_of_container_is_generated() -> None:
    acts = Counter(event.act for scenario in SCENARIOS for event in scenario.events)
    known = {*interference.ON_CONTAINERS, *interference.ON_ENGINE, *interference.ON_MODULE, *interference.OTHERS}
    assert set(acts) == known
    targets = [scenario.services[0] for scenario in SCENARIOS]
    assert {target.restart for target in targets} == {"no", "always", "unless-stopped", "on-failure"}
    assert {service.how for scenario in SCENARIOS for service in scenario.services} == {"", "network", "pid", "volumes", "link"}
    for setting in ("anonymous", "named", "shared", "bind", "networks", "fixed_address", "by_network_id", "published", "health", "project"):
        assert len({getattr(target, setting) for target in targets}) > 1, setting


def test_events_hit_tasks_that_exist_and_tasks_hit_services_that_exist() -> None:
    for scenario in SCENARIOS:
        assert all(event.run < len(scenario.tasks) for event in scenario.events)
        assert set(scenario.targets()) <= {service.name for service in scenario.services}


def test_description_names_what_is_special() -> None:
    scenario = next(scenario for scenario in SCENARIOS if scenario.events and scenario.services[0].published)
    assert "container app" in str(scenario)
    assert "published=True" in str(scenario)
    assert f"interference: {scenario.events[0]}" in str(scenario)
