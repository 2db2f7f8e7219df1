# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from support.fakes.engine import CallCounter, FakeJournal, Killed

FIRST = ArchiveRecord("1", "web-old-1000", runs=True, restart_policy={"Name": "always"})
SECOND = ArchiveRecord("2", "web-old-2000", runs=False, restart_policy={})
KEY = "evenkeel-archives.web"


@pytest.fixture
def memory() -> FakeJournal:
    return FakeJournal()


def test_newest_archive_comes_first(memory: FakeJournal) -> None:
    archives = ArchiveStore(memory)
    assert archives.of("web") == ()
    archives.add("web", FIRST)
    archives.add("web", SECOND)
    assert archives.of("web") == (SECOND, FIRST)
    assert archives.of("web-2") == ()


def test_archive_added_twice_is_stored_once(memory: FakeJournal) -> None:
    archives = ArchiveStore(memory)
    for kept in (FIRST, SECOND, FIRST):
        archives.add("web", kept)
    assert archives.of("web") == (FIRST, SECOND)


def test_record_is_erased_with_the_last_archive(memory: FakeJournal) -> None:
    archives = ArchiveStore(memory)
    archives.add("web", FIRST)
    archives.drop("web", "another")
    assert archives.of("web") == (FIRST,)
    archives.drop("web", "1")
    assert memory.records == {}


def test_dropping_an_unknown_archive_writes_nothing(memory: FakeJournal) -> None:
    ArchiveStore(memory).drop("web", "1")
    assert not [call for call in memory.calls if not call.startswith("read")]


@pytest.mark.parametrize("text", ["", "no JSON", '["x"]', '[{"id": "1"}]', "3"])
def test_unreadable_record_is_not_overwritten(memory: FakeJournal, text: str) -> None:
    memory.records[KEY] = text
    with pytest.raises(EngineError, match=f"the volume {KEY} was not written by this version"):
        ArchiveStore(memory).add("web", FIRST)
    assert memory.records == {KEY: text}


@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("drop", [False, True])
def test_kill_loses_no_earlier_archive(memory: FakeJournal, at: int, drop: bool) -> None:
    archives = ArchiveStore(memory)
    archives.add("web", FIRST)
    archives.add("web", SECOND)

    def change() -> None:
        if drop:
            archives.drop("web", "2")
        else:
            archives.add("web", ArchiveRecord("3", "web-old-3000", runs=True, restart_policy={}))

    memory.call_counter = CallCounter(at)
    try:
        change()
    except Killed:
        memory.call_counter = CallCounter()
        assert archives.of("web")[-1] == FIRST
        change()
    memory.call_counter = CallCounter()
    assert [kept.id for kept in archives.of("web")] == (["1"] if drop else ["3", "2", "1"])
    for kept in archives.of("web"):
        archives.drop("web", kept.id)
    assert memory.records == {}
