# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import parse_age, unix_seconds_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import SkipReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.skip_rules import is_excluded, why_too_young
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeClock, FakeEngine, fake_context, fake_lock

DAY = 24 * 3600
NOW = 1_790_000_000
TAG = "docker.io/library/shop:1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, 0), ("0", 0), ("90", 90), ("1.5", 1.5), (" 30s ", 30), ("5m", 300), ("36h", 36 * 3600), ("7d", 7 * DAY), ("2 w", 14 * DAY)],
)
def test_ages(text: str | None, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1", "7 days", "1h30m", "1e3", "inf", "nan", "P7D", "53w", "99999999999"])
def test_no_ages(text: str) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        parse_age(text)


@pytest.mark.parametrize("age", [-1, float("inf"), float("nan")])
def test_a_request_with_no_age(age: float) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        RecreateRequest("web", min_image_age=age)


def test_moments_are_those_of_the_standard_library() -> None:
    chance = random.Random(4)  # noqa: S311
    for _round in range(300):
        zone = timezone(timedelta(minutes=chance.randint(-14 * 60, 14 * 60)))
        moment = datetime.fromtimestamp(chance.randint(-(10**9), 4 * 10**9), zone)
        assert unix_seconds_of(moment.isoformat()) == moment.timestamp()
        in_utc = moment.astimezone(timezone.utc).strftime(f"%Y-%m-%dT%H:%M:%S.{chance.randint(0, 10**9)}Z")
        assert unix_seconds_of(in_utc) == moment.timestamp()


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-22", "2026-11-22T10:00:00"])
def test_no_moments(text: str | None) -> None:
    assert unix_seconds_of(text) is None


@pytest.mark.parametrize(("age", "young"), [(0, True), (DAY - 1, True), (DAY, False), (DAY + 1, False), (-3600, True)])
def test_how_old_is_too_young(age: int, young: bool) -> None:
    """Also one from the future, where the clocks of two machines differ."""
    assert bool(why_too_young("shop:1", NOW - age, NOW, DAY)) is young


def test_why() -> None:
    assert why_too_young("shop:1", NOW - 3 * 3600, NOW, 2 * DAY) == "shop:1 was built 3 hours ago, and min_image_age asks for 2 days"


@pytest.mark.parametrize("made_at", [None, 0, 1, 315532801, unix_seconds_of("0001-01-01T00:00:00Z")])
def test_who_does_not_say_its_age_is_not_too_young(made_at: int | None) -> None:
    assert why_too_young("shop:1", made_at, NOW, 52 * 7 * DAY) is None


@pytest.mark.parametrize(
    ("value", "excluded"), [("false", True), ("False", True), (" no", True), ("0", True), ("off", True), ("true", False), ("", False)]
)
def test_the_label(value: str, excluded: bool) -> None:
    assert is_excluded({"Config": {"Labels": {"evenkeel.enable": value}}}) is excluded


@pytest.mark.parametrize("labels", [None, {}, {"evenkeel.enabled": "false"}])
def test_no_label(labels: dict[str, str] | None) -> None:
    assert not is_excluded({"Config": {"Labels": labels}})


@pytest.fixture
def engine() -> FakeEngine:
    """web, on image old; in the registry its tag has moved on to image new, which was built an hour ago."""
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    engine.add_container("web", "shop:1", "old", Labels={"evenkeel.enable": "false"})
    engine.registry[TAG] = "new"
    engine.images["new"] = {"Created": datetime.fromtimestamp(NOW - 3600, timezone.utc).isoformat()}
    return engine


def recreate(engine: FakeEngine, **request: object) -> CycleResult:
    wanted = RecreateRequest("web", **request)  # type: ignore[arg-type]
    return recreate_with_health(fake_context(engine), fake_lock(), wanted, HealthConfig(grace_period=1), Cleanup())


class TestTooYoung:
    def test_it_is_not_used_and_its_tag_pointed_back(self, engine: FakeEngine) -> None:
        result = recreate(engine, min_image_age=2 * 3600)
        assert result.outcome is Outcome.SKIPPED
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web", "surroundings", "tag:shop:1=old"]
        assert engine.local[TAG] == "old"
        report = cycle_report(result)
        assert (report["changed"], report["skip_reason"], report["rejected"]) == (False, "too_young", None)
        assert report["msg"] == "web was left as it is: shop:1 was built 60 minutes ago, and min_image_age asks for 2 hours."

    def test_force_does_not_override_it(self, engine: FakeEngine) -> None:
        assert recreate(engine, min_image_age=2 * 3600, force=True).outcome is Outcome.SKIPPED

    @pytest.mark.parametrize("min_image_age", [0, 3600, 1800])
    def test_one_that_is_old_enough_is_used(self, engine: FakeEngine, min_image_age: float) -> None:
        assert recreate(engine, min_image_age=min_image_age).outcome is Outcome.RECREATED

    def test_the_image_that_runs_already_has_no_age_to_wait_for(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "old"
        engine.images["old"] = engine.images["new"]
        assert recreate(engine, min_image_age=DAY).outcome is Outcome.UNCHANGED
        assert recreate(engine, min_image_age=DAY, force=True).outcome is Outcome.RECREATED

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_a_tag_that_no_pull_would_move_again_stays_moved(self, engine: FakeEngine, policy: PullPolicy) -> None:
        """Otherwise the container would keep its old image for ever."""
        engine.local[TAG] = "new"
        assert recreate(engine, min_image_age=DAY, pull=policy).outcome is Outcome.SKIPPED
        assert engine.local[TAG] == "new"
        engine.clock.now += DAY
        assert recreate(engine, min_image_age=DAY, pull=policy).outcome is Outcome.RECREATED

    def test_one_that_does_not_say_is_used_with_a_warning(self, engine: FakeEngine) -> None:
        engine.images["new"] = {"Created": "1970-01-01T00:00:01Z"}
        result = recreate(engine, min_image_age=DAY)
        assert result.outcome is Outcome.RECREATED
        assert result.warnings == ("shop:1 does not tell when it was built, so min_image_age did not hold it back.",)

    def test_a_tag_that_cannot_be_pointed_back_is_a_warning(self, engine: FakeEngine) -> None:
        engine.add_container("other", "shop:1", "new")
        warning = "The tag shop:1 goes on meaning the too young image on this host, since other runs that under it."
        (given,) = recreate(engine, min_image_age=DAY).warnings
        assert given.startswith(warning)


class TestExcluded:
    @pytest.mark.parametrize("force", [False, True])
    def test_nothing_is_pulled(self, engine: FakeEngine, force: bool) -> None:
        result = recreate(engine, respect_labels=True, force=force)
        assert (result.outcome, engine.calls) == (Outcome.SKIPPED, ["inspect"])
        report = cycle_report(result)
        assert (report["changed"], report["skip_reason"]) == (False, SkipReason.EXCLUDED.value)
        assert report["msg"] == "web was left as it is: its label evenkeel.enable excludes it from updates."

    def test_unless_it_is_asked_for_the_label_means_nothing(self, engine: FakeEngine) -> None:
        assert recreate(engine).outcome is Outcome.RECREATED

    def test_one_without_it_is_updated(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Labels"] = {"evenkeel.enable": "true"}
        assert recreate(engine, respect_labels=True).outcome is Outcome.RECREATED
