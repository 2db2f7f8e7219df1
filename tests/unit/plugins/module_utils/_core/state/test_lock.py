# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time: a live run is waited for, a dead one is recovered."""

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
    pending_key,
    takeover_key,
    touch_key,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import FakeClock, FakeJournal, FakeProcesses, fake_lock
from support.fakes.engine import a_journal_entry as entry

LOCK = lock_key("web")


class RecordedRecoveries(list[tuple[JournalEntry, "str | None"]]):
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


def begin(journal: FakeJournal, own_entry: JournalEntry) -> RunLock:
    """Begin a run that touches its container."""
    lock = fake_lock(journal, FakeProcesses(own_entry.holder.token))
    assert lock.acquire(own_entry)
    lock.confirm()
    return lock


def test_free_lock_needs_no_recovery(lock: RunLock) -> None:
    recoveries = RecordedRecoveries()
    lock.wait_and_recover("web", recoveries)
    assert (recoveries, lock.recovered) == ([], False)


@pytest.mark.parametrize("holder", ["me", "other"])
def test_lock_whose_answer_was_lost_is_released_unless_another_run_holds_it(
    lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    def lost(key: str, text: str) -> str:
        if key != LOCK:
            return text
        journal.records[key] = entry_to_text(entry(holder))
        raise NoAnswer("the connection broke")

    monkeypatch.setattr(journal, "write", lost)
    with pytest.raises(JournalFailed, match="web was not changed"):
        lock.acquire(entry("me"))
    assert [*journal.records] == ([LOCK] if holder == "other" else [])


def test_locked_container_is_found_by_every_id_of_the_run(lock: RunLock, journal: FakeJournal) -> None:
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


def test_only_one_run_acquires_the_lock(lock: RunLock, journal: FakeJournal) -> None:
    other = fake_lock(journal, FakeProcesses("other"))
    assert other.acquire(entry("other"))
    assert not lock.acquire(entry("me"))
    lock.release()
    assert LOCK in journal.records, "only the holder releases the lock"
    other.release()
    assert journal.records == {}
    assert lock.acquire(entry("me"))


def test_live_run_is_waited_for(journal: FakeJournal, runs: FakeProcesses) -> None:
    other = fake_lock(journal, FakeProcesses("other"))
    other.acquire(entry("other"))
    clock = FakeClock()
    clock.at(3, other.release)
    recoveries = RecordedRecoveries()
    RunLock(journal, runs, clock, lock_timeout=5).wait_and_recover("web", recoveries)
    assert (clock.now, recoveries) == (3, [])


def test_wait_for_a_live_run_ends_with_the_lock_timeout(lock: RunLock, journal: FakeJournal) -> None:
    begin(journal, entry("other"))
    with pytest.raises(Busy, match="another run is working on it \\(process 1 on here\\)"):
        lock.wait_and_recover("web", RecordedRecoveries())
    assert list(journal.records) == [LOCK]


class TestDeadHolder:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        begin(journal, entry("dead")).record_new_container("new-id")
        runs.dead.add("dead")

    def test_run_of_a_dead_holder_is_recovered(self, lock: RunLock, journal: FakeJournal) -> None:
        recoveries = RecordedRecoveries()
        lock.wait_and_recover("web", recoveries)
        assert recoveries == [(entry("dead"), "new-id")]
        assert lock.recovered
        assert journal.records == {}

    def test_recovering_run_holds_the_lock(self, lock: RunLock, journal: FakeJournal) -> None:
        def recover(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            assert set(journal.records) == {LOCK, new_container_key(entry("dead")), takeover_key(entry("dead"))}
            with pytest.raises(Busy):
                fake_lock(journal, third_run()).wait_and_recover("web", RecordedRecoveries())
            return ()

        def third_run() -> FakeProcesses:
            other = FakeProcesses("third")
            other.dead.add("dead")
            return other

        lock.wait_and_recover("web", recover)

    def test_lock_is_erased_before_its_successors(self, lock: RunLock, journal: FakeJournal) -> None:
        lock.wait_and_recover("web", RecordedRecoveries())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased[1:] == [LOCK, takeover_key(entry("dead")), new_container_key(entry("dead")), pending_key(entry("dead"))]

    def test_run_of_a_recovering_run_that_died_is_recovered_from_the_first_entry(
        self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses
    ) -> None:
        rescuer = entry("dead")._replace(holder=FakeProcesses("rescuer").me())
        journal.records[takeover_key(entry("dead"))] = entry_to_text(rescuer)
        runs.dead.add("rescuer")
        recoveries = RecordedRecoveries()
        lock.wait_and_recover("web", recoveries)
        assert recoveries == [(entry("dead"), "new-id")], "the first entry tells what the interrupted run was doing"
        assert journal.records == {}

    def test_run_that_another_run_recovered_meanwhile_is_not_recovered_again(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        lock = fake_lock(journal, runs)
        write = journal.write

        def recovered_by_another_run(key: str, text: str) -> str:
            journal.records.clear()
            return write(key, text)

        journal.write = recovered_by_another_run  # type: ignore[method-assign]
        recoveries = RecordedRecoveries()
        lock.wait_and_recover("web", recoveries)
        assert (recoveries, journal.records, lock.recovered) == ([], {}, False)

    def test_failed_recovery_leaves_the_entry_for_the_next_run(self, lock: RunLock, journal: FakeJournal) -> None:
        def fail(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            raise RecoveryFailed("no")

        with pytest.raises(RecoveryFailed):
            lock.wait_and_recover("web", fail)
        assert set(journal.records) == {LOCK, new_container_key(entry("dead"))}


class TestHolderOnAnotherMachine:
    """A run on another machine counts as alive until its lease ends."""

    @pytest.fixture(autouse=True)
    def _far_away(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        begin(journal, entry("far"))
        runs.unknown.add("far")

    def test_holder_within_its_lease_is_alive(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.age_of_records = 100.0
        with pytest.raises(Busy):
            lock.wait_and_recover("web", RecordedRecoveries())

    def test_holder_after_its_lease_is_dead(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.age_of_records = 100.1
        recoveries = RecordedRecoveries()
        lock.wait_and_recover("web", recoveries)
        assert len(recoveries) == 1


def test_journal_entry_of_another_version_is_left_alone(lock: RunLock, journal: FakeJournal) -> None:
    journal.records[LOCK] = '{"from": "the future", "version": 99}'
    with pytest.raises(JournalFailed, match="volume evenkeel-lock.web cannot be read: it has format version 99, .* Nothing was changed"):
        lock.wait_and_recover("web", RecordedRecoveries())
    assert LOCK in journal.records


REFUSAL = EngineError("the engine says no")


@pytest.mark.parametrize("lock_timeout", [0, LONGEST])
def test_valid_lock_timeout_is_accepted(lock_timeout: float) -> None:
    RunLock(FakeJournal(), FakeProcesses(), FakeClock(), lock_timeout)


@pytest.mark.parametrize("lock_timeout", [-1, LONGEST + 1, float("nan")])
def test_invalid_lock_timeout_is_refused(lock_timeout: float) -> None:
    with pytest.raises(InvalidInput, match="lock_timeout"):
        RunLock(FakeJournal(), FakeProcesses(), FakeClock(), lock_timeout)


def test_lock_timeout_counts_from_the_start_of_the_wait(journal: FakeJournal, runs: FakeProcesses) -> None:
    begin(journal, entry("other"))
    clock = FakeClock()
    clock.now = 1000.0
    lock = RunLock(journal, runs, clock, lock_timeout=5)
    with pytest.raises(Busy):
        lock.wait_and_recover("web", RecordedRecoveries())
    assert clock.now == 1005.0


def test_run_without_the_lock_records_and_releases_nothing(lock: RunLock, journal: FakeJournal) -> None:
    lock.record_new_container("new-id")
    lock.release()
    assert journal.calls == []


def test_second_release_does_not_release_the_next_holder(lock: RunLock, journal: FakeJournal) -> None:
    lock.acquire(entry("me"))
    lock.release()
    other = fake_lock(journal, FakeProcesses("other"))
    other.acquire(entry("other"))
    lock.release()
    assert list(journal.records) == [pending_key(entry("other")), LOCK]


def test_failed_release_is_left_to_the_next_run(lock: RunLock, journal: FakeJournal) -> None:
    lock.acquire(entry("me"))
    journal.errors.append(REFUSAL)
    lock.release()


def test_failed_acquire_is_an_error(lock: RunLock, journal: FakeJournal) -> None:
    journal.errors.append(REFUSAL)
    with pytest.raises(JournalFailed, match="could not be written \\(the engine says no\\). Container web was not changed"):
        lock.acquire(entry("me"))


def test_unknown_age_of_a_lock_is_an_error(journal: FakeJournal, runs: FakeProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_note: object) -> float:
        raise REFUSAL

    begin(journal, entry("far"))
    runs.unknown.add("far")
    monkeypatch.setattr(journal, "age", fail)
    with pytest.raises(JournalFailed, match="time could not be read"):
        fake_lock(journal, runs).wait_and_recover("web", RecordedRecoveries())


class TestRolledBackTo:
    BACK = ArchiveRecord("back-id", "web-old-900", runs=True, restart_policy={"Name": "always"})

    @pytest.mark.parametrize(
        ("successor", "rolled_back_to"),
        [(Created(runs=True), None), (BACK, "back-id"), (None, "old")],
        ids=["update", "rollback", "missing"],
    )
    def test_recovery_tells_which_archive_was_restored(
        self,
        lock: RunLock,
        journal: FakeJournal,
        runs: FakeProcesses,
        successor: Created | ArchiveRecord | None,
        rolled_back_to: str | None,
    ) -> None:
        begin(journal, entry("dead", successor=successor))
        runs.dead.add("dead")
        assert lock.rolled_back_to is None
        lock.wait_and_recover("web", RecordedRecoveries())
        assert (lock.recovered, lock.rolled_back_to) == (True, rolled_back_to)

    def test_failed_recovery_tells_no_archive(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        def fail(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            raise RecoveryFailed("no")

        begin(journal, entry("dead", successor=self.BACK))
        runs.dead.add("dead")
        with pytest.raises(RecoveryFailed):
            lock.wait_and_recover("web", fail)
        assert (lock.recovered, lock.rolled_back_to) == (False, None)


class TestSeveralRecoveringRuns:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeProcesses) -> None:
        begin(journal, entry("dead"))
        runs.dead.add("dead")

    def entry_of_recovering_run(self, token: str, pid: int = 1) -> JournalEntry:
        return entry("dead")._replace(holder=FakeProcesses(token).me()._replace(pid=pid))

    def test_live_recovering_run_is_waited_for(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.records[takeover_key(entry("dead"))] = entry_to_text(self.entry_of_recovering_run("rescuer", pid=7))
        with pytest.raises(Busy, match="process 7 on here"):
            lock.wait_and_recover("web", RecordedRecoveries())

    def test_locks_are_erased_in_the_order_in_which_they_are_read(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        journal.records[takeover_key(entry("dead"))] = entry_to_text(self.entry_of_recovering_run("rescuer"))
        runs.dead.add("rescuer")
        lock.wait_and_recover("web", RecordedRecoveries())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased[1:] == [
            LOCK,
            takeover_key(entry("dead")),
            takeover_key(self.entry_of_recovering_run("rescuer")),
            new_container_key(entry("dead")),
            pending_key(entry("dead")),
        ]

    def test_faster_run_recovers(self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        write = journal.write

        def write_after_a_faster_run(key: str, text: str) -> str:
            journal.records.setdefault(key, entry_to_text(self.entry_of_recovering_run("faster")))
            return write(key, text)

        monkeypatch.setattr(journal, "write", write_after_a_faster_run)
        recoveries = RecordedRecoveries()
        with pytest.raises(Busy):
            lock.wait_and_recover("web", recoveries)
        assert recoveries == []

    def test_lock_that_another_run_acquired_meanwhile_is_not_recovered(
        self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = journal.write

        def acquired_by_another_run(key: str, text: str) -> str:
            journal.records.clear()
            journal.records[LOCK] = entry_to_text(entry("next"))
            return write(key, text)

        monkeypatch.setattr(journal, "write", acquired_by_another_run)
        recoveries = RecordedRecoveries()
        with pytest.raises(Busy):
            lock.wait_and_recover("web", recoveries)
        assert (recoveries, list(journal.records)) == ([], [LOCK])

    def test_recovery_that_cannot_be_erased_is_an_error(self, lock: RunLock, journal: FakeJournal) -> None:
        def recover(_entry: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            journal.errors.append(REFUSAL)
            return ()

        with pytest.raises(JournalFailed, match="could not be erased"):
            lock.wait_and_recover("web", recover)


class TestLeftoverRecords:
    LEFTOVERS = tuple(key(entry("dead")) for key in (takeover_key, new_container_key, pending_key, touch_key))

    def test_leftover_records_are_erased_once_the_lock_is_gone(self, lock: RunLock, journal: FakeJournal) -> None:
        for key in self.LEFTOVERS:
            journal.write(key, "left")
        lock.wait_and_recover("web", RecordedRecoveries())
        assert journal.records == {}

    def test_records_of_other_containers_are_kept(self, lock: RunLock, journal: FakeJournal) -> None:
        others = [new_container_key(entry("dead", old={"name": name})) for name in ("a.web", "web2", "web.a")]
        for key in (*others, "evenkeel-other.dead.web"):
            journal.write(key, "theirs")
        lock.wait_and_recover("web", RecordedRecoveries())
        assert sorted(journal.records) == sorted((*others, "evenkeel-other.dead.web"))

    def test_lock_of_a_run_that_began_meanwhile_is_kept(self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        """The lock was listed, its run ended, and another run holds it now."""
        journal.write(LOCK, entry_to_text(entry("other")))
        monkeypatch.setattr(journal, "read", lambda _key: None)
        lock.wait_and_recover("web", RecordedRecoveries())
        assert list(journal.records) == [LOCK]

    def test_leftover_record_that_cannot_be_erased_is_ignored(
        self, lock: RunLock, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal.write(self.LEFTOVERS[0], "left")
        monkeypatch.setattr(journal, "erase", fail)
        lock.wait_and_recover("web", RecordedRecoveries())


def fail(_key: str) -> None:
    raise EngineError("no")
