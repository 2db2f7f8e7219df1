# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of the options that users set."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.validate import hosts_of, problem_with

FINE: dict[str, t.Any] = {
    "inventory": ["h1", "127.0.0.1", "localhost"],
    "containers": "web",
    "waves": [1, "100%"],
    "rollback_batch": "25%",
    "max_failures": 0,
    "pause": 0,
    "window": "",
    "docker": {},
    "files": {"rolling_update_pre_tasks": "", "rolling_update_post_tasks": "there.yml"},
}


def check_duration(option: str, value: t.Any) -> None:
    """Accept everything but one text."""
    if value == "2 moons":
        raise InvalidRollout(f"{option} must be a duration.")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inventory": ["h1", "127.0.0.1"]}, "The inventory contains 127.0.0.1, which Ansible sometimes treats as localhost"),
        ({"containers": []}, "rolling_update_containers is empty"),
        ({"waves": [0]}, "rolling_update_waves is [0], which is not valid"),
        ({"rollback_batch": "none"}, "rolling_update_rollback_batch is none, which is not valid"),
        ({"max_failures": "x"}, "rolling_update_max_failures is 'x', which is not valid"),
        ({"window": "25:00-26:00"}, "rolling_update_window is '25:00-26:00', which is not valid"),
        ({"pause": "2 moons"}, "rolling_update_pause must be a duration."),
        ({"containers": [{"name": "web", "health_timeout": "2 moons"}]}, "health_timeout must be a duration."),
        ({"containers": [{"name": "web", "hooks": {"timeout": "2 moons"}}]}, "hooks.timeout must be a duration."),
        ({"docker": "unix://"}, "rolling_update_docker is not a dictionary"),
        ({"files": {"rolling_update_pre_tasks": "gone.yml"}}, "rolling_update_pre_tasks is gone.yml, but the controller has no such file"),
    ],
)
def test_each_invalid_setting_is_reported(changes: dict[str, t.Any], expected: str) -> None:
    assert problem_with(FINE, lambda file: file == "there.yml", check_duration) == ""
    problem = problem_with({**FINE, **changes}, lambda file: file == "there.yml", check_duration)
    assert expected in problem
    assert problem.endswith("Nothing was changed.")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["rolling_update_window", "rolling_update__fleet", "web_rolling_update_x", "other"], ""),
        (["rolling_update_max_faliures"], "There is no variable rolling_update_max_faliures. Did you mean rolling_update_max_failures?"),
        (["rolling_update_windows"], "Did you mean rolling_update_window?"),
        (["rolling_update_"], "There is no variable rolling_update_."),
    ],
)
def test_variable_that_the_role_does_not_know_is_reported(names: list[str], problem: str) -> None:
    valid = ["rolling_update_max_failures", "rolling_update_max_parallel", "rolling_update_window"]
    found = problem_with(FINE, lambda file: file == "there.yml", check_duration, names, valid)
    assert found.startswith(problem) if problem.startswith("There") else problem in found
    assert bool(found) is bool(problem)


@pytest.mark.parametrize(
    ("matching", "limit", "within", "message"),
    [
        (["h1"], "", [], ""),
        (["h1", "h2"], "h2", ["h2"], ""),
        ([], "", [], "No host matches the pattern 'web' of rolling_update_hosts."),
        (["h1"], "h2", ["h2"], "No host matches both the pattern 'web' of rolling_update_hosts and --limit h2."),
    ],
)
def test_pattern_that_matches_no_host_is_refused(matching: list[str], limit: str, within: list[str], message: str) -> None:
    if not message:
        assert hosts_of("web", matching, limit, within) == "web"
        return
    with pytest.raises(InvalidRollout) as caught:
        hosts_of("web", matching, limit, within)
    assert str(caught.value).startswith(message)
