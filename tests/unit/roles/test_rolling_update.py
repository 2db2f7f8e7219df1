# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the role are said once: what one place says, the others do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.settings import OPTIONS

ROLE = Path(__file__).parents[3] / "roles/rolling_update"
SPECS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]
DEFAULTS = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
TASKS = sorted((ROLE / "tasks").rglob("*.yml"))


@pytest.mark.parametrize("entry_point", SPECS)
def test_defaults_match_the_documentation(entry_point: str) -> None:
    options: dict[str, Any] = SPECS[entry_point]["options"]
    assert {name: option["default"] for name, option in options.items() if "default" in option} == DEFAULTS


def test_tasks_folder_holds_exactly_the_entry_points() -> None:
    """Ansible takes a file of a role for one that is included in a file of its user."""
    assert set(SPECS) == {path.stem for path in (ROLE / "tasks").glob("*.yml")}


def test_variables_that_the_tasks_use_are_documented() -> None:
    used = {name for path in TASKS for name in re.findall(r"\brolling_update_(?!_)\w+", path.read_text())}
    assert used <= set(SPECS["main"]["options"])


def test_options_of_a_container_are_documented() -> None:
    text = " ".join(SPECS["main"]["options"]["rolling_update_containers"]["description"])
    assert set(re.findall(r"C\((\w+)\)", text)) == set(OPTIONS)


def test_options_of_a_container_are_passed_to_the_module() -> None:
    tasks = (ROLE / "tasks/steps/container.yml").read_text()
    assert all(f"rolling_update__container.{option}" in tasks for option in OPTIONS if option != "image_digest")


@pytest.mark.parametrize("module", ["container_recreate", "container_rollback"])
def test_the_gate_options_reach_each_module_that_has_a_gate(module: str) -> None:
    calls = [task for path in TASKS for task in tasks_in(yaml.safe_load(path.read_text())) if f"evenkeel.fleet.{module}" in task]
    assert calls
    for task in calls:
        assert {"health_timeout", "grace_period", "poll_interval", "min_healthy_time"} <= task[f"evenkeel.fleet.{module}"].keys()


def tasks_in(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All tasks, with those in blocks."""
    for task in tasks or ():
        yield task
        for section in ("block", "rescue", "always"):
            yield from tasks_in(task.get(section, []))
