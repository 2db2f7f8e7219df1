# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules make exactly the engine calls that tests/support/docs/engine_calls.py lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate, container_update_info
from support.docs.engine_calls import DOCUMENT, EVENTS, PATHS, document
from support.fakes.engine import FakeEngine
from support.fakes.engine_over_http import EngineOverHttp
from support.real.ansible import run_module_here

SHOP, OTHER = "docker.io/library/shop:1", "docker.io/library/other:1"

Run = Callable[[EngineOverHttp], dict[str, Any]]


def recreate(**options: Any) -> Run:
    return lambda engine: run_module_here(container_recreate, name="web", docker_host=engine.url, **options)


def look(engine: EngineOverHttp) -> dict[str, Any]:
    return run_module_here(container_update_info, docker_host=engine.url)


RUNS: dict[str, tuple[Run, str, str, dict[str, Any]]] = {
    "Nothing to do, registry not asked": (recreate(pull="never"), "old", "healthy", {"outcome": "unchanged"}),
    "Nothing to do": (recreate(), "old", "healthy", {"outcome": "unchanged"}),
    "Recreated": (recreate(), "new", "healthy", {"outcome": "recreated"}),
    "Rolled back because the new container exits": (recreate(), "new", "exited", {"outcome": "rolled_back", "rollback_failed": False}),
    "Check mode, new image available": (recreate(check_mode=True), "new", "healthy", {"outcome": "recreated"}),
    "container_update_info, two containers with two images": (look, "new", "healthy", {"outdated": ["web"]}),
}
"""For each path: the run, the image in the registry, the state of a new container, and the expected result."""


@pytest.mark.parametrize("path", PATHS)
def test_each_path_makes_exactly_the_listed_calls(path: str) -> None:
    run, published, becomes, says = RUNS[path]
    engine = FakeEngine()
    engine.add_container("web", SHOP, "old", {"RestartPolicy": {"Name": "always"}})
    engine.add_container("other", OTHER, "other")
    engine.registry = {SHOP: published, OTHER: "other"}
    with EngineOverHttp(engine, becomes) as served:
        result = run(served)
    assert {key: result.get(key) for key in says} == says, result
    needed = [call.request for call in PATHS[path]]
    assert without_events(served.calls) == without_events(needed)
    assert served.calls.count(EVENTS) == needed.count(EVENTS)


def without_events(calls: list[str]) -> list[str]:
    return [call for call in calls if call != EVENTS]


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == document(), "run: make docs"
