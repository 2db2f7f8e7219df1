# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swap: stop and rename the old container, create and start the new one. Whole call lists are compared."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    CreateIncomplete,
    EngineError,
    NoAnswer,
    NotFound,
    RenameFailed,
    StopFailed,
    UpdateFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Document,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key
from support.fakes.engine import (
    HEALTHY,
    STARTING,
    FakeEngine,
    FakeJournal,
    exited,
    fake_lock,
)
from support.fakes.update_of_web import BACK_AGAIN, REFUSAL, TO_THE_START, TRIAL, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestStopOldContainer:
    @pytest.mark.parametrize("lost", [True, False])
    def test_failed_stop_leaves_the_container_running(self, engine: FakeEngine, lost: bool) -> None:
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
            *TRIAL,
            "stop:web",
            *(["probe:web"] if lost else []),
            "start:web",
            "probe:web",
            "probe:web",
        ]
        assert caught.value.touched is lost
        assert ("It was started again" in str(caught.value)) is lost
        assert engine.container("web")["State"]["Status"] == "running"

    def test_failed_stop_message(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed, match=r"^Container web could not be stopped: the engine says no\. It runs as before\.$"):
            recreate(engine)

    def test_container_removed_before_the_stop_clears_the_journal(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        journal = FakeJournal()
        with pytest.raises(StopFailed, match="removed just before it was to be stopped") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (caught.value.touched, journal.records) == (False, {})

    def test_container_removed_before_the_stop_message(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        with pytest.raises(StopFailed, match=r"^Container web was removed just before it was to be stopped\. Nothing was changed\.$"):
            recreate(engine)

    def test_container_that_cannot_be_started_again_is_reported_with_the_command(self, engine: FakeEngine) -> None:
        engine.errors.update({"stop:web": REFUSAL, "start:web": EngineError("port is already allocated")})
        engine.probe_results["web"] = [exited(0)]
        with pytest.raises(StopFailed, match=r"does not run as before: .*port is already allocated.*docker start web") as caught:
            recreate(engine)
        assert caught.value.touched

    def test_container_that_is_unhealthy_after_the_restart_needs_no_command(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Healthcheck"] = {"Interval": 1, "Timeout": 1}
        engine.lost_answers.add("stop:web")
        engine.probe_results["web"] = [STARTING]
        with pytest.raises(StopFailed, match=r"It does not run as before: web was still starting after 1 s\.$") as caught:
            recreate(engine)
        assert caught.value.touched is True

    def test_stop_without_an_answer_is_repeated_before_the_container_is_started_again(self, engine: FakeEngine) -> None:
        """A container that is being stopped still looks healthy."""
        engine.unreachable["stop:web"] = 1
        journal = FakeJournal()
        with pytest.raises(StopFailed, match=r"could not be stopped: nobody listens\. It was started again and runs as before\.") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (engine.calls.count("stop:web"), caught.value.touched, journal.records) == (2, True, {})

    @pytest.mark.parametrize("stop_timeout", [-1, 10])
    def test_stop_that_never_answers_is_left_to_the_next_run(self, engine: FakeEngine, stop_timeout: int) -> None:
        engine._find("web")["Config"]["StopTimeout"] = stop_timeout
        engine.errors["stop:web"] = NoAnswer("timed out")
        journal = FakeJournal()
        with pytest.raises(StopFailed, match=r"It still runs, but the engine may still stop it\. Run the task again\.$") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (caught.value.touched, [*journal.records]) == (False, [lock_key("web")])
        assert (engine.calls.count("stop:web") == 1) is (stop_timeout < 0), "a stop without a timeout is not waited for twice"

    def test_container_that_cannot_be_inspected_counts_as_touched(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        engine.probe_results["web"] = [HEALTHY, REFUSAL]
        with pytest.raises(StopFailed) as caught:
            recreate(engine)
        assert caught.value.touched is True

    def test_crash_looping_container_that_cannot_be_stopped_is_untouched(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "restarting"
        engine.errors["stop:web"] = engine.errors["start:web"] = REFUSAL
        with pytest.raises(StopFailed) as caught:
            recreate(engine)
        assert caught.value.touched is False

    @pytest.mark.parametrize(
        ("own", "wanted", "old", "new"),
        [(None, None, 10, 10), (33, None, 33, 10), (3, None, 3, 3), (33, 2, 2, 2), (33, 0, 0, 0), (-1, None, -1, 10)],
    )
    def test_stop_timeout_is_capped_at_10_seconds_for_the_failed_container_only(
        self, engine: FakeEngine, own: int | None, wanted: int | None, old: int, new: int
    ) -> None:
        engine._find("web")["Config"]["StopTimeout"] = own
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine, stop_timeout=wanted)
        assert engine.stop_timeouts == [old, new]


class TestRenameOldContainer:
    @pytest.mark.parametrize("lost", [True, False])
    def test_failed_rename_starts_the_container_again(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("rename:web->web-old-1000")
        else:
            engine.errors["rename:web->web-old-1000"] = REFUSAL
        with pytest.raises(RenameFailed, match=r"could not be renamed to web-old-1000: .*\. It was started again and runs as before\."):
            recreate(engine)
        assert engine.names == {"web"}
        assert engine.container("web")["State"]["Status"] == "running"

    def test_failed_rename_message(self, engine: FakeEngine) -> None:
        engine.errors["rename:web->web-old-1000"] = REFUSAL
        expected = r"^Container web could not be renamed to web-old-1000: the engine says no\. It was started again and runs as before\.$"
        with pytest.raises(RenameFailed, match=expected):
            recreate(engine)

    def test_commands_after_a_failed_rename_are_chained_with_and(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("rename:web->web-old-1000")
        engine.errors.update({"rename:web-old-1000->web": REFUSAL, "start:web-old-1000": REFUSAL})
        with pytest.raises(RenameFailed, match="docker rename web-old-1000 web && docker start web$"):
            recreate(engine)

    @pytest.mark.parametrize("call", ["stop:web", "rename:web->web-old-1000"])
    def test_failed_stop_or_rename_clears_the_journal(self, engine: FakeEngine, call: str) -> None:
        journal = FakeJournal()
        engine.errors[call] = REFUSAL
        with pytest.raises((StopFailed, RenameFailed)):
            recreate(engine, lock=fake_lock(journal))
        assert journal.records == {}


class TestRestartPolicy:
    """The engine must not start an archive beside the new container."""

    @pytest.fixture(autouse=True)
    def _always(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always", "MaximumRetryCount": 0}

    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    def test_archive_has_no_restart_policy_and_the_new_container_has_it(self, engine: FakeEngine) -> None:
        recreate(engine, keep_archive=True)
        assert engine.calls == [*TO_THE_START[:7], "restart=no:web", *TO_THE_START[7:], *["probe:NEW"] * 3]
        assert engine.container("web-old-1000")["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert engine.created[0]["HostConfig"]["RestartPolicy"]["Name"] == "always"

    @pytest.mark.parametrize("lost", [True, False])
    def test_failed_policy_change_prevents_the_stop(self, engine: FakeEngine, lost: bool) -> None:
        if lost:
            engine.lost_answers.add("restart=no:web")
        else:
            engine.errors["restart=no:web"] = REFUSAL
        with pytest.raises(UpdateFailed, match="restart policy of web could not be changed") as caught:
            recreate(engine)
        assert caught.value.touched is False
        assert "stop:web" not in engine.calls
        assert engine.container("web")["HostConfig"]["RestartPolicy"]["Name"] == "always"

    @pytest.mark.parametrize("policy", [None, {}, {"Name": ""}, {"Name": "no"}])
    def test_container_without_a_restart_policy_is_not_updated(self, engine: FakeEngine, policy: dict[str, str] | None) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = policy
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine)
        assert not [call for call in engine.calls if call.startswith("restart=")]

    def test_failed_policy_change_message(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.errors["restart=no:web"] = REFUSAL
        expected = r"^The restart policy of web could not be changed: the engine says no\. Nothing was changed\.$"
        with pytest.raises(UpdateFailed, match=expected):
            recreate(engine)
        assert not [call for call in engine.calls if call.startswith("rename")]

    @pytest.mark.parametrize("before", [{"Name": "always"}, {"Name": "always", "MaximumRetryCount": 0}])
    def test_policy_that_no_call_may_change_is_no_damage(self, engine: FakeEngine, before: dict[str, t.Any]) -> None:
        """F-H11. A plugin forbids the call that would restore the policy, too. It is not needed, and the next run finds no lock."""
        engine._find("web")["HostConfig"]["RestartPolicy"] = before
        engine.errors.update({"restart=no:web": REFUSAL, "restart=always:web": REFUSAL})
        journal = FakeJournal()
        with pytest.raises(UpdateFailed, match="Nothing was changed") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (caught.value.touched, journal.records) == (False, {})
        assert engine.calls[-2:] == ["restart=no:web", "inspect"]


class TestCreateNewContainer:
    LOCK, NEW = "evenkeel-lock.web", "evenkeel-new.me.web"

    def test_failed_create_rolls_back(self, engine: FakeEngine) -> None:
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

    def test_create_without_an_answer_leaves_nothing_behind(self, engine: FakeEngine) -> None:
        old_id = engine.container("web")["Id"]
        engine.lost_answers.add("create:web")
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START[:-1], BACK_AGAIN[0], "inspect", *BACK_AGAIN[1:]]
        assert engine.names == {"web"}
        assert engine.container("web")["Id"] == old_id
        assert result.restored is not None
        assert result.restored.problem is None

    def test_incomplete_create_is_removed_and_rolled_back(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def incomplete(name: str, body: Document) -> str:
            created = create(name, body)
            if name != "web":
                return created
            raise CreateIncomplete("no such network", created)

        monkeypatch.setattr(engine, "create", incomplete)
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START[:-1], "failure:NEW", *BACK_AGAIN]
        assert engine.names == {"web"}
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED

    def test_incomplete_create_reports_the_reason(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def incomplete(name: str, body: Document) -> str:
            created = create(name, body)
            if name != "web":
                return created
            raise CreateIncomplete("no such network", created)

        monkeypatch.setattr(engine, "create", incomplete)
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "no such network"

    def test_new_container_that_cannot_be_recorded_is_not_started(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
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


class TestStartNewContainer:
    @pytest.mark.parametrize("error", [REFUSAL, NoAnswer("the connection broke")])
    def test_failed_start_rolls_back(self, engine: FakeEngine, error: EngineError) -> None:
        engine.errors["start:NEW"] = error
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "failure:NEW", *BACK_AGAIN]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.START_FAILED

    def test_failed_start_reports_the_reason(self, engine: FakeEngine) -> None:
        engine.errors["start:NEW"] = REFUSAL
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "the engine says no"


class TestContainersAreAddressedById:
    """Other tools may rename and replace containers while a run waits, so calls use IDs and not names."""

    @pytest.fixture
    def asked(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> set[str]:
        """Collect the names or IDs that were passed to calls that inspect or change a container."""
        asked: set[str] = set()
        for name in ("stop", "rename", "start", "probe", "failure", "set_restart_policy"):
            call = getattr(engine, name)
            monkeypatch.setattr(engine, name, lambda container, *rest, call=call: (asked.add(container), call(container, *rest))[1])
        return asked

    def test_old_and_new_container_are_addressed_by_id(self, engine: FakeEngine, asked: set[str]) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always"}
        old_id = engine.container("web")["Id"]
        engine.probe_results["NEW"] = [exited(1)]
        recreate(engine)
        assert len(asked) == 2
        assert old_id in asked
        assert all(len(container) == 64 for container in asked)

    @pytest.mark.parametrize("call", ["stop:web", "rename:web->web-old-1000"])
    def test_container_that_was_not_renamed_is_addressed_by_id(self, engine: FakeEngine, asked: set[str], call: str) -> None:
        old_id = engine.container("web")["Id"]
        engine.errors[call] = REFUSAL
        with pytest.raises((StopFailed, RenameFailed)):
            recreate(engine)
        assert asked == {old_id}

    @pytest.mark.parametrize("look", [HEALTHY, exited(1)])
    def test_new_container_that_is_renamed_is_removed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, look: object) -> None:
        """F-H16. It does not serve under the name, so the old container does."""
        create = engine.create

        def create_and_rename(*arguments: object) -> str:
            new_id = create(*arguments)
            engine._find(new_id)["Name"] = "/web-2"
            return new_id

        monkeypatch.setattr(engine, "create", create_and_rename)
        engine.probe_results["NEW"] = [look]
        assert recreate(engine).outcome is Outcome.ROLLED_BACK
        assert "start:NEW" in engine.calls
        assert (engine.names, engine.container("web")["Image"]) == ({"web"}, "old")


class TestStoppedContainer:
    @pytest.fixture(autouse=True)
    def _stopped(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "exited"

    def test_stopped_container_is_replaced_without_stop_start_or_health_gate(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert engine.calls == [
            *TO_THE_START[:7],
            "rename:web->web-old-1000",
            "create:web",
            "probe:NEW",
            "remove:web-old-1000",
            "probe:NEW",
        ]
        assert (result.outcome, result.downtime) == (Outcome.RECREATED, None)
        assert engine.container("web")["State"]["Status"] == "created"

    def test_failed_rename_leaves_a_stopped_container_untouched(self, engine: FakeEngine) -> None:
        engine.errors["rename:web->web-old-1000"] = REFUSAL
        with pytest.raises(RenameFailed, match=r"the engine says no\. It is as before\.$") as caught:
            recreate(engine)
        assert not caught.value.touched


class TestDependents:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def test_failed_stop_leaves_dependents_alone(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed):
            recreate(engine)
        assert "stop:sidecar" not in engine.calls
