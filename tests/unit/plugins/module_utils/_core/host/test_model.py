# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers a selection matches."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import Selection
from support.fakes.engine import FakeEngine
from support.fakes.host_of_web import host_of_web, inspect
from support.fakes.host_reader import FakeHostReader


@pytest.fixture
def reader() -> FakeHostReader:
    """The containers web and db run, cache has exited."""
    reader = host_of_web()
    reader.engine.add_container("db", "db:1", "db", Labels={"tier": "data", "mine": ""})
    reader.engine.add_container("cache", "db:1", "db", Labels={"tier": "data=hot"})
    reader.engine._find("cache")["State"]["Status"] = "exited"
    return reader


@pytest.fixture
def engine(reader: FakeHostReader) -> FakeEngine:
    return reader.engine


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), ["cache", "db", "web"]),
        (Selection(names=frozenset({"db", "cach"})), ["db"]),
        (Selection(labels=("tier",)), ["cache", "db"]),
        (Selection(labels=("tier=data",)), ["db"]),
        (Selection(labels=("tier=data=hot",)), ["cache"]),
        (Selection(labels=("tier", "mine")), ["db"]),
        (Selection(labels=("mine=",)), ["db"]),
        (Selection(states=frozenset({"exited", "paused"})), ["cache"]),
        (Selection(frozenset({"db", "cache"}), ("tier",), frozenset({"exited"})), ["cache"]),
    ],
)
def test_a_selection_matches_containers_that_meet_all_criteria(reader: FakeHostReader, selection: Selection, names: list[str]) -> None:
    assert [info.name for info in inspect(reader, selection=selection).containers] == names


def test_a_container_is_selected_by_its_full_id(engine: FakeEngine, reader: FakeHostReader) -> None:
    selected = frozenset({engine.container("db")["Id"]})
    info = inspect(reader, selection=Selection(names=selected))
    assert ([info.name for info in info.containers], info.missing) == (["db"], ())


@pytest.mark.parametrize("label", ["", "=", "=x", " "])
def test_a_label_without_a_key_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput, match="labels must each be key or key=value"):
        Selection(labels=("a", label))
