# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives that were kept, remembered so that a later run knows them from containers that merely look like one."""

from __future__ import annotations

import json
import typing as t

from ..container.archive_name import owner_by_name
from ..engine.errors import EngineError
from ..engine.interfaces import Journal
from ..engine.model import Document


class ArchiveRecord(t.NamedTuple):
    """An archive: its ID, its name, and what it has to be given back when it returns.

    `runs` tells whether it was running, `restart_policy` what its operator gave it. `rollout` is the one that it was replaced in, which
    may be empty.
    """

    id: str
    name: str
    runs: bool
    restart_policy: Document
    rollout: str = ""


class ArchiveStore:
    """The archives of each container, newest first, in the engine, where any later run finds them. Its methods raise EngineError."""

    def __init__(self, memory: Journal) -> None:
        self._memory = memory

    def of(self, container: str) -> tuple[ArchiveRecord, ...]:
        """What is remembered; whether it is still there is another question."""
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
        """What is written cannot be changed, so a second place holds it while the first is empty: a kill must not lose the older ones."""
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
    """The container whose archives are remembered at this place. None when it is the place of something else."""
    for beginning in (_key(""), _spare_key("")):
        before, found, container = key.partition(beginning)
        if found and not before:
            return container
    return None


def owner_of_archive(memory: Journal, container_id: str, name: str) -> str | None:
    """The container whose kept archive this is. None when it is none, or is not called what it was kept as. Raises EngineError."""
    owner = owner_by_name(name)
    if owner and any((kept.id, kept.name) == (container_id, name) for kept in ArchiveStore(memory).of(owner)):
        return owner
    return None
