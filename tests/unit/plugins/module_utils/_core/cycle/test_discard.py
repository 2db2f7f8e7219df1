# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a failed successor out of the way before the old container is restored."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Conflict,
    EngineError,
    NoAnswer,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ContainerRuntimeState,
    Document,
    EventLog,
    Failure,
)
from support.fakes.engine import (
    RUNNING,
    STARTING,
    UNHEALTHY,
    FakeEngine,
    exited,
)
from support.fakes.host_with_archive import ARCHIVE, HostWithArchive
from support.fakes.update_of_web import (
    BACK_AGAIN_AND_REJECTED,
    REFUSAL,
    TO_THE_START,
    TRIAL,
    outdated_web,
    problem_of_rollback,
    recreate,
)

RESTARTED = RUNNING._replace(restarts=1)
DIED = ("start", "die", "start")


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestCollectEvidence:
    def test_error_of_the_engine_replaces_the_reason_of_the_health_gate(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(127)]
        engine.failures["NEW"] = Failure(error="exec: shop: not found")
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure.error == "exec: shop: not found"

    def test_failure_details_that_cannot_be_read_do_not_prevent_the_rollback(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.errors["failure:NEW"] = REFUSAL
        result = recreate(engine)
        assert result.rollback is not None
        assert result.rollback.failure == Failure(error="web exited with code 1", exit_code=1)

    @pytest.mark.parametrize(
        ("looks", "log", "at_the_end", "exit_code", "oom_killed"),
        [
            pytest.param([RESTARTED], EventLog(DIED, exit_code=3), Failure(), 3, False, id="the restarted process runs"),
            pytest.param([RESTARTED], EventLog(DIED, exit_code=3), Failure(exit_code=4), 3, False, id="the next process failed too"),
            pytest.param([RESTARTED], EventLog(), Failure(), None, False, id="the engine shows no events"),
            pytest.param([exited(3)], EventLog(), Failure(), 3, False, id="the gate saw it, and the next process runs"),
            pytest.param([exited(3)], EventLog(), Failure(exit_code=3), 3, False, id="nothing restarted it"),
            pytest.param([UNHEALTHY], EventLog(("start",)), Failure(), None, False, id="unhealthy, and still running"),
            pytest.param([UNHEALTHY], EventLog(("start",)), Failure(exit_code=5), 5, False, id="it exited after the verdict"),
            pytest.param(
                [RESTARTED], EventLog(("start", "oom", *DIED), exit_code=137), Failure(), 137, True, id="out of memory, restarted"
            ),
            pytest.param([NotFound("gone")], EventLog(("die", "destroy"), exit_code=3), NotFound("gone"), 3, False, id="removed"),
        ],
    )
    def test_exit_code_is_that_of_the_process_that_failed(
        self,
        engine: FakeEngine,
        looks: list[ContainerRuntimeState | EngineError],
        log: EventLog,
        at_the_end: Failure | EngineError,
        exit_code: int | None,
        oom_killed: bool,
    ) -> None:
        """F-N8"""
        engine.probe_results["NEW"] = looks
        engine.event_log = log
        if isinstance(at_the_end, Failure):
            engine.failures["NEW"] = at_the_end
        else:
            engine.errors["failure:NEW"] = at_the_end
        result = recreate(engine)
        assert result.rollback is not None
        failure = result.rollback.failure
        assert (failure.exit_code, failure.oom_killed) == (exit_code, oom_killed)


class TestDiscardFailedContainer:
    def test_failed_container_that_cannot_be_stopped_is_removed(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.errors["stop:NEW"] = REFUSAL
        result = recreate(engine)
        assert engine.calls == [*TO_THE_START, "probe:NEW", "failure:NEW", *BACK_AGAIN_AND_REJECTED]
        assert engine.names == {"web"}
        assert result.outcome is Outcome.ROLLED_BACK

    def test_foreign_container_that_took_the_name_after_a_lost_create_is_not_removed(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create = engine.create

        def lost(name: str, body: Document) -> str:
            if name != "web":
                return create(name, body)
            engine.add_container(name, "shop:1", "new")
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        result = recreate(engine)
        assert engine.names == {"web", "web-old-1000"}
        assert [call for call in engine.calls if call.startswith("remove")] == TRIAL[1:]
        assert result.archive == "web-old-1000"
        assert result.restored is not None
        assert not [command for command in result.restored.commands if "rm" in command]

    def test_foreign_container_that_took_the_name_is_not_removed(self, engine: FakeEngine) -> None:
        engine.errors["create:web"] = Conflict("the name web is taken")
        engine.errors["rename:web-old-1000->web"] = Conflict("the name web is taken")
        result = recreate(engine)
        assert [call for call in engine.calls if call.startswith("remove")] == TRIAL[1:]
        assert result.restored is not None
        assert result.restored.archive == result.archive == "web-old-1000"

    def test_foreign_container_that_was_only_created_is_not_removed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def lost(name: str, body: Document) -> str:
            if name != "web":
                return create(name, body)
            engine.add_container(name, "theirs:1", "theirs")
            engine._find(name)["State"]["Status"] = "created"
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        recreate(engine)
        assert engine.container("web")["Image"] == "theirs"

    def test_failed_container_that_cannot_be_removed_keeps_the_name(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.errors["remove:NEW with force"] = REFUSAL
        result = recreate(engine)
        assert result.restored is not None
        new_id = engine.container("web")["Id"]
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web")
        assert result.archive == result.container_name == "web-old-1000"
        assert "start:web-old-1000" in engine.calls, "a service under the wrong name is better than none"

    def test_failed_container_that_keeps_running_prevents_the_start_of_the_old_one(self, engine: FakeEngine) -> None:
        """Two containers that share data must not run at the same time."""
        engine.probe_results["NEW"] = [UNHEALTHY]
        engine.errors["stop:NEW"] = engine.errors["remove:NEW with force"] = REFUSAL
        result = recreate(engine)
        new_id = engine.container("web")["Id"]
        assert "start:web-old-1000" not in engine.calls
        assert result.restored is not None
        assert result.restored.commands == (f"docker rm --force {new_id}", "docker rename web-old-1000 web", "docker start web")
        assert (result.container_id, result.container_name, result.archive) == (new_id, "web", "web-old-1000")

    def test_failed_container_that_keeps_running_is_reported(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [UNHEALTHY]
        engine.errors.update({"stop:NEW": REFUSAL, "remove:NEW with force": REFUSAL})
        assert (
            problem_of_rollback(engine)
            == "the new container could not be removed (the engine says no), and the two must not run at the same time"
        )

    def test_failed_container_that_may_run_counts_as_running(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1), REFUSAL]
        engine.errors["remove:NEW with force"] = REFUSAL
        assert "must not run at the same time" in (problem_of_rollback(engine) or "")
        assert not [call for call in engine.calls if call.startswith("start:web")]

    @pytest.mark.parametrize(("error", "look"), [(REFUSAL, NotFound("no such container")), (NotFound("no such container"), REFUSAL)])
    def test_failed_container_that_is_gone_does_not_count_as_running(
        self, engine: FakeEngine, error: EngineError, look: EngineError
    ) -> None:
        engine.probe_results["NEW"] = [exited(1), look]
        engine.errors["remove:NEW with force"] = error
        assert "must not run at the same time" not in (problem_of_rollback(engine) or "")
        assert "start:web-old-1000" in engine.calls

    def test_failed_container_of_unknown_id_was_never_started(self, engine: FakeEngine) -> None:
        engine.lost_answers.add("create:web")
        engine.errors["remove:NEW with force"] = REFUSAL
        assert problem_of_rollback(engine) == "web could not get its name back (the name web is taken)"
        assert "probe:None" not in engine.calls

    def test_unreachable_engine_after_a_lost_create_is_retried(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        create = engine.create

        def lost(name: str, body: Document) -> str:
            created = create(name, body)
            if name != "web":
                return created
            engine.unreachable["inspect"] = 3
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "create", lost)
        assert problem_of_rollback(engine) is None
        assert engine.names == {"web"}

    def test_failed_container_is_kept_when_the_archive_was_removed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """A failed container is better than none."""
        engine.probe_results["NEW"] = [UNHEALTHY]
        failure = engine.failure
        monkeypatch.setattr(engine, "failure", lambda container: (engine.remove_externally("web-old-1000"), failure(container))[1])
        result = recreate(engine)
        new_id = engine.container("web")["Id"]
        assert engine.container("web")["State"]["Status"] == "running"
        assert result.restored is not None
        assert (result.restored.commands, result.restored.kept, result.archive, result.container_id) == ((), new_id, None, new_id)

    def test_removal_in_progress_is_retried(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        engine.unreachable["remove:NEW with force"] = 3
        engine.unreachable_error = Conflict("removal of the container is already in progress")
        assert recreate(engine).container_name == "web"
        assert engine.names == {"web"}


class TestDiscardFailedArchive:
    """A failed archive becomes an archive again."""

    @pytest.fixture
    def host(self) -> HostWithArchive:
        return HostWithArchive()

    @pytest.fixture
    def exiting(self, host: HostWithArchive) -> HostWithArchive:
        """Return a host on which the archive exits when it is started."""
        start = host.engine.start

        def exit_at_once(container: str) -> None:
            start(container)
            if container == host.archived:
                host.engine._find(container)["State"].update(Status="exited", ExitCode=3)

        host.engine.start = exit_at_once  # type: ignore[method-assign]
        return host

    def test_failed_archive_is_renamed_back_and_not_removed(self, exiting: HostWithArchive) -> None:
        exiting.rollback_to_archive()
        archive = exiting.engine.container(ARCHIVE)
        assert (archive["Id"], archive["State"]["Status"]) == (exiting.archived, "exited")
        assert [call for call in exiting.engine.calls if call.startswith("remove")] == TRIAL[1:]

    def test_failed_archive_does_not_restart_with_the_engine(self, exiting: HostWithArchive) -> None:
        exiting.rollback_to_archive()
        assert exiting.engine.container(ARCHIVE)["HostConfig"]["RestartPolicy"] == {"Name": "no"}

    def test_failed_archive_that_still_has_its_name_is_not_renamed(self, host: HostWithArchive) -> None:
        host.engine.errors[f"rename:{ARCHIVE}->web"] = REFUSAL
        assert host.rollback_to_archive().outcome is Outcome.ROLLED_BACK
        assert not [call for call in host.engine.calls if call.endswith(f"->{ARCHIVE}")]

    def test_archive_that_keeps_running_is_reported_with_the_commands(self, host: HostWithArchive, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two containers that share data must not run at the same time."""
        stop = host.engine.stop

        def stop_only_the_newer(container: str, timeout: int) -> None:
            if container == host.archived:
                raise REFUSAL
            stop(container, timeout)

        monkeypatch.setattr(host.engine, "stop", stop_only_the_newer)
        host.engine.probe_results["web"] = [STARTING]
        result = host.rollback_to_archive()
        assert result.restored is not None
        assert result.restored.commands == (
            f"docker stop {host.archived} && docker rename {host.archived} {ARCHIVE}",
            "docker rename web-old-1000 web",
            "docker start web",
        )
        assert host.engine.container(host.newer)["State"]["Status"] == "exited"
        assert "evenkeel-lock.web" in host.journal.records
