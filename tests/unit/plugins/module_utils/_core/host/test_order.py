# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which to update the containers of a host."""

from __future__ import annotations

import pytest

from support.fakes.engine import FakeEngine
from support.fakes.host_of_web import TAG, host_of_web, inspect
from support.fakes.host_reader import FakeHostReader


@pytest.fixture
def reader() -> FakeHostReader:
    """The container web, and every container that a test adds from the same tag, is outdated."""
    reader = host_of_web()
    reader.engine.registry[TAG] = "new"
    return reader


@pytest.fixture
def engine(reader: FakeHostReader) -> FakeEngine:
    return reader.engine


def service_labels(name: str, depends_on: str = "", project: str = "shop") -> dict[str, str]:
    prefix = "com.docker.compose"
    return {f"{prefix}.project": project, f"{prefix}.service": name, f"{prefix}.depends_on": depends_on}


def test_services_of_compose_follow_their_depends_on(engine: FakeEngine, reader: FakeHostReader) -> None:
    engine.add_container("a", "shop:1", "old", Labels=service_labels("app", "db:service_healthy:true,cache:service_started:false"))
    engine.add_container("x-db-1", "shop:1", "old", Labels=service_labels("db"))
    engine.add_container("x-db-2", "shop:1", "old", Labels=service_labels("db"))
    engine.add_container("x-cache", "shop:1", "old", Labels=service_labels("cache", "db:service_started"))
    engine.add_container("b", "shop:1", "old", Labels=service_labels("db", "app:service_started:true", project="other"))
    assert inspect(reader).outdated == ("b", "web", "x-db-1", "x-db-2", "x-cache", "a")


@pytest.mark.parametrize("mode", ["NetworkMode", "PidMode", "IpcMode"])
def test_a_container_follows_the_one_whose_namespace_it_shares(engine: FakeEngine, reader: FakeHostReader, mode: str) -> None:
    engine.add_container("a", "shop:1", "old", {mode: f"container:{engine.container('web')['Id']}"})
    assert inspect(reader).outdated == ("web", "a")


def test_a_container_follows_its_link_target(engine: FakeEngine, reader: FakeHostReader) -> None:
    engine.add_container("a", "shop:1", "old", {"Links": ["web:db"]})
    assert inspect(reader).outdated == ("web", "a")


def test_dependencies_count_through_a_container_that_is_up_to_date(engine: FakeEngine, reader: FakeHostReader) -> None:
    engine.add_container("a", "shop:1", "old", Labels=service_labels("app", "middle"))
    engine.add_container("b", "other:1", "other", Labels=service_labels("middle", "db"))
    engine.add_container("c", "shop:1", "old", Labels=service_labels("db"))
    assert inspect(reader).outdated == ("c", "a", "web")


def test_containers_in_a_circle_are_sorted_by_name(engine: FakeEngine, reader: FakeHostReader) -> None:
    engine.add_container("a", "shop:1", "old", Labels=service_labels("a", "b"))
    engine.add_container("b", "shop:1", "old", Labels=service_labels("b", "a"))
    assert inspect(reader).outdated == ("a", "b", "web")
