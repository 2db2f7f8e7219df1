# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one container: wait for the living, finish for the dead."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import Busy, EngineError, InvalidInput, JournalFailed, StepFailed, StillUnwell
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
"""Seconds between two looks at a lock that somebody holds."""

RecoverCallback = t.Callable[[JournalEntry, t.Optional[str]], "tuple[RepairResult, ...]"]
"""Brings to an end what the run of an entry left. Also gets the new container's ID, as far as it was written down.

Returns the dependents for which something was done.
"""


class RunLock:
    """This run's dealings with the journal.

    `lock_timeout` in seconds is how long to wait for a run that lives. Raises InvalidInput when it makes no sense.
    """

    def __init__(self, journal: Journal, runs: ProcessTable, clock: Clock, lock_timeout: float) -> None:
        require_seconds("lock_timeout", lock_timeout)
        self._journal = journal
        self._runs = runs
        self._clock = clock
        self._me = runs.me()
        self._deadline = clock.monotonic() + lock_timeout
        self._entry_of_this_run: JournalEntry | None = None
        self.recovered = False
        """Whether an interrupted run was brought to its end."""
        self.unwell: StillUnwell | None = None
        """What is wrong with the container that came back then. It counts only where no other takes its place now."""
        self.repaired: tuple[RepairResult, ...] = ()
        """The dependents for which something was done then."""
        self.rolled_back_to: str | None = None
        """The ID of the container that one of those was to bring back, where it was to bring one back."""

    def wait_and_recover(self, container: str, rescue: RecoverCallback) -> None:
        """Return once no other run holds `container`, with what interrupted ones left brought to an end.

        Raises Busy when one that lives does not end in time, JournalFailed, and what `rescue` raises.
        """
        while True:
            # In this order: what was there before the lock was seen to be gone is of a run that is over.
            keys = self._places(container)
            chain = self._chain(container) if keys else []
            if not chain:
                self._sweep(container, keys)
                return
            if self._may_live(chain[-1]):
                self._wait(container, chain[-1].entry.holder)
            elif self._succeed(chain):
                self._rescue(chain, rescue)

    def holder(self, container: str) -> LockHolder | None:
        """Whoever holds `container`, without a hand laid on anything. Raises JournalFailed.

        None when nobody does, and when somebody did who is dead and had not touched it yet.
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
        """The name that a run holds this container by: its old one, or its new one. None when no run does. Raises JournalFailed."""
        for container in filter(None, map(container_of_lock_key, self._places(lock_key("")))):
            chain = self._chain(container)
            entry = chain[0].entry if chain else None
            if entry and container_id in (entry.old_id, entry.returning and entry.returning.id, self._new_id(entry)):
                return entry.container
        return None

    def acquire(self, entry: JournalEntry) -> bool:
        """Write the entry of this run. False when another run was faster. Raises JournalFailed."""
        key = lock_key(entry.container)
        try:
            written = self._write(key, entry)
        except JournalFailed:
            self._take_back(key)
            raise
        if written.holder.token != self._me.token:
            return False
        self._entry_of_this_run = entry
        return True

    def mark_touched(self) -> None:
        """Write down that the old container is touched from here on. Raises JournalFailed."""
        entry = self._entry_of_this_run
        if entry and entry.announces_touch:
            try:
                self._journal.write(touch_key(entry), "touched")
            except EngineError as error:
                raise JournalFailed(_not_written(entry, error)) from error

    def record_new_container(self, new_id: str) -> None:
        """Write down which container is the new one, before it is started. Raises EngineError."""
        if self._entry_of_this_run:
            self._journal.write(new_container_key(self._entry_of_this_run), new_id)

    def release(self) -> None:
        """Erase what this run wrote, the lock last. What cannot be erased, the next run finds and erases."""
        entry, self._entry_of_this_run = self._entry_of_this_run, None
        if entry:
            with contextlib.suppress(JournalFailed):
                self._erase(*_notes_of(entry), lock_key(entry.container))

    @property
    def me(self) -> Holder:
        return self._me

    def _rescue(self, chain: list[_Link], rescue: RecoverCallback) -> None:
        mine, entry = successor_key(chain[-1].entry), chain[0].entry
        was_touched = True
        try:
            was_touched = self._was_touched(entry)
            if was_touched:
                self.repaired += rescue(entry, self._new_id(entry))
        except StillUnwell as error:
            self.unwell = error
        except StepFailed:
            self._erase(mine)
            raise
        # The lock goes first: a rescuer who still finds it may begin, and must not meet a run that began after it.
        self._erase(*(link.key for link in chain), mine, *_notes_of(entry))
        if not was_touched:
            return
        self.recovered = True
        returning = entry.returning
        self.rolled_back_to = returning.id if returning else None

    def _chain(self, container: str) -> list[_Link]:
        """The lock and its successors, as far as they go."""
        chain: list[_Link] = []
        key = lock_key(container)
        while True:
            note = self._read(key)
            if note is None:
                return chain
            chain.append(_Link(key, note, self._entry(key, note.text)))
            key = successor_key(chain[-1].entry)

    def _sweep(self, container: str, keys: t.Iterable[str]) -> None:
        """Erase what a rescuer left who was killed while he erased his notes."""
        with contextlib.suppress(JournalFailed):
            self._erase(*(key for key in keys if is_record_of_run(key, container)))

    def _may_live(self, link: _Link) -> bool:
        dead = self._runs.is_dead(link.entry.holder)
        if dead is None:
            return self._age(link.note) <= link.entry.lease
        return not dead

    def _wait(self, container: str, holder: Holder) -> None:
        if self._clock.monotonic() >= self._deadline:
            raise Busy(
                f"Container {container} was not touched: another run is at work on it (process {holder.pid} on {holder.host}), "
                "and did not end within lock_timeout. Wait for it, or raise lock_timeout."
            )
        self._clock.sleep(_POLL)

    def _succeed(self, chain: list[_Link]) -> bool:
        """Take over from the dead holder at the end of the chain. False when another rescuer was faster."""
        key = successor_key(chain[-1].entry)
        mine = chain[0].entry._replace(holder=self._me)
        if self._write(key, mine).holder.token != self._me.token:
            return False
        first = self._read(chain[0].key)
        if first is not None and first.text == chain[0].note.text:
            return True
        self._erase(key)  # Somebody brought it to its end between our look and our writing.
        return False

    def _take_back(self, key: str) -> None:
        """What was written though the answer was lost. The next run would stop the container because of it."""
        with contextlib.suppress(JournalFailed):
            note = self._read(key)
            if note and self._entry(key, note.text).holder.token == self._me.token:
                self._erase(key)

    def _was_touched(self, entry: JournalEntry) -> bool:
        return not entry.announces_touch or self._read(touch_key(entry)) is not None

    def _new_id(self, entry: JournalEntry) -> str | None:
        note = self._read(new_container_key(entry))
        return note.text if note else None

    def _entry(self, key: str, text: str) -> JournalEntry:
        try:
            return JournalEntry.from_text(text)
        except InvalidInput as error:
            raise JournalFailed(f"The volume {key} cannot be read: {error}. Nothing was touched.") from None

    def _write(self, key: str, entry: JournalEntry) -> JournalEntry:
        try:
            return self._entry(key, self._journal.write(key, entry.to_text()))
        except EngineError as error:
            raise JournalFailed(_not_written(entry, error)) from error

    def _places(self, container: str) -> tuple[str, ...]:
        try:
            return self._journal.keys(container)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was touched.") from error

    def _read(self, key: str) -> Record | None:
        try:
            return self._journal.read(key)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was touched.") from error

    def _age(self, note: Record) -> float:
        try:
            return self._journal.age(note)
        except EngineError as error:
            raise JournalFailed(f"The engine's time could not be read ({error}). Nothing was touched.") from error

    def _erase(self, *keys: str) -> None:
        for key in keys:
            try:
                self._journal.erase(key)
            except EngineError as error:
                raise JournalFailed(f"The journal could not be erased ({error}). The next run does it.") from error


def _notes_of(entry: JournalEntry) -> tuple[str, ...]:
    """The places of what a run can have written besides its lock."""
    return (new_container_key(entry), *((touch_key(entry),) if entry.announces_touch else ()))


def _not_written(entry: JournalEntry, error: EngineError) -> str:
    return f"The journal could not be written ({error}). Container {entry.container} was not touched."


class LockHolder(t.NamedTuple):
    """A run that holds a container: what it is about, its new container as far as it was written down, and who is at it.

    `may_live` is false when nobody is any more.
    """

    entry: JournalEntry
    new_id: str | None
    holder: Holder
    may_live: bool


class _Link(t.NamedTuple):
    """One lock of a chain of successors."""

    key: str
    note: Record
    entry: JournalEntry
