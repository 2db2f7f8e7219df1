# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H2. Something else starts a container on the data of the one that is updated. No second one is started beside it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, ReplacedByOthers
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from support.fakes.engine import FakeClock, FakeEngine, FakeJournal, FakeProcesses, RunLock, exited, fake_lock
from support.fakes.update_of_web import outdated_web, recreate

DATA = [{"Type": "volume", "Name": "data", "Source": "/volumes/data/_data", "RW": True}]


@pytest.fixture
def engine() -> FakeEngine:
    engine = outdated_web()
    engine._find("web").update(Mounts=DATA)
    engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always"}
    return engine


def start_stranger(engine: FakeEngine, name: str) -> str:
    stranger = engine.add_container(name, "other:1", "other")
    engine._find(stranger)["Mounts"] = DATA
    return stranger


def start_after(engine: FakeEngine, call: str, name: str, *, remove: bool = False) -> None:
    """Start a stranger after this call, once. With `remove`, the new container is removed first."""
    done: list[str] = []

    def before_each_call() -> None:
        if engine.calls[-1:] == [call] and not done:
            done.append(call)
            if remove:
                engine.remove_externally(next(iter(engine.created_ids)))
            start_stranger(engine, name)

    engine.on_each_call = before_each_call


def assert_old_is_left_stopped(engine: FakeEngine, result: CycleResult) -> dict[str, t.Any]:
    assert result.outcome is Outcome.ROLLED_BACK
    archive = engine.container("web-old-1000")
    assert (archive["State"]["Status"], archive["HostConfig"]["RestartPolicy"]) == ("exited", {"Name": "no"})
    assert "start:web-old-1000" not in engine.calls
    report = cycle_report(result)
    assert (report["rollback_failed"], report["archive"]) == (True, "web-old-1000")
    return report


@pytest.mark.parametrize("good", [True, False])
def test_new_container_is_not_started_beside_a_stranger(engine: FakeEngine, good: bool) -> None:
    start_after(engine, "create:web", "stranger")
    engine.probe_results["NEW"] = [] if good else [exited(1)]
    memory = FakeJournal()
    report = assert_old_is_left_stopped(engine, recreate(engine, memory=memory))
    assert ("start:NEW" in engine.calls, memory.records) == (False, {})
    assert report["rollback"]["reason"] == "interfered"
    assert "uses the data of web, so the old container was left stopped" in report["msg"]
    assert report["msg"].endswith(
        "docker stop stranger && docker rename web-old-1000 web && docker update --restart=always web && docker start web"
    )


def test_old_container_is_not_started_beside_one_that_took_the_name(engine: FakeEngine) -> None:
    start_after(engine, "start:NEW", "web", remove=True)
    report = assert_old_is_left_stopped(engine, recreate(engine))
    assert "which something else started, now runs as web" in report["msg"]
    assert "docker stop web && docker rename web web-other && docker rename web-old-1000 web" in report["msg"]


def test_old_container_is_started_once_the_stranger_has_ended(engine: FakeEngine) -> None:
    """For example a backup."""
    start_after(engine, "start:NEW", "stranger")
    engine.probe_results["NEW"] = [exited(1)]
    engine.clock.at(3, lambda: engine.remove_externally("stranger") if "stranger" in engine.names else None)
    result = recreate(engine)
    assert result.restored is not None
    assert (result.restored.problem, engine.container("web")["State"]["Status"]) == (None, "running")


def test_container_that_shared_the_data_before_is_no_stranger(engine: FakeEngine) -> None:
    start_stranger(engine, "worker")
    assert recreate(engine).outcome is Outcome.RECREATED


def test_recreated_sharer_is_no_stranger(engine: FakeEngine) -> None:
    start_stranger(engine, "worker")
    engine.probe_results["NEW"] = [exited(1)]

    def recreate_worker() -> None:
        if engine.calls[-1:] == ["start:NEW"] and "worker" in engine.names:
            engine.remove_externally("worker")
            start_stranger(engine, "worker")

    engine.on_each_call = recreate_worker
    result = recreate(engine)
    assert result.restored is not None
    assert result.restored.problem is None


def test_engine_that_does_not_list_its_containers_is_no_obstacle(engine: FakeEngine) -> None:
    engine.errors["running"] = EngineError("no")
    engine.probe_results["NEW"] = [exited(1)]
    result = recreate(engine)
    assert result.restored is not None
    assert result.restored.problem is None


def test_next_run_keeps_the_archive_and_leaves_no_lock_when_the_stranger_stays(engine: FakeEngine) -> None:
    start_after(engine, "start:NEW", "web", remove=True)
    journal, memory = FakeJournal(), FakeJournal()
    recreate(engine, lock=fake_lock(journal), memory=memory)
    assert "evenkeel-lock.web" in journal.records
    engine.on_each_call = lambda: None
    runs = FakeProcesses("second")
    runs.dead.add("me")
    stranger = engine.container("web")
    with pytest.raises(ReplacedByOthers, match="has taken the name web. It runs, so it was left as it is. The old container is kept"):
        recreate(engine, lock=RunLock(journal, runs, FakeClock(), 5), memory=memory)
    assert (engine.container("web"), journal.records) == (stranger, {})
    assert [kept.name for kept in ArchiveStore(memory).of("web")] == ["web-old-1000"]
    assert recreate(engine, lock=fake_lock(journal), memory=memory, image="shop:1").outcome is Outcome.RECREATED
