# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole update, from the lock to the clean-up: steps, journal, recovery of an interrupted run. Whole call lists are compared."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.intent import journal_entry_for
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.job import Job
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InvalidImageReference,
    JournalFailed,
    PullFailed,
    RecoveryFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_regardless_of_rules
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
from support.fakes.update_of_web import GATE_AND_SECOND_LOOK, REFUSAL, TO_THE_START, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def test_steps_of_a_successful_update(engine: FakeEngine) -> None:
    engine.probe_results["NEW"] = [STARTING, HEALTHY]
    result = recreate(engine)
    names = [step.name for step in result.steps]
    assert names == [
        "lock",
        "inspect",
        "pull",
        "preflight",
        "trial",
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


class TestCallOrder:
    def test_update_calls_the_engine_in_this_order(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls[: len(TO_THE_START)] == TO_THE_START
        assert result.outcome is Outcome.RECREATED


class TestStepsAndDowntime:
    SECONDS: t.ClassVar = {"pull": 60.0, "stop:web": 3.0, "rename:web->web-old-1060": 0.5, "create:web": 2.0, "start:NEW": 1.0}

    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    def test_downtime_runs_from_stop_to_start(self, engine: FakeEngine) -> None:
        engine.call_seconds = {**self.SECONDS, "remove:web-old-1060": 9.0}
        result = recreate(engine)
        assert result.downtime == 6.5
        assert [step.seconds for step in result.steps] == [0, 0, 60, 0, 0, 3, 0.5, 2, 1, 0, 0, 9]

    def test_downtime_of_a_rollback_ends_when_the_old_container_starts(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [HEALTHY, STARTING, HEALTHY]
        engine.call_seconds = {**self.SECONDS, "stop:NEW": 4.0, "start:web": 5.0}
        assert recreate(engine).downtime == 15.5

    def test_steps_of_a_rollback(self, engine: FakeEngine) -> None:
        engine.errors["start:NEW"] = REFUSAL
        names = [step.name for step in recreate(engine).steps]
        assert names == [
            "lock",
            "inspect",
            "pull",
            "preflight",
            *["trial", "stop", "rename", "create", "start", "evidence", "discard", "restore", "check"],
        ]

    def test_restart_policy_changes_do_not_count_as_downtime(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.probe_results["NEW"] = [exited(1)]
        engine.call_seconds = {"restart=no:web": 7.0, "stop:web": 1.0, "restart=always:web": 7.0, "start:web": 2.0}
        result = recreate(engine)
        assert result.downtime == 10.0
        assert "update" in [step.name for step in result.steps]


class TestJournal:
    LOCK, PENDING, NEW = "evenkeel-lock.web", "evenkeel-pending.me.web", "evenkeel-new.me.web"

    def test_journal_is_written_before_the_first_change_and_erased_last(self, engine: FakeEngine) -> None:
        recreate(engine, lock=fake_lock(FakeJournal(engine.calls)))
        assert engine.calls == [
            "keys:web",
            *TO_THE_START[:4],
            f"write:{self.PENDING}",
            f"write:{self.LOCK}",
            "keys:evenkeel-",
            *TO_THE_START[4:7],
            f"erase:{self.PENDING}",
            *TO_THE_START[7:10],
            f"write:{self.NEW}",
            TO_THE_START[10],
            *GATE_AND_SECOND_LOOK,
            "remove:web-old-1000",
            "probe:NEW",
            f"erase:{self.NEW}",
            f"erase:{self.LOCK}",
        ]

    def test_unchanged_container_writes_no_journal(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        recreate(engine, lock=fake_lock(FakeJournal(engine.calls)))
        assert engine.calls == ["keys:web", "inspect", "pull"]

    def test_journal_is_empty_after_a_rollback(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal))
        assert journal.records == {}

    def test_journal_stays_when_the_rollback_failed(self, engine: FakeEngine) -> None:
        """The next run tries again."""
        journal = FakeJournal()
        engine.probe_results["NEW"] = engine.probe_results["web"] = [exited(1)]
        engine.errors["start:web"] = REFUSAL
        recreate(engine, lock=fake_lock(journal))
        assert self.LOCK in journal.records

    def test_unwritable_journal_fails_before_any_engine_call(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors = [REFUSAL]
        with pytest.raises(JournalFailed, match="the engine says no"):
            recreate(engine, lock=fake_lock(journal))
        assert engine.calls == []


class TestRecovery:
    """An interrupted run is finished or undone first. That is a change, and the result says so whatever this run then does."""

    @pytest.fixture
    def lock(self, engine: FakeEngine) -> RunLock:
        """Return the lock of a container that an interrupted run stopped and renamed."""
        plan = plan_regardless_of_rules(fake_context(engine), Stopwatch(FakeClock()), RecreateRequest("web"))
        assert isinstance(plan, Replacement)
        job = Job(RecreateRequest("web"), lambda _stopwatch: plan, HealthConfig())
        journal, runs = FakeJournal(), FakeProcesses()
        journal.records[lock_key("web")] = entry_to_text(journal_entry_for(plan, job, FakeProcesses("dead").me()))
        runs.dead.add("dead")
        engine.stop("web", 10)
        engine.rename("web", plan.archive)
        return fake_lock(journal, runs)

    def test_outcome_is_recovered_when_nothing_else_had_to_be_done(self, engine: FakeEngine) -> None:
        journal, runs = FakeJournal(), FakeProcesses()
        engine.errors["start:NEW"] = engine.errors["start:web"] = REFUSAL
        engine.probe_results["web"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal, FakeProcesses("dead")))
        engine.errors.clear()
        engine.probe_results.clear()
        engine.registry["docker.io/library/shop:1"] = "old"
        runs.dead.add("dead")
        result = recreate(engine, lock=fake_lock(journal, runs))
        assert result.outcome.value == "recovered"
        assert engine.container("web")["State"]["Status"] == "running"

    def test_step_failure_after_a_recovery_reports_changed(self, engine: FakeEngine, lock: RunLock) -> None:
        with pytest.raises(PullFailed) as caught:
            recreate(engine, lock=lock, image="shop:2")
        assert error_report(caught.value)["changed"]

    def test_invalid_image_after_a_recovery_reports_changed(self, engine: FakeEngine, lock: RunLock) -> None:
        engine._find("web-old-1000")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference) as caught:
            recreate(engine, lock=lock)
        assert error_report(caught.value)["changed"]

    @pytest.mark.parametrize("good", [True, False])
    def test_update_or_rollback_after_a_recovery_warns(self, engine: FakeEngine, lock: RunLock, good: bool) -> None:
        if not good:
            engine.probe_results["NEW"] = [exited(1)]
        result = recreate(engine, lock=lock)
        assert result.outcome is (Outcome.RECREATED if good else Outcome.ROLLED_BACK)
        assert result.warnings == ("An earlier run on web was interrupted. This run recovered it first.",)

    def test_recovery_whose_record_cannot_be_erased_reports_changed(
        self, engine: FakeEngine, lock: RunLock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_journal: FakeJournal, _key: str) -> None:
            raise REFUSAL

        monkeypatch.setattr(FakeJournal, "erase", fail)
        with pytest.raises(JournalFailed, match="could not be erased") as caught:
            recreate(engine, lock=lock)
        assert engine.container("web")["State"]["Status"] == "running"
        assert error_report(caught.value)["changed"]

    def test_update_without_a_recovery_does_not_warn(self, engine: FakeEngine) -> None:
        assert recreate(engine).warnings == ()


class TestRunAfterAFailedRollback:
    """The previous run restored the old container, which is no longer healthy. This run cleans up what is left."""

    @pytest.fixture
    def journal(self, engine: FakeEngine) -> FakeJournal:
        journal = FakeJournal()
        engine.probe_results.update({"NEW": [UNHEALTHY], "web": [UNHEALTHY]})
        result = recreate(engine, lock=fake_lock(journal))
        assert result.restored is not None
        assert result.restored.problem == "web was still unhealthy after 120 s"
        assert lock_key("web") in journal.records
        del engine.probe_results["NEW"]
        engine.created_ids.clear()
        return journal

    def again(self, engine: FakeEngine, journal: FakeJournal) -> CycleResult:
        runs = FakeProcesses("again")
        runs.dead.add("me")
        return recreate(engine, lock=RunLock(journal, runs, FakeClock(), lock_timeout=5))

    def test_newer_image_replaces_the_unhealthy_container(self, engine: FakeEngine, journal: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "good"
        result = self.again(engine, journal)
        assert (result.outcome, result.recovered_first, journal.records) == (Outcome.RECREATED, True, {})
        assert engine.container("web")["Image"] == "good"

    def test_unhealthy_container_is_reported_once_when_there_is_no_newer_image(self, engine: FakeEngine, journal: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        with pytest.raises(RecoveryFailed, match="web was still unhealthy after 120 s"):
            self.again(engine, journal)
        assert journal.records == {}
        assert self.again(engine, journal).outcome is Outcome.UNCHANGED

    def test_container_that_cannot_be_started_needs_an_operator(self, engine: FakeEngine, journal: FakeJournal) -> None:
        """An update now would mistake it for a container that is meant to be stopped."""
        engine.stop("web", 10)
        engine.errors["start:web"] = REFUSAL
        engine.probe_results["web"] = [exited(1)]
        with pytest.raises(
            RecoveryFailed, match=r"discard the record of the interrupted run with: docker volume rm evenkeel-lock\.web .*docker start web$"
        ):
            self.again(engine, journal)
        assert lock_key("web") in journal.records
