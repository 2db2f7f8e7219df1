# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a container only if it is unchanged since the plan, pass the health gate, then commit or roll back."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    BadRequest,
    EngineError,
    InspectFailed,
    NoAnswer,
    NotFound,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    EventLog,
    ImageIdentity,
    Inspected,
)
from support.fakes.engine import (
    CallCounter,
    FakeEngine,
    FakeJournal,
    Killed,
    exited,
    fake_lock,
)
from support.fakes.host import FakeHost
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate

DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestPlanIsStillValid:
    """The container changed after the plan was made."""

    def changed(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **change: object) -> None:
        pull = engine.pull

        def pull_meanwhile(*arguments: object) -> ImageIdentity:
            for container in engine._containers.values():
                container.update(change)
            return pull(*arguments)

        monkeypatch.setattr(engine, "pull", pull_meanwhile)

    def test_container_removed_during_the_pull_is_an_error(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull = engine.pull
        monkeypatch.setattr(engine, "pull", lambda *arguments: (engine.remove_externally("web"), pull(*arguments))[1])
        with pytest.raises(InspectFailed, match="no container"):
            recreate(engine)

    def test_container_replaced_before_the_lock_is_planned_again(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """The run plans again for the container that now has the name."""
        journal = FakeJournal()
        write = journal.write

        def replaced(key: str, text: str) -> str:
            monkeypatch.setattr(journal, "write", write)
            engine.remove_externally("web")
            engine.add_container("web", "shop:1", "new")
            return write(key, text)

        monkeypatch.setattr(journal, "write", replaced)
        result = recreate(engine, lock=fake_lock(journal))
        assert result.outcome is Outcome.UNCHANGED
        assert not [call for call in engine.calls if call.startswith("stop")]
        assert journal.records == {}

    @pytest.mark.behaviour("F-H20")
    def test_container_replaced_while_its_files_are_listed_is_planned_again(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another task on the container was faster. Found by the chaos tester."""
        changes = engine.changes

        def replaced(_container: str) -> tuple[t.Any, ...]:
            monkeypatch.setattr(engine, "changes", changes)
            engine.remove_externally("web")
            engine.add_container("web", "shop:1", "new")
            raise NotFound("No such container")

        monkeypatch.setattr(engine, "changes", replaced)
        assert recreate(engine).outcome is Outcome.UNCHANGED
        assert not [call for call in engine.calls if call.startswith("stop")]

    def test_dependent_removed_while_its_files_are_listed_is_not_an_error(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})
        changes = engine.changes

        def removed(container: str) -> tuple[t.Any, ...]:
            if container != engine.container("web")["Id"]:
                monkeypatch.setattr(engine, "changes", changes)
                engine.remove_externally("sidecar")
                raise NotFound("No such container")
            return changes(container)

        monkeypatch.setattr(engine, "changes", removed)
        result = recreate(engine)
        assert (result.outcome, result.dependents) == (Outcome.RECREATED, ())

    def test_container_stopped_before_the_lock_is_replaced_without_being_started(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first plan was for a running container. The second is for a stopped one, so the new container is not started."""
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

    def test_container_paused_before_the_lock_is_refused(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = FakeJournal()
        write = journal.write

        def paused(key: str, text: str) -> str:
            engine._find("web")["State"]["Status"] = "paused"
            return write(key, text)

        monkeypatch.setattr(journal, "write", paused)
        with pytest.raises(Refused, match="it is paused"):
            recreate(engine, lock=fake_lock(journal))
        assert journal.records == {}

    def test_container_renamed_during_the_pull_is_an_error(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.changed(engine, monkeypatch, Name="/web-theirs")
        with pytest.raises(InspectFailed):
            recreate(engine)

    def test_container_that_changes_every_time_is_refused_after_20_attempts(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inspect = engine.inspect

        def by_name_only(container: str) -> Inspected:
            if container != "web":
                raise REFUSAL
            return inspect(container)

        monkeypatch.setattr(engine, "inspect", by_name_only)
        with pytest.raises(Refused, match="^Container web was not changed: something else modified it on each of 20 attempts"):
            recreate(engine)
        assert engine.calls.count("pull") == 20


class TestRelatedContainers:
    """F-H20."""

    def test_dependent_replaced_before_the_lock_is_planned_again(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        in_its_network = {"NetworkMode": f"container:{engine.container('web')['Id']}"}
        engine.add_container("sidecar", "tool:1", "tool", in_its_network)
        journal = FakeJournal()
        write = journal.write

        def replaced(key: str, text: str) -> str:
            if "claim" in key:
                monkeypatch.setattr(journal, "write", write)
                engine.remove_externally("sidecar")
                engine.add_container("sidecar", "tool:1", "tool", in_its_network)
            return write(key, text)

        monkeypatch.setattr(journal, "write", replaced)
        result = recreate(engine, lock=fake_lock(journal))
        assert [(dependent.name, dependent.repair.value) for dependent in result.dependents] == [("sidecar", "recreated")]
        assert (engine.calls.count("pull"), journal.records) == (2, {})

    def test_runs_on_related_containers_do_not_count_as_changes(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each of 25 runs ends while this one waits for it."""
        journal = FakeJournal()
        keys = journal.keys
        others = ["evenkeel-claim.other.web"] * 25

        def with_others(part: str) -> tuple[str, ...]:
            return (*keys(part), *(others.pop() for _look in range(1) if part == "evenkeel-" and others))

        monkeypatch.setattr(journal, "keys", with_others)
        assert recreate(engine, lock=fake_lock(journal, lock_timeout=100)).outcome is Outcome.RECREATED
        assert (engine.calls.count("pull"), others) == (26, [])

    def test_run_that_was_killed_while_it_could_still_withdraw_needs_no_recovery(self) -> None:
        """Another run may be at work on the dependents, so the next run must not stop and start anything to be sure."""
        withdrawn = 0
        for at in range(1, 100):
            host = FakeHost()
            with contextlib.suppress(Killed):
                host.recreate(host.lock("first", CallCounter(at)))
            was_locked = "evenkeel-lock.web" in host.journal.records
            if was_locked and "evenkeel-pending.first.web" not in host.journal.records:
                break
            withdrawn += was_locked
            host.engine.calls.clear()
            result = host.recreate(host.lock("second", dead=["first"]))
            assert (result.recovered_first, host.engine.calls.count("stop:web"), host.journal.records) == (False, 1, {})
        assert withdrawn > len(host.before) - 2, "the lock, and a claim on each dependent"


class TestResult:
    def test_result_names_the_image_that_really_runs_when_the_tag_moved(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another tool moved the tag between the pull and the create."""
        stop = engine.stop
        moved = {"docker.io/library/shop:1": "newest"}
        monkeypatch.setattr(engine, "stop", lambda *arguments: (engine.local.update(moved), stop(*arguments))[1])
        result = recreate(engine)
        assert result.new_image.id == "newest"
        assert "the container runs newest, not the pulled image new" in result.warnings[0]

    def test_result_has_no_digest_for_an_image_that_was_not_pulled(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull, stop = engine.pull, engine.stop
        moved = {"docker.io/library/shop:1": "newest"}
        monkeypatch.setattr(engine, "pull", lambda *arguments: pull(*arguments)._replace(digest=DIGEST))
        monkeypatch.setattr(engine, "stop", lambda *arguments: (engine.local.update(moved), stop(*arguments))[1])
        assert recreate(engine).new_image == ImageIdentity("shop:1", "newest", None)

    def test_rolled_back_result_names_container_and_both_images(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "newer"
        engine.probe_results["NEW"] = [exited(1)]
        result = recreate(engine, image="shop:2")
        assert result.rollback is not None
        assert (result.rollback.old_image_ref, result.rollback.new_image_ref) == ("shop:1", "shop:2")
        assert (result.old_image.id, result.new_image.id, result.container_name) == ("old", "newer", "web")


class TestRejection:
    """Which rollbacks reject the new image."""

    @pytest.fixture
    def memory(self, engine: FakeEngine) -> FakeJournal:
        memory = FakeJournal()
        engine.probe_results["NEW"] = [exited(3)]
        assert recreate(engine, memory=memory).outcome is Outcome.ROLLED_BACK
        engine.probe_results.clear()
        engine.calls.clear()
        return memory

    @pytest.mark.parametrize("call", ["create:web", "start:NEW"])
    @pytest.mark.parametrize("error", [NoAnswer("the connection broke"), EngineError("port is already allocated")])
    def test_engine_failure_does_not_reject_the_image(self, engine: FakeEngine, call: str, error: EngineError) -> None:
        memory = FakeJournal()
        engine.errors[call] = error
        assert recreate(engine, memory=memory).outcome is Outcome.ROLLED_BACK
        assert memory.records == {}
        assert engine.local["docker.io/library/shop:1"] == "old"

    @pytest.mark.parametrize("call", ["create:web", "start:NEW"])
    def test_image_that_the_engine_cannot_run_is_rejected(self, engine: FakeEngine, call: str) -> None:
        memory = FakeJournal()
        engine.errors[call] = BadRequest("no command specified")
        recreate(engine, memory=memory)
        assert "evenkeel-rejected.web" in memory.records

    def test_failed_rollback_does_not_reject_the_image(self, engine: FakeEngine) -> None:
        """The next run restores it first."""
        memory = FakeJournal()
        engine.probe_results["NEW"] = engine.probe_results["web"] = [exited(3)]
        engine.errors["start:web"] = REFUSAL
        recreate(engine, memory=memory)
        assert memory.records == {}

    def test_tag_that_cannot_be_pointed_back_is_a_warning(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(3)]
        engine.errors["tag:shop:1=old"] = REFUSAL
        assert "still points at the rejected image" in recreate(engine).warnings[0]

    def test_image_that_is_not_rejected_is_not_called_rejected(self, engine: FakeEngine) -> None:
        """The engine refuses to create the container, and then to point the tag back."""
        engine.errors.update({"create:web": REFUSAL, "tag:shop:1=old": REFUSAL})
        memory = FakeJournal()
        warnings = recreate(engine, memory=memory).warnings
        assert memory.records == {}
        assert "was not recorded as rejected, because the engine refused it for a reason outside of the image." in warnings[0]
        assert "still points at the new image" in warnings[1]

    def test_container_that_something_else_killed_does_not_reject_the_image(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(137)]
        engine.event_log = EventLog(("start", "kill", "die"), is_complete=True)
        memory = FakeJournal()
        assert "something else interfered" in recreate(engine, memory=memory).warnings[0]
        assert memory.records == {}


class TestLostFiles:
    @pytest.fixture(autouse=True)
    def _files(self, engine: FakeEngine) -> None:
        engine.changed_files["web"] = [{"Path": "/srv/upload", "Kind": 1}]

    def test_lost_files_are_reported_with_a_warning(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert result.lost_files == ("/srv/upload",)
        assert result.warnings[0].endswith("the new container does not have them: /srv/upload")

    def test_rollback_loses_no_files(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        assert recreate(engine).lost_files == ()
