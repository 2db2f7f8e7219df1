# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the new image is obtained, and which message a failure gives."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    InvalidInput,
    PullFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    PullPolicy,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.pull import pull_reference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import (
    FakeEngine,
    fake_context,
    fake_lock,
)
from support.fakes.update_by_digest import ELSEWHERE, REPOSITORY, TAG, TESTED, recreate_by_digest, web_behind_its_tag
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestPullFailed:
    def test_failed_pull_touches_nothing(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="shop:2 could not be obtained, and container web was not changed"):
            recreate(engine, image="shop:2")
        assert engine.calls == ["inspect", "pull", "local_image"]

    def test_failed_pull_suggests_another_policy_when_the_image_is_local(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match=r"\. An image with this reference is on the host: pull=missing or pull=never would use it\.$"):
            recreate(engine)
        engine.local.clear()
        for policy in (PullPolicy.ALWAYS, PullPolicy.MISSING):
            with pytest.raises(PullFailed) as raised:
                recreate(engine, pull=policy)
            assert "pull=missing or pull=never" not in str(raised.value)

    def test_pull_never_uses_the_local_image(self, engine: FakeEngine) -> None:
        assert recreate(engine, pull=PullPolicy.NEVER).outcome is Outcome.UNCHANGED

    def test_failed_pull_message(self, engine: FakeEngine) -> None:
        with pytest.raises(
            PullFailed, match=r"^Image shop:2 could not be obtained, .*: manifest for \S*/shop:2 not found\. Check the spelling"
        ):
            recreate(engine, image="shop:2")

    @pytest.mark.parametrize(
        ("asked", "hint"),
        [("toomanyrequests: come back at noon.", r" \(come back at noon\)"), ("429 Too Many Requests", ""), ("connection refused", "")],
    )
    def test_rate_limit_hint_is_taken_from_a_manifest_request(self, engine: FakeEngine, asked: str, hint: str) -> None:
        engine.errors.update(pull=EngineError("429 Too Many Requests"), published=EngineError(asked))
        with pytest.raises(PullFailed, match=f"rate limited by the registry: 429 Too Many Requests{hint}\\. Try again later"):
            recreate(engine)

    def test_failed_pull_quotes_the_engine(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match="the engine says no"):
            recreate(engine)


class TestImageDigest:
    @pytest.fixture
    def engine(self) -> FakeEngine:
        return web_behind_its_tag()

    def test_tag_that_points_to_another_digest_is_a_warning(self, engine: FakeEngine) -> None:
        (warning,) = recreate_by_digest(engine).warnings
        assert f"shop:1 is {ELSEWHERE} in the registry, not {TESTED}" in warning

    def test_tag_that_points_to_the_digest_is_no_warning(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "tested"
        assert recreate_by_digest(engine).warnings == ()

    def test_registry_that_does_not_answer_for_the_tag_is_no_failure(self, engine: FakeEngine) -> None:
        engine.errors["published"] = EngineError("no")
        result = recreate_by_digest(engine)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    @pytest.mark.parametrize("pull", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_local_image_of_that_digest_is_used_without_asking_the_registry(self, engine: FakeEngine, pull: PullPolicy) -> None:
        engine.local[f"{REPOSITORY}@{TESTED}"] = "tested"
        engine.registry.clear()
        assert recreate_by_digest(engine, pull=pull).new_image.id == "tested"
        assert "published" not in engine.calls

    def test_local_image_of_the_tag_is_not_used_in_place_of_the_digest(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed) as caught:
            recreate_by_digest(engine, pull=PullPolicy.NEVER)
        assert f"Image shop:1 ({TESTED}) could not be obtained" in str(caught.value)

    def test_container_that_runs_the_digest_is_unchanged(self, engine: FakeEngine) -> None:
        engine.registry[f"{REPOSITORY}@{TESTED}"] = "old"
        result = recreate_by_digest(engine)
        assert (result.outcome, len(result.warnings)) == (Outcome.UNCHANGED, 1)
        assert not [call for call in engine.calls if call.startswith("tag")]

    def test_reference_with_the_same_digest_moves_no_tag(self, engine: FakeEngine) -> None:
        result = recreate_by_digest(engine, image=f"shop:1@{TESTED}")
        assert (result.outcome, engine.container("web")["Config"]["Image"]) == (Outcome.RECREATED, f"shop:1@{TESTED}")
        assert not [call for call in engine.calls if call.startswith("tag")]

    def test_container_whose_reference_has_another_digest_is_refused(self, engine: FakeEngine) -> None:
        engine.add_container("db", f"shop@{ELSEWHERE}", "elsewhere")
        with pytest.raises(InvalidInput, match="has another digest"):
            recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("db", image_digest=TESTED), HealthConfig(), Cleanup())

    def test_pulled_reference_is_reported_as_the_operator_wrote_it(self) -> None:
        pulled = pull_reference(ImageReference.parse("shop:1"), TESTED)
        assert (pulled.as_written, pulled.normalised) == ("shop:1", f"{REPOSITORY}@{TESTED}")
