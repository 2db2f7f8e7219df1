# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted run can leave, and what becomes of it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.recovery import recover
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, NotFound, RecoveryFailed, StillUnwell
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from support.fakes.engine import HEALTHY, STARTING, UNHEALTHY, FakeEngine, a_journal_entry, exited, fake_context

ARCHIVE = "web-old-1000"


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.has_container("web", "shop:1", "old")
    engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "no"}
    engine.local["docker.io/library/shop:2"] = "new"
    engine.old_id = engine.container("web")["Id"]
    return engine


def run_recovery(engine: FakeEngine, new_id: str | None = None, keep_archive: bool = False) -> None:
    context = fake_context(engine)
    entry = a_journal_entry("dead", old={"id": engine.old_id}, keep_archive=keep_archive)
    recover(context, Stopwatch(context.clock), entry, new_id, HealthConfig(health_timeout=1))


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


class TestTheOldOneComesBack:
    def test_nothing_but_its_policy_was_touched(self, engine: FakeEngine) -> None:
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_stopped(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_the_engine_may_still_be_stopping_it(self, engine: FakeEngine) -> None:
        """It looks well until it is gone. So it is stopped for good before it is started."""
        run_recovery(engine)
        assert [call for call in engine.calls if call in ("stop:web", "start:web")] == ["stop:web", "start:web"]
        assert_old_is_back(engine)

    def test_one_that_was_started_again_since_is_not_stopped(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        engine.start("web")
        engine.calls.clear()
        run_recovery(engine)
        assert "stop:web" not in engine.calls
        assert_old_is_back(engine)

    def test_a_stop_that_nobody_can_tell_of_is_left_to_the_next_run(self, engine: FakeEngine) -> None:
        engine.errors["stop:web"] = EngineError("the engine says no")
        with pytest.raises(RecoveryFailed, match="Run the task again"):
            run_recovery(engine)
        assert "start:web" not in engine.calls

    def test_renamed(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_created_and_not_written_down(self, engine: FakeEngine) -> None:
        archived(engine)
        created(engine)
        run_recovery(engine)
        assert_old_is_back(engine)

    def test_created_and_written_down_but_not_started(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine, created(engine))
        assert_old_is_back(engine)

    @pytest.mark.parametrize("look", [UNHEALTHY, exited(1)])
    def test_started_and_no_good(self, engine: FakeEngine, look: object) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        engine.looks["NEW"] = [look]
        run_recovery(engine, new_id)
        assert_old_is_back(engine)

    def test_the_way_back_was_under_way(self, engine: FakeEngine) -> None:
        archived(engine)
        run_recovery(engine, new_id="gone")
        assert_old_is_back(engine)

    def test_the_way_back_had_come_to_its_end(self, engine: FakeEngine) -> None:
        run_recovery(engine, new_id="gone")
        assert_old_is_back(engine)


class TestTheNewOneStays:
    @pytest.mark.parametrize("keep_archive", [False, True])
    def test_it_passes_the_gate(self, engine: FakeEngine, keep_archive: bool) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        run_recovery(engine, new_id, keep_archive)
        assert engine.container("web")["Id"] == new_id
        assert engine.names == ({"web", ARCHIVE} if keep_archive else {"web"})

    def test_the_archive_was_gone_already(self, engine: FakeEngine) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        engine.vanish(ARCHIVE)
        engine.looks["NEW"] = [UNHEALTHY]
        run_recovery(engine, new_id)
        assert engine.container("web")["Id"] == new_id

    def test_only_the_notes_of_a_kept_archive_were_left(self, engine: FakeEngine) -> None:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        run_recovery(engine, None, keep_archive=True)
        assert engine.container("web")["Id"] == new_id


class TestOnlyAHumanCanTell:
    def test_somebody_else_took_the_name(self, engine: FakeEngine) -> None:
        archived(engine)
        stranger = engine.has_container("web", "other:1", "other")
        before = len(engine.calls)
        with pytest.raises(RecoveryFailed, match="has taken the name web.*docker volume rm evenkeel-lock.web"):
            run_recovery(engine)
        assert engine.container("web")["Id"] == stranger
        assert [call for call in engine.calls[before:] if not call.startswith("inspect")] == []

    def test_also_when_it_runs_the_new_image(self, engine: FakeEngine) -> None:
        """Ours would have been written down before it was started."""
        archived(engine)
        engine.has_container("web", "shop:2", "new")
        with pytest.raises(RecoveryFailed, match="has taken the name web"):
            run_recovery(engine)

    def test_somebody_renamed_the_old_one(self, engine: FakeEngine) -> None:
        engine.rename("web", "web-2025")
        with pytest.raises(RecoveryFailed, match="is now called web-2025"):
            run_recovery(engine)


def test_what_cannot_be_put_right_is_told_with_the_commands(engine: FakeEngine) -> None:
    archived(engine)
    engine.errors["start:web"] = EngineError("port is already allocated")
    with pytest.raises(RecoveryFailed, match="port is already allocated.*docker start web") as caught:
        run_recovery(engine)
    assert caught.value.touched


def test_an_engine_that_cannot_look(engine: FakeEngine) -> None:
    engine.errors["inspect"] = EngineError("no")
    with pytest.raises(RecoveryFailed, match="could not be inspected: no"):
        run_recovery(engine)


class TestInParticular:
    def recover(
        self, engine: FakeEngine, new_id: str | None = None, *, old: dict[str, object] | None = None, keep_archive: bool = False
    ) -> None:
        context = fake_context(engine)
        entry = a_journal_entry("dead", old={"id": engine.old_id, **(old or {})}, stop_timeout=33, keep_archive=keep_archive)
        recover(context, Stopwatch(context.clock), entry, new_id, HealthConfig(health_timeout=1))

    def started(self, engine: FakeEngine) -> str:
        archived(engine)
        new_id = created(engine)
        engine.start(new_id)
        return new_id

    def test_a_new_one_is_removed_when_the_old_one_has_its_name_back(self, engine: FakeEngine) -> None:
        new_id = engine.create("web-2", {"Image": "shop:2"})
        engine.start(new_id)
        self.recover(engine, new_id)
        assert_old_is_back(engine)

    def test_an_old_one_that_has_its_name_is_not_renamed(self, engine: FakeEngine) -> None:
        engine.stop("web", 10)
        engine.errors["start:web"] = EngineError("no")
        engine.looks["web"] = [exited(1)]
        with pytest.raises(RecoveryFailed, match=r"Bring it back with: docker start web$"):
            self.recover(engine)
        assert not [call for call in engine.calls if call.startswith("rename")]

    def test_nor_when_the_new_one_cannot_be_removed(self, engine: FakeEngine) -> None:
        new_id = engine.create("web-2", {"Image": "shop:2"})
        engine.start(new_id)
        engine.errors["remove:NEW with force"] = engine.errors["stop:NEW"] = EngineError("no")
        with pytest.raises(
            RecoveryFailed,
            match=f"docker volume rm evenkeel-lock.web .* Bring it back with: docker rm --force {new_id} && docker start web$",
        ):
            self.recover(engine, new_id)

    def test_the_new_one_has_no_longer_than_is_asked_for(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.looks["NEW"] = [STARTING] * 5 + [HEALTHY]
        self.recover(engine, new_id)
        assert_old_is_back(engine)

    def test_an_archive_that_somebody_started_is_not_removed(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.start(ARCHIVE)
        with pytest.raises(RecoveryFailed, match=f"web is up to date, .*Remove it with: docker rm {ARCHIVE}$"):
            self.recover(engine, new_id)
        assert engine.names == {"web", ARCHIVE}

    def test_an_archive_that_was_removed_a_moment_ago(self, engine: FakeEngine) -> None:
        new_id = self.started(engine)
        engine.errors[f"remove:{ARCHIVE}"] = NotFound("no such container")
        self.recover(engine, new_id)
        assert engine.container("web")["Id"] == new_id

    def test_one_that_was_unwell_need_not_be_well(self, engine: FakeEngine) -> None:
        engine.looks["web"] = [UNHEALTHY]
        self.recover(engine, old={"state": UNHEALTHY})
        assert_old_is_back(engine)

    def test_the_old_one_gets_the_time_that_its_own_health_check_needs(self, engine: FakeEngine) -> None:
        engine.looks["web"] = [STARTING] * 20 + [HEALTHY]
        self.recover(engine, old={"time_to_health": 40.0})
        assert_old_is_back(engine)

    def test_one_that_runs_needs_no_command(self, engine: FakeEngine) -> None:
        engine.looks["web"] = [STARTING]
        with pytest.raises(StillUnwell, match=r": web was still starting after 1 s\.$"):
            self.recover(engine)

    @pytest.mark.parametrize(("image", "status"), [("other", "running"), ("new", "exited")])
    def test_a_stranger_is_not_taken_for_the_one_that_was_kept_an_archive_of(self, engine: FakeEngine, image: str, status: str) -> None:
        archived(engine)
        stranger = engine.has_container("web", "other:1", image)
        engine._find("web")["State"]["Status"] = status
        with pytest.raises(RecoveryFailed, match=f"another container \\({stranger[:12]}\\)"):
            self.recover(engine, keep_archive=True)

    def test_a_stranger_that_was_only_created_is_not_removed(self, engine: FakeEngine) -> None:
        archived(engine)
        engine.has_container("web", "other:1", "other")
        engine._find("web")["State"]["Status"] = "created"
        with pytest.raises(RecoveryFailed, match="has taken the name web"):
            self.recover(engine)

    def test_the_new_one_is_judged_by_its_id(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        new_id = self.started(engine)
        probe = engine.probe
        asked: set[str] = set()
        monkeypatch.setattr(engine, "probe", lambda container: (asked.add(container), probe(container))[1])
        self.recover(engine, new_id)
        assert asked == {new_id}
