# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restore the old container, and report what fails. Whole call lists are compared."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackEvent, RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Conflict,
    EngineError,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Failure,
)
from support.fakes.engine import (
    HEALTHY,
    STARTING,
    UNHEALTHY,
    FakeEngine,
    FakeJournal,
    exited,
)
from support.fakes.update_of_web import (
    BACK_AGAIN,
    BACK_AGAIN_AND_REJECTED,
    REFUSAL,
    TO_THE_START,
    outdated_web,
    problem_of_rollback,
    recreate,
)


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestRollback:
    def test_crashed_container_is_rolled_back(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.probe_results["NEW"] = [exited(3)]
        engine.failures["NEW"] = Failure(exit_code=3, logs=("boom",))
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "failure:NEW", *BACK_AGAIN_AND_REJECTED]
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

    def test_unhealthy_container_is_rolled_back(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [STARTING, UNHEALTHY]
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "probe:NEW", "failure:NEW", *BACK_AGAIN]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.HEALTH_TIMEOUT
        assert not [call for call in engine.calls if call.startswith("remove:web-old")], "the archive is needed for the rollback"

    def test_archive_that_was_renamed_is_restored(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        def rename_the_archive(_container: str) -> Failure:
            engine._find("web-old-1000")["Name"] = "/web-kept"
            return Failure()

        monkeypatch.setattr(engine, "failure", rename_the_archive)
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine)
        assert engine.names == {"web"}
        assert engine.container("web")["Config"]["Image"] == "shop:1"
        assert engine.container("web")["Image"] == "old"


def up_for(seconds: float) -> FakeJournal:
    """The records of an engine by whose clock each container was started so long ago."""
    journal = FakeJournal()
    journal.age_of_records = seconds
    return journal


class TestCheckRestoredContainer:
    """How healthy the old container has to be after it was restored."""

    def test_old_container_that_does_not_start_is_reported_with_the_command(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [exited(128)]
        engine.errors["start:web"] = EngineError("port is already allocated")
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web could not be started (port is already allocated)"
        assert result.restored.commands == ("docker start web",)
        assert (result.archive, result.downtime) == (None, None)

    def test_old_container_that_exits_again_is_reported(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [exited(2)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 2"

    def test_old_container_that_was_unhealthy_may_be_unhealthy(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "unhealthy"
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [UNHEALTHY]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_old_container_that_was_starting_may_be_unhealthy(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "starting"
        engine.probe_results["web"] = [UNHEALTHY]
        assert problem_of_rollback(engine) is None

    def test_old_container_that_was_starting_has_to_stay_up(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Health"]["Status"] = "starting"
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [STARTING, exited(3)]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 3"

    @pytest.mark.parametrize("inspected", ["between two starts", "just after a start"])
    def test_old_container_that_was_crash_looping_may_exit(self, engine: FakeEngine, inspected: str) -> None:
        if inspected == "between two starts":
            engine._find("web")["State"]["Status"] = "restarting"
        else:
            engine._find("web")["RestartCount"] = 3
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [exited(3)]
        result = recreate(engine, memory=up_for(9))
        assert result.restored is not None
        assert result.restored.problem is None

    @pytest.mark.parametrize(("restarts", "uptime"), [(3, 10), (0, 1)])
    def test_old_container_that_was_up_for_a_while_has_to_stay_up(self, engine: FakeEngine, restarts: int, uptime: float) -> None:
        """F-H9. Only the engine's clock counts: the fake one of the host says something else."""
        engine._find("web")["RestartCount"] = restarts
        engine._find("web")["State"]["StartedAt"] = "1970-01-01T00:16:39Z"
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [exited(3)]
        result = recreate(engine, memory=up_for(uptime))
        assert result.restored is not None
        assert result.restored.problem == "web exited with code 3"

    def test_old_container_gets_the_time_its_own_health_check_needs(self, engine: FakeEngine) -> None:
        second = 1_000_000_000
        engine._find("web")["Config"]["Healthcheck"] = {"StartPeriod": 20 * second, "Interval": 8 * second, "Timeout": 2 * second}
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [STARTING] * 40 + [HEALTHY]
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None

    def test_old_container_gets_at_least_the_health_timeout(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.probe_results["web"] = [STARTING] * 4 + [HEALTHY]
        assert problem_of_rollback(engine, HealthConfig(health_timeout=5)) is None

    def test_old_container_gets_no_longer_than_the_health_timeout(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.probe_results["web"] = [STARTING]
        assert problem_of_rollback(engine, HealthConfig(health_timeout=5)) == "web was still starting after 5 s"

    def test_old_container_need_not_stay_healthy_for_min_healthy_time(self, engine: FakeEngine) -> None:
        engine.probe_results["web"] = [HEALTHY, UNHEALTHY]
        assert problem_of_rollback(engine, HealthConfig(min_healthy_time=5)) is None

    def test_earlier_restarts_of_the_old_container_do_not_count(self, engine: FakeEngine) -> None:
        engine._find("web")["RestartCount"] = 4
        engine.probe_results["web"] = [HEALTHY._replace(restarts=4)]
        assert problem_of_rollback(engine) is None

    def test_running_old_container_needs_no_command(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.probe_results["web"] = [STARTING]
        result = recreate(engine)
        assert result.restored is not None
        assert "web was still starting" in (result.restored.problem or "")
        assert result.restored.commands == ()

    def test_failed_start_of_a_container_that_runs_is_not_reported(self, engine: FakeEngine) -> None:
        engine.probe_results["web-old-1000"] = [HEALTHY]
        engine.errors.update({"rename:web-old-1000->web": REFUSAL, "start:web-old-1000": REFUSAL})
        assert problem_of_rollback(engine) == "web could not get its name back (the engine says no)"

    def test_archive_that_cannot_be_inspected_is_restored(self, engine: FakeEngine) -> None:
        engine.probe_results["web-old-1000"] = [REFUSAL]
        assert problem_of_rollback(engine) is None

    def test_name_that_cannot_be_inspected_counts_as_not_restored(self, engine: FakeEngine) -> None:
        engine.probe_results["web-old-1000"] = [HEALTHY, REFUSAL, HEALTHY]
        engine.errors["rename:web-old-1000->web"] = REFUSAL
        assert "could not get its name back" in (problem_of_rollback(engine) or "")


class TestRetries:
    @pytest.mark.parametrize("call", ["rename:web-old-1000->web", "start:web", "remove:NEW with force", "stop:NEW"])
    def test_lost_answer_during_the_rollback_is_no_failure(self, engine: FakeEngine, call: str) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.lost_answers.add(call)
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None
        assert engine.names == {"web"}
        assert engine.container("web")["State"]["Status"] == "running"

    @pytest.mark.parametrize("call", ["remove:NEW with force", "rename:web-old-1000->web", "start:web"])
    def test_calls_of_the_rollback_are_retried_while_the_engine_is_unreachable(self, engine: FakeEngine, call: str) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.unreachable[call] = 5
        result = recreate(engine)
        assert engine.calls.count(call) == 6
        assert result.restored is not None
        assert result.restored.problem is None
        assert engine.container("web")["State"]["Status"] == "running"

    def test_retries_end_when_the_engine_stays_unreachable(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.unreachable["start:web"] = 1000
        result = recreate(engine)
        assert result.restored is not None
        assert "could not be started" in (result.restored.problem or "")

    def test_unreachable_engine_is_retried_for_30_seconds(self, engine: FakeEngine) -> None:
        engine.unreachable["start:web"] = 1000
        problem_of_rollback(engine)
        assert engine.calls.count("start:web") == 31

    def test_refused_start_is_retried_for_10_seconds(self, engine: FakeEngine) -> None:
        engine.errors["start:web"] = REFUSAL
        assert "the engine says no" in (problem_of_rollback(engine) or "")
        assert engine.calls.count("start:web") == 11

    def test_start_succeeds_once_it_is_no_longer_refused(self, engine: FakeEngine) -> None:
        engine.unreachable["start:web"] = 5
        engine.unreachable_error = REFUSAL
        assert problem_of_rollback(engine) is None

    def test_start_of_a_missing_container_is_not_retried(self, engine: FakeEngine) -> None:
        engine.errors["start:web"] = NotFound("no such container")
        problem_of_rollback(engine)
        assert engine.calls.count("start:web") == 1

    def test_rename_is_retried_while_the_name_is_taken(self, engine: FakeEngine) -> None:
        engine.unreachable["rename:web-old-1000->web"] = 5
        engine.unreachable_error = Conflict("the name web is taken")
        assert problem_of_rollback(engine) is None

    def test_rename_without_an_answer_is_not_repeated(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("rename:web-old-1000->web")
        assert problem_of_rollback(engine) is None
        assert engine.calls.count("rename:web-old-1000->web") == 1

    def test_call_that_hangs_longer_than_the_retry_period_is_retried_once(self, engine: FakeEngine) -> None:
        engine.unreachable["start:web"] = 1
        engine.call_seconds["start:web"] = 60
        assert problem_of_rollback(engine) is None


class TestRestartPolicy:
    @pytest.fixture(autouse=True)
    def _always(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}

    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    def test_rollback_restores_the_restart_policy(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine)
        assert engine.calls[-6:] == ["restart=always:web", "start:web", "probe:web", "inspect", "surroundings", "tag:shop:1=old"]
        assert engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always", "MaximumRetryCount": 0}

    def test_restart_policy_that_cannot_be_restored_is_reported_with_the_command(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "on-failure", "MaximumRetryCount": 3}
        engine.probe_results["NEW"] = [exited(1)]
        engine.errors["restart=on-failure:web"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.commands == ("docker update --restart=on-failure:3 web",)

    def test_restart_policy_is_restored_after_retries(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.probe_results["NEW"] = [exited(1)]
        engine.unreachable["restart=always:web"] = 3
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem is None


class TestSeveralProblems:
    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    def test_rename_and_start_problems_are_reported_in_order(self, engine: FakeEngine) -> None:
        engine.probe_results.update({"NEW": [exited(1)], "web-old-1000": [exited(1)]})
        engine.errors.update({"remove:NEW with force": REFUSAL, "start:web-old-1000": REFUSAL})
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == (
            "web could not get its name back (the name web is taken); web could not be started (the engine says no)"
        )
        new_id = engine.container("web")["Id"]
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web", "docker start web")

    def test_rename_start_and_policy_problems_are_reported_in_order(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.probe_results.update({"NEW": [exited(1)], "web-old-1000": [exited(1)]})
        for call in ("rename:web-old-1000->web", "start:web-old-1000", "restart=always:web-old-1000"):
            engine.errors[call] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert result.restored.problem == (
            "web could not get its name back (the engine says no); web could not be started (the engine says no); "
            "the restart policy of web could not be restored (the engine says no)"
        )
        assert result.restored.commands == (
            "docker rename web-old-1000 web",
            "docker start web",
            "docker update --restart=always web",
        )


class TestStoppedContainer:
    @pytest.fixture(autouse=True)
    def _stopped(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "exited"

    def test_container_that_was_stopped_is_restored_without_being_started(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.errors["create:web"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert (result.outcome, result.restored.problem, result.downtime) == (Outcome.ROLLED_BACK, None, None)
        assert (engine.container("web")["Id"], engine.container("web")["State"]["Status"]) == (old_id, "exited")
        assert not [call for call in engine.calls if call.startswith(("start", "stop"))]


class TestDependents:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def repairs(self, result: CycleResult) -> list[tuple[str, str]]:
        return [(dependent.name, dependent.repair.value) for dependent in result.dependents]

    def test_rollback_restarts_dependents(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        assert self.repairs(recreate(engine)) == [("sidecar", "restarted")]
        assert engine.has_live_namespaces("sidecar")
