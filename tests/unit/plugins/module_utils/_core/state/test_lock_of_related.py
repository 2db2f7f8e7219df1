# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H20: a run waits for a run on a related container, and recovers it if it is dead. vpn is the provider of app."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import RepairResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Busy, JournalFailed, StillUnhealthy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.claims import Claims
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import JournalEntry, lock_key
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import FakeClock, FakeJournal, FakeProcesses, a_journal_entry, fake_lock
from support.fakes.update_of_web import REFUSAL

OF_VPN = Claims(touched=frozenset({"app"}))
OF_APP = Claims(needed=frozenset({"vpn"}))


def entry(token: str, container: str) -> JournalEntry:
    return a_journal_entry(token, old={"name": container})


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


class TestAgainstARunOnTheProvider:
    @pytest.fixture(autouse=True)
    def other(self, journal: FakeJournal) -> RunLock:
        other = fake_lock(journal, FakeProcesses("other"))
        assert other.acquire(entry("other", "vpn"), OF_VPN)
        other.confirm()
        return other

    @pytest.fixture
    def runs(self) -> FakeProcesses:
        return FakeProcesses("me")

    @pytest.fixture
    def lock(self, journal: FakeJournal, runs: FakeProcesses) -> RunLock:
        return fake_lock(journal, runs)

    def test_run_on_the_dependent_waits_from_the_beginning(self, lock: RunLock) -> None:
        with pytest.raises(Busy, match="Container app was not changed: another run is working on vpn, which is related to it"):
            lock.wait_and_recover("app", no_recovery)

    def test_run_on_the_dependent_withdraws_all_that_it_wrote(self, lock: RunLock, journal: FakeJournal) -> None:
        before = dict(journal.records)
        assert not lock.acquire(entry("me", "app"), OF_APP)
        assert (journal.records, lock.was_in_the_way) == (before, True)

    def test_run_on_the_dependent_waits_for_the_end_and_tries_again(
        self, journal: FakeJournal, runs: FakeProcesses, other: RunLock
    ) -> None:
        clock = FakeClock()
        clock.at(3, other.release)
        lock = RunLock(journal, runs, clock, lock_timeout=5)
        assert not lock.acquire(entry("me", "app"), OF_APP)
        lock.wait_and_recover("app", no_recovery)
        assert lock.acquire(entry("me", "app"), OF_APP)

    def test_run_that_meets_others_again_and_again_ends_with_the_lock_timeout(
        self, journal: FakeJournal, lock: RunLock, other: RunLock
    ) -> None:
        """Each of them has ended when this run looks, and another one has begun when it tries again."""

        def attempt() -> None:
            assert not lock.acquire(entry("me", "app"), OF_APP)
            other.release()
            lock.wait_and_recover("app", no_recovery)
            assert other.acquire(entry("other", "vpn"), OF_VPN)

        def attempts() -> None:
            for _attempt in range(1000):
                attempt()

        with pytest.raises(Busy, match="runs on containers that are related to it were in the way until lock_timeout was over"):
            attempts()
        assert lock_key("app") not in journal.records

    def test_dead_run_on_the_provider_is_recovered_first(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        runs.dead.add("other")
        recovered: list[str] = []

        def recover(found: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            recovered.append(found.container)
            return ()

        lock.wait_and_recover("app", recover)
        assert (recovered, journal.records, lock.recovered_containers) == (["vpn"], {}, ("vpn",))

    def test_recovered_rollback_of_the_provider_is_no_rollback_of_the_dependent(
        self, lock: RunLock, runs: FakeProcesses, other: RunLock
    ) -> None:
        other.release()
        archive = ArchiveRecord("archive", "vpn-old-7", runs=True, restart_policy={})
        assert other.acquire(a_journal_entry("other", old={"name": "vpn"}, successor=archive), OF_VPN)
        other.confirm()
        runs.dead.add("other")
        lock.wait_and_recover("app", lambda _entry, _new_id: ())
        assert (lock.recovered_containers, lock.rolled_back_to) == (("vpn",), None)

    def test_provider_that_stays_unhealthy_ends_the_run(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        runs.dead.add("other")

        def recover(_found: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
            raise StillUnhealthy("vpn runs, but is unhealthy", touched=True)

        with pytest.raises(StillUnhealthy):
            lock.wait_and_recover("app", recover)
        assert journal.records == {}, "the next run is not blocked"

    def test_claim_of_a_dead_run_that_has_released_its_lock_is_erased(
        self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses
    ) -> None:
        del journal.records[lock_key("vpn")]
        runs.dead.add("other")
        lock.wait_and_recover("app", no_recovery)
        assert journal.records == {}

    def test_claim_of_a_live_run_without_a_lock_is_waited_for(self, lock: RunLock, journal: FakeJournal) -> None:
        """It may be about to erase the claim."""
        del journal.records[lock_key("vpn")]
        with pytest.raises(Busy):
            lock.wait_and_recover("app", no_recovery)

    def test_claim_of_a_run_elsewhere_counts_until_its_lease_ends(self, lock: RunLock, journal: FakeJournal, runs: FakeProcesses) -> None:
        del journal.records[lock_key("vpn")]
        runs.unknown.add("other")
        with pytest.raises(Busy):
            lock.wait_and_recover("app", no_recovery)
        journal.age_of_records = 101
        lock.wait_and_recover("app", no_recovery)
        assert journal.records == {}

    def test_claim_in_an_unknown_format_is_an_error(self, lock: RunLock, journal: FakeJournal) -> None:
        journal.records["evenkeel-claim.other.app"] = "{}"
        with pytest.raises(JournalFailed, match="evenkeel-claim.other.app cannot be read.*Nothing was changed"):
            lock.wait_and_recover("app", no_recovery)


def test_dead_run_that_could_still_withdraw_is_forgotten(journal: FakeJournal) -> None:
    runs = FakeProcesses("me")
    assert fake_lock(journal, FakeProcesses("other")).acquire(entry("other", "vpn"), OF_VPN)
    runs.dead.add("other")
    lock = fake_lock(journal, runs)
    lock.wait_and_recover("app", no_recovery)
    assert (journal.records, lock.recovered) == ({}, False)


def test_run_on_the_provider_waits_for_each_run_that_needs_it(journal: FakeJournal) -> None:
    users = {name: fake_lock(journal, FakeProcesses(name)) for name in ("app", "web")}
    for name, user in users.items():
        assert user.acquire(entry(name, name), OF_APP), "runs that need the same provider do not exclude each other"
    lock = fake_lock(journal)
    assert not lock.acquire(entry("me", "vpn"), OF_VPN)
    users["app"].release()
    assert not lock.acquire(entry("me", "vpn"), OF_VPN), "web still needs vpn"
    users["web"].release()
    assert lock.acquire(entry("me", "vpn"), OF_VPN)


@pytest.mark.parametrize("failing", ["evenkeel-claim", "evenkeel-share", "keys"])
def test_failed_claim_leaves_nothing_behind(journal: FakeJournal, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    write = journal.write

    def refuse(key: str, text: str) -> str:
        if key.startswith(failing):
            raise REFUSAL
        return write(key, text)

    def refuse_to_list(_part: str) -> tuple[str, ...]:
        raise REFUSAL

    monkeypatch.setattr(journal, "write", refuse)
    if failing == "keys":
        monkeypatch.setattr(journal, "keys", refuse_to_list)
    with pytest.raises(JournalFailed):
        fake_lock(journal).acquire(entry("me", "app"), Claims(frozenset({"one"}), frozenset({"two"})))
    assert journal.records == {}


def no_recovery(found: JournalEntry, _new_id: str | None) -> tuple[RepairResult, ...]:
    raise AssertionError(f"{found.container} needs no recovery")
