# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs have left on a host: archives, and records of runs that are in progress or were interrupted."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, JournalFailed
from ..engine.interfaces import Journal
from ..engine.model import Document, name_of
from ..state.archives import ArchiveStore, owner_of_key
from ..state.journal import JournalEntry, container_of_lock_key
from ..state.lock import LockHolder, RunLock


class ArchiveInfo(t.NamedTuple):
    """An archive of the container `owner`.

    `kept` is true if it was kept for a later rollback, and false if it belongs to a run that is in progress or was interrupted. `rollout`
    is the rollout that replaced it, empty if there was none.
    """

    owner: str
    name: str
    id: str
    kept: bool
    rollout: str = ""


class Leftovers(t.NamedTuple):
    """The archives on a host, the runs by the name of their container, and a warning for each record that could not be read."""

    archives: tuple[ArchiveInfo, ...] = ()
    runs: t.Mapping[str, LockHolder] = {}
    warnings: tuple[str, ...] = ()

    def of(self, owner: str) -> tuple[ArchiveInfo, ...]:
        return tuple(archive for archive in self.archives if archive.owner == owner)


def find_leftovers(
    containers: t.Iterable[Document], memory: Journal, memory_keys: t.Iterable[str], lock: RunLock, journal_keys: t.Iterable[str]
) -> Leftovers:
    """Find archives in the records of the memory, and runs in the journal that `lock` reads.

    `containers` are inspect documents. An archive must be among them with its ID and its name: a renamed container is no longer an archive.
    """
    names = {container["Id"]: name_of(container) for container in containers}
    runs, run_warnings = _runs(lock, journal_keys)
    kept, archive_warnings = _kept_archives(memory, memory_keys)
    of_runs = (archive for run in runs.values() for archive in _archives_of_run(run.entry))
    found = {archive.id: archive for archive in (*of_runs, *kept) if names.get(archive.id) == archive.name}
    return Leftovers(tuple(found.values()), runs, (*archive_warnings, *run_warnings))


def _archives_of_run(entry: JournalEntry) -> t.Iterator[ArchiveInfo]:
    """The archives that a run may have created: the old container and its dependents."""
    yield ArchiveInfo(entry.container, entry.archive, entry.old.id, kept=False)
    for dependent in entry.old.dependents:
        yield ArchiveInfo(dependent.name, dependent.archive, dependent.id, kept=False)


def _kept_archives(memory: Journal, keys: t.Iterable[str]) -> tuple[tuple[ArchiveInfo, ...], tuple[str, ...]]:
    archives: list[ArchiveInfo] = []
    warnings: list[str] = []
    for owner in sorted(set(filter(None, map(owner_of_key, keys)))):
        try:
            archives += (ArchiveInfo(owner, one.name, one.id, kept=True, rollout=one.rollout) for one in ArchiveStore(memory).of(owner))
        except EngineError as error:
            warnings.append(f"The archives of {owner} are unknown: their record could not be read ({error}).")
    return tuple(archives), tuple(warnings)


def _runs(lock: RunLock, keys: t.Iterable[str]) -> tuple[t.Mapping[str, LockHolder], tuple[str, ...]]:
    runs: dict[str, LockHolder] = {}
    warnings: list[str] = []
    for container in sorted(filter(None, map(container_of_lock_key, keys))):
        try:
            run = lock.holder(container)
        except JournalFailed as error:
            warnings.append(f"Whether a run on {container} was interrupted is unknown. {error}")
        else:
            if run:
                runs[container] = run
    return runs, tuple(warnings)
