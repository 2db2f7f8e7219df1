# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: what a run records before it touches a container, and under which keys.

The journal is kept in the engine, so any later run finds it, from any machine. Writing to a key that exists changes nothing and returns
what is there. That makes it a lock: the run that reads its own token back holds it.

The lock of a dead run is never erased and taken again, because two rescuers could do that to each other. It is succeeded: the rescuer
takes a second lock whose key contains the dead run's token. If the rescuer dies too, the next one succeeds the rescuer, and so on.
"""

from __future__ import annotations

import typing as t

from ..container.old_container import OldContainer
from ..engine.model import ImageIdentity
from .archives import ArchiveRecord


class Holder(t.NamedTuple):
    """The process that runs: `token` is unique, the other fields let another run find out whether this one is still alive.

    `boot` and `pid_namespace` identify the kernel and the namespace in which `pid` and `pid_started` have a meaning. `local` is true
    if the engine is on the same machine.
    """

    token: str
    host: str
    boot: str
    pid_namespace: str
    pid: int
    pid_started: str
    local: bool


class Created(t.NamedTuple):
    """The successor is a new container, started if `runs` is true. Its ID is recorded under a key of its own once the engine returns it."""

    runs: bool


class JournalEntry(t.NamedTuple):
    """What a run is about to do: enough to restore the old container, or to finish the update with its successor.

    `old` is the container as it was before the run touched it, and `archive` the name that it gets. `successor` takes its place: a new
    container, or an archive that is restored. It is None if `old` is itself an archive that is restored because no container has its name.
    `lease`, in seconds, is the longest that the run can take from here on. The old container is not touched while there is a record under
    `pending_key` and, if `announces_touch` is true, before there is one under `touch_key`. `rollout` is stored with the archive. `rejects`
    is false if the replaced image is not to be recorded as rejected although the operator goes back from it.
    """

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    successor: Created | ArchiveRecord | None
    archive: str
    stop_timeout: int
    keep_archive: bool
    lease: float
    holder: Holder
    announces_touch: bool = False
    rollout: str = ""
    rejects: bool = True

    @property
    def container(self) -> str:
        """The name of the container that the run works on."""
        return self.old.name

    @property
    def successor_runs(self) -> bool:
        """Whether the successor is meant to run."""
        return self.successor.runs if self.successor else self.old.runs

    @property
    def restores(self) -> str | None:
        """The ID of the container that the run restores, or None if the run updates the container."""
        if self.successor is None:
            return self.old.id
        return self.successor.id if isinstance(self.successor, ArchiveRecord) else None


class ProcessTable(t.Protocol):
    """Knows the process of this run, and whether that of another run can still be alive."""

    def me(self) -> Holder:
        """This process."""

    def is_dead(self, holder: Holder) -> bool | None:
        """Whether that process has ended, or None if this machine cannot tell."""


TOKEN_LENGTH = 12

LONGEST_KEY = 255
"""The engine stores a record in a folder with the name of its key."""

_KINDS_BY_RUN = ("evenkeel-lock-after", "evenkeel-new", "evenkeel-pending", "evenkeel-touch")


def longest_name() -> int:
    """The greatest length of a container's name with which a run, and its rescuer, can write all of their records."""
    return LONGEST_KEY - max(map(len, _KINDS_BY_RUN)) - len("..") - TOKEN_LENGTH


def lock_key(container: str) -> str:
    """The key that a run must hold before it touches `container`."""
    return f"evenkeel-lock.{container}"


def takeover_key(entry: JournalEntry) -> str:
    """The key that a rescuer must hold once the holder of `entry` is dead."""
    return f"evenkeel-lock-after.{entry.holder.token}.{entry.container}"


def new_container_key(entry: JournalEntry) -> str:
    """The key for the ID of the new container, written before the container is started."""
    return f"evenkeel-new.{entry.holder.token}.{entry.container}"


def pending_key(entry: JournalEntry) -> str:
    """The key for the record that the run has not touched anything yet but its trial container. It is erased before the first touch."""
    return f"evenkeel-pending.{entry.holder.token}.{entry.container}"


def touch_key(entry: JournalEntry) -> str:
    """The key for the record that the run touches the old container from now on. Only runs of earlier versions wrote it."""
    return f"evenkeel-touch.{entry.holder.token}.{entry.container}"


def records_of(entry: JournalEntry) -> tuple[str, ...]:
    """Return the keys that a run can have written besides its lock, its claims and the one that it is pending."""
    return (new_container_key(entry), *((touch_key(entry),) if entry.announces_touch else ()))


def is_record_of_run(key: str, container: str) -> bool:
    """Whether a run on `container`, or its rescuer, writes this key, apart from the lock itself. No two runs write the same key."""
    kind, _dot, rest = key.partition(".")
    return kind in _KINDS_BY_RUN and rest.partition(".")[2] == container


def container_of_lock_key(key: str) -> str | None:
    """The container for which `lock_key` returns this key, or None if the key has another purpose."""
    before, lock, container = key.partition(lock_key(""))
    return container if lock and not before else None
