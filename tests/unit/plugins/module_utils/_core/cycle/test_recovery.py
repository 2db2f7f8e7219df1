# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted run can leave behind, and how the next run recovers it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import find_dependents
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.recovery import recover
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    NotFound,
    RecoveryFailed,
    StillUnhealthy,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from support.fakes.engine import HEALTHY, STARTING, UNHEALTHY, FakeEngine, a_journal_entry, exited, fake_context, fake_run

ARCHIVE = "web-old-1000"


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "no"}
    engine.local["docker.io/library/shop:2"] = "new"
    engine.old_id = engine.container("web")["Id"]
    return engine


def run_recovery(engine: FakeEngine, new_id: str | None = None, keep_archive: bool = False) -> None:
    context = fake_context(engine)
    entry = a_journal_entry("dead", old={"id": engine.old_id}, keep_archive=keep_archive)
    recover(fake_run(context, HealthConfig(health_timeout=1)), entry, new_id)


def archived(engine: FakeEngine) -> None:
    engine.stop("web", 10)
    engine.rename("web", ARCHIVE)


def created(engine: FakeEngine) -> str:
    return engine.create("web", {"Image": "shop:2"})


def assert_old_is_back(engine: FakeEngine) -> None:
    web = engine.container("web")
    assert engine.names == {"web"}
    assert web["Id"] == engine.old_id
    assert web["State"]["Status"] == "running"
    assert web["HostConfig"]["RestartPolicy"] == {"Name": "always"}


class TestOldContainerIsRestored:
    def test_after_the_restart_policy_was_changed(self, engine: FakeEngine) -> None:
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_after_the_stop(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_pending_stop_is_completed_before_the_start(self, engine: FakeEngine) -> None:
        """A container that the engine is still stopping looks healthy, so the recovery stops it before it starts it."""
        run_recovery(engine)
        assert [call for call in engine.calls if call in ("stop:web", "start:web")] == ["stop:web", "start:web"]
        assert_old_is_back(engine)

    def test_container_that_was_started_again_is_not_stopped(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        engine.start("web")
        engine.calls.clear()
        run_recovery(engine)
        assert "stop:web" not in engine.calls
        assert_old_is_back(engine)

    def test_pending_stop_that_cannot_be_completed_is_left_to_the_next_run(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = EngineError("the engine says no")
        with pytest.raises(RecoveryFailed, match="Run the task again"):
            run_recovery(engine)
        assert "start:web" not in engine.calls

    def test_after_the_rename(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_after_a_create_that_was_not_recorded(self, engine: FakeEngine) -> None:
        archived(engine)
        created(engine)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_after_a_create_that_was_recorded(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine, created(engine))
        assert_old_is_back(engine)

    @pytest.mark.parametrize("look", [UNHEALTHY, exited(1)])
    def test_after_the_start_of_a_container_that_fails_the_health_gate(self, engine: FakeEngine, look: object) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        engine.probe_results["NEW"] = [look]
        run_recovery(engine, new_id)
        assert_old_is_back(engine)

    def test_in_the_middle_of_a_rollback(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine, new_id="gone")
        assert_old_is_back(engine)

    def test_at_the_end_of_a_rollback(self, engine: FakeEngine) -> None:
        run_recovery(engine, new_id="gone")
        assert_old_is_back(engine)


class TestNewContainerIsKept:
    @pytest.mark.parametrize("keep_archive", [False, True])
    def test_new_container_that_passes_the_health_gate_is_kept(self, engine: FakeEngine, keep_archive: bool) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        run_recovery(engine, new_id, keep_archive)
        assert engine.container("web")["Id"] == new_id
        assert engine.names == ({"web", ARCHIVE} if keep_archive else {"web"})

    @pytest.mark.parametrize("started", [False, True])
    def test_new_container_is_started_and_has_to_pass_the_gate_when_the_archive_is_gone(self, engine: FakeEngine, started: bool) -> None:
        """F-H4."""
        archived(engine)
        new_id = created(engine)
        if started:
            engine.start(new_id)
        engine.remove_externally(ARCHIVE)
        run_recovery(engine, new_id)
        assert (engine.container("web")["Id"], engine.container("web")["State"]["Status"]) == (new_id, "running")

    @pytest.mark.parametrize("look", [UNHEALTHY, exited(1)])
    def test_new_container_that_fails_stays_when_the_archive_is_gone(self, engine: FakeEngine, look: object) -> None:
        """F-H4."""
        archived(engine)
        new_id = created(engine)
        engine.remove_externally(ARCHIVE)
        engine.probe_results["NEW"] = [look]
        with pytest.raises(RecoveryFailed, match="its archive web-old-1000 was removed, so the new container was left as it is"):
            run_recovery(engine, new_id)
        assert engine.container("web")["Id"] == new_id

    def test_new_container_is_kept_when_only_the_records_of_a_kept_archive_are_left(self, engine: FakeEngine) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        run_recovery(engine, None, keep_archive=True)
        assert engine.container("web")["Id"] == new_id


class TestOperatorIsNeeded:
    def test_foreign_container_that_took_the_name_is_left_alone(self, engine: FakeEngine) -> None:
        archived(engine)
        stranger = engine.add_container("web", "other:1", "other")
        before = len(engine.calls)
        with pytest.raises(RecoveryFailed, match="has taken the name web.*docker volume rm evenkeel-lock.web"):
            run_recovery(engine)
        assert engine.container("web")["Id"] == stranger
        assert [call for call in engine.calls[before:] if not call.startswith("inspect")] == []

    def test_foreign_container_on_the_new_image_is_left_alone(self, engine: FakeEngine) -> None:
        """A new container of ours would have been recorded before its start."""
        archived(engine)
        engine.add_container("web", "shop:2", "new")
        with pytest.raises(RecoveryFailed, match="has taken the name web"):
            run_recovery(engine)

    def test_container_that_another_tool_created_beside_an_interrupted_rollback_is_left_alone(self, engine: FakeEngine) -> None:
        """It has the image of the archive and was never started, as a new container of ours would be. A rollback creates none."""
        archived(engine)
        stopped = engine.add_container("web-old-900", "shop:2", "new")
        engine._find("web-old-900")["State"]["Status"] = "exited"
        theirs = created(engine)
        before = len(engine.calls)
        entry = a_journal_entry(
            "dead", old={"id": engine.old_id}, successor=ArchiveRecord(stopped, "web-old-900", runs=True, restart_policy={"Name": "always"})
        )
        with pytest.raises(RecoveryFailed, match="it needs your decision: another container .* has taken the name web") as caught:
            recover(fake_run(fake_context(engine), HealthConfig(health_timeout=1)), entry, None)
        assert not caught.value.touched
        assert set(engine.calls[before:]) == {"inspect"}
        assert engine.container("web")["Id"] == theirs

    def test_old_container_under_another_name_is_left_alone(self, engine: FakeEngine) -> None:
        engine.rename("web", "web-2025")
        with pytest.raises(RecoveryFailed, match="is now called web-2025"):
            run_recovery(engine)


def test_failed_recovery_is_reported_with_the_commands(engine: FakeEngine) -> None:
    archived(engine)
    engine.errors["start:web"] = EngineError("port is already allocated")
    with pytest.raises(RecoveryFailed, match="port is already allocated.*docker start web") as caught:
        run_recovery(engine)
    assert caught.value.touched


def test_inspect_error_is_quoted(engine: FakeEngine) -> None:
    engine.errors["inspect"] = EngineError("no")
    with pytest.raises(RecoveryFailed, match="could not be inspected: no"):
        run_recovery(engine)


class TestSpecialCases:
    def recover(
        self, engine: FakeEngine, new_id: str | None = None, *, old: dict[str, object] | None = None, keep_archive: bool = False
    ) -> None:
        context = fake_context(engine)
        entry = a_journal_entry("dead", old={"id": engine.old_id, **(old or {})}, stop_timeout=33, keep_archive=keep_archive)
        recover(fake_run(context, HealthConfig(health_timeout=1)), entry, new_id)

    def started(self, engine: FakeEngine) -> str:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        return new_id

    def test_new_container_is_removed_when_the_old_one_has_its_name_back(self, engine: FakeEngine) -> None:
        new_id = engine.create("web-2", {"Image": "shop:2"})
        engine.start(new_id)
        self.recover(engine, new_id)
        assert_old_is_back(engine)

    def test_old_container_that_has_its_name_is_not_renamed(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        engine.errors["start:web"] = EngineError("no")
        engine.probe_results["web"] = [exited(1)]
        with pytest.raises(RecoveryFailed, match=r"Bring it back with: docker start web$"):
            self.recover(engine)
        assert not [call for call in engine.calls if call.startswith("rename")]

    def test_old_container_that_has_its_name_is_not_renamed_when_the_new_one_cannot_be_removed(self, engine: FakeEngine) -> None:
        new_id = engine.create("web-2", {"Image": "shop:2"})
        engine.start(new_id)
        engine.errors["remove:NEW with force"] = engine.errors["stop:NEW"] = EngineError("no")
        with pytest.raises(
            RecoveryFailed,
            match=f"docker volume rm evenkeel-lock.web .* Bring it back with: docker rm --force {new_id} && docker start web$",
        ):
            self.recover(engine, new_id)

    def test_new_container_gets_no_longer_than_the_health_timeout(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.probe_results["NEW"] = [STARTING] * 5 + [HEALTHY]
        self.recover(engine, new_id)
        assert_old_is_back(engine)

    def test_archive_that_was_started_is_not_removed(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.start(ARCHIVE)
        with pytest.raises(RecoveryFailed, match=f"web is up to date, .*Remove it with: docker rm {ARCHIVE}$"):
            self.recover(engine, new_id)
        assert engine.names == {"web", ARCHIVE}

    def test_finished_recovery_whose_archive_cannot_be_removed_counts_as_a_change(self, engine: FakeEngine) -> None:
        """It has recreated a dependent."""
        engine.add_container("side", "tool:1", "tool", {"NetworkMode": f"container:{engine.old_id}"})
        dependents = find_dependents(engine.container("web"), [engine.container("side")], 1000)
        new_id = self.started(engine)
        engine.errors[f"remove:{ARCHIVE}"] = EngineError("no")
        with pytest.raises(RecoveryFailed, match="web is up to date, but an interrupted run left its archive") as caught:
            self.recover(engine, new_id, old={"dependents": dependents})
        assert "create:side" in engine.calls
        assert caught.value.touched

    def test_archive_that_is_already_gone_is_no_failure(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.errors[f"remove:{ARCHIVE}"] = NotFound("no such container")
        self.recover(engine, new_id)
        assert engine.container("web")["Id"] == new_id

    def test_old_container_that_was_unhealthy_may_be_unhealthy(self, engine: FakeEngine) -> None:
        engine.probe_results["web"] = [UNHEALTHY]
        self.recover(engine, old={"state": UNHEALTHY})
        assert_old_is_back(engine)

    def test_old_container_gets_the_time_its_own_health_check_needs(self, engine: FakeEngine) -> None:
        engine.probe_results["web"] = [STARTING] * 20 + [HEALTHY]
        self.recover(engine, old={"time_to_health": 40.0})
        assert_old_is_back(engine)

    def test_running_old_container_needs_no_command(self, engine: FakeEngine) -> None:
        engine.probe_results["web"] = [STARTING]
        with pytest.raises(StillUnhealthy, match=r": web was still starting after 1 s\.$"):
            self.recover(engine)

    @pytest.mark.parametrize(("image", "status"), [("other", "running"), ("new", "exited")])
    def test_foreign_container_is_not_mistaken_for_the_new_one(self, engine: FakeEngine, image: str, status: str) -> None:
        archived(engine)
        stranger = engine.add_container("web", "other:1", image)
        engine._find("web")["State"]["Status"] = status
        with pytest.raises(RecoveryFailed, match=f"another container \\({stranger[:12]}\\)"):
            self.recover(engine, keep_archive=True)

    def test_foreign_container_that_was_only_created_is_not_removed(self, engine: FakeEngine) -> None:
        archived(engine)
        engine.add_container("web", "other:1", "other")
        engine._find("web")["State"]["Status"] = "created"
        with pytest.raises(RecoveryFailed, match="has taken the name web"):
            self.recover(engine)

    def test_new_container_is_probed_by_its_id(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        new_id = self.started(engine)
        probe = engine.probe
        asked: set[str] = set()
        monkeypatch.setattr(engine, "probe", lambda container: (asked.add(container), probe(container))[1])
        self.recover(engine, new_id)
        assert asked == {new_id}
