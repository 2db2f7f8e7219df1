# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time on one container: wait for the living, finish for the dead."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import Busy, EngineError, InvalidInput, JournalFailed, StepFailed, StillUnwell
from ..engine.interfaces import Clock, Journal
from ..engine.model import Note
from ..engine.timing import LONGEST
from .journal import Entry, Holder, Runs, container_of_lock, is_note_of_a_run, lock_of, new_container_of, successor_of, touch_of

if t.TYPE_CHECKING:
    from ..container.dependents import Repaired


_POLL = 0.5
"""Seconds between two looks at a lock that somebody holds."""

Rescue = t.Callable[[Entry, t.Optional[str]], "t.Tuple[Repaired, ...]"]
"""Brings to an end what the run of an entry left. Also gets the new container's ID, as far as it was written down.

Returns the dependents for which something was done.
"""


class Guard:
    """This run's dealings with the journal.

    C(lock_timeout) in seconds is how long to wait for a run that lives. Raises InvalidInput when it makes no sense.
    """

    def __init__(self, journal: Journal, runs: Runs, clock: Clock, lock_timeout: float) -> None:
        if not 0 <= lock_timeout <= LONGEST:
            raise InvalidInput(f"lock_timeout must be a number of seconds from 0 to {LONGEST}, not {lock_timeout:g}.")
        self._journal = journal
        self._runs = runs
        self._clock = clock
        self._me = runs.me()
        self._deadline = clock.monotonic() + lock_timeout
        self._entry_of_this_run: Entry | None = None
        self.rescued = False
        """Whether an interrupted run was brought to its end."""
        self.unwell: StillUnwell | None = None
        """What is wrong with the container that came back then. It counts only where no other takes its place now."""
        self.repaired: tuple[Repaired, ...] = ()
        """The dependents for which something was done then."""
        self.went_back_to: str | None = None
        """The ID of the container that one of those was to bring back, where it was to bring one back."""

    def settle(self, container: str, rescue: Rescue) -> None:
        """Return once no other run holds C(container), with what interrupted ones left brought to an end.

        Raises Busy when one that lives does not end in time, JournalFailed, and what C(rescue) raises.
        """
        while True:
            # In this order: what was there before the lock was seen to be gone is of a run that is over.
            places = self._places(container)
            chain = self._chain(container) if places else []
            if not chain:
                self._sweep(container, places)
                return
            if self._may_live(chain[-1]):
                self._wait(container, chain[-1].entry.holder)
            elif self._succeed(chain):
                self._rescue(chain, rescue)

    def peek(self, container: str) -> Sighting | None:
        """Whoever holds C(container), without a hand laid on anything. Raises JournalFailed.

        None when nobody does, and when somebody did who is dead and had not touched it yet.
        """
        chain = self._chain(container)
        if not chain:
            return None
        first, last = chain[0].entry, chain[-1]
        may_live = self._may_live(last)
        if not may_live and not self._was_touched(first):
            return None
        return Sighting(first, self._new_id(first), last.entry.holder, may_live)

    def name_of_held(self, container_id: str) -> str | None:
        """The name that a run holds this container by: its old one, or its new one. None when no run does. Raises JournalFailed."""
        for container in filter(None, map(container_of_lock, self._places(lock_of("")))):
            chain = self._chain(container)
            entry = chain[0].entry if chain else None
            if entry and container_id in (entry.old_id, entry.returning and entry.returning.id, self._new_id(entry)):
                return entry.container
        return None

    def begin(self, entry: Entry) -> bool:
        """Write the entry of this run. False when another run was faster. Raises JournalFailed."""
        place = lock_of(entry.container)
        try:
            written = self._write(place, entry)
        except JournalFailed:
            self._take_back(place)
            raise
        if written.holder.token != self._me.token:
            return False
        self._entry_of_this_run = entry
        return True

    def note_touch(self) -> None:
        """Write down that the old container is touched from here on. Raises JournalFailed."""
        entry = self._entry_of_this_run
        if entry and entry.announces_touch:
            try:
                self._journal.write(touch_of(entry), "touched")
            except EngineError as error:
                raise JournalFailed(_not_written(entry, error)) from error

    def note_new(self, new_id: str) -> None:
        """Write down which container is the new one, before it is started. Raises EngineError."""
        if self._entry_of_this_run:
            self._journal.write(new_container_of(self._entry_of_this_run), new_id)

    def end(self) -> None:
        """Erase what this run wrote, the lock last. What cannot be erased, the next run finds and erases."""
        entry, self._entry_of_this_run = self._entry_of_this_run, None
        if entry:
            with contextlib.suppress(JournalFailed):
                self._erase(*_notes_of(entry), lock_of(entry.container))

    @property
    def me(self) -> Holder:
        return self._me

    def _rescue(self, chain: list[_Link], rescue: Rescue) -> None:
        mine, entry = successor_of(chain[-1].entry), chain[0].entry
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
        self._erase(*(link.place for link in chain), mine, *_notes_of(entry))
        if not was_touched:
            return
        self.rescued = True
        returning = entry.returning
        self.went_back_to = returning.id if returning else None

    def _chain(self, container: str) -> list[_Link]:
        """The lock and its successors, as far as they go."""
        chain: list[_Link] = []
        place = lock_of(container)
        while True:
            note = self._read(place)
            if note is None:
                return chain
            chain.append(_Link(place, note, self._entry(place, note.text)))
            place = successor_of(chain[-1].entry)

    def _sweep(self, container: str, places: t.Iterable[str]) -> None:
        """Erase what a rescuer left who was killed while he erased his notes."""
        with contextlib.suppress(JournalFailed):
            self._erase(*(place for place in places if is_note_of_a_run(place, container)))

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
        place = successor_of(chain[-1].entry)
        mine = chain[0].entry._replace(holder=self._me)
        if self._write(place, mine).holder.token != self._me.token:
            return False
        first = self._read(chain[0].place)
        if first is not None and first.text == chain[0].note.text:
            return True
        self._erase(place)  # Somebody brought it to its end between our look and our writing.
        return False

    def _take_back(self, place: str) -> None:
        """What was written though the answer was lost. The next run would stop the container because of it."""
        with contextlib.suppress(JournalFailed):
            note = self._read(place)
            if note and self._entry(place, note.text).holder.token == self._me.token:
                self._erase(place)

    def _was_touched(self, entry: Entry) -> bool:
        return not entry.announces_touch or self._read(touch_of(entry)) is not None

    def _new_id(self, entry: Entry) -> str | None:
        note = self._read(new_container_of(entry))
        return note.text if note else None

    def _entry(self, place: str, text: str) -> Entry:
        try:
            return Entry.from_text(text)
        except InvalidInput as error:
            raise JournalFailed(f"The volume {place} cannot be read: {error}. Nothing was touched.") from None

    def _write(self, place: str, entry: Entry) -> Entry:
        try:
            return self._entry(place, self._journal.write(place, entry.to_text()))
        except EngineError as error:
            raise JournalFailed(_not_written(entry, error)) from error

    def _places(self, container: str) -> tuple[str, ...]:
        try:
            return self._journal.places(container)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was touched.") from error

    def _read(self, place: str) -> Note | None:
        try:
            return self._journal.read(place)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be read ({error}). Nothing was touched.") from error

    def _age(self, note: Note) -> float:
        try:
            return self._journal.age(note)
        except EngineError as error:
            raise JournalFailed(f"The engine's time could not be read ({error}). Nothing was touched.") from error

    def _erase(self, *places: str) -> None:
        for place in places:
            try:
                self._journal.erase(place)
            except EngineError as error:
                raise JournalFailed(f"The journal could not be erased ({error}). The next run does it.") from error


def _notes_of(entry: Entry) -> tuple[str, ...]:
    """The places of what a run can have written besides its lock."""
    return (new_container_of(entry), *((touch_of(entry),) if entry.announces_touch else ()))


def _not_written(entry: Entry, error: EngineError) -> str:
    return f"The journal could not be written ({error}). Container {entry.container} was not touched."


class Sighting(t.NamedTuple):
    """A run that holds a container: what it is about, its new container as far as it was written down, and who is at it.

    C(may_live) is false when nobody is any more.
    """

    entry: Entry
    new_id: str | None
    holder: Holder
    may_live: bool


class _Link(t.NamedTuple):
    """One lock of a chain of successors."""

    place: str
    note: Note
    entry: Entry
