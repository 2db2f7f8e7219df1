# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The old container is stopped and renamed, the new one created and started. Call lists are compared whole."""

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
from support.fakes.update_of_web import BACK_AGAIN, REFUSAL, TO_THE_START, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestRollback:
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

    @pytest.mark.parametrize("error", [REFUSAL, NoAnswer("the connection broke")])
    def test_start_failed(self, engine: FakeEngine, error: EngineError) -> None:
        engine.errors["start:NEW"] = error
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "failure:NEW", *BACK_AGAIN]
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.START_FAILED


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
    def test_one_that_vanishes_at_the_last_moment(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        journal = FakeJournal()
        with pytest.raises(StopFailed, match="removed while the image was pulled") as caught:
            recreate(engine, lock=fake_lock(journal))
        assert (caught.value.touched, journal.notes) == (False, {})

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


class TestWhatIsSaid:
    def test_stop(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed, match=r"^Container web could not be stopped: the engine says no\. It runs as before\.$"):
            recreate(engine)

    def test_vanished(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = NotFound("no such container")
        with pytest.raises(StopFailed, match=r"^Container web was removed while the image was pulled\. Nothing was touched\.$"):
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
        with pytest.raises(StopFailed, match=r"It still runs, but the engine may still stop it\. Run the task again\.$") as caught:
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


class TestTheWayBack:
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


class TestWhatTheJournalHolds:
    @pytest.mark.parametrize("call", ["stop:web", "rename:web->web-old-1000"])
    def test_nothing_when_the_old_one_runs_as_before(self, engine: FakeEngine, call: str) -> None:
        journal = FakeJournal()
        engine.errors[call] = REFUSAL
        with pytest.raises((StopFailed, RenameFailed)):
            recreate(engine, lock=fake_lock(journal))
        assert journal.notes == {}


class TestTheRestartPolicyInParticular:
    ALWAYS: t.ClassVar = {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}}

    @pytest.mark.parametrize("policy", [None, {}, {"Name": ""}, {"Name": "no"}])
    def test_none_is_not_taken(self, engine: FakeEngine, policy: dict[str, str] | None) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = policy
        engine.looks["NEW"] = [exited(1)]
        recreate(engine)
        assert not [call for call in engine.calls if call.startswith("restart=")]

    def test_one_that_cannot_be_taken(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"].update(self.ALWAYS)
        engine.errors["restart=no:web"] = REFUSAL
        expected = r"^The restart policy of web could not be changed: the engine says no\. It runs as before\.$"
        with pytest.raises(UpdateFailed, match=expected):
            recreate(engine)
        assert not [call for call in engine.calls if call.startswith("rename")]


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

    def test_a_rename_that_fails_leaves_it_as_it_was(self, engine: FakeEngine) -> None:
        engine.errors["rename:web->web-old-1000"] = REFUSAL
        with pytest.raises(RenameFailed, match=r"the engine says no\. It is as before\.$") as caught:
            recreate(engine)
        assert not caught.value.touched


class TestDependents:
    """The rest of it is told where dependents are, and where runs are killed."""

    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.has_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def test_who_was_never_cut_off_is_left_alone(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = REFUSAL
        with pytest.raises(StopFailed):
            recreate(engine)
        assert "stop:sidecar" not in engine.calls
