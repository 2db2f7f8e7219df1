# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tag on this host points at the image that the container runs, whatever was pulled."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, PullFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import UNHEALTHY, FakeEngine, FakeJournal, fake_context, fake_lock
from support.fakes.update_by_digest import TAG, TESTED, recreate_by_digest, web_behind_its_tag
from support.fakes.update_of_web import recreate


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


class TestSameImageUnderTwoIds:
    """On the containerd store, an index has an ID of its own. Tools such as docker compose compare IDs (F-E4)."""

    @pytest.fixture
    def engine(self) -> FakeEngine:
        engine = FakeEngine()
        for image_id in ("index-1", "index-2"):
            engine.images[image_id] = {"Descriptor": {"mediaType": "manifest", "digest": "manifest"}}
        engine.add_container("web", "shop:1", "index-1")
        engine.registry[TAG] = "index-2"
        return engine

    @pytest.mark.parametrize(
        ("before", "policy"),
        [("index-1", PullPolicy.ALWAYS), ("elsewhere", PullPolicy.ALWAYS), (None, PullPolicy.MISSING), ("index-2", PullPolicy.NEVER)],
    )
    def test_tag_points_at_the_running_id_again(self, engine: FakeEngine, before: str | None, policy: PullPolicy) -> None:
        engine.local = {TAG: before} if before else {}
        result = recreate(engine, pull=policy)
        assert (result.outcome, result.warnings, engine.local[TAG]) == (Outcome.UNCHANGED, (), "index-1")

    def test_idle_task_makes_no_more_calls(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "index-1"
        recreate(engine)
        assert engine.calls == ["inspect", "pull"]

    def test_check_mode_moves_nothing(self, engine: FakeEngine) -> None:
        engine.local[TAG] = "index-2"
        result = check_recreate(fake_context(engine), fake_lock(), RecreateRequest("web"))
        assert (result.outcome, engine.local[TAG]) == (Outcome.UNCHANGED, "index-2")

    def test_pull_by_digest_moved_no_tag(self, engine: FakeEngine) -> None:
        engine.registry[f"docker.io/library/shop@{TESTED}"] = "index-2"
        assert recreate(engine, image_digest=TESTED).outcome is Outcome.UNCHANGED
        assert [call for call in engine.calls if call.startswith("tag:")] == []

    def test_other_reference_is_left_alone(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "index-2"
        assert recreate(engine, image="shop:2").outcome is Outcome.UNCHANGED
        assert [call for call in engine.calls if call.startswith("tag:")] == []

    @pytest.mark.parametrize(("other", "is_moved"), [("index-1", True), ("index-2", False), ("different", True)])
    def test_tag_stays_if_another_container_was_created_from_the_pulled_id(self, engine: FakeEngine, other: str, is_moved: bool) -> None:
        engine.add_container("worker", "shop:1", other)
        result = recreate(engine)
        assert (engine.local[TAG], len(result.warnings)) == (("index-1", 0) if is_moved else ("index-2", 1))
        if not is_moved:
            assert "because worker runs that image under it" in result.warnings[0]
            assert "update this container once with force: true" in result.warnings[0]
            engine.local[TAG] = "index-2"
            assert recreate(engine, force=True).outcome is Outcome.RECREATED
            assert recreate(engine).warnings == ()

    def test_tag_that_cannot_be_moved_is_a_warning(self, engine: FakeEngine) -> None:
        engine.errors["tag:shop:1=index-1"] = EngineError("no")
        result = recreate(engine)
        assert result.outcome is Outcome.UNCHANGED
        assert result.warnings == ("The tag shop:1 still points at the pulled image on this host. It could not be moved back: no",)
