# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs have left on a host: archives that were kept, and work that is going on or was interrupted."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, JournalFailed
from ..engine.interfaces import Journal
from ..engine.model import Document, name_of
from ..state.archives import ArchiveStore, owner_of_key
from ..state.journal import JournalEntry, container_of_lock_key
from ..state.lock import LockHolder, RunLock


class ArchiveInfo(t.NamedTuple):
    """An old container of `owner`, waiting under another name. `kept` tells whether it was kept on purpose, or stands there for a run.

    `rollout` is the one that it was replaced in, empty for none.
    """

    owner: str
    name: str
    id: str
    kept: bool
    rollout: str = ""


class Leftovers(t.NamedTuple):
    """The archives that are there, the runs that hold a container by its name, and a warning for what could not be read."""

    archives: tuple[ArchiveInfo, ...] = ()
    runs: t.Mapping[str, LockHolder] = {}
    warnings: tuple[str, ...] = ()

    def of(self, owner: str) -> tuple[ArchiveInfo, ...]:
        return tuple(archive for archive in self.archives if archive.owner == owner)


def find_leftovers(
    containers: t.Iterable[Document], memory: Journal, memory_places: t.Iterable[str], lock: RunLock, journal_places: t.Iterable[str]
) -> Leftovers:
    """Look at all places of the memory, and of the journal that `lock` reads.

    `containers` are inspect documents. An archive is one of them, by its ID and its name: one that was renamed is no archive any more.
    """
    names = {container["Id"]: name_of(container) for container in containers}
    runs, more = _runs(lock, journal_places)
    kept, warnings = _kept(memory, memory_places)
    standing = (archive for run in runs.values() for archive in _standing_for(run.entry))
    found = {archive.id: archive for archive in (*standing, *kept) if names.get(archive.id) == archive.name}
    return Leftovers(tuple(found.values()), runs, (*warnings, *more))


def _standing_for(entry: JournalEntry) -> t.Iterator[ArchiveInfo]:
    """What may be an archive while a run is at work: the old container, and those that depend on it."""
    yield ArchiveInfo(entry.container, entry.archive, entry.old.id, kept=False)
    for dependent in entry.old.dependents:
        yield ArchiveInfo(dependent.name, dependent.archive, dependent.id, kept=False)


def _kept(memory: Journal, keys: t.Iterable[str]) -> tuple[tuple[ArchiveInfo, ...], tuple[str, ...]]:
    archives: list[ArchiveInfo] = []
    warnings: list[str] = []
    for owner in sorted(set(filter(None, map(owner_of_key, keys)))):
        try:
            archives += (ArchiveInfo(owner, kept.name, kept.id, kept=True, rollout=kept.rollout) for kept in ArchiveStore(memory).of(owner))
        except EngineError as error:
            warnings.append(f"The archives of {owner} are not known: {error}.")
    return tuple(archives), tuple(warnings)


def _runs(lock: RunLock, keys: t.Iterable[str]) -> tuple[t.Mapping[str, LockHolder], tuple[str, ...]]:
    runs: dict[str, LockHolder] = {}
    warnings: list[str] = []
    for container in sorted(filter(None, map(container_of_lock_key, keys))):
        try:
            run = lock.holder(container)
        except JournalFailed as error:
            warnings.append(f"Whether a run on {container} was interrupted is not known. {error}")
        else:
            if run:
                runs[container] = run
    return runs, tuple(warnings)
