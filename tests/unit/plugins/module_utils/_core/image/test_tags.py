# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With image_digest, the tag on this host is pointed at that image."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, PullFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import UNHEALTHY, FakeEngine, FakeJournal, fake_context, fake_lock
from support.fakes.update_by_digest import TAG, TESTED, recreate_by_digest, web_behind_its_tag


class TestImageDigest:
    @pytest.fixture
    def engine(self) -> FakeEngine:
        return web_behind_its_tag()

    def test_container_runs_the_digest_and_follows_its_tag(self, engine: FakeEngine) -> None:
        result = recreate_by_digest(engine)
        container = engine.container("web")
        assert (result.outcome, container["Image"], container["Config"]["Image"]) == (Outcome.RECREATED, "tested", "shop:1")
        assert (result.new_image.reference, result.new_image.id) == ("shop:1", "tested")
        assert engine.local[TAG] == "tested"

    def test_tag_is_moved_before_the_stop(self, engine: FakeEngine) -> None:
        recreate_by_digest(engine)
        assert engine.calls.index("tag:shop:1=tested") < engine.calls.index("stop:web")

    def test_tag_that_another_tool_moves_meanwhile_is_moved_back(self, engine: FakeEngine) -> None:
        def meddle() -> None:
            if engine.calls and engine.calls[-1] == "stop:web":
                engine.local[TAG] = "elsewhere"

        engine.on_each_call = meddle
        assert recreate_by_digest(engine).new_image.id == engine.container("web")["Image"] == "tested"

    def test_tag_is_not_moved_for_a_rejected_digest(self, engine: FakeEngine) -> None:
        """The digest was rejected before, so nothing is pulled and the local tag is left alone."""
        memory = FakeJournal()
        identity = ImageIdentity("shop:1", "tested", TESTED)
        Rejections(memory).remember("web", Rejected("shop:1", identity.id, TESTED, "crashed", 0))
        engine.local[TAG] = "other"
        request = RecreateRequest("web", image_digest=TESTED)
        context = fake_context(engine, memory)
        assert recreate_with_health(context, fake_lock(), request, HealthConfig(), Cleanup()).outcome is Outcome.SKIPPED
        assert engine.local[TAG] == "other"

    def test_tag_that_cannot_be_moved_prevents_the_update(self, engine: FakeEngine) -> None:
        engine.errors["tag:shop:1=tested"] = EngineError("no")
        with pytest.raises(PullFailed, match="could not be pointed at .* and container web was not changed: no"):
            recreate_by_digest(engine)
        assert "stop:web" not in engine.calls

    def test_rollback_moves_the_tag_back(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [UNHEALTHY]
        result = recreate_by_digest(engine)
        assert (result.outcome, engine.local[TAG], engine.container("web")["Image"]) == (Outcome.ROLLED_BACK, "old", "old")
