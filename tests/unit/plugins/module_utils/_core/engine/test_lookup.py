# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look a container up by its name or ID."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, InspectFailed, NoAnswer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.lookup import find_container, require_container
from support.fakes.engine import FakeEngine
from support.fakes.update_of_web import REFUSAL, outdated_web


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def test_container_is_found_by_its_name_or_id(engine: FakeEngine) -> None:
    web = engine.container("web")
    for container in ("web", web["Id"]):
        found = find_container(engine, container)
        assert found is not None
        assert found.container == web
        assert require_container(engine, container).container == web


def test_missing_container_is_not_found(engine: FakeEngine) -> None:
    assert find_container(engine, "shop") is None


@pytest.mark.parametrize("error", [REFUSAL, NoAnswer("the connection broke")])
def test_engine_error_does_not_mean_that_the_container_does_not_exist(engine: FakeEngine, error: EngineError) -> None:
    engine.errors["inspect"] = error
    with pytest.raises(type(error), match=str(error)):
        find_container(engine, "web")
    with pytest.raises(InspectFailed, match=f"^Container web could not be inspected, and was not changed: {error}$"):
        require_container(engine, "web")


def test_missing_container_that_must_exist_is_an_error(engine: FakeEngine) -> None:
    with pytest.raises(InspectFailed, match="no container with the full name or full ID shop on this engine. Nothing was changed"):
        require_container(engine, "shop")
