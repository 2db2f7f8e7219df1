# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one container and what is related to it: wait for a live run, and recover what a dead one left."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import JournalFailed, ReplacedByOthers, StepFailed, StillUnhealthy
from ..engine.interfaces import Clock, Journal
from .claims import NO_CLAIMS, Claimant, Claims, claimant_to_text, is_claim_of, is_claim_on, keys_in_the_way
from .journal import (
    Holder,
    JournalEntry,
    ProcessTable,
    container_of_lock_key,
    is_record_of_run,
    lock_key,
    new_container_key,
    pending_key,
    records_of,
    takeover_key,
    touch_key,
)
from .lock_records import Link, LockRecords, parse_claimant, parse_entry
from .lock_wait import LockWait

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult


_ALL = "evenkeel-"
"""What every key of the journal contains."""

RecoverCallback = t.Callable[[JournalEntry, t.Optional[str]], "tuple[RepairResult, ...]"]
"""Finishes or undoes what the run of a journal entry left, and returns the repaired dependents.

The second argument is the ID of the new container, or None if it was not recorded.
"""


class RunLock:
    """The lock of this run, kept in the journal.

    `lock_timeout`, in seconds, is how long to wait for another live run. Raise InvalidInput if it is out of range.
    """

    def __init__(self, journal: Journal, processes: ProcessTable, clock: Clock, lock_timeout: float) -> None:
        self._journal = journal
        self._records = LockRecords(journal)
        self._me = processes.me()
        self._wait = LockWait(self._records, processes, clock, lock_timeout)
        self._entry: JournalEntry | None = None
        self._claims: tuple[str, ...] = ()
        self._pending: tuple[str, ...] = ()
        self._in_the_way: tuple[str, ...] = ()
        self.still_unhealthy: StillUnhealthy | None = None
        """What is wrong with the container that the recovery restored. It matters only if this run does not replace that container."""
        self.repaired: tuple[RepairResult, ...] = ()
        """The dependents that the recovery repaired."""
        self.rolled_back_to: str | None = None
        """The ID of the container that the interrupted run was to restore, or None if it was an update."""

    @property
    def me(self) -> Holder:
        return self._me

    @property
    def recovered(self) -> bool:
        """Whether this run has recovered an interrupted one."""
        return bool(self._records.recovered)

    @property
    def recovered_containers(self) -> tuple[str, ...]:
        """The containers on which it has: the run's own, or related ones."""
        return tuple(self._records.recovered)

    @property
    def was_in_the_way(self) -> bool:
        """Whether the last `acquire` failed because of a run on a related container. The next `wait_and_recover` waits for that run."""
        return bool(self._in_the_way)

    def wait_and_recover(self, container: str, recover: RecoverCallback) -> None:
        """Wait until no other run holds `container` or is in the way of this run, and recover what interrupted runs left.

        Raise Busy if a live run does not end in time, JournalFailed, and what `recover` raises.
        """
        in_the_way, self._in_the_way = self._in_the_way, ()
        if in_the_way:
            self._wait.before_next_attempt(container, self._me)
        for key in in_the_way:
            self._wait_for(key, container, recover)
        while True:
            # The order matters: keys that were there before the lock was seen to be gone belong to a run that has ended.
            keys = self._records.keys(container)
            chain = self._records.chain(container) if keys else []
            claims = [key for key in keys if is_claim_on(key, container)]
            if chain:
                self._wait_or_recover(chain, container, recover)
            elif claims:
                self._wait_for(claims[0], container, recover)
            else:
                self._remove_leftover_records(container, keys)
                return

    def holder(self, container: str) -> LockHolder | None:
        """Return which run holds `container`, without changing anything. Raise JournalFailed.

        Return None if no run does, or if a dead run does that had not touched the container yet.
        """
        chain = self._records.chain(container)
        if not chain:
            return None
        first, last = chain[0].entry, chain[-1]
        may_live = self._wait.may_live(last.record, last.entry)
        if not may_live and not self._records.was_touched(first):
            return None
        return LockHolder(first, self._records.new_id(first), last.entry.holder, may_live)

    def name_of_locked(self, container_id: str) -> str | None:
        """Return the name under which a run has locked this container, be it the old one or its successor. Raise JournalFailed."""
        for container in filter(None, map(container_of_lock_key, self._records.keys(lock_key("")))):
            chain = self._records.chain(container)
            entry = chain[0].entry if chain else None
            if entry and container_id in (entry.old.id, entry.restores, self._records.new_id(entry)):
                return entry.container
        return None

    def acquire(self, entry: JournalEntry, claims: Claims = NO_CLAIMS) -> bool:
        """Write the entry of this run and its claims. Return False if another run was faster. Raise JournalFailed."""
        key = lock_key(entry.container)
        pending = (pending_key(entry),) if claims != NO_CLAIMS else ()
        for record in pending:
            self._records.write(record, "pending", entry.container)
        try:
            written = self._records.write_entry(key, entry)
        except JournalFailed:
            self._withdraw(key)
            raise
        if written.holder.token != self._me.token:
            self._records.erase(*pending)
            return False
        self._pending = pending
        self._entry, self._claims = entry, claims.keys(self._me.token)
        try:
            self._record_claims(entry)
            in_the_way = keys_in_the_way(entry.container, self._me.token, claims, self._records.keys(_ALL))
        except JournalFailed:
            self.release()
            raise
        if in_the_way:
            self.release()
        self._in_the_way = in_the_way
        return not in_the_way

    def confirm(self) -> None:
        """Record that this run does not withdraw any more. From now on, a later run has to recover it. Raise JournalFailed."""
        pending, self._pending = self._pending, ()
        self._records.erase(*pending)

    def mark_touched(self) -> None:
        """Record that this run touches the old container from now on. Raise JournalFailed."""
        if self._entry and self._entry.announces_touch:
            self._records.write(touch_key(self._entry), "touched", self._entry.container)

    def record_new_container(self, new_id: str) -> None:
        """Record the ID of the new container before it is started. Raise EngineError."""
        if self._entry:
            self._journal.write(new_container_key(self._entry), new_id)

    def release(self) -> None:
        """Erase what this run wrote, the lock last. The next run erases what cannot be erased now."""
        entry, self._entry = self._entry, None
        claims, self._claims = self._claims, ()
        pending, self._pending = self._pending, ()
        if entry:
            with contextlib.suppress(JournalFailed):
                # A run that withdraws is pending to the end: with the lock alone, it would seem to have touched the container.
                self._records.erase(*claims, *records_of(entry), lock_key(entry.container), *pending)

    def _record_claims(self, entry: JournalEntry) -> None:
        claimant = Claimant(entry.container, self._me, entry.lease)
        for key in self._claims:
            self._records.write(key, claimant_to_text(claimant), entry.container)

    def _wait_for(self, key: str, container: str, recover: RecoverCallback) -> None:
        """Wait until the run that wrote this key is no longer in the way of a run on `container`, and recover it if it is dead."""
        locked = container_of_lock_key(key)
        while True:
            record = self._records.read(key)
            if record is None:
                return
            claimant = parse_entry(key, record.text) if locked else parse_claimant(key, record.text)
            chain = self._records.chain(claimant.container)
            if any(link.entry.holder.token == claimant.holder.token for link in chain):
                self._wait_or_recover(chain, container, recover)
            elif self._wait.may_live(record, claimant):
                self._wait.for_run(container, claimant)
            else:
                self._records.erase(key)

    def _wait_or_recover(self, chain: list[Link], container: str, recover: RecoverCallback) -> None:
        """Wait for a moment if the last holder of a lock may live. Otherwise recover what it left."""
        last = chain[-1]
        if self._wait.may_live(last.record, last.entry):
            self._wait.for_run(container, last.entry)
        elif self._take_over(chain):
            self._recover(chain, container, recover)

    def _recover(self, chain: list[Link], container: str, recover: RecoverCallback) -> None:
        own_key, entry = takeover_key(chain[-1].entry), chain[0].entry
        was_touched = True
        try:
            was_touched = self._records.was_touched(entry)
            if was_touched:
                self.repaired += recover(entry, self._records.new_id(entry))
        except StillUnhealthy as error:
            if entry.container != container:
                self._forget(chain, own_key)
                raise
            self.still_unhealthy = error
        except ReplacedByOthers:
            self._forget(chain, own_key)
            raise
        except StepFailed:
            self._records.erase(own_key)
            raise
        if was_touched:
            self._records.recovered.append(entry.container)
            if entry.container == container:
                self.rolled_back_to = entry.restores
        self._forget(chain, own_key)

    def _forget(self, chain: list[Link], own_key: str) -> None:
        """Erase all records of a run that was recovered."""
        entry = chain[0].entry
        # The lock goes first: a rescuer that still finds it may start, and must not meet a run that started after it.
        self._records.erase(*(link.key for link in chain), own_key, *records_of(entry), pending_key(entry))
        token = entry.holder.token
        self._records.erase(*(key for key in self._records.keys(token) if is_claim_of(key, token)))

    def _remove_leftover_records(self, container: str, keys: t.Iterable[str]) -> None:
        """Erase the records of a rescuer that was killed while it erased them."""
        with contextlib.suppress(JournalFailed):
            self._records.erase(*(key for key in keys if is_record_of_run(key, container)))

    def _take_over(self, chain: list[Link]) -> bool:
        """Take over from the dead holder at the end of the chain. Return False if another rescuer was faster."""
        key = takeover_key(chain[-1].entry)
        own_entry = chain[0].entry._replace(holder=self._me)
        if self._records.write_entry(key, own_entry).holder.token != self._me.token:
            return False
        first = self._records.read(chain[0].key)
        if first is not None and first.text == chain[0].record.text:
            return True
        self._records.erase(key)  # Another rescuer finished between our look and our write.
        return False

    def _withdraw(self, key: str) -> None:
        """Erase an entry that was written although the answer was lost. The next run would stop the container because of it."""
        with contextlib.suppress(JournalFailed):
            record = self._records.read(key)
            if record and parse_entry(key, record.text).holder.token == self._me.token:
                self._records.erase(key)


class LockHolder(t.NamedTuple):
    """The run that holds a container: its entry, the ID of its new container if it was recorded, and the process that works on it now.

    `may_live` is false if no process does.
    """

    entry: JournalEntry
    new_id: str | None
    holder: Holder
    may_live: bool
