# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import SkipReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.skip_rules import is_excluded, why_too_young
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeClock, FakeEngine, fake_context, fake_lock

DAY = 24 * 3600
NOW = 1_790_000_000
TAG = "docker.io/library/shop:1"


@pytest.mark.parametrize("age", [-1, float("inf"), float("nan")])
def test_an_impossible_minimum_age_is_refused(age: float) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        RecreateRequest("web", min_image_age=age)


@pytest.mark.parametrize(("age", "young"), [(0, True), (DAY - 1, True), (DAY, False), (DAY + 1, False), (-1, False), (-3600, False)])
def test_an_image_below_the_minimum_age_is_too_young(age: int, young: bool) -> None:
    """An image from the future is not: its date and the time here come from different clocks."""
    assert bool(why_too_young("shop:1", NOW - age, NOW, DAY)) is young


def test_the_reason_names_both_ages() -> None:
    assert why_too_young("shop:1", NOW - 3 * 3600, NOW, 2 * DAY) == "shop:1 was built 3 hours ago, but min_image_age is 2 days"


@pytest.mark.parametrize("created", [None, 0, 1, 315532801, -62135596800])
def test_an_image_without_a_credible_build_date_is_not_too_young(created: int | None) -> None:
    assert why_too_young("shop:1", created, NOW, 52 * 7 * DAY) is None


@pytest.mark.parametrize(
    ("value", "excluded"), [("false", True), ("False", True), (" no", True), ("0", True), ("off", True), ("true", False), ("", False)]
)
def test_the_label_excludes_a_container_if_it_is_false(value: str, excluded: bool) -> None:
    assert is_excluded({"Config": {"Labels": {"evenkeel.enable": value}}}) is excluded


@pytest.mark.parametrize("labels", [None, {}, {"evenkeel.enabled": "false"}])
def test_a_container_without_the_label_is_not_excluded(labels: dict[str, str] | None) -> None:
    assert not is_excluded({"Config": {"Labels": labels}})


@pytest.fixture
def engine() -> FakeEngine:
    """A container web that runs image old. In the registry, its tag has moved to image new, which was built an hour ago."""
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    engine.add_container("web", "shop:1", "old", Labels={"evenkeel.enable": "false"})
    engine.registry[TAG] = "new"
    engine.images["new"] = {"Created": datetime.fromtimestamp(NOW - 3600, timezone.utc).isoformat()}
    return engine


def recreate(engine: FakeEngine, **request: object) -> CycleResult:
    recreate_request = RecreateRequest("web", **request)  # type: ignore[arg-type]
    return recreate_with_health(fake_context(engine), fake_lock(), recreate_request, HealthConfig(grace_period=1), Cleanup())


class TestTooYoung:
    def test_a_young_image_is_skipped_and_its_tag_is_pointed_back(self, engine: FakeEngine) -> None:
        result = recreate(engine, min_image_age=2 * 3600)
        assert result.outcome is Outcome.SKIPPED
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web", "surroundings", "tag:shop:1=old"]
        assert engine.local[TAG] == "old"
        report = cycle_report(result)
        assert (report["changed"], report["skip_reason"], report["rejected"]) == (False, "too_young", None)
        assert report["msg"].startswith("web was not updated: shop:1 was built 60 minutes ago, but min_image_age is 2 hours. ")

    def test_force_does_not_override_the_minimum_age(self, engine: FakeEngine) -> None:
        assert recreate(engine, min_image_age=2 * 3600, force=True).outcome is Outcome.SKIPPED

    @pytest.mark.parametrize("min_image_age", [0, 3600, 1800])
    def test_an_image_that_is_old_enough_is_used(self, engine: FakeEngine, min_image_age: float) -> None:
        assert recreate(engine, min_image_age=min_image_age).outcome is Outcome.RECREATED

    def test_the_minimum_age_does_not_apply_to_the_image_that_already_runs(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "old"
        engine.images["old"] = engine.images["new"]
        assert recreate(engine, min_image_age=DAY).outcome is Outcome.UNCHANGED
        assert recreate(engine, min_image_age=DAY, force=True).outcome is Outcome.RECREATED

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_without_pull_always_the_tag_stays_at_the_young_image(self, engine: FakeEngine, policy: PullPolicy) -> None:
        """If it was pointed back, nothing would move it again, and the container would keep its old image for ever."""
        engine.local[TAG] = "new"
        assert recreate(engine, min_image_age=DAY, pull=policy).outcome is Outcome.SKIPPED
        assert engine.local[TAG] == "new"
        engine.clock.now += DAY
        assert recreate(engine, min_image_age=DAY, pull=policy).outcome is Outcome.RECREATED

    def test_an_image_without_a_credible_build_date_is_used_with_a_warning(self, engine: FakeEngine) -> None:
        engine.images["new"] = {"Created": "1970-01-01T00:00:01Z"}
        result = recreate(engine, min_image_age=DAY)
        assert result.outcome is Outcome.RECREATED
        assert result.warnings == ("web: min_image_age is not applied, because shop:1 has no credible build date.",)

    @pytest.mark.behaviour("F-H8")
    def test_an_image_from_the_future_is_used(self, engine: FakeEngine) -> None:
        """With a warning if its age matters, and without a word if it does not."""
        engine.images["new"] = {"Created": datetime.fromtimestamp(NOW + 7200, timezone.utc).isoformat()}
        without = recreate(engine)
        assert (without.outcome, without.warnings) == (Outcome.RECREATED, ())

    @pytest.mark.behaviour("F-H8")
    def test_an_image_from_the_future_causes_a_warning_with_min_image_age(self, engine: FakeEngine) -> None:
        engine.images["new"] = {"Created": datetime.fromtimestamp(NOW + 7200, timezone.utc).isoformat()}
        result = recreate(engine, min_image_age=DAY)
        assert result.outcome is Outcome.RECREATED
        (warning,) = result.warnings
        assert warning.startswith("web: min_image_age is not applied, because the build date of shop:1 is 2 hours in the future, so one of")

    def test_a_tag_that_cannot_be_pointed_back_causes_a_warning(self, engine: FakeEngine) -> None:
        engine.add_container("other", "shop:1", "new")
        warning = "The tag shop:1 still points at the too young image on this host, because other runs that image under it."
        (given,) = recreate(engine, min_image_age=DAY).warnings
        assert given.startswith(warning)


class TestExclusionLabel:
    @pytest.mark.parametrize("force", [False, True])
    def test_an_excluded_container_is_skipped_without_a_pull(self, engine: FakeEngine, force: bool) -> None:
        result = recreate(engine, respect_labels=True, force=force)
        assert (result.outcome, engine.calls) == (Outcome.SKIPPED, ["inspect"])
        report = cycle_report(result)
        assert (report["changed"], report["skip_reason"]) == (False, SkipReason.EXCLUDED.value)
        assert report["msg"].startswith("web was not updated: its label evenkeel.enable excludes it from updates. ")

    def test_without_respect_labels_the_label_is_ignored(self, engine: FakeEngine) -> None:
        assert recreate(engine).outcome is Outcome.RECREATED

    def test_a_label_that_is_true_does_not_exclude_the_container(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Labels"] = {"evenkeel.enable": "true"}
        assert recreate(engine, respect_labels=True).outcome is Outcome.RECREATED
