# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of locks and claims in the journal: read them, write them, erase them. Every failure is a JournalFailed."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, InvalidInput, JournalFailed
from ..engine.interfaces import Journal
from ..engine.model import Record
from .claims import Claimant, claimant_from_text
from .journal import JournalEntry, lock_key, new_container_key, pending_key, takeover_key, touch_key


class Link(t.NamedTuple):
    """One lock in a chain of successors."""

    key: str
    record: Record
    entry: JournalEntry


class LockRecords:
    """The journal as a lock sees it. `recovered` are the containers on which this run has recovered an interrupted one."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.recovered: list[str] = []

    def chain(self, container: str) -> list[Link]:
        """Return the lock of a container and its successors, in order."""
        chain: list[Link] = []
        key = lock_key(container)
        while True:
            record = self.read(key)
            if record is None:
                return chain
            chain.append(Link(key, record, parse_entry(key, record.text)))
            key = takeover_key(chain[-1].entry)

    def was_touched(self, entry: JournalEntry) -> bool:
        """Whether the run of this entry can have touched the old container."""
        if self.read(pending_key(entry)) is not None:
            return False
        return not entry.announces_touch or self.read(touch_key(entry)) is not None

    def new_id(self, entry: JournalEntry) -> str | None:
        """The ID of the new container, if it was recorded."""
        record = self.read(new_container_key(entry))
        return record.text if record else None

    def write_entry(self, key: str, entry: JournalEntry) -> JournalEntry:
        """Write an entry unless the key exists. Return the entry that the key holds now."""
        from .entry_format import entry_to_text

        return parse_entry(key, self.write(key, entry_to_text(entry), entry.container))

    def write(self, key: str, text: str, container: str) -> str:
        """Write a record of the run on `container`, and return what the key holds now."""
        try:
            return self._journal.write(key, text)
        except EngineError as error:
            raise JournalFailed(f"The journal could not be written ({error}). Container {container} was not changed.") from error

    def keys(self, part: str) -> tuple[str, ...]:
        """Return all keys that contain `part`."""
        return self._look(lambda: self._journal.keys(part))

    def read(self, key: str) -> Record | None:
        """Return a record, or None."""
        return self._look(lambda: self._journal.read(key))

    def age(self, record: Record) -> float:
        """Seconds since a record was written, by the engine's clock."""
        return self._look(lambda: self._journal.age(record), "The engine's time")

    def erase(self, *keys: str) -> None:
        """Erase records, in this order."""
        for key in keys:
            try:
                self._journal.erase(key)
            except EngineError as error:
                raise JournalFailed(f"The journal could not be erased ({error}). The next run erases it.") from error

    def _look(self, call: t.Callable[[], _T], what: str = "The journal") -> _T:
        try:
            return call()
        except EngineError as error:
            raise JournalFailed(f"{what} could not be read ({error}). {self._what_changed()}") from error

    def _what_changed(self) -> str:
        return "An interrupted run was recovered before; nothing else was changed." if self.recovered else "Nothing was changed."


_T = t.TypeVar("_T")


def parse_entry(key: str, text: str) -> JournalEntry:
    """Read a journal entry. Raise JournalFailed if another version of the collection wrote it in a format of its own."""
    from .entry_format import entry_from_text

    try:
        return entry_from_text(text)
    except InvalidInput as error:
        raise JournalFailed(_unreadable(key, error)) from None


def parse_claimant(key: str, text: str) -> Claimant:
    """Read who recorded a claim. Raise JournalFailed as `parse_entry` does."""
    try:
        return claimant_from_text(text)
    except InvalidInput as error:
        raise JournalFailed(_unreadable(key, error)) from None


def _unreadable(key: str, error: InvalidInput) -> str:
    return (
        f"The journal entry in the volume {key} cannot be read: {error}. Nothing was changed. Run the task again with the version of "
        "the collection that wrote it, or with a newer one."
    )
