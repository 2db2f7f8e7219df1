# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archives that were kept, recorded in the engine, so that a later run does not mistake another container for one."""

from __future__ import annotations

import json
import typing as t

from ..container.archive_name import owner_by_name
from ..engine.errors import EngineError
from ..engine.interfaces import Journal
from ..engine.model import Document


class ArchiveRecord(t.NamedTuple):
    """An archive: its ID, its name, and what to restore with it.

    `runs` is true if the container was running. `restart_policy` is what the operator set. `rollout` is the name of the rollout that
    replaced the container, or empty.
    """

    id: str
    name: str
    runs: bool
    restart_policy: Document
    rollout: str = ""


class ArchiveStore:
    """The archives of each container, newest first, kept in the engine. Each method raises EngineError."""

    def __init__(self, memory: Journal) -> None:
        self._memory = memory

    def of(self, container: str) -> tuple[ArchiveRecord, ...]:
        """Return the recorded archives, whether or not they still exist."""
        for key in (_key(container), _spare_key(container)):
            note = self._memory.read(key)
            if note is None:
                continue
            try:
                return tuple(ArchiveRecord(**archive) for archive in json.loads(note.text))
            except (TypeError, ValueError):
                raise EngineError(f"the volume {key} was not written by this version of the collection") from None
        return ()

    def add(self, container: str, kept: ArchiveRecord) -> None:
        others = tuple(archive for archive in self.of(container) if archive.id != kept.id)
        self._write(container, (kept, *others))

    def drop(self, container: str, archive_id: str) -> None:
        archives = self.of(container)
        if any(archive.id == archive_id for archive in archives):
            self._write(container, tuple(archive for archive in archives if archive.id != archive_id))

    def _write(self, container: str, archives: tuple[ArchiveRecord, ...]) -> None:
        """Replace the record. Since a record cannot be changed, a spare key holds it while the first is empty, in case of a kill."""
        key, spare = _key(container), _spare_key(container)
        text = json.dumps([archive._asdict() for archive in archives], sort_keys=True)
        self._memory.erase(spare)
        if archives:
            self._memory.write(spare, text)
        self._memory.erase(key)
        if archives:
            self._memory.write(key, text)
            self._memory.erase(spare)


def _key(container: str) -> str:
    return f"evenkeel-archives.{container}"


def _spare_key(container: str) -> str:
    return f"evenkeel-archives-spare.{container}"


def owner_of_key(key: str) -> str | None:
    """The container whose archives are recorded under this key, or None if the key has another purpose."""
    for beginning in (_key(""), _spare_key("")):
        before, found, container = key.partition(beginning)
        if found and not before:
            return container
    return None


def owner_of_archive(memory: Journal, container_id: str, name: str) -> str | None:
    """The container of which this is a kept archive, or None if it is none, or was renamed. Raise EngineError."""
    owner = owner_by_name(name)
    if owner and any((kept.id, kept.name) == (container_id, name) for kept in ArchiveStore(memory).of(owner)):
        return owner
    return None
