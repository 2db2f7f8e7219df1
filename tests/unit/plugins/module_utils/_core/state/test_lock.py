# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time, the dead succeeded, the living waited for."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import RepairResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    EngineError,
    InvalidInput,
    JournalFailed,
    NoAnswer,
    RecoveryFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import LONGEST
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.entry_format import entry_to_text
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import (
    Created,
    JournalEntry,
    lock_key,
    new_container_key,
    successor_key,
    touch_key,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import FakeClock, FakeJournal, FakeProcesses, fake_lock
from support.fakes.engine import a_journal_entry as entry

LOCK = lock_key("web")


class Rescues(list[tuple[JournalEntry, "str | None"]]):
    def __call__(self, found: JournalEntry, new_id: str | None) -> tuple[RepairResult, ...]:
        self.append((found, new_id))
        return ()


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def runs() -> FakeProcesses:
    return FakeProcesses("me")


@pytest.fixture
def lock(journal: FakeJournal, runs: FakeProcesses) -> RunLock:
    return fake_lock(journal, runs)


def test_nobody_there(lock: RunLock) -> None:
    rescues = Rescues()
    lock.wait_and_recover("web", rescues)
    assert (rescues, lock.recovered) == ([], False)


@pytest.mark.parametrize("holder", ["me", "other"])
def test_a_lock_whose_answer_is_lost_is_taken_back_unless_it_is_another_runs(
    lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    def lost(key: str, _text: str) -> str:
        journal.notes[key] = entry_to_text(entry(holder))
        raise NoAnswer("the connection broke")

    monkeypatch.setattr(journal, "write", lost)
    with pytest.raises(JournalFailed, match="web was not touched"):
        lock.acquire(entry("me"))
    assert [*journal.notes] == ([LOCK] if holder == "other" else [])


def test_a_container_by_the_id_that_a_run_knows_it_by(lock: RunLock, journal: FakeJournal) -> None:
    returning = ArchiveRecord("archive", "web-old-7", True, {})
    held = entry("other", successor=returning)
    other = fake_lock(journal, FakeProcesses("other"))
    assert other.acquire(held)
    other.record_new_container("new")
    assert {one: lock.name_of_locked(one) for one in ("old", "new", "archive", "stranger", "")} == {
        "old": "web",
        "new": "web",
        "archive": "web",
        "stranger": None,
        "": None,
    }


def test_one_begins_and_the_other_does_not(lock: RunLock, journal: FakeJournal) -> None:
    other = fake_lock(journal, FakeProcesses("other"))
    assert other.acquire(entry("other"))
    assert not lock.acquire(entry("me"))
    lock.release()
    assert LOCK in journal.notes, "only the holder ends it"
    other.release()
    assert journal.notes == {}
    assert lock.acquire(entry("me"))


def test_the_living_is_waited_for(journal: FakeJournal, runs: FakeProcesses) -> None:
    other = fake_lock(journal, FakeProcesses("other"))
    other.acquire(entry("other"))
    clock = FakeClock()
    sleep = clock.sleep

    def sleep_until_the_other_ends(seconds: float) -> None:
        sleep(seconds)
        if clock.now >= 3:
            other.release()

    clock.sleep = sleep_until_the_other_ends  # type: ignore[method-assign]
    rescues = Rescues()
    RunLock(journal, runs, clock, lock_timeout=5).wait_and_recover("web", rescues)
    assert (clock.now, rescues) == (3, [])


def test_but_not_for_ever(lock: RunLock, journal: FakeJournal) -> None:
    fake_lock(journal, FakeProcesses("other")).acquire(entry("other"))
    with pytest.raises(Busy, match="another run is working on it \\(process 1 on here\\)"):
        lock.wait_and_recover("web", Rescues())
    assert list(journal.notes) == [LOCK]


class TestTheDead:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        dead = fake_lock(journal, FakeProcesses("dead"))
        dead.acquire(entry("dead"))
        dead.record_new_container("new-id")
        runs.dead.add("dead")

    def test_what_it_left_is_brought_to_its_end(self, lock: RunLock, journal: FakeJournal) -> None:
        rescues = Rescues()
        lock.wait_and_recover("web", rescues)
        assert rescues == [(entry("dead"), "new-id")]
        assert lock.recovered
        assert journal.notes == {}

    def test_its_lock_is_held_by_the_rescuer_meanwhile(self, lock: RunLock, journal: FakeJournal) -> None:
        def rescue(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            assert set(journal.notes) == {LOCK, new_container_key(entry("dead")), successor_key(entry("dead"))}
            with pytest.raises(Busy):
                fake_lock(journal, both_dead_but_me()).wait_and_recover("web", Rescues())
            return ()

        def both_dead_but_me() -> FakeProcesses:
            other = FakeProcesses("third")
            other.dead.add("dead")
            return other

        lock.wait_and_recover("web", rescue)

    def test_the_lock_is_erased_before_its_successors(self, lock: RunLock, journal: FakeJournal) -> None:
        lock.wait_and_recover("web", Rescues())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased == [LOCK, successor_key(entry("dead")), new_container_key(entry("dead"))]

    def test_a_rescuer_who_died_is_succeeded_too(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        rescuer = entry("dead")._replace(holder=FakeProcesses("rescuer").me())
        journal.notes[successor_key(entry("dead"))] = entry_to_text(rescuer)
        runs.dead.add("rescuer")
        rescues = Rescues()
        lock.wait_and_recover("web", rescues)
        assert rescues == [(entry("dead"), "new-id")], "it is the first entry that tells what was meant"
        assert journal.notes == {}

    def test_one_that_is_rescued_between_look_and_writing(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        lock = fake_lock(journal, runs)
        write = journal.write

        def rescued_by_another(key: str, text: str) -> str:
            journal.notes.clear()
            return write(key, text)

        journal.write = rescued_by_another  # type: ignore[method-assign]
        rescues = Rescues()
        lock.wait_and_recover("web", rescues)
        assert (rescues, journal.notes, lock.recovered) == ([], {}, False)

    def test_a_rescue_that_fails_leaves_the_entry_for_the_next(self, lock: RunLock, journal: FakeJournal) -> None:
        def fail(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            raise RecoveryFailed("no")

        with pytest.raises(RecoveryFailed):
            lock.wait_and_recover("web", fail)
        assert set(journal.notes) == {LOCK, new_container_key(entry("dead"))}


class TestOneOfWhomNobodyKnows:
    """A run on another machine may live as long as its lease."""

    @pytest.fixture(autouse=True)
    def _far_away(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        fake_lock(journal, FakeProcesses("far")).acquire(entry("far"))
        runs.far_away.add("far")

    def test_within_its_lease(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.age_of_all = 100.0
        with pytest.raises(Busy):
            lock.wait_and_recover("web", Rescues())

    def test_after_its_lease(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.age_of_all = 100.1
        rescues = Rescues()
        lock.wait_and_recover("web", rescues)
        assert len(rescues) == 1


def test_an_entry_of_another_version_is_left_alone(lock: RunLock, journal: FakeJournal) -> None:
    journal.notes[LOCK] = '{"from": "the future", "version": 99}'
    with pytest.raises(JournalFailed, match="volume evenkeel-lock.web cannot be read: it has format version 99, .* Nothing was touched"):
        lock.wait_and_recover("web", Rescues())
    assert LOCK in journal.notes


REFUSAL = EngineError("the engine says no")


@pytest.mark.parametrize("lock_timeout", [0, LONGEST])
def test_what_is_a_lock_timeout(lock_timeout: float) -> None:
    RunLock(FakeJournal(), FakeProcesses(), FakeClock(), lock_timeout)


@pytest.mark.parametrize("lock_timeout", [-1, LONGEST + 1, float("nan")])
def test_what_is_none(lock_timeout: float) -> None:
    with pytest.raises(InvalidInput, match="lock_timeout"):
        RunLock(FakeJournal(), FakeProcesses(), FakeClock(), lock_timeout)


def test_the_lock_timeout_counts_from_the_start_and_to_the_second(journal: FakeJournal, runs: FakeProcesses) -> None:
    fake_lock(journal, FakeProcesses("other")).acquire(entry("other"))
    clock = FakeClock()
    clock.now = 1000.0
    lock = RunLock(journal, runs, clock, lock_timeout=5)
    with pytest.raises(Busy):
        lock.wait_and_recover("web", Rescues())
    assert clock.now == 1005.0


def test_who_did_not_begin_notes_and_ends_nothing(lock: RunLock, journal: FakeJournal) -> None:
    lock.record_new_container("new-id")
    lock.release()
    assert journal.calls == []


def test_who_has_ended_does_not_end_the_next(lock: RunLock, journal: FakeJournal) -> None:
    lock.acquire(entry("me"))
    lock.release()
    other = fake_lock(journal, FakeProcesses("other"))
    other.acquire(entry("other"))
    lock.release()
    assert list(journal.notes) == [LOCK]


def test_an_end_that_cannot_be_written_is_left_to_the_next(lock: RunLock, journal: FakeJournal) -> None:
    lock.acquire(entry("me"))
    journal.errors.append(REFUSAL)
    lock.release()


def test_a_beginning_that_cannot_be_written(lock: RunLock, journal: FakeJournal) -> None:
    journal.errors.append(REFUSAL)
    with pytest.raises(JournalFailed, match="could not be written \\(the engine says no\\). Container web was not touched"):
        lock.acquire(entry("me"))


def test_an_age_that_cannot_be_told(journal: FakeJournal, runs: FakeProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_note: object) -> float:
        raise REFUSAL

    fake_lock(journal, FakeProcesses("far")).acquire(entry("far"))
    runs.far_away.add("far")
    monkeypatch.setattr(journal, "age", fail)
    with pytest.raises(JournalFailed, match="time could not be read"):
        fake_lock(journal, runs).wait_and_recover("web", Rescues())


class TestWhoWentBack:
    BACK = ArchiveRecord("back-id", "web-old-900", runs=True, restart_policy={"Name": "always"})

    @pytest.mark.parametrize(
        ("successor", "rolled_back_to"),
        [(Created(runs=True), None), (BACK, "back-id"), (None, "old")],
        ids=["update", "rollback", "missing"],
    )
    def test_it_is_known_after_the_rescue(
        self,
        lock: RunLock,
        journal: FakeJournal,
        runs: FakeProcesses,
        successor: Created | ArchiveRecord | None,
        rolled_back_to: str | None,
    ) -> None:
        fake_lock(journal, FakeProcesses("dead")).acquire(entry("dead", successor=successor))
        runs.dead.add("dead")
        assert lock.rolled_back_to is None
        lock.wait_and_recover("web", Rescues())
        assert (lock.recovered, lock.rolled_back_to) == (True, rolled_back_to)

    def test_not_after_one_that_failed(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        def fail(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            raise RecoveryFailed("no")

        fake_lock(journal, FakeProcesses("dead")).acquire(entry("dead", successor=self.BACK))
        runs.dead.add("dead")
        with pytest.raises(RecoveryFailed):
            lock.wait_and_recover("web", fail)
        assert (lock.recovered, lock.rolled_back_to) == (False, None)


class TestSeveralRescuers:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        fake_lock(journal, FakeProcesses("dead")).acquire(entry("dead"))
        runs.dead.add("dead")

    def rescuer(self, token: str, pid: int = 1) -> JournalEntry:
        return entry("dead")._replace(holder=FakeProcesses(token).me()._replace(pid=pid))

    def test_it_is_the_living_rescuer_who_is_waited_for(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.notes[successor_key(entry("dead"))] = entry_to_text(self.rescuer("rescuer", pid=7))
        with pytest.raises(Busy, match="process 7 on here"):
            lock.wait_and_recover("web", Rescues())

    def test_the_locks_are_erased_in_the_order_in_which_they_are_looked_for(
        self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses
    ) -> None:
        journal.notes[successor_key(entry("dead"))] = entry_to_text(self.rescuer("rescuer"))
        runs.dead.add("rescuer")
        lock.wait_and_recover("web", Rescues())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased == [LOCK, successor_key(entry("dead")), successor_key(self.rescuer("rescuer")), new_container_key(entry("dead"))]

    def test_another_who_is_faster_rescues(self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        write = journal.write

        def after_another(key: str, text: str) -> str:
            journal.notes.setdefault(key, entry_to_text(self.rescuer("faster")))
            return write(key, text)

        monkeypatch.setattr(journal, "write", after_another)
        rescues = Rescues()
        with pytest.raises(Busy):
            lock.wait_and_recover("web", rescues)
        assert rescues == []

    def test_a_lock_that_is_anothers_by_now_is_not_rescued(
        self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = journal.write

        def begun_anew(key: str, text: str) -> str:
            journal.notes.clear()
            journal.notes[LOCK] = entry_to_text(entry("next"))
            return write(key, text)

        monkeypatch.setattr(journal, "write", begun_anew)
        rescues = Rescues()
        with pytest.raises(Busy):
            lock.wait_and_recover("web", rescues)
        assert (rescues, list(journal.notes)) == ([], [LOCK])

    def test_a_rescue_that_cannot_be_erased(self, lock: RunLock, journal: FakeJournal) -> None:
        def rescue(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            journal.errors.append(REFUSAL)
            return ()

        with pytest.raises(JournalFailed, match="could not be erased"):
            lock.wait_and_recover("web", rescue)


class TestWhatAKilledRescuerLeaves:
    GARBAGE = (successor_key(entry("dead")), new_container_key(entry("dead")), touch_key(entry("dead")))

    def test_is_erased_once_the_lock_is_gone(self, lock: RunLock, journal: FakeJournal) -> None:
        for key in self.GARBAGE:
            journal.write(key, "left")
        lock.wait_and_recover("web", Rescues())
        assert journal.notes == {}

    def test_not_that_of_another_container(self, lock: RunLock, journal: FakeJournal) -> None:
        others = [new_container_key(entry("dead", old={"name": name})) for name in ("a.web", "web2", "web.a")]
        for key in (*others, "evenkeel-other.dead.web"):
            journal.write(key, "theirs")
        lock.wait_and_recover("web", Rescues())
        assert sorted(journal.notes) == sorted((*others, "evenkeel-other.dead.web"))

    def test_not_the_lock_of_a_run_that_began_meanwhile(self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        """It was seen, its run ended, and another one has it by now."""
        journal.write(LOCK, entry_to_text(entry("other")))
        monkeypatch.setattr(journal, "read", lambda _key: None)
        lock.wait_and_recover("web", Rescues())
        assert list(journal.notes) == [LOCK]

    def test_what_cannot_be_erased_is_in_nobodys_way(self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        journal.write(self.GARBAGE[0], "left")
        monkeypatch.setattr(journal, "erase", fail)
        lock.wait_and_recover("web", Rescues())


def fail(_key: str) -> None:
    raise EngineError("no")
