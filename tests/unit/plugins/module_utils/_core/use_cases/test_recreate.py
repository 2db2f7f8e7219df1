# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole update, called the way the module calls it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import (
    FakeEngine,
    fake_context,
    fake_lock,
)
from support.fakes.update_of_web import GATE_AND_SECOND_LOOK, TO_THE_START, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestRecreateWithHealth:
    def test_healthy_update_removes_the_archive_without_force_and_no_image(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, *GATE_AND_SECOND_LOOK, "remove:web-old-1000", "probe:NEW"]
        assert result.outcome is Outcome.RECREATED
        assert result.archive is None
        assert result.container_id == engine.container("web")["Id"]
        assert not result.warnings

    def test_archive_is_removed_by_default(self, engine: FakeEngine) -> None:
        assert recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("web"), HealthConfig(), Cleanup()).archive is None
