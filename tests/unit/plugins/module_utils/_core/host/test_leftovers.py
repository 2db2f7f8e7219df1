# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives and runs that are found on a host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import Selection
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.report import host_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.entry_format import entry_to_text
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key, takeover_key
from support.fakes.engine import FakeEngine, FakeProcesses, a_journal_entry
from support.fakes.host_of_web import TAG, host_of_web, inspect
from support.fakes.host_reader import FakeHostReader


@pytest.fixture
def reader() -> FakeHostReader:
    return host_of_web()


@pytest.fixture
def engine(reader: FakeHostReader) -> FakeEngine:
    return reader.engine


def has_archive(engine: FakeEngine, name: str, image: str = "older") -> str:
    archive = engine.add_container(name, "shop:1", image)
    engine._find(name)["State"]["Status"] = "exited"
    engine.local[TAG] = "old"
    return archive


def has_run_on_web(engine: FakeEngine, reader: FakeHostReader, **changes: Any) -> None:
    """A run has renamed web to its archive."""
    entry = a_journal_entry("other", old={"id": engine.container("web")["Id"], **changes})
    reader.records["journal"].records[lock_key("web")] = entry_to_text(entry)
    engine._find("web").update(Name="/web-old-1000")


def test_a_kept_archive_is_listed_with_its_container(engine: FakeEngine, reader: FakeHostReader) -> None:
    archive = has_archive(engine, "web-old-1")
    has_archive(engine, "web-old-2")
    ArchiveStore(reader.records["memory"]).add("web", ArchiveRecord(archive, "web-old-1", runs=True, restart_policy={}, rollout="7"))
    report = host_report(inspect(reader))
    assert [one["name"] for one in report["containers"]] == ["web", "web-old-2"], "web-old-2 is not recorded as an archive"
    assert report["containers"][0]["archives"] == [{"name": "web-old-1", "id": archive, "kept": True, "rollout": "7"}]
    assert "container:web-old-1" not in reader.calls


def test_a_renamed_archive_is_an_ordinary_container(engine: FakeEngine, reader: FakeHostReader) -> None:
    archive = has_archive(engine, "renamed")
    ArchiveStore(reader.records["memory"]).add("web", ArchiveRecord(archive, "web-old-1", runs=True, restart_policy={}))
    assert [info.name for info in inspect(reader).containers] == ["renamed", "web"]


def test_an_archive_without_its_container_is_left_over(engine: FakeEngine, reader: FakeHostReader) -> None:
    archive = has_archive(engine, "shop-old-1")
    ArchiveStore(reader.records["memory"]).add("shop", ArchiveRecord(archive, "shop-old-1", runs=True, restart_policy={}))
    info = inspect(reader, selection=Selection(names=frozenset({"shop"})))
    assert (info.containers, info.missing, info.left_over) == ((), ("shop",), ("shop-old-1",))


@pytest.mark.parametrize("dead", [True, False])
def test_an_archive_of_a_run_is_reported_as_its_missing_container(engine: FakeEngine, reader: FakeHostReader, dead: bool) -> None:
    engine.registry[TAG] = "new"
    has_run_on_web(engine, reader)
    processes = FakeProcesses()
    processes.dead.update({"other"} if dead else ())
    info = inspect(reader, processes, selection=Selection(names=frozenset({"web"})))
    report = host_report(info)
    (web,) = report["containers"]
    assert (web["name"], web["interrupted"], web["busy"], web["status"]) == ("web", dead, not dead, "outdated")
    assert web["archives"] == [{"name": "web-old-1000", "id": web["id"], "kept": False, "rollout": None}]
    assert (report["interrupted"], info.outdated, info.missing) == (["web"] if dead else [], ("web",), ())


def test_an_archive_of_a_run_is_listed_with_the_new_container(engine: FakeEngine, reader: FakeHostReader) -> None:
    has_run_on_web(engine, reader)
    new = engine.add_container("web", "shop:1", "new")
    (web,) = inspect(reader).containers
    assert (web.id, [archive.name for archive in web.archives or ()]) == (new, ["web-old-1000"])


def test_an_archive_of_a_dependent_is_reported_as_its_container(engine: FakeEngine, reader: FakeHostReader) -> None:
    web = engine.container("web")["Id"]
    net = engine.add_container("net-old-1000", "shop:1", "old", {"NetworkMode": f"container:{web}"})
    dependent = Dependent(net, "net", web, "web", runs=True, shares_with=(web,), archive="net-old-1000")
    has_run_on_web(engine, reader, dependents=(dependent,))
    assert [info.name for info in inspect(reader).containers] == ["net", "web"]


@pytest.mark.parametrize(("age", "busy"), [(99.0, True), (101.0, False)])
def test_a_run_on_another_machine_is_busy_until_its_lease_ends(engine: FakeEngine, reader: FakeHostReader, age: float, busy: bool) -> None:
    has_run_on_web(engine, reader)
    processes = FakeProcesses()
    processes.unknown.add("other")
    reader.records["journal"].age_of_records = age
    (web,) = inspect(reader, processes).containers
    assert (web.busy, web.interrupted) == (busy, not busy)


def test_a_run_that_recovers_an_interrupted_one_is_busy(engine: FakeEngine, reader: FakeHostReader) -> None:
    has_run_on_web(engine, reader)
    notes = reader.records["journal"].records
    notes[takeover_key(a_journal_entry("other"))] = entry_to_text(a_journal_entry("rescuer", old={"id": "x"}))
    processes = FakeProcesses()
    processes.dead.add("other")
    (web,) = inspect(reader, processes).containers
    assert (web.busy, web.interrupted) == (True, False)


def test_a_record_that_cannot_be_read_causes_a_warning(reader: FakeHostReader) -> None:
    reader.records["journal"].records[lock_key("web")] = "{}"
    reader.records["memory"].records["evenkeel-archives.web"] = "no JSON"
    info = inspect(reader)
    assert [info.name for info in info.containers] == ["web"]
    assert "The archives of web are unknown" in info.warnings[0]
    assert "Whether a run on web was interrupted is unknown" in info.warnings[1]
