# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes to files that exist only in a container's own layer. They are lost when the container is removed."""

from __future__ import annotations

import posixpath
import typing as t

from ..engine.model import Document
from .mounts import clean

_ADDED, _DELETED = 1, 2
_EPHEMERAL = ("/tmp", "/var/tmp", "/run", "/var/run", "/var/lock", "/var/log", "/var/cache", "/dev", "/proc", "/sys")  # noqa: S108
_LINKED_TO_USR = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")
_INIT = frozenset(f"{folder}/docker-init" for folder in ("/sbin", "/bin", "/usr/sbin", "/usr/bin"))
"""Where the engine mounts its init process (`--init`). Some images link /sbin to one of the other folders."""


class LostFile(t.NamedTuple):
    """A file that was added or changed, or that is in the image and was deleted. For a dependent, its name precedes the path."""

    path: str
    is_deleted: bool = False


def lost_files(changes: t.Iterable[Document], container: Document) -> tuple[LostFile, ...]:
    """Return what was added, changed or deleted since the container was created, by path. A folder is listed only if it is empty.

    `changes` is the engine's list of differences from the image (https://docs.docker.com/reference/api/engine/, ContainerChanges).
    Paths that the engine creates itself are left out: mount points, devices, its init process, and a working folder that the image does
    not have. So are paths in folders for ephemeral files, such as /tmp.
    """
    paths = {change["Path"]: change["Kind"] for change in changes}
    parents = {posixpath.dirname(path) for path in paths}
    mounted = _mount_points(container)
    working_folder = (posixpath.normpath((container.get("Config") or {}).get("WorkingDir") or "/"), _ADDED)
    return tuple(
        LostFile(path, kind == _DELETED)
        for path, kind in sorted(paths.items())
        if path not in parents | _INIT and (path, kind) != working_folder and not _is_in(path, mounted) and not _is_in(path, _EPHEMERAL)
    )


def _mount_points(container: Document) -> set[str]:
    """Where the engine mounts something, devices included."""
    host_config = container["HostConfig"]
    mounted = [
        *(mount["Destination"] for mount in container.get("Mounts") or ()),
        *(host_config.get("Tmpfs") or ()),
        *(device.get("PathInContainer") or device.get("PathOnHost") or "/dev" for device in host_config.get("Devices") or ()),
    ]
    paths = set(map(clean, mounted))
    return paths | {f"/usr{path}" for path in paths if path.startswith(_LINKED_TO_USR)}


def _is_in(path: str, folders: t.Iterable[str]) -> bool:
    """Whether `path` is one of the folders, or in one of them."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def lost_files_warnings(container: str, files: t.Sequence[LostFile], *, predicted: bool) -> tuple[str, ...]:
    """Return a warning that names the lost files, and one that names the deleted files. `predicted` is true before the update."""
    lost = [file.path for file in files if not file.is_deleted]
    deleted = [file.path for file in files if file.is_deleted]
    lacks, has = ("will not have", "will have") if predicted else ("does not have", "has")
    then = f"in {container} after it was created, and the new container"
    return tuple(
        f"{what}: {shortened(paths)}"
        for what, paths in (
            (f"Files were added or changed {then} {lacks} them", lost),
            (f"Files were deleted {then} {has} those that are in its image", deleted),
        )
        if paths
    )


def describe_lost_files(files: t.Sequence[LostFile]) -> str:
    """Name the files in one line, and say which were deleted."""
    return shortened([f"{file.path} (deleted)" if file.is_deleted else file.path for file in files])


def shortened(paths: t.Sequence[str], limit: int = 10) -> str:
    """Join the first `limit` paths in one line, and count the rest."""
    more = len(paths) - limit
    return ", ".join(paths[:limit]) + (f" and {more} more" if more > 0 else "")
