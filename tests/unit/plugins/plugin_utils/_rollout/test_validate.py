# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing and validation of the options that users set."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.settings import containers_of
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.validate import problem_with
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.window import is_within

FINE: dict[str, t.Any] = {
    "inventory": ["h1", "127.0.0.1", "localhost"],
    "containers": "web",
    "waves": [1, "100%"],
    "rollback_batch": "25%",
    "max_failures": 0,
    "window": "",
    "docker": {},
    "files": {"rolling_update_pre_tasks": "", "rolling_update_post_tasks": "there.yml"},
}


@pytest.mark.parametrize(
    ("wanted", "containers"),
    [
        ("web", [{"name": "web"}]),
        ("db, web", [{"name": "db"}, {"name": "web"}]),
        ('["db", {"name": "web", "grace_period": 3}]', [{"name": "db"}, {"name": "web", "grace_period": 3}]),
        (["db", {"name": "web", "grace_period": 3}], [{"name": "db"}, {"name": "web", "grace_period": 3}]),
    ],
)
def test_containers_from_a_list_or_text(wanted: object, containers: list[dict[str, object]]) -> None:
    assert containers_of(wanted) == containers


def test_common_image_applies_to_containers_without_one() -> None:
    assert containers_of(["web", {"name": "db", "image": "db:2"}], "shop:2") == [
        {"name": "web", "image": "shop:2"},
        {"name": "db", "image": "db:2"},
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], "Name at least one container"),
        (" , ", "Name at least one container"),
        (3, "Name at least one container"),
        ([3], "neither a name nor a dictionary"),
        ([{"image": "x"}], "a dictionary without a name"),
        ("web,web", "more than once"),
        ([{"name": "web", "keep_archive": True}], "web has options that a rollout does not support: keep_archive"),
    ],
)
def test_invalid_containers_are_refused(wanted: object, expected: str) -> None:
    with pytest.raises(InvalidRollout, match=expected):
        containers_of(wanted)


@pytest.mark.parametrize(
    ("now", "window", "within"),
    [
        ("22:00", "22:00-06:00", True),
        ("05:59", "22:00-06:00", True),
        ("06:00", "22:00-06:00", False),
        ("12:00", "22:00-06:00", False),
        ("12:00", "09:30 - 17:00", True),
        ("09:29", "09:30-17:00", False),
    ],
)
def test_time_within_the_window(now: str, window: str, within: bool) -> None:
    assert is_within(now, window) is within


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inventory": ["h1", "127.0.0.1"]}, "The inventory contains 127.0.0.1, which Ansible sometimes treats as localhost"),
        ({"containers": []}, "rolling_update_containers is empty"),
        ({"waves": [0]}, "rolling_update_waves is [0], which is not valid"),
        ({"rollback_batch": "none"}, "rolling_update_rollback_batch is none, which is not valid"),
        ({"max_failures": "x"}, "rolling_update_max_failures is 'x', which is not valid"),
        ({"window": "25:00-26:00"}, "rolling_update_window is '25:00-26:00', which is not valid"),
        ({"docker": "unix://"}, "rolling_update_docker is not a dictionary"),
        ({"files": {"rolling_update_pre_tasks": "gone.yml"}}, "rolling_update_pre_tasks is gone.yml, but the controller has no such file"),
    ],
)
def test_each_invalid_setting_is_reported(changes: dict[str, t.Any], expected: str) -> None:
    assert problem_with(FINE, lambda file: file == "there.yml") == ""
    problem = problem_with({**FINE, **changes}, lambda file: file == "there.yml")
    assert expected in problem
    assert problem.endswith("Nothing was changed.")
