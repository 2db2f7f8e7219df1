# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update of the container web on the fake engine, and the calls it makes."""

from __future__ import annotations

import dataclasses

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeEngine, FakeJournal, exited, fake_context, fake_lock

TRIAL = ["create:web-trial-me", "remove:web-trial-me with force"]
TO_THE_START = [
    "inspect",
    "pull",
    "surroundings",
    "changes:web",
    "inspect",
    *TRIAL,
    "stop:web",
    "rename:web->web-old-1000",
    "create:web",
    "start:NEW",
]
GATE_AND_SECOND_LOOK = ["probe:NEW", "probe:NEW"]
BACK_AGAIN = [
    "probe:web-old-1000",
    "stop:NEW",
    "remove:NEW with force",
    "rename:web-old-1000->web",
    "start:web",
    "probe:web",
    "surroundings",
    "tag:shop:1=old",
]
BACK_AGAIN_AND_REJECTED = [*BACK_AGAIN[:-2], "inspect", *BACK_AGAIN[-2:]]
REFUSAL = EngineError("the engine says no")


def outdated_web() -> FakeEngine:
    """One container, web, on the image old; in the registry its tag has moved on to the image new."""
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    engine.registry["docker.io/library/shop:1"] = "new"
    return engine


def recreate(
    engine: FakeEngine,
    cleanup: Cleanup = Cleanup(),
    keep_archive: bool = False,
    lock: RunLock | None = None,
    memory: FakeJournal | None = None,
    **request: object,
) -> CycleResult:
    wanted = dataclasses.replace(RecreateRequest("web"), **request)
    lock = lock or fake_lock()
    return recreate_with_health(
        fake_context(engine, memory), lock, wanted, HealthConfig(health_timeout=1), cleanup, keep_archive=keep_archive
    )


def problem_of_rollback(engine: FakeEngine, health: HealthConfig | None = None) -> str | None:
    """Run an update whose new container exits, and return what went wrong during the rollback."""
    engine.probe_results.setdefault("NEW", [exited(1)])
    result = recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("web"), health or HealthConfig(), Cleanup())
    assert result.restored is not None
    return result.restored.problem
