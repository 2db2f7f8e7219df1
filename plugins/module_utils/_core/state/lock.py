# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one container: wait for a live run, and recover what a dead one left."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import Busy, EngineError, InvalidInput, JournalFailed, StepFailed, StillUnhealthy
from ..engine.interfaces import Clock, Journal
from ..engine.model import Record
from ..engine.timing import require_seconds
from .journal import (
    Holder,
    JournalEntry,
    ProcessTable,
    container_of_lock_key,
    is_record_of_run,
    lock_key,
    new_container_key,
    successor_key,
    touch_key,
)

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult


_POLL = 0.5
"""Seconds between two looks at a lock that another run holds."""

RecoverCallback = t.Callable[[JournalEntry, t.Optional[str]], "tuple[RepairResult, ...]"]
"""Finishes or undoes what the run of a journal entry left, and returns the repaired dependents.

The second argument is the ID of the new container, or None if it was not recorded.
"""


class RunLock:
    """The lock of this run, kept in the journal.

    `lock_timeout`, in seconds, is how long to wait for another live run. Raise InvalidInput if it is out of range.
    """

    def __init__(self, journal: Journal, processes: ProcessTable, clock: Clock, lock_timeout: float) -> None:
        require_seconds("lock_timeout", lock_timeout)
        self._journal = journal
        self._processes = processes
        self._clock = clock
        self._me = processes.me()
        self._deadline = clock.monotonic() + lock_timeout
        self._entry: JournalEntry | None = None
        self.recovered = False
        """Whether this run has recovered an interrupted one."""
        self.still_unhealthy: StillUnhealthy | None = None
        """What is wrong with the container that the recovery restored. It matters only if this run does not replace that container."""
        self.repaired: tuple[RepairResult, ...] = ()
        """The dependents that the recovery repaired."""
        self.rolled_back_to: str | None = None
        """The ID of the container that the interrupted run was to restore, or None if it was an update."""

    @property
    def me(self) -> Holder:
        return self._me

    def wait_and_recover(self, container: str, recover: RecoverCallback) -> None:
        """Wait until no other run holds `container`, and recover what interrupted runs left.

        Raise Busy if a live run does not end in time, JournalFailed, and what `recover` raises.
        """
        while True:
            # The order matters: keys that were there before the lock was seen to be gone belong to a run that has ended.
            keys = self._keys(container)
            chain = self._chain(container) if keys else []
            if not chain:
                self._remove_leftover_records(container, keys)
                return
            if self._may_live(chain[-1]):
                self._wait(container, chain[-1].entry.holder)
            elif self._succeed(chain):
                self._recover(chain, recover)

    def holder(self, container: str) -> LockHolder | None:
        """Return which run holds `container`, without changing anything. Raise JournalFailed.

        Return None if no run does, or if a dead run does that had not touched the container yet.
        """
        chain = self._chain(container)
        if not chain:
            return None
        first, last = chain[0].entry, chain[-1]
        may_live = self._may_live(last)
        if not may_live and not self._was_touched(first):
            return None
        return LockHolder(first, self._new_id(first), last.entry.holder, may_live)

    def name_of_locked(self, container_id: str) -> str | None:
        """Return the name under which a run has locked this container, be it the old one or its successor. Raise JournalFailed."""
        for container in filter(None, map(container_of_lock_key, self._keys(lock_key("")))):
            chain = self._chain(container)
            entry = chain[0].entry if chain else None
            if entry and container_id in (entry.old.id, entry.restores, self._new_id(entry)):
                return entry.container
        return None

    def acquire(self, entry: JournalEntry) -> bool:
        """Write the entry of this run. Return False if another run was faster. Raise JournalFailed."""
        key = lock_key(entry.container)
        try:
            written = self._write(key, entry)
        except JournalFailed:
            self._withdraw(key)
            raise
        if written.holder.token != self._me.token:
            return False
        self._entry = entry
        return True

    def mark_touched(self) -> None:
        """Record that this run touches the old container from now on. Raise JournalFailed."""
        if self._entry and self._entry.announces_touch:
            try:
                self._journal.write(touch_key(self._entry), "touched")
            except EngineError as error:
                raise JournalFailed(_not_written(self._entry, error)) from error

    def record_new_container(self, new_id: str) -> None:
        """Record the ID of the new container before it is started. Raise EngineError."""
        if self._entry:
            self._journal.write(new_container_key(self._entry), new_id)

    def release(self) -> None:
        """Erase what this run wrote, the lock last. The next run erases what cannot be erased now."""
        entry, self._entry = self._entry, None
        if entry:
            with contextlib.suppress(JournalFailed):
                self._erase(*_records_of(entry), lock_key(entry.container))

    def _recover(self, chain: list[_Link], recover: RecoverCallback) -> None:
        own_key, entry = successor_key(chain[-1].entry), chain[0].entry
        was_touched = True
        try:
            was_touched = self._was_touched(entry)
            if was_touched:
                self.repaired += recover(entry, self._new_id(entry))
        except StillUnhealthy as error:
            self.still_unhealthy = error
        except StepFailed:
            self._erase(own_key)
            raise
        # The lock goes first: a rescuer that still finds it may start, and must not meet a run that started after it.
        self._erase(*(link.key for link in chain), own_key, *_records_of(entry))
        if was_touched:
            self.recovered = True
            self.rolled_back_to = entry.restores

    def _chain(self, container: str) -> list[_Link]:
        """Return the lock and its successors, in order."""
        chain: list[_Link] = []
        key = lock_key(container)
        while True:
            record = self._read(key)
            if record is None:
                return chain
            chain.append(_Link(key, record, _parse(key, record.text)))
            key = successor_key(chain[-1].entry)

    def _remove_leftover_records(self, container: str, keys: t.Iterable[str]) -> None:
        """Erase the records of a rescuer that was killed while it erased them."""
        with contextlib.suppress(JournalFailed):
            self._erase(*(key for key in keys if is_record_of_run(key, container)))

    def _may_live(self, link: _Link) -> bool:
        is_dead = self._processes.is_dead(link.entry.holder)
        if is_dead is None:
            return self._age(link.record) <= link.entry.lease
        return not is_dead

    def _wait(self, container: str, holder: Holder) -> None:
        if self._clock.monotonic() >= self._deadline:
            raise Busy(
                f"Container {container} was not changed: another run is working on it (process {holder.pid} on {holder.host}), "
                "and did not end within lock_timeout. Wait for it, or raise lock_timeout."
            )
        self._clock.sleep(_POLL)

    def _succeed(self, chain: list[_Link]) -> bool:
        """Take over from the dead holder at the end of the chain. Return False if another rescuer was faster."""
        key = successor_key(chain[-1].entry)
        own_entry = chain[0].entry._replace(holder=self._me)
        if self._write(key, own_entry).holder.token != self._me.token:
            return False
        first = self._read(chain[0].key)
        if first is not None and first.text == chain[0].record.text:
            return True
        self._erase(key)  # Another rescuer finished between our look and our write.
        return False

    def _withdraw(self, key: str) -> None:
        """Erase an entry that was written although the answer was lost. The next run would stop the container because of it."""
        with contextlib.suppress(JournalFailed):
            record = self._read(key)
            if record and _parse(key, record.text).holder.token == self._me.token:
                self._erase(key)

    def _was_touched(self, entry: JournalEntry) -> bool:
        return not entry.announces_touch or self._read(touch_key(entry)) is not None

    def _new_id(self, entry: JournalEntry) -> str | None:
        record = self._read(new_container_key(entry))
        return record.text if record else None

    def _write(self, key: str, entry: JournalEntry) -> JournalEntry:
        from .entry_format import entry_to_text

        try:
            return _parse(key, self._journal.write(key, entry_to_text(entry)))
        except EngineError as error:
            raise JournalFailed(_not_written(entry, error)) from error

    def _keys(self, container: str) -> tuple[str, ...]:
        try:
            return self._journal.keys(container)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was changed.") from error

    def _read(self, key: str) -> Record | None:
        try:
            return self._journal.read(key)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was changed.") from error

    def _age(self, record: Record) -> float:
        try:
            return self._journal.age(record)
        except EngineError as error:
            raise JournalFailed(f"The engine's time could not be read ({error}). Nothing was changed.") from error

    def _erase(self, *keys: str) -> None:
        for key in keys:
            try:
                self._journal.erase(key)
            except EngineError as error:
                raise JournalFailed(f"The journal could not be erased ({error}). The next run erases it.") from error


def _records_of(entry: JournalEntry) -> tuple[str, ...]:
    """Return the keys that a run can have written besides its lock."""
    return (new_container_key(entry), *((touch_key(entry),) if entry.announces_touch else ()))


def _parse(key: str, text: str) -> JournalEntry:
    from .entry_format import entry_from_text

    try:
        return entry_from_text(text)
    except InvalidInput as error:
        raise JournalFailed(
            f"The journal entry in the volume {key} cannot be read: {error}. Nothing was changed. Run the task again with the version of "
            "the collection that wrote it, or with a newer one."
        ) from None


def _not_written(entry: JournalEntry, error: EngineError) -> str:
    return f"The journal could not be written ({error}). Container {entry.container} was not changed."


class LockHolder(t.NamedTuple):
    """The run that holds a container: its entry, the ID of its new container if it was recorded, and the process that works on it now.

    `may_live` is false if no process does.
    """

    entry: JournalEntry
    new_id: str | None
    holder: Holder
    may_live: bool


class _Link(t.NamedTuple):
    """One lock in a chain of successors."""

    key: str
    record: Record
    entry: JournalEntry
