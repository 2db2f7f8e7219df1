# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers use the same data: a volume, or a folder of the host."""

from __future__ import annotations

import typing as t

from ..engine.model import Document, RunningContainer, is_active, name_of
from .mounts import volume_name


class Data(t.NamedTuple):
    """A volume (`kind` is `volume`) or a folder of the host (`bind`) that a container uses, and whether it can write there."""

    kind: str
    source: str
    writes: bool


def data_of(mounts: t.Iterable[Document]) -> tuple[Data, ...]:
    """Return what a container uses. `mounts` are those of its inspect document, or of its entry in the list of containers."""
    return tuple(sorted(_data(mount) for mount in mounts if mount.get("Type") == "volume" or _is_folder(mount)))


def sharers_of(container: Document, others: t.Iterable[Document]) -> tuple[str, ...]:
    """Return the names and IDs of the running containers that use the data of `container`. Takes inspect documents."""
    own = data_of(container.get("Mounts") or ())
    sharing = [other for other in others if is_active(other) and in_conflict(own, data_of(other.get("Mounts") or ()))]
    return tuple(sorted(key for other in sharing for key in (name_of(other), other["Id"])))


def find_rival(
    name: str, own: t.Collection[Data], running: t.Iterable[RunningContainer], allowed: t.Container[str]
) -> RunningContainer | None:
    """Return a running container that has this name, or that uses this data and is not `allowed` by its name or ID."""
    for other in running:
        if other.id in allowed or (other.name in allowed and other.name != name):
            continue
        if other.name == name or in_conflict(own, data_of(other.mounts)):
            return other
    return None


def in_conflict(one: t.Collection[Data], other: t.Collection[Data]) -> bool:
    """Whether two containers use the same data so that they may get in each other's way.

    For a volume, one of them that writes is enough. A folder of the host, such as one with log files, is often read by others on purpose.
    """
    return any(
        (mine.kind, mine.source) == (theirs.kind, theirs.source)
        and (mine.writes and theirs.writes if mine.kind == "bind" else mine.writes or theirs.writes)
        for mine in one
        for theirs in other
    )


def _data(mount: Document) -> Data:
    kind = mount["Type"]
    return Data(kind, volume_name(mount) if kind == "volume" else mount.get("Source") or "", bool(mount.get("RW", True)))


def _is_folder(mount: Document) -> bool:
    """Whether this is a folder or a file of the host. A socket, such as that of the engine, is made for many."""
    return mount.get("Type") == "bind" and not (mount.get("Source") or "").endswith(".sock")
