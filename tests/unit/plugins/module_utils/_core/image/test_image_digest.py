# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, InvalidInput, PullFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.pull import pull_reference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import UNHEALTHY, FakeEngine, FakeJournal, digest_of, fake_context, fake_lock

TAG, REPOSITORY = "docker.io/library/shop:1", "docker.io/library/shop"
TESTED, ELSEWHERE = digest_of("tested"), digest_of("elsewhere")


@pytest.fixture
def engine() -> FakeEngine:
    """The image that was tested is published, and its tag has moved on."""
    engine = FakeEngine()
    engine.has_container("web", "shop:1", "old")
    engine.registry.update({TAG: "elsewhere", f"{REPOSITORY}@{TESTED}": "tested"})
    return engine


def recreate(engine: FakeEngine, *, image: str | None = None, pull: PullPolicy = PullPolicy.ALWAYS, digest: str = TESTED) -> CycleResult:
    request = RecreateRequest("web", image=image, pull=pull, image_digest=digest)
    health = HealthConfig(health_timeout=1)
    return recreate_with_health(fake_context(engine), fake_lock(), request, health, Cleanup())


def test_exactly_this_one_runs_and_follows_its_tag(engine: FakeEngine) -> None:
    result = recreate(engine)
    container = engine.container("web")
    assert (result.outcome, container["Image"], container["Config"]["Image"]) == (Outcome.RECREATED, "tested", "shop:1")
    assert (result.new_image.reference, result.new_image.id) == ("shop:1", "tested")
    assert engine.local[TAG] == "tested"


def test_the_tag_is_moved_before_the_stop(engine: FakeEngine) -> None:
    recreate(engine)
    assert engine.calls.index("tag:shop:1=tested") < engine.calls.index("stop:web")


def test_a_tag_that_is_moved_away_meanwhile_is_moved_back(engine: FakeEngine) -> None:
    def meddle() -> None:
        if engine.calls and engine.calls[-1] == "stop:web":
            engine.local[TAG] = "elsewhere"

    engine.look_on = meddle
    assert recreate(engine).new_image.id == engine.container("web")["Image"] == "tested"


def test_a_tag_that_no_pull_has_moved_stays(engine: FakeEngine) -> None:
    """The digest was rejected before. What the tag means here is somebody else's business."""
    memory = FakeJournal()
    identity = ImageIdentity("shop:1", "tested", TESTED)
    Rejections(memory).remember("web", Rejected("shop:1", identity.id, TESTED, "crashed", 0))
    engine.local[TAG] = "other"
    request = RecreateRequest("web", image_digest=TESTED)
    context = fake_context(engine, memory)
    assert recreate_with_health(context, fake_lock(), request, HealthConfig(), Cleanup()).outcome is Outcome.SKIPPED
    assert engine.local[TAG] == "other"


def test_a_tag_that_cannot_be_moved(engine: FakeEngine) -> None:
    engine.errors["tag:shop:1=tested"] = EngineError("no")
    with pytest.raises(PullFailed, match="could not be made to mean .* and container web was not touched: no"):
        recreate(engine)
    assert "stop:web" not in engine.calls


def test_a_tag_that_points_elsewhere(engine: FakeEngine) -> None:
    (warning,) = recreate(engine).warnings
    assert f"shop:1 means {ELSEWHERE} in the registry, not {TESTED}" in warning


def test_a_tag_that_means_it(engine: FakeEngine) -> None:
    engine.registry[TAG] = "tested"
    assert recreate(engine).warnings == ()


def test_that_the_registry_does_not_tell_is_no_failure(engine: FakeEngine) -> None:
    engine.errors["published"] = EngineError("no")
    result = recreate(engine)
    assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())


@pytest.mark.parametrize("pull", [PullPolicy.MISSING, PullPolicy.NEVER])
def test_on_this_host(engine: FakeEngine, pull: PullPolicy) -> None:
    engine.local[f"{REPOSITORY}@{TESTED}"] = "tested"
    engine.registry.clear()
    assert recreate(engine, pull=pull).new_image.id == "tested"
    assert "published" not in engine.calls


def test_what_the_tag_means_on_this_host_does_not_count(engine: FakeEngine) -> None:
    with pytest.raises(PullFailed) as caught:
        recreate(engine, pull=PullPolicy.NEVER)
    assert f"Image shop:1 ({TESTED}) could not be had" in str(caught.value)


def test_the_one_that_runs(engine: FakeEngine) -> None:
    engine.registry[f"{REPOSITORY}@{TESTED}"] = "old"
    result = recreate(engine)
    assert (result.outcome, len(result.warnings)) == (Outcome.UNCHANGED, 1)
    assert not [call for call in engine.calls if call.startswith("tag")]


def test_a_rollback_moves_the_tag_back(engine: FakeEngine) -> None:
    engine.looks["NEW"] = [UNHEALTHY]
    result = recreate(engine)
    assert (result.outcome, engine.local[TAG], engine.container("web")["Image"]) == (Outcome.ROLLED_BACK, "old", "old")


def test_a_reference_with_that_digest_is_no_tag(engine: FakeEngine) -> None:
    result = recreate(engine, image=f"shop:1@{TESTED}")
    assert (result.outcome, engine.container("web")["Config"]["Image"]) == (Outcome.RECREATED, f"shop:1@{TESTED}")
    assert not [call for call in engine.calls if call.startswith("tag")]


@pytest.mark.parametrize("image", ["shop", "shop:1"])
def test_a_reference_with_another_digest(image: str) -> None:
    with pytest.raises(InvalidInput, match="has a digest of its own"):
        RecreateRequest("web", image=f"{image}@{ELSEWHERE}", image_digest=TESTED)


def test_a_container_with_another_digest(engine: FakeEngine) -> None:
    engine.has_container("db", f"shop@{ELSEWHERE}", "elsewhere")
    with pytest.raises(InvalidInput, match="has a digest of its own"):
        recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("db", image_digest=TESTED), HealthConfig(), Cleanup())


@pytest.mark.parametrize("digest", ["", "latest", "sha256:abc", TESTED[7:], f"shop@{TESTED}"])
def test_not_a_digest(digest: str) -> None:
    with pytest.raises(InvalidInput, match="image_digest must be a digest"):
        RecreateRequest("web", image_digest=digest)


def test_what_is_pulled_is_called_as_the_operator_wrote_it() -> None:
    pulled = pull_reference(ImageReference.parse("shop:1"), TESTED)
    assert (pulled.as_written, pulled.normalised) == ("shop:1", f"{REPOSITORY}@{TESTED}")
