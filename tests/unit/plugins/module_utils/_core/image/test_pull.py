# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the new image is obtained, and what is said where that fails."""

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


class TestBeforeThereIsAnArchive:
    def test_pull_fails(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="shop:2 could not be obtained, and container web was not changed"):
            recreate(engine, image="shop:2")
        assert engine.calls == ["inspect", "pull", "local_image"]

    def test_pull_fails_and_another_policy_would_help(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match=r"\. An image with this reference is on the host: pull=missing or pull=never would use it\.$"):
            recreate(engine)
        engine.local.clear()
        for policy in (PullPolicy.ALWAYS, PullPolicy.MISSING):
            with pytest.raises(PullFailed) as raised:
                recreate(engine, pull=policy)
            assert "pull=missing or pull=never" not in str(raised.value)

    def test_pull_never(self, engine: FakeEngine) -> None:
        assert recreate(engine, pull=PullPolicy.NEVER).outcome is Outcome.UNCHANGED


class TestWhatIsSaid:
    def test_pull(self, engine: FakeEngine) -> None:
        with pytest.raises(
            PullFailed, match=r"^Image shop:2 could not be obtained, .*: manifest for \S*/shop:2 not found\. Check the spelling"
        ):
            recreate(engine, image="shop:2")

    @pytest.mark.parametrize(
        ("asked", "hint"),
        [("toomanyrequests: come back at noon.", r" \(come back at noon\)"), ("429 Too Many Requests", ""), ("connection refused", "")],
    )
    def test_the_hint_of_a_registry_that_only_a_question_gets(self, engine: FakeEngine, asked: str, hint: str) -> None:
        engine.errors.update(pull=EngineError("429 Too Many Requests"), published=EngineError(asked))
        with pytest.raises(PullFailed, match=f"rate limited by the registry: 429 Too Many Requests{hint}\\. Try again later"):
            recreate(engine)

    def test_any_error_of_a_pull(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match="the engine says no"):
            recreate(engine)


class TestImageDigest:
    @pytest.fixture
    def engine(self) -> FakeEngine:
        return web_behind_its_tag()

    def test_a_tag_that_points_elsewhere(self, engine: FakeEngine) -> None:
        (warning,) = recreate_by_digest(engine).warnings
        assert f"shop:1 is {ELSEWHERE} in the registry, not {TESTED}" in warning

    def test_a_tag_that_means_it(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "tested"
        assert recreate_by_digest(engine).warnings == ()

    def test_that_the_registry_does_not_tell_is_no_failure(self, engine: FakeEngine) -> None:
        engine.errors["published"] = EngineError("no")
        result = recreate_by_digest(engine)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    @pytest.mark.parametrize("pull", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_on_this_host(self, engine: FakeEngine, pull: PullPolicy) -> None:
        engine.local[f"{REPOSITORY}@{TESTED}"] = "tested"
        engine.registry.clear()
        assert recreate_by_digest(engine, pull=pull).new_image.id == "tested"
        assert "published" not in engine.calls

    def test_what_the_tag_means_on_this_host_does_not_count(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed) as caught:
            recreate_by_digest(engine, pull=PullPolicy.NEVER)
        assert f"Image shop:1 ({TESTED}) could not be obtained" in str(caught.value)

    def test_the_one_that_runs(self, engine: FakeEngine) -> None:
        engine.registry[f"{REPOSITORY}@{TESTED}"] = "old"
        result = recreate_by_digest(engine)
        assert (result.outcome, len(result.warnings)) == (Outcome.UNCHANGED, 1)
        assert not [call for call in engine.calls if call.startswith("tag")]

    def test_a_reference_with_that_digest_is_no_tag(self, engine: FakeEngine) -> None:
        result = recreate_by_digest(engine, image=f"shop:1@{TESTED}")
        assert (result.outcome, engine.container("web")["Config"]["Image"]) == (Outcome.RECREATED, f"shop:1@{TESTED}")
        assert not [call for call in engine.calls if call.startswith("tag")]

    def test_a_container_with_another_digest(self, engine: FakeEngine) -> None:
        engine.has_container("db", f"shop@{ELSEWHERE}", "elsewhere")
        with pytest.raises(InvalidInput, match="has another digest"):
            recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("db", image_digest=TESTED), HealthConfig(), Cleanup())

    def test_what_is_pulled_is_called_as_the_operator_wrote_it(self) -> None:
        pulled = pull_reference(ImageReference.parse("shop:1"), TESTED)
        assert (pulled.as_written, pulled.normalised) == ("shop:1", f"{REPOSITORY}@{TESTED}")
