# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parsing of the containers and options that users set."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.errors import InvalidRollout
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.settings import containers_of


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
