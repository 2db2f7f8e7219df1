# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that exist only in a container's own layer. They are lost when the container is removed."""

from __future__ import annotations

import posixpath
import typing as t

from ..engine.model import Document

_ADDED, _DELETED = 1, 2
# Programs expect to lose files in these folders, or create them again.
_EPHEMERAL = ("/tmp", "/var/tmp", "/run", "/var/run", "/var/lock", "/var/log", "/var/cache", "/dev", "/proc", "/sys")  # noqa: S108
# In most current images these are symbolic links to folders below /usr. A mount in one of them has its mount point below /usr.
_LINKED_TO_USR = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")


def lost_files(changes: t.Iterable[Document], container: Document) -> tuple[str, ...]:
    """Return the sorted paths that were added or changed since the container was created. A folder is listed only if it is empty.

    `changes` is the engine's list of differences from the image (https://docs.docker.com/reference/api/engine/, ContainerChanges).
    Paths that the engine creates itself are left out: mount points, and a working folder that the image does not have. So are paths in
    folders for ephemeral files, such as /tmp.
    """
    paths = {change["Path"]: change["Kind"] for change in changes}
    parents = {posixpath.dirname(path) for path in paths}
    mounted = _mount_points(container)
    working_folder = (posixpath.normpath((container.get("Config") or {}).get("WorkingDir") or "/"), _ADDED)
    return tuple(
        path
        for path, kind in sorted(paths.items())
        if kind != _DELETED and path not in parents and path not in mounted and (path, kind) != working_folder and not _is_ephemeral(path)
    )


def _mount_points(container: Document) -> set[str]:
    destinations = [mount["Destination"] for mount in container.get("Mounts") or ()] + list(container["HostConfig"].get("Tmpfs") or {})
    mounted = {path.rstrip("/") for path in destinations}
    return mounted | {f"/usr{path}" for path in mounted if path.startswith(_LINKED_TO_USR)}


def _is_ephemeral(path: str) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in _EPHEMERAL)


def lost_files_warning(container: str, files: t.Sequence[str], are_missing: str) -> tuple[str, ...]:
    """A warning that names the lost files, if there are any. `are_missing` says that the new container lacks them, in the right tense."""
    if not files:
        return ()
    return (f"Files were added or changed in {container} after it was created, and the new container {are_missing}: {shortened(files)}",)


def shortened(paths: t.Sequence[str], limit: int = 10) -> str:
    """Join the first `limit` paths in one line, and count the rest."""
    more = len(paths) - limit
    return ", ".join(paths[:limit]) + (f" and {more} more" if more > 0 else "")
