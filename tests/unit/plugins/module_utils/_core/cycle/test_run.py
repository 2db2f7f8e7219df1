# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One update from the lock to the clean-up: steps, journal, recovery of an interrupted run. Call lists are compared whole."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.intent import journal_entry_for
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.job import Job
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    InvalidImageReference,
    JournalFailed,
    PullFailed,
    RecoveryFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.entry_format import entry_to_text
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
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
from support.fakes.update_of_web import REFUSAL, TO_THE_START, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestTheCycle:
    def test_order(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls[: len(TO_THE_START)] == TO_THE_START
        assert result.outcome is Outcome.RECREATED


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


class TestWhatTheJournalHolds:
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


class TestTheRestartPolicyInParticular:
    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    def test_to_take_it_takes_no_downtime(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.looks["NEW"] = [exited(1)]
        engine.seconds = {"restart=no:web": 7.0, "stop:web": 1.0, "restart=always:web": 7.0, "start:web": 2.0}
        result = recreate(engine)
        assert result.downtime == 10.0
        assert "update" in [step.name for step in result.steps]


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
            RecoveryFailed, match=r"discard the record of the interrupted run with: docker volume rm evenkeel-lock\.web .*docker start web$"
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
        job = Job(RecreateRequest("web"), lambda _watch: plan, HealthConfig())
        journal, runs = FakeJournal(), FakeProcesses()
        journal.notes[lock_key("web")] = entry_to_text(journal_entry_for(plan, job, FakeProcesses("dead").me()))
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
        assert result.warnings == ("An earlier run on this container was interrupted. This run recovered it first.",)

    def test_without_one_nothing_is_told(self, engine: FakeEngine) -> None:
        assert recreate(engine).warnings == ()
