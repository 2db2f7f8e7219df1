# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted run can leave, and what becomes of it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.errors import EngineError, RecoveryFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.journal import Entry
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.recovery import recover
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.stopwatch import Stopwatch
from support.fake_engine import UNHEALTHY, FakeEngine, FakeRuns, exited, fake_ports

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
    ports = fake_ports(engine)
    entry = Entry(
        container="web",
        archive=ARCHIVE,
        old_id=engine.old_id,
        old_image_ref="shop:1",
        old_status="healthy",
        restart_policy={"Name": "always"},
        time_to_health=0.0,
        new_image_ref="shop:2",
        new_image_id="new",
        stop_timeout=10,
        keep_archive=keep_archive,
        lease=100.0,
        holder=FakeRuns("dead").me(),
    )
    recover(ports, Stopwatch(ports.clock), entry, new_id, HealthConfig(health_timeout=1))


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
        with pytest.raises(RecoveryFailed, match="name web was taken by another container.*docker volume rm evenkeel-lock.web"):
            run_recovery(engine)
        assert engine.container("web")["Id"] == stranger
        assert [call for call in engine.calls[before:] if not call.startswith("inspect")] == []

    def test_also_when_it_runs_the_new_image(self, engine: FakeEngine) -> None:
        """Ours would have been written down before it was started."""
        archived(engine)
        engine.has_container("web", "shop:2", "new")
        with pytest.raises(RecoveryFailed, match="taken by another container"):
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
    with pytest.raises(RecoveryFailed, match="cannot be looked at: no"):
        run_recovery(engine)
