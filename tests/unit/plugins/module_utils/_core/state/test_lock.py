# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time, the dead succeeded, the living waited for."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent, Repaired
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    EngineError,
    InvalidInput,
    JournalFailed,
    NoAnswer,
    RecoveryFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import LONGEST
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import Kept
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import (
    Entry,
    lock_of,
    new_container_of,
    successor_of,
    touch_of,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import Guard
from support.fake_engine import FakeClock, FakeJournal, FakeRuns, fake_guard
from support.fake_engine import an_entry as entry

LOCK = lock_of("web")


class Rescues(list[tuple[Entry, "str | None"]]):
    def __call__(self, found: Entry, new_id: str | None) -> tuple[Repaired, ...]:
        self.append((found, new_id))
        return ()


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def runs() -> FakeRuns:
    return FakeRuns("me")


@pytest.fixture
def guard(journal: FakeJournal, runs: FakeRuns) -> Guard:
    return fake_guard(journal, runs)


def test_an_entry_survives_the_journal() -> None:
    assert Entry.from_text(entry("a").to_text()) == entry("a")


def test_nobody_there(guard: Guard) -> None:
    rescues = Rescues()
    guard.settle("web", rescues)
    assert (rescues, guard.rescued) == ([], False)


@pytest.mark.parametrize("holder", ["me", "other"])
def test_a_lock_whose_answer_is_lost_is_taken_back_unless_it_is_another_runs(
    guard: Guard, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    def lost(place: str, _text: str) -> str:
        journal.notes[place] = entry(holder).to_text()
        raise NoAnswer("the connection broke")

    monkeypatch.setattr(journal, "write", lost)
    with pytest.raises(JournalFailed, match="web was not touched"):
        guard.begin(entry("me"))
    assert [*journal.notes] == ([LOCK] if holder == "other" else [])


def test_a_container_by_the_id_that_a_run_knows_it_by(guard: Guard, journal: FakeJournal) -> None:
    returning = Kept("archive", "web-old-7", True, {})
    held = entry("other")._replace(old_id="old", returning=returning)
    other = fake_guard(journal, FakeRuns("other"))
    assert other.begin(held)
    other.note_new("new")
    assert {one: guard.name_of_held(one) for one in ("old", "new", "archive", "stranger", "")} == {
        "old": "web",
        "new": "web",
        "archive": "web",
        "stranger": None,
        "": None,
    }


def test_one_begins_and_the_other_does_not(guard: Guard, journal: FakeJournal) -> None:
    other = fake_guard(journal, FakeRuns("other"))
    assert other.begin(entry("other"))
    assert not guard.begin(entry("me"))
    guard.end()
    assert LOCK in journal.notes, "only the holder ends it"
    other.end()
    assert journal.notes == {}
    assert guard.begin(entry("me"))


def test_the_living_is_waited_for(journal: FakeJournal, runs: FakeRuns) -> None:
    other = fake_guard(journal, FakeRuns("other"))
    other.begin(entry("other"))
    clock = FakeClock()
    sleep = clock.sleep

    def sleep_until_the_other_ends(seconds: float) -> None:
        sleep(seconds)
        if clock.now >= 3:
            other.end()

    clock.sleep = sleep_until_the_other_ends  # type: ignore[method-assign]
    rescues = Rescues()
    Guard(journal, runs, clock, lock_timeout=5).settle("web", rescues)
    assert (clock.now, rescues) == (3, [])


def test_but_not_for_ever(guard: Guard, journal: FakeJournal) -> None:
    fake_guard(journal, FakeRuns("other")).begin(entry("other"))
    with pytest.raises(Busy, match="another run is at work on it \\(process 1 on here\\)"):
        guard.settle("web", Rescues())
    assert list(journal.notes) == [LOCK]


class TestTheDead:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeRuns) -> None:
        dead = fake_guard(journal, FakeRuns("dead"))
        dead.begin(entry("dead"))
        dead.note_new("new-id")
        runs.dead.add("dead")

    def test_what_it_left_is_brought_to_its_end(self, guard: Guard, journal: FakeJournal) -> None:
        rescues = Rescues()
        guard.settle("web", rescues)
        assert rescues == [(entry("dead"), "new-id")]
        assert guard.rescued
        assert journal.notes == {}

    def test_its_lock_is_held_by_the_rescuer_meanwhile(self, guard: Guard, journal: FakeJournal) -> None:
        def rescue(_entry: Entry, _new_id: str | None) -> tuple[Repaired, ...]:
            assert set(journal.notes) == {LOCK, new_container_of(entry("dead")), successor_of(entry("dead"))}
            with pytest.raises(Busy):
                fake_guard(journal, both_dead_but_me()).settle("web", Rescues())
            return ()

        def both_dead_but_me() -> FakeRuns:
            other = FakeRuns("third")
            other.dead.add("dead")
            return other

        guard.settle("web", rescue)

    def test_the_lock_is_erased_before_its_successors(self, guard: Guard, journal: FakeJournal) -> None:
        guard.settle("web", Rescues())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased == [LOCK, successor_of(entry("dead")), new_container_of(entry("dead"))]

    def test_a_rescuer_who_died_is_succeeded_too(self, guard: Guard, journal: FakeJournal, runs: FakeRuns) -> None:
        rescuer = entry("dead")._replace(holder=FakeRuns("rescuer").me())
        journal.notes[successor_of(entry("dead"))] = rescuer.to_text()
        runs.dead.add("rescuer")
        rescues = Rescues()
        guard.settle("web", rescues)
        assert rescues == [(entry("dead"), "new-id")], "it is the first entry that tells what was meant"
        assert journal.notes == {}

    def test_one_that_is_rescued_between_look_and_writing(self, journal: FakeJournal, runs: FakeRuns) -> None:
        guard = fake_guard(journal, runs)
        write = journal.write

        def rescued_by_another(place: str, text: str) -> str:
            journal.notes.clear()
            return write(place, text)

        journal.write = rescued_by_another  # type: ignore[method-assign]
        rescues = Rescues()
        guard.settle("web", rescues)
        assert (rescues, journal.notes, guard.rescued) == ([], {}, False)

    def test_a_rescue_that_fails_leaves_the_entry_for_the_next(self, guard: Guard, journal: FakeJournal) -> None:
        def fail(_entry: Entry, _new_id: str | None) -> tuple[Repaired, ...]:
            raise RecoveryFailed("no")

        with pytest.raises(RecoveryFailed):
            guard.settle("web", fail)
        assert set(journal.notes) == {LOCK, new_container_of(entry("dead"))}


class TestOneOfWhomNobodyKnows:
    """A run on another machine may live as long as its lease."""

    @pytest.fixture(autouse=True)
    def _far_away(self, journal: FakeJournal, runs: FakeRuns) -> None:
        fake_guard(journal, FakeRuns("far")).begin(entry("far"))
        runs.far_away.add("far")

    def test_within_its_lease(self, guard: Guard, journal: FakeJournal) -> None:
        journal.age_of_all = 100.0
        with pytest.raises(Busy):
            guard.settle("web", Rescues())

    def test_after_its_lease(self, guard: Guard, journal: FakeJournal) -> None:
        journal.age_of_all = 100.1
        rescues = Rescues()
        guard.settle("web", rescues)
        assert len(rescues) == 1


def test_an_entry_of_another_version_is_left_alone(guard: Guard, journal: FakeJournal) -> None:
    journal.notes[LOCK] = '{"from": "the future"}'
    with pytest.raises(JournalFailed, match="volume evenkeel-lock.web cannot be read: it was not written by this version"):
        guard.settle("web", Rescues())
    assert LOCK in journal.notes


REFUSAL = EngineError("the engine says no")


def test_the_places() -> None:
    assert lock_of("web") == "evenkeel-lock.web"
    assert successor_of(entry("a")) == "evenkeel-lock-after.a.web"
    assert new_container_of(entry("a")) == "evenkeel-new.a.web"


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"holder": 1}', '{"holder": {}}', '{"holder": {"pid": 1}}'])
def test_what_is_no_entry(text: str) -> None:
    with pytest.raises(InvalidInput, match="not written by this version"):
        Entry.from_text(text)


@pytest.mark.parametrize("lock_timeout", [0, LONGEST])
def test_what_is_a_lock_timeout(lock_timeout: float) -> None:
    Guard(FakeJournal(), FakeRuns(), FakeClock(), lock_timeout)


@pytest.mark.parametrize("lock_timeout", [-1, LONGEST + 1, float("nan")])
def test_what_is_none(lock_timeout: float) -> None:
    with pytest.raises(InvalidInput, match="lock_timeout"):
        Guard(FakeJournal(), FakeRuns(), FakeClock(), lock_timeout)


def test_the_lock_timeout_counts_from_the_start_and_to_the_second(journal: FakeJournal, runs: FakeRuns) -> None:
    fake_guard(journal, FakeRuns("other")).begin(entry("other"))
    clock = FakeClock()
    clock.now = 1000.0
    guard = Guard(journal, runs, clock, lock_timeout=5)
    with pytest.raises(Busy):
        guard.settle("web", Rescues())
    assert clock.now == 1005.0


def test_who_did_not_begin_notes_and_ends_nothing(guard: Guard, journal: FakeJournal) -> None:
    guard.note_new("new-id")
    guard.end()
    assert journal.calls == []


def test_who_has_ended_does_not_end_the_next(guard: Guard, journal: FakeJournal) -> None:
    guard.begin(entry("me"))
    guard.end()
    other = fake_guard(journal, FakeRuns("other"))
    other.begin(entry("other"))
    guard.end()
    assert list(journal.notes) == [LOCK]


def test_an_end_that_cannot_be_written_is_left_to_the_next(guard: Guard, journal: FakeJournal) -> None:
    guard.begin(entry("me"))
    journal.errors.append(REFUSAL)
    guard.end()


def test_a_beginning_that_cannot_be_written(guard: Guard, journal: FakeJournal) -> None:
    journal.errors.append(REFUSAL)
    with pytest.raises(JournalFailed, match="could not be written \\(the engine says no\\). Container web was not touched"):
        guard.begin(entry("me"))


def test_an_age_that_cannot_be_told(journal: FakeJournal, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_note: object) -> float:
        raise REFUSAL

    fake_guard(journal, FakeRuns("far")).begin(entry("far"))
    runs.far_away.add("far")
    monkeypatch.setattr(journal, "age", fail)
    with pytest.raises(JournalFailed, match="time could not be read"):
        fake_guard(journal, runs).settle("web", Rescues())


class TestWhoWentBack:
    BACK = Kept("back-id", "web-old-900", runs=True, restart_policy={"Name": "always"})

    @pytest.mark.parametrize(("returning", "went_back_to"), [(None, None), (BACK, "back-id")])
    def test_it_is_known_after_the_rescue(
        self, guard: Guard, journal: FakeJournal, runs: FakeRuns, returning: Kept | None, went_back_to: str | None
    ) -> None:
        fake_guard(journal, FakeRuns("dead")).begin(entry("dead", returning=returning))
        runs.dead.add("dead")
        assert guard.went_back_to is None
        guard.settle("web", Rescues())
        assert (guard.rescued, guard.went_back_to) == (True, went_back_to)

    def test_not_after_one_that_failed(self, guard: Guard, journal: FakeJournal, runs: FakeRuns) -> None:
        def fail(_entry: Entry, _new_id: str | None) -> tuple[Repaired, ...]:
            raise RecoveryFailed("no")

        fake_guard(journal, FakeRuns("dead")).begin(entry("dead", returning=self.BACK))
        runs.dead.add("dead")
        with pytest.raises(RecoveryFailed):
            guard.settle("web", fail)
        assert (guard.rescued, guard.went_back_to) == (False, None)

    def test_everything_in_an_entry_survives_the_journal(self) -> None:
        dependent = Dependent("2", "sidecar", "1", "web", runs=True, shares_with=("1", "3"), archive="sidecar-old-1000", tag_means="x")
        written = entry("a", returning=self.BACK, dependents=(dependent,))
        assert Entry.from_text(written.to_text()) == written


class TestSeveralRescuers:
    @pytest.fixture(autouse=True)
    def _dead(self, journal: FakeJournal, runs: FakeRuns) -> None:
        fake_guard(journal, FakeRuns("dead")).begin(entry("dead"))
        runs.dead.add("dead")

    def rescuer(self, token: str, pid: int = 1) -> Entry:
        return entry("dead")._replace(holder=FakeRuns(token).me()._replace(pid=pid))

    def test_it_is_the_living_rescuer_who_is_waited_for(self, guard: Guard, journal: FakeJournal) -> None:
        journal.notes[successor_of(entry("dead"))] = self.rescuer("rescuer", pid=7).to_text()
        with pytest.raises(Busy, match="process 7 on here"):
            guard.settle("web", Rescues())

    def test_the_locks_are_erased_in_the_order_in_which_they_are_looked_for(
        self, guard: Guard, journal: FakeJournal, runs: FakeRuns
    ) -> None:
        journal.notes[successor_of(entry("dead"))] = self.rescuer("rescuer").to_text()
        runs.dead.add("rescuer")
        guard.settle("web", Rescues())
        erased = [call.partition(":")[2] for call in journal.calls if call.startswith("erase")]
        assert erased == [LOCK, successor_of(entry("dead")), successor_of(self.rescuer("rescuer")), new_container_of(entry("dead"))]

    def test_another_who_is_faster_rescues(self, guard: Guard, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        write = journal.write

        def after_another(place: str, text: str) -> str:
            journal.notes.setdefault(place, self.rescuer("faster").to_text())
            return write(place, text)

        monkeypatch.setattr(journal, "write", after_another)
        rescues = Rescues()
        with pytest.raises(Busy):
            guard.settle("web", rescues)
        assert rescues == []

    def test_a_lock_that_is_anothers_by_now_is_not_rescued(
        self, guard: Guard, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = journal.write

        def begun_anew(place: str, text: str) -> str:
            journal.notes.clear()
            journal.notes[LOCK] = entry("next").to_text()
            return write(place, text)

        monkeypatch.setattr(journal, "write", begun_anew)
        rescues = Rescues()
        with pytest.raises(Busy):
            guard.settle("web", rescues)
        assert (rescues, list(journal.notes)) == ([], [LOCK])

    def test_a_rescue_that_cannot_be_erased(self, guard: Guard, journal: FakeJournal) -> None:
        def rescue(_entry: Entry, _new_id: str | None) -> tuple[Repaired, ...]:
            journal.errors.append(REFUSAL)
            return ()

        with pytest.raises(JournalFailed, match="could not be erased"):
            guard.settle("web", rescue)


class TestWhatAKilledRescuerLeaves:
    GARBAGE = (successor_of(entry("dead")), new_container_of(entry("dead")), touch_of(entry("dead")))

    def test_is_erased_once_the_lock_is_gone(self, guard: Guard, journal: FakeJournal) -> None:
        for place in self.GARBAGE:
            journal.write(place, "left")
        guard.settle("web", Rescues())
        assert journal.notes == {}

    def test_not_that_of_another_container(self, guard: Guard, journal: FakeJournal) -> None:
        others = [new_container_of(entry("dead", container=name)) for name in ("a.web", "web2", "web.a")]
        for place in (*others, "evenkeel-other.dead.web"):
            journal.write(place, "theirs")
        guard.settle("web", Rescues())
        assert sorted(journal.notes) == sorted((*others, "evenkeel-other.dead.web"))

    def test_not_the_lock_of_a_run_that_began_meanwhile(self, guard: Guard, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        """It was seen, its run ended, and another one has it by now."""
        journal.write(LOCK, entry("other").to_text())
        monkeypatch.setattr(journal, "read", lambda _place: None)
        guard.settle("web", Rescues())
        assert list(journal.notes) == [LOCK]

    def test_what_cannot_be_erased_is_in_nobodys_way(self, guard: Guard, journal: FakeJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        journal.write(self.GARBAGE[0], "left")
        monkeypatch.setattr(journal, "erase", fail)
        guard.settle("web", Rescues())


def fail(_place: str) -> None:
    raise EngineError("no")
