# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the cycle, and what follows from each of its failures. Call lists are compared whole."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import NO_HOOKS, HookRunner
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.intent import journal_entry_for
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackEvent, RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Job, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.run import recreate_one
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.swap import Replaced
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    Conflict,
    CreateIncomplete,
    EngineError,
    InspectFailed,
    InvalidImageReference,
    InvalidInput,
    JournalFailed,
    NoAnswer,
    NotFound,
    PullFailed,
    RecoveryFailed,
    Refused,
    RenameFailed,
    StopFailed,
    Unfit,
    UpdateFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Document,
    Failure,
    ImageIdentity,
    Inspected,
    PullPolicy,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import LONGEST, Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Decision, Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_recreation, plan_replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, LostFiles, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import JournalEntry, lock_key
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import (
    HEALTHY,
    STARTING,
    UNHEALTHY,
    FakeClock,
    FakeEngine,
    FakeJournal,
    FakeProcesses,
    exited,
    fake_context,
    fake_lock,
)

TO_THE_START = [
    "inspect",
    "pull",
    "surroundings",
    "changes:web",
    "inspect",
    "stop:web",
    "rename:web->web-old-1000",
    "create:web",
    "start:NEW",
]
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
REFUSAL = EngineError("the engine says no")


@pytest.fixture
def engine() -> FakeEngine:
    """One container, web, on image old; in the registry its tag has moved on to image new."""
    engine = FakeEngine()
    engine.has_container("web", "shop:1", "old")
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


class TestTheCycle:
    def test_order(self, engine: FakeEngine) -> None:
        clock = FakeClock()
        context = fake_context(engine)._replace(clock=clock)
        request = RecreateRequest("web")
        watch = Stopwatch(clock)

        def plan(watch: Stopwatch) -> Decision:
            return plan_recreation(context, watch, request)

        ending = recreate_one(context, fake_lock(), watch, Job(request, plan, HealthConfig()), HookRunner(context, watch, NO_HOOKS))
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
        assert engine.calls == [
            *TO_THE_START[:-1],
            "probe:web-old-1000",
            "rename:web-old-1000->web",
            "start:web",
            "probe:web",
            *BACK_AGAIN[-2:],
        ]
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
        new_id = engine.container("web")["Id"]
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web")
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

    @pytest.mark.parametrize("sampled", ["between two starts", "just started"])
    def test_one_that_was_in_a_crash_loop_need_not_even_do_that(self, engine: FakeEngine, sampled: str) -> None:
        if sampled == "between two starts":
            engine._find("web")["State"]["Status"] = "restarting"
        else:
            engine._find("web")["RestartCount"] = 3
            engine._find("web")["State"]["StartedAt"] = "1970-01-01T00:16:31Z"  # It is 1000 s after 1970.
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [exited(3)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    @pytest.mark.parametrize(("restarts", "started_at"), [(3, "1970-01-01T00:16:30Z"), (0, "1970-01-01T00:16:39Z"), (3, "")])
    def test_one_that_was_up_for_a_while_has_to(self, engine: FakeEngine, restarts: int, started_at: str) -> None:
        engine._find("web")["RestartCount"] = restarts
        engine._find("web")["State"]["StartedAt"] = started_at
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [exited(3)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 3"

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

    @pytest.mark.parametrize("short_id", ["854aadc109de", "sha256:854aadc1"])
    def test_the_first_digits_of_an_image_id_are_no_reference(self, engine: FakeEngine, short_id: str) -> None:
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
            recreate(engine, lock=fake_lock(journal))
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
        assert engine.calls == ["inspect", "pull", "local_image"]

    def test_pull_fails_and_another_policy_would_help(self, engine: FakeEngine) -> None:
        engine.errors["pull"] = REFUSAL
        with pytest.raises(PullFailed, match=r"\. It is on this host already: pull=missing or pull=never would take that one\.$"):
            recreate(engine)
        engine.local.clear()
        for policy in (PullPolicy.ALWAYS, PullPolicy.MISSING):
            with pytest.raises(PullFailed) as raised:
                recreate(engine, pull=policy)
            assert "on this host already" not in str(raised.value)

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
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web"]

    @pytest.mark.parametrize("lost", [True, False])
    def test_stop_fails(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("stop:web")
        else:
            engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed, match=r"could not be stopped: .*\. It .*runs as before\.") as caught:
            recreate(engine)
        assert engine.calls == [
            "inspect",
            "pull",
            "surroundings",
            "changes:web",
            "inspect",
            "stop:web",
            *(["probe:web"] if lost else []),
            "start:web",
            "probe:web",
            "probe:web",
        ]
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
    assert names == [
        "lock",
        "inspect",
        "pull",
        "preflight",
        "stop",
        "rename",
        "create",
        "start",
        "health_gate",
        "complete",
        "cleanup",
    ]
    assert {step.name: step.seconds for step in result.steps}["health_gate"] == 1.0
    assert result.downtime == 0.0


DIGEST = "sha256:" + "d" * 64


class TestWhatIsAskedFor:
    def test_defaults(self) -> None:
        assert RecreateRequest("web") == RecreateRequest("web", image=None, pull=PullPolicy("always"), force=False, stop_timeout=None)
        assert [policy.value for policy in PullPolicy] == ["always", "missing", "never"]

    @pytest.mark.parametrize("name", ["", "-web", "web app", "web/1"])
    def test_what_is_no_name_of_a_container(self, name: str) -> None:
        with pytest.raises(InvalidInput, match="not the name of a container"):
            RecreateRequest(name)

    @pytest.mark.parametrize("name", ["w", "Web_1.2-3"])
    def test_what_is_one(self, name: str) -> None:
        assert RecreateRequest(name).container == name

    @pytest.mark.parametrize("seconds", [-1, LONGEST + 1])
    def test_what_is_no_stop_timeout(self, seconds: int) -> None:
        with pytest.raises(InvalidInput, match="stop_timeout"):
            RecreateRequest("web", stop_timeout=seconds)

    @pytest.mark.parametrize("seconds", [0, LONGEST])
    def test_what_is_a_stop_timeout(self, seconds: int) -> None:
        assert RecreateRequest("web", stop_timeout=seconds).stop_timeout == seconds

    def test_a_stop_timeout_of_its_own_may_be_0(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["StopTimeout"] = 0
        recreate(engine)
        assert engine.stop_timeouts == [0]

    def test_an_image_that_is_none_is_told_before_the_engine_is_asked(self) -> None:
        with pytest.raises(InvalidInput, match="lower case"):
            RecreateRequest("web", image="Shop")

    def test_the_archive_is_named_for_the_container_and_not_for_how_it_was_asked_for(self, engine: FakeEngine) -> None:
        recreate(engine, container=engine.container("web")["Id"])
        assert "rename:web->web-old-1000" in engine.calls

    def test_the_archive_goes_unless_it_is_to_be_kept(self, engine: FakeEngine) -> None:
        assert recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("web"), HealthConfig(), Cleanup()).archive is None


class TestPlan:
    def plan(self, engine: FakeEngine) -> Replacement:
        plan = plan_replacement(fake_context(engine), Stopwatch(engine.clock), RecreateRequest("web"))
        assert isinstance(plan, Replacement)
        return plan

    def inspected(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **around: object) -> None:
        inspect = engine.inspect

        def changed(container: str) -> Inspected:
            found = inspect(container)
            return found._replace(**{key: value(found) if callable(value) else value for key, value in around.items()})

        monkeypatch.setattr(engine, "inspect", changed)

    @pytest.mark.parametrize(
        ("check", "seconds"),
        [
            (None, 120),
            ({"StartPeriod": 5_000_000_000}, 125),
            ({"Interval": 0, "Timeout": 0}, 120),
            ({"Interval": 3_000_000_000, "Timeout": 1_000_000_000}, 8),
        ],
    )
    def test_time_to_health(self, engine: FakeEngine, check: dict[str, int] | None, seconds: float) -> None:
        engine._find("web")["Config"]["Healthcheck"] = check
        assert self.plan(engine).old.time_to_health == seconds

    def test_defaults_of_the_old_image_are_no_wishes(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Env"] = ["A=1", "B=2"]
        engine.images["old"] = {"Config": {"Env": ["A=1"]}}
        assert self.plan(engine).body["Env"] == ["B=2"]

    def test_borrowed_volumes_are_not_adopted(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        engine._find("web")["Mounts"] = [{"Type": "volume", "Name": "theirs", "Destination": "/theirs"}]
        self.inspected(engine, monkeypatch, borrowed_mounts=frozenset({"/theirs"}))
        assert "Binds" not in self.plan(engine).body["HostConfig"]

    def test_a_known_digest_is_not_pinned(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull = engine.pull
        monkeypatch.setattr(engine, "pull", lambda *arguments: pull(*arguments)._replace(digest=DIGEST))
        assert self.plan(engine).body["Image"] == "shop:1"

    def test_a_name_without_a_slash(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, container=lambda found: {**found.container, "Name": "web"})
        assert self.plan(engine).old.name == "web"

    def test_an_image_that_is_gone_is_refused(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, image=None)
        with pytest.raises(Refused, match="Container web was not touched: the image that it runs"):
            recreate(engine)

    def test_what_is_up_to_date_is_not_refused(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        engine.registry["docker.io/library/shop:1"] = "old"
        assert recreate(engine).outcome is Outcome.UNCHANGED


class TestImages:
    def test_old_and_new(self, engine: FakeEngine) -> None:
        engine.images["old"] = {"RepoDigests": [f"shop@{DIGEST}"]}
        engine.registry["docker.io/library/shop:2"] = "newer"
        result = recreate(engine, image="shop:2")
        assert result.old_image == ImageIdentity("shop:1", "old", DIGEST)
        assert result.new_image == ImageIdentity("shop:2", "newer")
        assert result.container_name == "web"

    def test_the_same_image_under_another_reference_is_unchanged(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "old"
        result = recreate(engine, Cleanup(remove_replaced=True, prune_dangling=True), image="shop:2")
        assert engine.calls == ["inspect", "pull"], "there is nothing to clean up"
        assert (result.outcome, result.container_name) == (Outcome.UNCHANGED, "web")
        assert (result.old_image.reference, result.new_image.reference) == ("shop:1", "shop:2")
        assert [step.name for step in result.steps] == ["lock", "inspect", "pull"]

    def test_a_digest_is_not_claimed_for_what_was_not_pulled(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull, stop = engine.pull, engine.stop
        moved = {"docker.io/library/shop:1": "newest"}
        monkeypatch.setattr(engine, "pull", lambda *arguments: pull(*arguments)._replace(digest=DIGEST))
        monkeypatch.setattr(engine, "stop", lambda *arguments: (engine.local.update(moved), stop(*arguments))[1])
        assert recreate(engine).new_image == ImageIdentity("shop:1", "newest", None)

    def test_a_container_that_was_made_from_an_image_id_moves_where_it_is_told(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        engine.images["old"] = {"RepoTags": ["shop:1"]}
        result = recreate(engine, Cleanup(remove_replaced=True), image="shop:1")
        assert (result.outcome, result.old_image.digest) == (Outcome.RECREATED, None)
        assert "remove_image:old" not in engine.calls, "somebody calls it shop:1"

    @pytest.mark.parametrize(
        ("tags", "removed"),
        [
            (None, True),
            (["<none>:<none>"], True),
            (["shop:1"], True),
            (["docker.io/library/shop:1"], True),
            (["shop:stable"], False),
            (["shop:1", "shop:stable"], False),
        ],
    )
    def test_a_replaced_image_with_another_tag_is_kept(self, engine: FakeEngine, tags: list[str] | None, removed: bool) -> None:
        engine.images["old"] = {"RepoTags": tags}
        recreate(engine, Cleanup(remove_replaced=True))
        assert ("remove_image:old" in engine.calls) is removed


class TestWhoIsMeant:
    """IDs, not names: somebody else may rename and replace while we wait."""

    @pytest.fixture
    def asked(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> set[str]:
        """How the containers were named in calls that look at one or change one."""
        asked: set[str] = set()
        for name in ("stop", "rename", "start", "probe", "failure", "set_restart_policy"):
            call = getattr(engine, name)
            monkeypatch.setattr(engine, name, lambda container, *rest, call=call: (asked.add(container), call(container, *rest))[1])
        return asked

    def test_both_are_called_by_their_ids(self, engine: FakeEngine, asked: set[str]) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always"}
        old_id = engine.container("web")["Id"]
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert len(asked) == 2
        assert old_id in asked
        assert all(len(container) == 64 for container in asked)

    @pytest.mark.parametrize("call", ["stop:web", "rename:web->web-old-1000"])
    def test_so_is_one_that_never_became_an_archive(self, engine: FakeEngine, asked: set[str], call: str) -> None:
        old_id = engine.container("web")["Id"]
        engine.errors[call] = REFUSAL
        with pytest.raises((StopFailed, RenameFailed)):
            recreate(engine)
        assert asked == {old_id}

    @pytest.mark.parametrize(("look", "names"), [(HEALTHY, {"web-2"}), (exited(1), {"web"})])
    def test_a_new_one_that_is_renamed_stays_the_new_one(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, look: object, names: set[str]
    ) -> None:
        create = engine.create

        def somebody_renames_it(*arguments: object) -> str:
            new_id = create(*arguments)
            engine._find(new_id)["Name"] = "/web-2"
            return new_id

        monkeypatch.setattr(engine, "create", somebody_renames_it)
        engine.looks["NEW"] = [look]
        recreate(engine)
        assert "start:NEW" in engine.calls
        assert engine.names == names

    def test_an_archive_that_is_renamed_stays_the_way_back(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        def somebody_renames_it(_container: str) -> Failure:
            engine._find("web-old-1000")["Name"] = "/web-kept"
            return Failure()

        monkeypatch.setattr(engine, "failure", somebody_renames_it)
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert engine.names == {"web"}
        assert engine.container("web")["Config"]["Image"] == "shop:1"
        assert engine.container("web")["Image"] == "old"

    def test_a_stranger_that_was_only_created_is_not_removed_either(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        def lost(name: str, _body: Document) -> str:
            engine.has_container(name, "theirs:1", "theirs")
            engine._find(name)["State"]["Status"] = "created"
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        recreate(engine)
        assert engine.container("web")["Image"] == "theirs"


class TestWhatIsSaid:
    def test_pull(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match=r"^Image shop:2 could not be had, .*: manifest for \S*/shop:2 not found\. Check the spelling"):
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

    def test_no_answer_is_not_no_container(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = NoAnswer("the connection broke")
        with pytest.raises(InspectFailed, match="could not be inspected"):
            recreate(engine)

    def test_image_id(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference, match="an image ID \\(sha256:0000"):
            recreate(engine)

    def test_stop(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed, match=r"^Container web could not be stopped: the engine says no\. It runs as before\.$"):
            recreate(engine)

    def test_vanished(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        with pytest.raises(StopFailed, match=r"^Container web was removed by somebody while the image was pulled\. Nothing was touched\.$"):
            recreate(engine)

    def test_rename(self, engine: FakeEngine) -> None:
        engine.errors["rename:web->web-old-1000"] = REFUSAL
        expected = r"^Container web could not be renamed to web-old-1000: the engine says no\. It was started again and runs as before\.$"
        with pytest.raises(RenameFailed, match=expected):
            recreate(engine)

    def test_the_commands_stop_at_the_first_that_fails(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("rename:web->web-old-1000")
        engine.errors.update({"rename:web-old-1000->web": REFUSAL, "start:web-old-1000": REFUSAL})
        with pytest.raises(RenameFailed, match="docker rename web-old-1000 web && docker start web$"):
            recreate(engine)

    def test_one_that_comes_back_unwell_was_started_again_and_needs_no_command(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.lost_answers.add("stop:web")
        engine.looks["web"] = [STARTING]
        with pytest.raises(StopFailed, match=r"It does not run as before: web was still starting after 1 s\.$") as caught:
            recreate(engine)
        assert caught.value.touched is True

    def test_one_that_the_engine_may_still_be_stopping_is_stopped_for_good(self, engine: FakeEngine) -> None:
        """While it does, it looks well."""
        engine.away["stop:web"] = 1
        journal = FakeJournal()
        with pytest.raises(StopFailed, match=r"could not be stopped: nobody listens\. It was started again and runs as before\.") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (engine.calls.count("stop:web"), caught.value.touched, journal.notes) == (2, True, {})

    @pytest.mark.parametrize("stop_timeout", [-1, 10])
    def test_one_that_the_engine_goes_on_stopping_is_left_to_the_next_run(self, engine: FakeEngine, stop_timeout: int) -> None:
        engine._find("web")["Config"]["StopTimeout"] = stop_timeout
        engine.errors["stop:web"] = NoAnswer("timed out")
        journal = FakeJournal()
        with pytest.raises(StopFailed, match=r"It still runs, but the engine may go on stopping it\. Run this again\.$") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (caught.value.touched, [*journal.notes]) == (False, [lock_key("web")])
        assert (engine.calls.count("stop:web") == 1) is (stop_timeout < 0), "one without a timeout is not waited for twice"

    def test_one_that_cannot_be_looked_at_may_have_been_touched(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        engine.looks["web"] = [HEALTHY, REFUSAL]
        with pytest.raises(StopFailed) as caught:
            recreate(engine)
        assert caught.value.touched is True

    def test_one_in_a_crash_loop_that_cannot_be_stopped_was_not_touched(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "restarting"
        engine.errors["stop:web"] = engine.errors["start:web"] = REFUSAL
        with pytest.raises(StopFailed) as caught:
            recreate(engine)
        assert caught.value.touched is False

    @pytest.mark.parametrize("error", [REFUSAL, Conflict("it runs")])
    def test_an_archive_that_stays(self, engine: FakeEngine, error: EngineError) -> None:
        engine.errors["remove:web-old-1000"] = error
        result = recreate(engine, Cleanup(prune_dangling=True))
        assert result.warnings == (f"The archive web-old-1000 could not be removed ({error}). Remove it with: docker rm web-old-1000",)
        assert engine.calls[-1] == "prune", "that needs no archive to be gone"

    def test_an_archive_that_may_still_be_there_stays(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        def from_here_on(_container: str) -> None:
            engine.errors["inspect"] = REFUSAL
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "remove", from_here_on)
        result = recreate(engine)
        assert (result.archive, len(result.warnings)) == ("web-old-1000", 1)

    def test_an_image_that_stays(self, engine: FakeEngine) -> None:
        engine.errors["remove_image:old"] = REFUSAL
        expected = ("The replaced image old could not be removed: the engine says no",)
        assert recreate(engine, Cleanup(remove_replaced=True)).warnings == expected


class TestTheWayBack:
    def problem(self, engine: FakeEngine, health: HealthConfig | None = None) -> str | None:
        """Of an update whose new container exits."""
        engine.looks.setdefault("NEW", [exited(1)])
        result = recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("web"), health or HealthConfig(), Cleanup())
        assert result.restored is not None
        return result.restored.problem

    def test_who_and_from_what_to_what(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "newer"
        engine.looks["NEW"] = [exited(1)]
        result = recreate(engine, image="shop:2")
        assert result.rollback is not None
        assert (result.rollback.old_image_ref, result.rollback.new_image_ref) == ("shop:1", "shop:2")
        assert (result.old_image.id, result.new_image.id, result.container_name) == ("old", "newer", "web")

    def test_why_the_start_failed(self, engine: FakeEngine) -> None:
        engine.errors["start:NEW"] = REFUSAL
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "the engine says no"

    def test_why_the_create_ended_half_way(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def incomplete(name: str, body: Document) -> str:
            raise CreateIncomplete("no such network", create(name, body))

        monkeypatch.setattr(engine, "create", incomplete)
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "no such network"

    def test_the_engines_own_error_says_more_than_the_gate(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(127)]
        engine.failures["NEW"] = Failure(error="exec: shop: not found")
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "exec: shop: not found"

    def test_the_old_one_has_as_long_as_the_new_one_at_the_least(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.looks["web"] = [STARTING] * 4 + [HEALTHY]
        assert self.problem(engine, HealthConfig(health_timeout=5)) is None

    def test_and_no_longer(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.looks["web"] = [STARTING]
        assert self.problem(engine, HealthConfig(health_timeout=5)) == "web was still starting after 5 s"

    def test_it_need_not_stay_healthy(self, engine: FakeEngine) -> None:
        engine.looks["web"] = [HEALTHY, UNHEALTHY]
        assert self.problem(engine, HealthConfig(min_healthy_time=5)) is None

    def test_restarts_of_its_earlier_life_do_not_count(self, engine: FakeEngine) -> None:
        engine._find("web")["RestartCount"] = 4
        engine.looks["web"] = [HEALTHY._replace(restarts=4)]
        assert self.problem(engine) is None

    def test_one_that_was_starting_before_need_not_be_well_after(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "starting"
        engine.looks["web"] = [UNHEALTHY]
        assert self.problem(engine) is None

    def test_everything_that_is_wrong_is_told_in_its_order(self, engine: FakeEngine) -> None:
        engine.looks.update({"NEW": [exited(1)], "web-old-1000": [exited(1)]})
        engine.errors.update({"remove:NEW with force": REFUSAL, "start:web-old-1000": REFUSAL})
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == (
            "web could not be given its name back (the name web is taken); web could not be started (the engine says no)"
        )
        new_id = engine.container("web")["Id"]
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web", "docker start web")

    def test_what_runs_all_the_same_is_not_told(self, engine: FakeEngine) -> None:
        engine.looks["web-old-1000"] = [HEALTHY]
        engine.errors.update({"rename:web-old-1000->web": REFUSAL, "start:web-old-1000": REFUSAL})
        assert self.problem(engine) == "web could not be given its name back (the engine says no)"

    def test_a_new_one_that_goes_on_running_is_told(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [UNHEALTHY]
        engine.errors.update({"stop:NEW": REFUSAL, "remove:NEW with force": REFUSAL})
        assert self.problem(engine) == "the new container could not be removed (the engine says no), and the two must not run at once"

    def test_a_new_one_that_may_run_is_one_that_runs(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1), REFUSAL]
        engine.errors["remove:NEW with force"] = REFUSAL
        assert "must not run at once" in (self.problem(engine) or "")
        assert not [call for call in engine.calls if call.startswith("start:web")]

    @pytest.mark.parametrize(("error", "look"), [(REFUSAL, NotFound("no such container")), (NotFound("no such container"), REFUSAL)])
    def test_a_new_one_that_is_gone_does_not_run(self, engine: FakeEngine, error: EngineError, look: EngineError) -> None:
        engine.looks["NEW"] = [exited(1), look]
        engine.errors["remove:NEW with force"] = error
        assert "must not run at once" not in (self.problem(engine) or "")
        assert "start:web-old-1000" in engine.calls

    def test_a_new_one_whose_id_was_lost_was_never_started(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("create:web")
        engine.errors["remove:NEW with force"] = REFUSAL
        assert self.problem(engine) == "web could not be given its name back (the name web is taken)"
        assert "probe:None" not in engine.calls

    def test_an_engine_that_is_away_after_a_lost_create_is_waited_for(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def lost(name: str, body: Document) -> str:
            create(name, body)
            engine.away["inspect"] = 3
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        assert self.problem(engine) is None
        assert engine.names == {"web"}

    def test_an_archive_that_cannot_be_looked_at_is_tried(self, engine: FakeEngine) -> None:
        engine.looks["web-old-1000"] = [REFUSAL]
        assert self.problem(engine) is None

    def test_a_name_that_cannot_be_looked_at_is_not_taken_for_granted(self, engine: FakeEngine) -> None:
        engine.looks["web-old-1000"] = [HEALTHY, REFUSAL, HEALTHY]
        engine.errors["rename:web-old-1000->web"] = REFUSAL
        assert "could not be given its name back" in (self.problem(engine) or "")

    def test_an_engine_that_is_away_gets_half_a_minute(self, engine: FakeEngine) -> None:
        engine.away["start:web"] = 1000
        self.problem(engine)
        assert engine.calls.count("start:web") == 31

    def test_what_is_in_the_way_of_the_start_gets_ten_seconds_to_go_away(self, engine: FakeEngine) -> None:
        engine.errors["start:web"] = REFUSAL
        assert "the engine says no" in (self.problem(engine) or "")
        assert engine.calls.count("start:web") == 11

    def test_once_it_is_away_the_old_one_is_back(self, engine: FakeEngine) -> None:
        engine.away["start:web"] = 5
        engine.away_error = REFUSAL
        assert self.problem(engine) is None

    def test_what_is_gone_is_not_waited_for(self, engine: FakeEngine) -> None:
        engine.errors["start:web"] = NotFound("no such container")
        self.problem(engine)
        assert engine.calls.count("start:web") == 1

    def test_whoever_has_its_name_may_go_away(self, engine: FakeEngine) -> None:
        engine.away["rename:web-old-1000->web"] = 5
        engine.away_error = Conflict("the name web is taken")
        assert self.problem(engine) is None

    def test_a_rename_whose_answer_is_lost_is_made_once(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("rename:web-old-1000->web")
        assert self.problem(engine) is None
        assert engine.calls.count("rename:web-old-1000->web") == 1

    def test_one_that_hangs_longer_than_anybody_waits_is_made_again(self, engine: FakeEngine) -> None:
        engine.away["start:web"] = 1
        engine.seconds["start:web"] = 60
        assert self.problem(engine) is None


class TestTime:
    SECONDS: t.ClassVar = {"pull": 60.0, "stop:web": 3.0, "rename:web->web-old-1060": 0.5, "create:web": 2.0, "start:NEW": 1.0}

    def test_downtime_is_from_the_stop_to_the_start(self, engine: FakeEngine) -> None:
        engine.seconds = {**self.SECONDS, "remove:web-old-1060": 9.0}
        result = recreate(engine)
        assert result.downtime == 6.5
        assert [step.seconds for step in result.steps] == [0, 0, 60, 0, 3, 0.5, 2, 1, 0, 0, 9]

    def test_downtime_is_to_the_start_of_the_old_one_when_that_comes_back(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        engine.looks["web"] = [HEALTHY, STARTING, HEALTHY]
        engine.seconds = {**self.SECONDS, "stop:NEW": 4.0, "start:web": 5.0}
        assert recreate(engine).downtime == 15.5

    def test_steps_of_a_rollback(self, engine: FakeEngine) -> None:
        engine.errors["start:NEW"] = REFUSAL
        names = [step.name for step in recreate(engine).steps]
        assert names == [
            "lock",
            "inspect",
            "pull",
            "preflight",
            *["stop", "rename", "create", "start", "evidence", "discard", "restore", "check"],
        ]


class TestRestartPolicy:
    """An archive must not be started by the engine, beside the new container."""

    @pytest.fixture(autouse=True)
    def _always(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}

    def test_the_archive_sleeps_and_the_new_one_has_the_policy(self, engine: FakeEngine) -> None:
        recreate(engine, keep_archive=True)
        assert engine.calls == [*TO_THE_START[:5], "restart=no:web", *TO_THE_START[5:], "probe:NEW"]
        assert engine.container("web-old-1000")["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert engine.created[0]["HostConfig"]["RestartPolicy"]["Name"] == "always"

    def test_a_rollback_gives_it_back(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert engine.calls[-5:] == ["restart=always:web", "start:web", "probe:web", "surroundings", "tag:shop:1=old"]
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
        recreate(engine, lock=fake_lock(FakeJournal(engine.calls)))
        assert engine.calls == [
            "places:web",
            *TO_THE_START[:4],
            f"write:{self.LOCK}",
            *TO_THE_START[4:8],
            f"write:{self.NEW}",
            TO_THE_START[8],
            "probe:NEW",
            "remove:web-old-1000",
            f"erase:{self.NEW}",
            f"erase:{self.LOCK}",
        ]

    def test_who_has_nothing_to_do_writes_nothing(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        recreate(engine, lock=fake_lock(FakeJournal(engine.calls)))
        assert engine.calls == ["places:web", "inspect", "pull"]

    def test_nothing_is_left_of_it_after_a_rollback(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        engine.looks["NEW"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal))
        assert journal.notes == {}

    def test_it_stays_when_the_old_container_could_not_be_brought_back(self, engine: FakeEngine) -> None:
        """So that the next run tries again."""
        journal = FakeJournal()
        engine.looks["NEW"] = engine.looks["web"] = [exited(1)]
        engine.errors["start:web"] = REFUSAL
        recreate(engine, lock=fake_lock(journal))
        assert self.LOCK in journal.notes

    def test_a_journal_that_cannot_be_written_stops_before_the_stop(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors = [REFUSAL]
        with pytest.raises(JournalFailed, match="the engine says no"):
            recreate(engine, lock=fake_lock(journal))
        assert engine.calls == []

    def test_a_new_container_that_cannot_be_written_down_is_not_started(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = FakeJournal()
        write = journal.write

        def full(key: str, text: str) -> str:
            if key == self.NEW:
                raise REFUSAL
            return write(key, text)

        monkeypatch.setattr(journal, "write", full)
        result = recreate(engine, lock=fake_lock(journal))
        assert "start:NEW" not in engine.calls
        assert result.outcome is Outcome.ROLLED_BACK

    def test_somebody_who_replaced_it_in_the_meantime_is_noticed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The plan is made anew for the container that has the name now."""
        journal = FakeJournal()
        write = journal.write

        def replaced(key: str, text: str) -> str:
            monkeypatch.setattr(journal, "write", write)
            engine.vanish("web")
            engine.has_container("web", "shop:1", "new")
            return write(key, text)

        monkeypatch.setattr(journal, "write", replaced)
        result = recreate(engine, lock=fake_lock(journal))
        assert result.outcome is Outcome.UNCHANGED
        assert not [call for call in engine.calls if call.startswith("stop")]
        assert journal.notes == {}


class TestWhatTheJournalHolds:
    @pytest.mark.parametrize("keep_archive", [True, False])
    def test_what_was_asked_for(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, keep_archive: bool) -> None:
        journal = FakeJournal()
        write = journal.write
        written: dict[str, str] = {}
        monkeypatch.setattr(journal, "write", lambda key, text: (written.update({key: text}), write(key, text))[1])
        recreate(engine, keep_archive=keep_archive, lock=fake_lock(journal))
        assert JournalEntry.from_text(written[lock_key("web")]).keep_archive is keep_archive
        assert journal.notes == {}

    @pytest.mark.parametrize("call", ["stop:web", "rename:web->web-old-1000"])
    def test_nothing_when_the_old_one_runs_as_before(self, engine: FakeEngine, call: str) -> None:
        journal = FakeJournal()
        engine.errors[call] = REFUSAL
        with pytest.raises((StopFailed, RenameFailed)):
            recreate(engine, lock=fake_lock(journal))
        assert journal.notes == {}

    def test_the_name_also_of_one_that_is_asked_for_by_its_id(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        recreate(engine, container=engine.container("web")["Id"], lock=fake_lock(journal))
        calls = {"places:evenkeel-lock.", "write:evenkeel-lock.web", "erase:evenkeel-lock.web"}
        assert {call for call in journal.calls if "lock" in call} == calls

    def test_a_run_by_its_id_waits_for_one_that_has_renamed_it(self, engine: FakeEngine) -> None:
        journal, web = FakeJournal(), engine.container("web")["Id"]
        answers: list[Exception] = []

        def ask_by_id() -> None:
            if "start:NEW" in engine.calls:
                engine.look_on = lambda: None
                with pytest.raises(Busy, match="Container web was not touched") as busy:
                    recreate(engine, container=web, lock=RunLock(journal, FakeProcesses("second"), FakeClock(), lock_timeout=2))
                answers.append(busy.value)

        engine.look_on = ask_by_id
        engine.looks["NEW"] = [exited(1)]
        assert recreate(engine, lock=fake_lock(journal)).outcome is Outcome.ROLLED_BACK
        assert (len(answers), engine.container("web")["Id"]) == (1, web)

    @pytest.mark.parametrize("by_id", [False, True])
    def test_an_archive_that_was_kept_is_refused(self, engine: FakeEngine, by_id: bool) -> None:
        memory = FakeJournal()
        web = engine.container("web")["Id"]
        recreate(engine, keep_archive=True, memory=memory)
        before = engine.container("web-old-1000")
        with pytest.raises(Refused, match="web-old-1000 is an archive of web"):
            recreate(engine, container=web if by_id else "web-old-1000", memory=memory, force=True)
        assert engine.container("web-old-1000") == before

    def test_what_only_looks_like_an_archive_is_not(self, engine: FakeEngine) -> None:
        engine.has_container("shop-old-7", "shop:1", "old")
        assert recreate(engine, container="shop-old-7").outcome is Outcome.RECREATED

    @pytest.mark.parametrize(("container", "by_id"), [("a" * 64, True), ("a" * 12, False), ("a" * 65, False)])
    def test_what_is_an_id(self, container: str, by_id: bool) -> None:
        assert RecreateRequest(container).is_by_id is by_id

    def test_a_run_that_was_brought_to_its_end(self, engine: FakeEngine) -> None:
        journal, runs = FakeJournal(), FakeProcesses()
        engine.errors["start:NEW"] = engine.errors["start:web"] = REFUSAL
        engine.looks["web"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal, FakeProcesses("dead")))
        engine.errors.clear()
        engine.looks.clear()
        engine.registry["docker.io/library/shop:1"] = "old"
        runs.dead.add("dead")
        result = recreate(engine, lock=fake_lock(journal, runs))
        assert result.outcome.value == "recovered"
        assert engine.container("web")["State"]["Status"] == "running"


class TestChangedDuringThePull:
    def changed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **change: object) -> None:
        pull = engine.pull

        def pull_meanwhile(*arguments: object) -> ImageIdentity:
            for container in engine._containers.values():
                container.update(change)
            return pull(*arguments)

        monkeypatch.setattr(engine, "pull", pull_meanwhile)

    def test_stopped(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The plan was made for one that runs. The next is made for one that does not, and so is not started."""
        journal = FakeJournal()
        write = journal.write

        def stopped(key: str, text: str) -> str:
            monkeypatch.setattr(journal, "write", write)
            engine._find("web")["State"]["Status"] = "exited"
            return write(key, text)

        monkeypatch.setattr(journal, "write", stopped)
        assert recreate(engine, lock=fake_lock(journal)).outcome is Outcome.RECREATED
        assert engine.calls.count("pull") == 2
        assert not [call for call in engine.calls if call.startswith(("stop", "start"))]
        assert engine.container("web")["State"]["Status"] == "created"

    def test_paused(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = FakeJournal()
        write = journal.write

        def paused(key: str, text: str) -> str:
            engine._find("web")["State"]["Status"] = "paused"
            return write(key, text)

        monkeypatch.setattr(journal, "write", paused)
        with pytest.raises(Refused, match="it is paused"):
            recreate(engine, lock=fake_lock(journal))
        assert journal.notes == {}

    def test_renamed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.changed(engine, monkeypatch, Name="/web-theirs")
        with pytest.raises(InspectFailed):
            recreate(engine)

    def test_again_and_again(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        inspect = engine.inspect

        def by_name_only(container: str) -> Inspected:
            if container != "web":
                raise REFUSAL
            return inspect(container)

        monkeypatch.setattr(engine, "inspect", by_name_only)
        with pytest.raises(Refused, match="^Container web was not touched: it was changed by somebody each time"):
            recreate(engine)
        assert engine.calls.count("pull") == 20


class TestTheRestartPolicyInParticular:
    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    @pytest.mark.parametrize("policy", [None, {}, {"Name": ""}, {"Name": "no"}])
    def test_none_is_not_taken(self, engine: FakeEngine, policy: dict[str, str] | None) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = policy
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert not [call for call in engine.calls if call.startswith("restart=")]

    def test_the_way_back_waits_for_the_engine(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.looks["NEW"] = [exited(1)]
        engine.away["restart=always:web"] = 3
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_all_problems_are_told_in_their_order(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.looks.update({"NEW": [exited(1)], "web-old-1000": [exited(1)]})
        for call in ("rename:web-old-1000->web", "start:web-old-1000", "restart=always:web-old-1000"):
            engine.errors[call] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == (
            "web could not be given its name back (the engine says no); web could not be started (the engine says no); "
            "web could not be given its restart policy back (the engine says no)"
        )
        assert result.restored.commands == (
            "docker rename web-old-1000 web",
            "docker start web",
            "docker update --restart=always web",
        )

    def test_to_take_it_takes_no_downtime(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.looks["NEW"] = [exited(1)]
        engine.seconds = {"restart=no:web": 7.0, "stop:web": 1.0, "restart=always:web": 7.0, "start:web": 2.0}
        result = recreate(engine)
        assert result.downtime == 10.0
        assert "update" in [step.name for step in result.steps]

    def test_one_that_cannot_be_taken(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.errors["restart=no:web"] = REFUSAL
        expected = r"^The restart policy of web could not be changed: the engine says no\. It runs as before\.$"
        with pytest.raises(UpdateFailed, match=expected):
            recreate(engine)
        assert not [call for call in engine.calls if call.startswith("rename")]


class TestAfterARollbackThatFailed:
    """The old container is back, and no good any more. What was left of that run is cleared away by the next."""

    @pytest.fixture
    def journal(self, engine: FakeEngine) -> FakeJournal:
        journal = FakeJournal()
        engine.looks.update({"NEW": [UNHEALTHY], "web": [UNHEALTHY]})
        result = recreate(engine, lock=fake_lock(journal))
        assert result.restored is not None
        assert result.restored.problem == "web was still unhealthy after 120 s"
        assert lock_key("web") in journal.notes
        del engine.looks["NEW"]
        engine.made_here.clear()
        return journal

    def again(self, engine: FakeEngine, journal: FakeJournal) -> CycleResult:
        runs = FakeProcesses("again")
        runs.dead.add("me")
        return recreate(engine, lock=RunLock(journal, runs, FakeClock(), lock_timeout=5))

    def test_a_good_image_gets_in(self, engine: FakeEngine, journal: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "good"
        result = self.again(engine, journal)
        assert (result.outcome, result.recovered_first, journal.notes) == (Outcome.RECREATED, True, {})
        assert engine.container("web")["Image"] == "good"

    def test_without_one_it_is_told_once(self, engine: FakeEngine, journal: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        with pytest.raises(RecoveryFailed, match="web was still unhealthy after 120 s"):
            self.again(engine, journal)
        assert journal.notes == {}
        assert self.again(engine, journal).outcome is Outcome.UNCHANGED

    def test_one_that_does_not_run_needs_somebody(self, engine: FakeEngine, journal: FakeJournal) -> None:
        """Who would replace it now would take it for one that is meant to be stopped."""
        engine.stop("web", 10)
        engine.errors["start:web"] = REFUSAL
        engine.looks["web"] = [exited(1)]
        with pytest.raises(
            RecoveryFailed, match=r"forget the interrupted run with: docker volume rm evenkeel-lock\.web .*docker start web$"
        ):
            self.again(engine, journal)
        assert lock_key("web") in journal.notes


class TestAfterARecovery:
    """What an interrupted run left was brought to its end first. That is a change, and it is told, however this run ends."""

    @pytest.fixture
    def lock(self, engine: FakeEngine) -> RunLock:
        """Of a container that an interrupted run had stopped and renamed."""
        plan = plan_replacement(fake_context(engine), Stopwatch(FakeClock()), RecreateRequest("web"))
        assert isinstance(plan, Replacement)
        journal, runs = FakeJournal(), FakeProcesses()
        journal.notes[lock_key("web")] = journal_entry_for(plan, HealthConfig(), FakeProcesses("dead").me(), keep_archive=False).to_text()
        runs.dead.add("dead")
        engine.stop("web", 10)
        engine.rename("web", plan.archive)
        return fake_lock(journal, runs)

    def test_a_failure_counts_as_a_change(self, engine: FakeEngine, lock: RunLock) -> None:
        with pytest.raises(PullFailed) as caught:
            recreate(engine, lock=lock, image="shop:2")
        assert error_report(caught.value)["changed"]

    def test_also_one_that_is_no_failed_step(self, engine: FakeEngine, lock: RunLock) -> None:
        engine._find("web-old-1000")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference) as caught:
            recreate(engine, lock=lock)
        assert error_report(caught.value)["changed"]

    @pytest.mark.parametrize("good", [True, False])
    def test_an_update_or_a_rollback_tells_of_it(self, engine: FakeEngine, lock: RunLock, good: bool) -> None:
        if not good:
            engine.looks["NEW"] = [exited(1)]
        result = recreate(engine, lock=lock)
        assert result.outcome is (Outcome.RECREATED if good else Outcome.ROLLED_BACK)
        assert result.warnings == ("An earlier run on this container was interrupted. What it left was brought to its end first.",)

    def test_without_one_nothing_is_told(self, engine: FakeEngine) -> None:
        assert recreate(engine).warnings == ()


class TestOneThatDoesNotRun:
    @pytest.fixture(autouse=True)
    def _stopped(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "exited"

    def test_it_is_replaced_and_neither_stopped_nor_started_nor_judged(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls == [
            *TO_THE_START[:5],
            "rename:web->web-old-1000",
            "create:web",
            "remove:web-old-1000",
        ]
        assert (result.outcome, result.downtime) == (Outcome.RECREATED, None)
        assert engine.container("web")["State"]["Status"] == "created"

    def test_nor_is_the_old_one_started_when_it_comes_back(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.errors["create:web"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert (result.outcome, result.restored.problem, result.downtime) == (Outcome.ROLLED_BACK, None, None)
        assert (engine.container("web")["Id"], engine.container("web")["State"]["Status"]) == (old_id, "exited")
        assert not [call for call in engine.calls if call.startswith(("start", "stop"))]

    def test_a_rename_that_fails_leaves_it_as_it_was(self, engine: FakeEngine) -> None:
        engine.errors["rename:web->web-old-1000"] = REFUSAL
        with pytest.raises(RenameFailed, match=r"the engine says no\. It is as before\.$") as caught:
            recreate(engine)
        assert not caught.value.touched


class TestRejected:
    """An image that was rolled back from is not tried again."""

    @pytest.fixture
    def memory(self, engine: FakeEngine) -> FakeJournal:
        memory = FakeJournal()
        engine.looks["NEW"] = [exited(3)]
        assert recreate(engine, memory=memory).outcome is Outcome.ROLLED_BACK
        engine.looks.clear()
        engine.calls.clear()
        return memory

    def test_it_is_skipped_and_its_tag_pointed_back_again(self, engine: FakeEngine, memory: FakeJournal) -> None:
        assert engine.local["docker.io/library/shop:1"] == "old"
        result = recreate(engine, memory=memory)
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web", "surroundings", "tag:shop:1=old"]
        assert (result.outcome, result.downtime, result.warnings) == (Outcome.SKIPPED, None, ())
        assert result.container_id == engine.container("web")["Id"]
        assert result.rejected is not None
        assert (result.rejected.image_id, result.rejected.reason) == ("new", "crashed: web exited with code 3")
        assert engine.local["docker.io/library/shop:1"] == "old"

    def test_force_tries_it_and_forgets_what_was_remembered(self, engine: FakeEngine, memory: FakeJournal) -> None:
        assert recreate(engine, memory=memory, force=True).outcome is Outcome.RECREATED
        assert memory.notes == {}

    def test_a_newer_image_is_tried(self, engine: FakeEngine, memory: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "newer"
        assert recreate(engine, memory=memory).outcome is Outcome.RECREATED
        assert memory.notes == {}

    def test_also_under_another_reference_which_is_not_touched(self, engine: FakeEngine, memory: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:2"] = "new"
        assert recreate(engine, memory=memory, image="shop:2").outcome is Outcome.SKIPPED
        assert engine.local["docker.io/library/shop:2"] == "new"

    @pytest.mark.parametrize("call", ["create:web", "start:NEW"])
    @pytest.mark.parametrize("error", [NoAnswer("the connection broke"), EngineError("port is already allocated")])
    def test_an_engine_that_cannot_says_nothing_about_the_image(self, engine: FakeEngine, call: str, error: EngineError) -> None:
        memory = FakeJournal()
        engine.errors[call] = error
        assert recreate(engine, memory=memory).outcome is Outcome.ROLLED_BACK
        assert memory.notes == {}
        assert engine.local["docker.io/library/shop:1"] == "old"

    @pytest.mark.parametrize("call", ["create:web", "start:NEW"])
    def test_one_that_finds_it_unfit_does(self, engine: FakeEngine, call: str) -> None:
        memory = FakeJournal()
        engine.errors[call] = Unfit("no command specified")
        recreate(engine, memory=memory)
        assert "evenkeel-rejected.web" in memory.notes

    def test_nothing_is_rejected_where_the_old_one_could_not_be_brought_back(self, engine: FakeEngine) -> None:
        """The next run brings it back first."""
        memory = FakeJournal()
        engine.looks["NEW"] = engine.looks["web"] = [exited(3)]
        engine.errors["start:web"] = REFUSAL
        recreate(engine, memory=memory)
        assert memory.notes == {}

    def test_a_tag_that_cannot_be_pointed_back_is_a_warning(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(3)]
        engine.errors["tag:shop:1=old"] = REFUSAL
        assert "still means the rejected image" in recreate(engine).warnings[0]


class TestLostFiles:
    @pytest.fixture(autouse=True)
    def _files(self, engine: FakeEngine) -> None:
        engine.changed["web"] = [{"Path": "/srv/upload", "Kind": 1}]

    def test_they_are_told(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert result.lost_files == ("/srv/upload",)
        assert result.warnings[0].endswith("the new one does not have them: /srv/upload")

    def test_or_a_reason_to_refuse(self, engine: FakeEngine) -> None:
        with pytest.raises(Refused, match="would be lost: /srv/upload"):
            recreate(engine, lost_files=LostFiles.REFUSE)

    def test_or_passed_over(self, engine: FakeEngine) -> None:
        result = recreate(engine, lost_files=LostFiles.IGNORE)
        assert (result.lost_files, result.warnings) == ((), ())

    def test_after_a_rollback_nothing_is_lost(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        assert recreate(engine).lost_files == ()


class TestDependents:
    """The rest of it is told where dependents are, and where runs are killed."""

    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.has_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def repairs(self, result: CycleResult) -> list[tuple[str, str]]:
        return [(dependent.name, dependent.repair.value) for dependent in result.dependents]

    def test_they_are_created_anew_before_the_archive_goes(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert self.repairs(result) == [("sidecar", "recreated")]
        assert engine.calls.index("create:sidecar") < engine.calls.index("remove:web-old-1000")
        assert engine.is_served("sidecar")

    def test_after_a_rollback_they_are_restarted(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        assert self.repairs(recreate(engine)) == [("sidecar", "restarted")]
        assert engine.is_served("sidecar")

    def test_who_was_never_cut_off_is_left_alone(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed):
            recreate(engine)
        assert "stop:sidecar" not in engine.calls

    def test_one_that_could_not_be_brought_back_stops_before_the_stop(self, engine: FakeEngine) -> None:
        engine._find("sidecar")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="sidecar depends on it"):
            recreate(engine)

    def test_surroundings_that_cannot_be_seen_stop_before_the_stop(self, engine: FakeEngine) -> None:
        engine.errors["surroundings"] = REFUSAL
        with pytest.raises(InspectFailed, match="around container web could not be looked at, and it was not touched"):
            recreate(engine)

    def test_what_they_are_is_written_down(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        engine.looks["NEW"] = engine.looks["web"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal))
        (dependent,) = JournalEntry.from_text(journal.notes[lock_key("web")]).dependents
        assert (dependent.name, dependent.image_ref, dependent.image_id, dependent.tag_means) == ("sidecar", "tool:1", "tool", "tool")
