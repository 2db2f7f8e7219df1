# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the cycle, and what follows from each of its failures. Call lists are compared whole."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cleanup import Cleanup
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.errors import (
    Conflict,
    CreateIncomplete,
    EngineError,
    InspectFailed,
    InvalidImageReference,
    JournalFailed,
    NoAnswer,
    NotFound,
    PullFailed,
    Refused,
    RenameFailed,
    StopFailed,
    UpdateFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.guard import Guard
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.ports import Document, Failure, PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.recreate import (
    CycleResult,
    Outcome,
    Replaced,
    recreate_one,
    recreate_with_health,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.rollback import RollbackEvent, RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.stopwatch import Stopwatch
from support.fake_engine import (
    HEALTHY,
    STARTING,
    UNHEALTHY,
    FakeClock,
    FakeEngine,
    FakeJournal,
    exited,
    fake_guard,
    fake_ports,
)

TO_THE_START = ["inspect", "pull", "inspect", "stop:web", "rename:web->web-old-1000", "create:web", "start:NEW"]
BACK_AGAIN = ["probe:web-old-1000", "stop:NEW", "remove:NEW with force", "rename:web-old-1000->web", "start:web", "probe:web"]
REFUSAL = EngineError("the engine says no")


@pytest.fixture
def engine() -> FakeEngine:
    """One container, web, on image old; in the registry its tag has moved on to image new."""
    engine = FakeEngine()
    engine.has_container("web", "shop:1", "old")
    engine.registry["docker.io/library/shop:1"] = "new"
    return engine


def recreate(
    engine: FakeEngine, cleanup: Cleanup = Cleanup(), keep_archive: bool = False, guard: Guard | None = None, **request: object
) -> CycleResult:
    wanted = dataclasses.replace(RecreateRequest("web"), **request)
    guard = guard or fake_guard()
    return recreate_with_health(fake_ports(engine), guard, wanted, HealthConfig(health_timeout=1), cleanup, keep_archive=keep_archive)


class TestTheCycle:
    def test_order(self, engine: FakeEngine) -> None:
        clock = FakeClock()
        ports = fake_ports(engine)._replace(clock=clock)
        ending = recreate_one(ports, fake_guard(), Stopwatch(clock), RecreateRequest("web"), HealthConfig())
        assert isinstance(ending, Replaced)
        assert engine.calls == TO_THE_START

    def test_creates_from_the_reference_as_written(self, engine: FakeEngine) -> None:
        recreate(engine)
        assert engine.created[0]["Image"] == "shop:1"

    def test_moves_to_another_reference(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "newer"
        result = recreate(engine, image="shop:2")
        assert engine.created[0]["Image"] == "shop:2"
        assert (result.new_image.reference, result.new_image.id) == ("shop:2", "newer")

    def test_same_image_is_left_alone(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        result = recreate(engine)
        assert result.outcome is Outcome.UNCHANGED
        assert engine.calls == ["inspect", "pull"]
        assert (result.container_id, result.downtime) == (engine.container("web")["Id"], None)

    def test_force_recreates_the_same_image(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        assert recreate(engine, force=True).outcome is Outcome.RECREATED

    def test_a_taken_archive_name_is_avoided(self, engine: FakeEngine) -> None:
        engine.has_container("web-old-1000", "other:1", "other")
        recreate(engine)
        assert "rename:web->web-old-1001" in engine.calls
        assert "web-old-1000" in engine.names


class TestHealthy:
    def test_the_archive_goes_without_force_and_no_image_is_touched(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "remove:web-old-1000"]
        assert result.outcome is Outcome.RECREATED
        assert result.archive is None
        assert result.container_id == engine.container("web")["Id"]
        assert not result.warnings

    def test_an_archive_that_stays_is_a_warning(self, engine: FakeEngine) -> None:
        engine.errors["remove:web-old-1000"] = REFUSAL
        result = recreate(engine, Cleanup(remove_replaced=True))
        assert result.outcome is Outcome.RECREATED
        assert result.archive == "web-old-1000"
        assert "web-old-1000" in result.warnings[0]
        assert not [call for call in engine.calls if call.startswith("remove_image")], "the archive needs its image"

    def test_a_kept_archive_keeps_its_image(self, engine: FakeEngine) -> None:
        result = recreate(engine, Cleanup(remove_replaced=True, prune_dangling=True), keep_archive=True)
        assert engine.calls == [*TO_THE_START, "probe:NEW"]
        assert result.archive == "web-old-1000"

    @pytest.mark.parametrize("how", ["somebody was faster", "the answer was lost"])
    def test_an_archive_that_is_gone_is_none(self, engine: FakeEngine, how: str) -> None:
        if how == "somebody was faster":
            engine.errors["remove:web-old-1000"] = NotFound("no such container")
        else:
            engine.lost_answers.add("remove:web-old-1000")
        result = recreate(engine)
        assert (result.archive, result.warnings) == (None, ())

    def test_what_it_really_runs_is_told(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody moved the tag between the pull and the creation."""
        stop = engine.stop
        moved = {"docker.io/library/shop:1": "newest"}
        monkeypatch.setattr(engine, "stop", lambda *arguments: (engine.local.update(moved), stop(*arguments))[1])
        result = recreate(engine)
        assert result.new_image.id == "newest"
        assert "the container runs newest, not new as it was pulled" in result.warnings[0]


class TestCleanup:
    EVERYTHING = Cleanup(remove_replaced=True, prune_dangling=True)
    ORDER = (*TO_THE_START, "probe:NEW", "remove:web-old-1000", "remove_image:old", "prune")

    def test_order(self, engine: FakeEngine) -> None:
        recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)

    def test_an_image_in_use_is_kept_without_a_word(self, engine: FakeEngine) -> None:
        engine.images_in_use.add("old")
        result = recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    @pytest.mark.parametrize("call", ["remove_image:old", "prune"])
    def test_any_other_error_is_a_warning(self, engine: FakeEngine, call: str) -> None:
        engine.errors[call] = REFUSAL
        result = recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)
        assert result.outcome is Outcome.RECREATED
        assert "the engine says no" in result.warnings[0]

    def test_an_unknown_image_is_not_removed(self, engine: FakeEngine) -> None:
        engine = FakeEngine()
        engine.has_container("web", "shop:1", "")
        engine.registry["docker.io/library/shop:1"] = "new"
        assert recreate(engine, Cleanup(remove_replaced=True)).outcome is Outcome.RECREATED
        assert engine.calls == [*TO_THE_START, "probe:NEW", "remove:web-old-1000"]

    def test_the_image_of_a_forced_recreation_is_not_removed(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        recreate(engine, Cleanup(remove_replaced=True), force=True)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "remove:web-old-1000"]


class TestRollback:
    def test_crashed(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.looks["NEW"] = [exited(3)]
        engine.failures["NEW"] = Failure(exit_code=3, logs=("boom",))
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "failure:NEW", *BACK_AGAIN]
        assert result.outcome is Outcome.ROLLED_BACK
        assert result.rollback == RollbackEvent(
            container="web",
            reason=RollbackReason.CRASHED,
            old_image_ref="shop:1",
            new_image_ref="shop:1",
            restored_from="web-old-1000",
            failure=Failure(error="web exited with code 3", exit_code=3, logs=("boom",)),
        )
        assert (result.container_id, result.archive) == (old_id, None)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_timeout(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [STARTING, UNHEALTHY]
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "probe:NEW", "failure:NEW", *BACK_AGAIN]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.HEALTH_TIMEOUT
        assert not [call for call in engine.calls if call.startswith("remove:web-old")], "the archive is the way back"

    def test_a_new_container_that_cannot_be_stopped_is_removed_all_the_same(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.errors["stop:NEW"] = REFUSAL
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "failure:NEW", *BACK_AGAIN]
        assert engine.names == {"web"}
        assert result.outcome is Outcome.ROLLED_BACK

    def test_create_failed(self, engine: FakeEngine) -> None:
        engine.errors["create:web"] = REFUSAL
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START[:-1], "probe:web-old-1000", "rename:web-old-1000->web", "start:web", "probe:web"]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED
        assert result.rollback.failure.error == "the engine says no"

    def test_create_whose_answer_was_lost_leaves_nothing_behind(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.lost_answers.add("create:web")
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START[:-1], BACK_AGAIN[0], "inspect", *BACK_AGAIN[1:]]
        assert engine.names == {"web"}
        assert engine.container("web")["Id"] == old_id
        assert result.restored is not None
        assert result.restored.problem is None

    def test_create_that_ends_half_way(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def incomplete(name: str, body: Document) -> str:
            raise CreateIncomplete("no such network", create(name, body))

        monkeypatch.setattr(engine, "create", incomplete)
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START[:-1], "failure:NEW", *BACK_AGAIN]
        assert engine.names == {"web"}
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED

    def test_a_stranger_who_took_the_name_of_a_lost_create_is_not_removed(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(name: str, _body: Document) -> str:
            engine.has_container(name, "shop:1", "new")
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        result = recreate(engine)
        assert engine.names == {"web", "web-old-1000"}
        assert not [call for call in engine.calls if call.startswith("remove")]
        assert result.archive == "web-old-1000"
        assert result.restored is not None
        assert not [command for command in result.restored.commands if "rm" in command]

    def test_a_stranger_who_took_the_name_is_not_removed(self, engine: FakeEngine) -> None:
        engine.errors["create:web"] = Conflict("the name web is taken")
        engine.errors["rename:web-old-1000->web"] = Conflict("the name web is taken")
        result = recreate(engine)
        assert not [call for call in engine.calls if call.startswith("remove")]
        assert result.restored is not None
        assert result.restored.archive == result.archive == "web-old-1000"

    @pytest.mark.parametrize("error", [REFUSAL, NoAnswer("the connection broke")])
    def test_start_failed(self, engine: FakeEngine, error: EngineError) -> None:
        engine.errors["start:NEW"] = error
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "failure:NEW", *BACK_AGAIN]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.START_FAILED

    @pytest.mark.parametrize("call", ["rename:web-old-1000->web", "start:web", "remove:NEW with force", "stop:NEW"])
    def test_a_lost_answer_on_the_way_back_is_no_failure(self, engine: FakeEngine, call: str) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.lost_answers.add(call)
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None
        assert engine.names == {"web"}
        assert engine.container("web")["State"]["Status"] == "running"

    def test_evidence_that_cannot_be_had_does_not_stop_the_way_back(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.errors["failure:NEW"] = REFUSAL
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure == Failure(error="web exited with code 1")


class TestRollbackThatFails:
    def test_the_old_one_does_not_start(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [exited(128)]
        engine.errors["start:web"] = EngineError("port is already allocated")
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web could not be started (port is already allocated)"
        assert result.restored.commands == ("docker start web",)
        assert (result.archive, result.downtime) == (None, None)

    def test_the_old_one_starts_and_does_not_stay(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [exited(2)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 2"

    def test_the_new_one_cannot_be_removed_and_is_in_the_way(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.errors["remove:NEW with force"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.commands == ("docker rename web-old-1000 web",)
        assert result.archive == result.container_name == "web-old-1000"
        assert "start:web-old-1000" in engine.calls, "a service under the wrong name beats none"

    def test_the_new_one_goes_on_running(self, engine: FakeEngine) -> None:
        """Two that share their data must not run at once."""
        engine.looks["NEW"] = [UNHEALTHY]
        engine.errors["stop:NEW"] = engine.errors["remove:NEW with force"] = REFUSAL
        result = recreate(engine)
        new_id = engine.container("web")["Id"]
        assert "start:web-old-1000" not in engine.calls
        assert result.restored is not None
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web", "docker start web")
        assert (result.container_id, result.container_name, result.archive) == (new_id, "web", "web-old-1000")

    def test_somebody_removed_the_archive(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failed container is better than none."""
        engine.looks["NEW"] = [UNHEALTHY]
        failure = engine.failure
        monkeypatch.setattr(engine, "failure", lambda container: (engine.vanish("web-old-1000"), failure(container))[1])
        result = recreate(engine)
        new_id = engine.container("web")["Id"]
        assert engine.container("web")["State"]["Status"] == "running"
        assert result.restored is not None
        assert (result.restored.commands, result.restored.kept, result.archive, result.container_id) == ((), new_id, None, new_id)

    def test_one_that_was_unwell_before_need_not_be_well_after(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "unhealthy"
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [UNHEALTHY]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_but_it_has_to_stay_up(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "starting"
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [STARTING, exited(3)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 3"

    def test_one_that_was_in_a_crash_loop_need_not_even_do_that(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "restarting"
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [exited(3)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_it_gets_the_time_that_its_own_health_check_needs(self, engine: FakeEngine) -> None:
        second = 1_000_000_000
        engine._find("web")["Config"]["Healthcheck"] = {"StartPeriod": 20 * second, "Interval": 8 * second, "Timeout": 2 * second}
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [STARTING] * 40 + [HEALTHY]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_one_that_runs_is_not_told_to_be_started(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [STARTING]
        result = recreate(engine)
        assert result.restored is not None
        assert "web was still starting" in (result.restored.problem or "")
        assert result.restored.commands == ()


class TestAnEngineThatGoesAwayForAMoment:
    @pytest.mark.parametrize("call", ["remove:NEW with force", "rename:web-old-1000->web", "start:web"])
    def test_the_way_back_waits_for_it(self, engine: FakeEngine, call: str) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.away[call] = 5
        result = recreate(engine)
        assert engine.calls.count(call) == 6
        assert result.restored is not None
        assert result.restored.problem is None
        assert engine.container("web")["State"]["Status"] == "running"

    def test_but_not_for_ever(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.away["start:web"] = 1000
        result = recreate(engine)
        assert result.restored is not None
        assert "could not be started" in (result.restored.problem or "")

    def test_a_removal_in_progress_is_waited_for(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.away["remove:NEW with force"] = 3
        engine.away_error = Conflict("removal of the container is already in progress")
        assert recreate(engine).container_name == "web"
        assert engine.names == {"web"}


class TestStopTimeout:
    @pytest.mark.parametrize(
        ("own", "wanted", "old", "new"),
        [(None, None, 10, 10), (33, None, 33, 10), (3, None, 3, 3), (33, 2, 2, 2), (33, 0, 0, 0), (-1, None, -1, 10)],
    )
    def test_the_old_one_gets_its_own_and_a_failed_one_not_more_than_ten(
        self, engine: FakeEngine, own: int | None, wanted: int | None, old: int, new: int
    ) -> None:
        engine._find("web")["Config"]["StopTimeout"] = own
        engine.looks["NEW"] = [exited(1)]
        recreate(engine, stop_timeout=wanted)
        assert engine.stop_timeouts == [old, new]


class TestBeforeThereIsAnArchive:
    def test_no_such_container(self, engine: FakeEngine) -> None:
        with pytest.raises(InspectFailed, match="no container .* shop "):
            recreate(engine, container="shop")

    def test_the_first_digits_of_an_id_are_not_a_name(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        find = engine._find
        monkeypatch.setattr(engine, "_find", lambda name: find("web" if name == "0000" else name))
        with pytest.raises(InspectFailed, match="no container .* 0000 "):
            recreate(engine, container="0000")

    @pytest.mark.parametrize("short_id", ["854aadc109de", "sha256:854aadc1"])
    def test_nor_are_those_of_an_image_a_reference(self, engine: FakeEngine, short_id: str) -> None:
        engine._find("web")["Config"]["Image"] = short_id
        engine._find("web")["Image"] = "sha256:854aadc109de" + "0" * 52
        with pytest.raises(InvalidImageReference, match="created from an image ID"):
            recreate(engine)

    def test_one_that_vanishes_during_the_pull(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull = engine.pull
        monkeypatch.setattr(engine, "pull", lambda *arguments: (engine.vanish("web"), pull(*arguments))[1])
        with pytest.raises(InspectFailed, match="no container"):
            recreate(engine)

    def test_one_that_vanishes_at_the_last_moment(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        journal = FakeJournal()
        with pytest.raises(StopFailed, match="removed by somebody while the image was pulled") as caught:
            recreate(engine, guard=fake_guard(journal))
        assert (caught.value.touched, journal.notes) == (False, {})

    def test_a_full_id_is_one(self, engine: FakeEngine) -> None:
        assert recreate(engine, container=engine.container("web")["Id"]).container_name == "web"

    def test_an_engine_that_cannot_look(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = REFUSAL
        with pytest.raises(InspectFailed, match="was not touched: the engine says no"):
            recreate(engine)

    def test_pull_fails(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="shop:2 could not be had, and container web was not touched"):
            recreate(engine, image="shop:2")
        assert engine.calls == ["inspect", "pull"]

    def test_pull_never(self, engine: FakeEngine) -> None:
        assert recreate(engine, pull=PullPolicy.NEVER).outcome is Outcome.UNCHANGED

    def test_a_container_that_was_made_from_an_image_id_needs_to_be_told(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference, match="web was not touched: it was created from an image ID"):
            recreate(engine)

    def test_refused(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            recreate(engine)
        assert engine.calls == ["inspect", "pull"]

    @pytest.mark.parametrize("lost", [True, False])
    def test_stop_fails(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("stop:web")
        else:
            engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed, match=r"could not be stopped: .*\. It .*runs as before\.") as caught:
            recreate(engine)
        assert engine.calls == ["inspect", "pull", "inspect", "stop:web", "start:web", "probe:web", "probe:web"]
        assert caught.value.touched is lost
        assert ("It was started again" in str(caught.value)) is lost
        assert engine.container("web")["State"]["Status"] == "running"

    @pytest.mark.parametrize("lost", [True, False])
    def test_rename_fails(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("rename:web->web-old-1000")
        else:
            engine.errors["rename:web->web-old-1000"] = REFUSAL
        with pytest.raises(RenameFailed, match=r"could not be renamed to web-old-1000: .*\. It was started again and runs as before\."):
            recreate(engine)
        assert engine.names == {"web"}
        assert engine.container("web")["State"]["Status"] == "running"

    def test_what_cannot_be_put_right_is_said_with_the_commands(self, engine: FakeEngine) -> None:
        engine.errors.update({"stop:web": REFUSAL, "start:web": EngineError("port is already allocated")})
        engine.looks["web"] = [exited(0)]
        with pytest.raises(StopFailed, match=r"does not run as before: .*port is already allocated.*docker start web") as caught:
            recreate(engine)
        assert caught.value.touched


def test_steps_and_downtime(engine: FakeEngine) -> None:
    engine.looks["NEW"] = [STARTING, HEALTHY]
    result = recreate(engine)
    names = [step.name for step in result.steps]
    assert names == ["lock", "inspect", "pull", "stop", "rename", "create", "start", "health_gate", "cleanup"]
    assert {step.name: step.seconds for step in result.steps}["health_gate"] == 1.0
    assert result.downtime == 0.0


class TestRestartPolicy:
    """An archive must not be started by the engine, beside the new container."""

    @pytest.fixture(autouse=True)
    def _always(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}

    def test_the_archive_sleeps_and_the_new_one_has_the_policy(self, engine: FakeEngine) -> None:
        recreate(engine, keep_archive=True)
        assert engine.calls == [*TO_THE_START[:3], "restart=no:web", *TO_THE_START[3:], "probe:NEW"]
        assert engine.container("web-old-1000")["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert engine.created[0]["HostConfig"]["RestartPolicy"]["Name"] == "always"

    def test_a_rollback_gives_it_back(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert engine.calls[-3:] == ["start:web", "restart=always:web", "probe:web"]
        assert engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always", "MaximumRetryCount": 0}

    def test_one_that_cannot_be_given_back_is_told_with_the_command(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "on-failure", "MaximumRetryCount": 3}
        engine.looks["NEW"] = [exited(1)]
        engine.errors["restart=on-failure:web"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.commands == ("docker update --restart=on-failure:3 web",)

    @pytest.mark.parametrize("lost", [True, False])
    def test_a_policy_that_cannot_be_taken_stops_before_the_stop(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("restart=no:web")
        else:
            engine.errors["restart=no:web"] = REFUSAL
        with pytest.raises(UpdateFailed, match="restart policy of web could not be changed") as caught:
            recreate(engine)
        assert caught.value.touched is False
        assert "stop:web" not in engine.calls
        assert engine.container("web")["HostConfig"]["RestartPolicy"]["Name"] == "always"


class TestJournal:
    LOCK, NEW = "evenkeel-lock.web", "evenkeel-new.me.web"

    def test_it_is_written_before_the_first_touch_and_erased_last(self, engine: FakeEngine) -> None:
        recreate(engine, guard=fake_guard(FakeJournal(engine.calls)))
        assert engine.calls == [
            f"read:{self.LOCK}",
            *TO_THE_START[:2],
            f"write:{self.LOCK}",
            *TO_THE_START[2:6],
            f"write:{self.NEW}",
            TO_THE_START[6],
            "probe:NEW",
            "remove:web-old-1000",
            f"erase:{self.NEW}",
            f"erase:{self.LOCK}",
        ]

    def test_who_has_nothing_to_do_writes_nothing(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        recreate(engine, guard=fake_guard(FakeJournal(engine.calls)))
        assert engine.calls == [f"read:{self.LOCK}", "inspect", "pull"]

    def test_nothing_is_left_of_it_after_a_rollback(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        engine.looks["NEW"] = [exited(1)]
        recreate(engine, guard=fake_guard(journal))
        assert journal.notes == {}

    def test_it_stays_when_the_old_container_could_not_be_brought_back(self, engine: FakeEngine) -> None:
        """So that the next run tries again."""
        journal = FakeJournal()
        engine.looks["NEW"] = engine.looks["web"] = [exited(1)]
        engine.errors["start:web"] = REFUSAL
        recreate(engine, guard=fake_guard(journal))
        assert self.LOCK in journal.notes

    def test_a_journal_that_cannot_be_written_stops_before_the_stop(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors = [REFUSAL]
        with pytest.raises(JournalFailed, match="the engine says no"):
            recreate(engine, guard=fake_guard(journal))
        assert engine.calls == []

    def test_a_new_container_that_cannot_be_written_down_is_not_started(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = FakeJournal()
        write = journal.write

        def full(place: str, text: str) -> str:
            if place == self.NEW:
                raise REFUSAL
            return write(place, text)

        monkeypatch.setattr(journal, "write", full)
        result = recreate(engine, guard=fake_guard(journal))
        assert "start:NEW" not in engine.calls
        assert result.outcome is Outcome.ROLLED_BACK

    def test_somebody_who_replaced_it_in_the_meantime_is_noticed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The plan is made anew for the container that has the name now."""
        journal = FakeJournal()
        write = journal.write

        def replaced(place: str, text: str) -> str:
            monkeypatch.setattr(journal, "write", write)
            engine.vanish("web")
            engine.has_container("web", "shop:1", "new")
            return write(place, text)

        monkeypatch.setattr(journal, "write", replaced)
        result = recreate(engine, guard=fake_guard(journal))
        assert result.outcome is Outcome.UNCHANGED
        assert not [call for call in engine.calls if call.startswith("stop")]
        assert journal.notes == {}
