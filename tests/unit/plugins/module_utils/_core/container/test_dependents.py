# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers depend on another one, and in which order they are repaired."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import (
    Dependent,
    Repair,
    RepairResult,
    find_dependents,
    repair_warnings,
    with_image_behind_tag,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document
from support.fakes.engine import FakeEngine

TAG = "docker.io/library/tool:1"


def container(number: int, name: str, **host_config: t.Any) -> Document:
    return {
        "Id": str(number),
        "Name": f"/{name}",
        "Image": "tool",
        "Config": {"Image": "tool:1"},
        "HostConfig": host_config,
        "State": {"Status": "running"},
    }


WEB = container(1, "web")


@pytest.mark.parametrize(
    ("host_config", "shares_with"),
    [
        ({"NetworkMode": "container:1"}, ("1",)),
        ({"PidMode": "container:1"}, ("1",)),
        ({"IpcMode": "container:1"}, ("1",)),
        ({"Links": ["/web:/other/db"]}, ()),
        ({"Links": ["/web:/other/db"], "PidMode": "container:3"}, ("3",)),
    ],
)
def test_a_shared_namespace_or_a_link_makes_a_dependent(host_config: dict[str, t.Any], shares_with: tuple[str, ...]) -> None:
    (dependent,) = find_dependents(WEB, [container(2, "other", **host_config)], 1000)
    assert dependent == Dependent(
        id="2",
        name="other",
        provider="1",
        provider_name="web",
        runs=True,
        shares_with=shares_with,
        archive="other-old-1000",
        image_ref="tool:1",
        image_id="tool",
    )


@pytest.mark.parametrize(
    "host_config",
    [
        {},
        {"NetworkMode": "web"},
        {"NetworkMode": "container:11", "PidMode": "host", "IpcMode": "shareable", "Links": None},
        {"Links": ["/web-2:/other/web"]},
        {"Links": ["/db:/other/web"]},
        {"VolumesFrom": ["web"]},
    ],
)
def test_other_containers_are_not_dependents(host_config: dict[str, t.Any]) -> None:
    assert find_dependents(WEB, [container(2, "other", **host_config)], 1000) == ()


def test_indirect_dependents_are_found_once_and_sorted_providers_first() -> None:
    others = [
        container(4, "c", PidMode="container:3"),
        container(3, "b", NetworkMode="container:2", PidMode="container:1"),
        container(2, "a", IpcMode="container:1", Links=["/c:/a/c"]),
    ]
    found = find_dependents(WEB, others, 1000)
    assert sorted(dependent.name for dependent in found) == ["a", "b", "c"]
    others[2]["HostConfig"]["Links"] = []
    assert [dependent.name for dependent in find_dependents(WEB, others, 1000)] == ["a", "b", "c"]


def test_the_provider_is_not_its_own_dependent() -> None:
    web = container(1, "web", Links=["/a:/web/a"])
    assert [dependent.name for dependent in find_dependents(web, [web, container(2, "a", PidMode="container:1")], 1000)] == ["a"]


def test_each_dependent_gets_an_archive_name_that_is_not_taken() -> None:
    others = [container(2, "a", PidMode="container:1"), container(3, "a-old-1000")]
    assert find_dependents(WEB, others, 1000)[0].archive == "a-old-1001"


@pytest.mark.parametrize(("status", "runs"), [("running", True), ("restarting", True), ("exited", False), ("created", False)])
def test_a_dependent_ran_if_it_was_running_or_restarting(status: str, runs: bool) -> None:
    other = {**container(2, "a", PidMode="container:1"), "State": {"Status": status}}
    assert find_dependents(WEB, [other], 1000)[0].runs is runs


def test_dependents_of_several_dependents_come_after_all_of_them() -> None:
    others = [
        container(5, "last", Links=["/a:/last/a", "/b:/last/b"]),
        container(4, "b", PidMode="container:1"),
        container(3, "a", PidMode="container:1", Links=["/b:/a/b"]),
    ]
    assert [dependent.name for dependent in find_dependents(WEB, others, 1000)] == ["b", "a", "last"]


def test_a_dependent_of_a_circle_of_links_comes_after_the_circle() -> None:
    others = [
        container(2, "first", PidMode="container:1", Links=["/a:/first/a"]),
        container(3, "a", PidMode="container:1", Links=["/b:/a/b"]),
        container(4, "b", PidMode="container:1", Links=["/a:/b/a"]),
    ]
    assert [dependent.name for dependent in find_dependents(WEB, others, 1000)] == ["a", "b", "first"]


def test_the_image_behind_the_tag_of_a_dependent_is_looked_up() -> None:
    engine = FakeEngine()
    web = engine.add_container("web", "shop:1", "old")
    engine.add_container("net", "tool:1", "exact", {"NetworkMode": f"container:{web}"})
    engine.local[TAG] = "tool-2"
    (dependent,) = find_dependents(engine.container("web"), [engine.container("net")], 1000)
    assert dependent.tag_means is None
    assert with_image_behind_tag(engine, dependent).tag_means == "tool-2"
    del engine.local[TAG]
    assert with_image_behind_tag(engine, dependent).tag_means is None


def test_each_dependent_that_needs_attention_causes_a_warning() -> None:
    results = (
        RepairResult("net", "1", Repair.NEEDS_ATTENTION, "it could not be restarted: no"),
        RepairResult("far", "2", Repair.RESTARTED),
    )
    assert repair_warnings(results) == ("net, which depends on it, needs attention: it could not be restarted: no",)
