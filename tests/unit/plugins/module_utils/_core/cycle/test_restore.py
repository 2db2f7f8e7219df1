# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The old container is brought back, and what is said where that fails. Call lists are compared whole."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackEvent, RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Conflict,
    EngineError,
    NoAnswer,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Document,
    Failure,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import (
    HEALTHY,
    STARTING,
    UNHEALTHY,
    FakeEngine,
    exited,
    fake_context,
    fake_lock,
)
from support.fakes.update_of_web import BACK_AGAIN, REFUSAL, TO_THE_START, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


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


class TestWhoIsMeant:
    """IDs, not names: somebody else may rename and replace while we wait."""

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


class TestTheWayBack:
    def problem(self, engine: FakeEngine, health: HealthConfig | None = None) -> str | None:
        """Of an update whose new container exits."""
        engine.looks.setdefault("NEW", [exited(1)])
        result = recreate_with_health(fake_context(engine), fake_lock(), RecreateRequest("web"), health or HealthConfig(), Cleanup())
        assert result.restored is not None
        return result.restored.problem

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
            "web could not get its name back (the name web is taken); web could not be started (the engine says no)"
        )
        new_id = engine.container("web")["Id"]
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web", "docker start web")

    def test_what_runs_all_the_same_is_not_told(self, engine: FakeEngine) -> None:
        engine.looks["web-old-1000"] = [HEALTHY]
        engine.errors.update({"rename:web-old-1000->web": REFUSAL, "start:web-old-1000": REFUSAL})
        assert self.problem(engine) == "web could not get its name back (the engine says no)"

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
        assert self.problem(engine) == "web could not get its name back (the name web is taken)"
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
        assert "could not get its name back" in (self.problem(engine) or "")

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


class TestRestartPolicy:
    """An archive must not be started by the engine, beside the new container."""

    @pytest.fixture(autouse=True)
    def _always(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}

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


class TestTheRestartPolicyInParticular:
    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

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
            "web could not get its name back (the engine says no); web could not be started (the engine says no); "
            "the restart policy of web could not be restored (the engine says no)"
        )
        assert result.restored.commands == (
            "docker rename web-old-1000 web",
            "docker start web",
            "docker update --restart=always web",
        )


class TestOneThatDoesNotRun:
    @pytest.fixture(autouse=True)
    def _stopped(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "exited"

    def test_nor_is_the_old_one_started_when_it_comes_back(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.errors["create:web"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        assert (result.outcome, result.restored.problem, result.downtime) == (Outcome.ROLLED_BACK, None, None)
        assert (engine.container("web")["Id"], engine.container("web")["State"]["Status"]) == (old_id, "exited")
        assert not [call for call in engine.calls if call.startswith(("start", "stop"))]


class TestDependents:
    """The rest of it is told where dependents are, and where runs are killed."""

    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.has_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def repairs(self, result: CycleResult) -> list[tuple[str, str]]:
        return [(dependent.name, dependent.repair.value) for dependent in result.dependents]

    def test_after_a_rollback_they_are_restarted(self, engine: FakeEngine) -> None:
        engine.looks["NEW"] = [exited(1)]
        assert self.repairs(recreate(engine)) == [("sidecar", "restarted")]
        assert engine.is_served("sidecar")
