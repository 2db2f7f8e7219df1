# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that lie in a container's own layer, and are lost with it."""

from __future__ import annotations

import posixpath
import typing as t

from ..engine.model import Document

_ADDED, _DELETED = 1, 2
# What is written here is meant to be lost, or comes back by itself.
_FLEETING = ("/tmp", "/var/tmp", "/run", "/var/run", "/var/lock", "/var/log", "/var/cache", "/dev", "/proc", "/sys")  # noqa: S108
# In most images of today these are links to folders below /usr, and what is mounted in them has its mount point there.
_LINKED_TO_USR = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")


def lost_files(changes: t.Iterable[Document], container: Document) -> tuple[str, ...]:
    """The paths that were added or changed in a container since it was created, in order, folders only when they are empty.

    `changes` is what the engine lists as different from the image (https://docs.docker.com/reference/api/engine/, ContainerChanges).
    What the engine makes itself does not count, which are mount points and a working folder that the image does not have, nor does what
    lies where programs keep what they can do without.
    """
    paths = {change["Path"]: change["Kind"] for change in changes}
    parents = {posixpath.dirname(path) for path in paths}
    mounted = _mount_points(container)
    working_folder = (posixpath.normpath((container.get("Config") or {}).get("WorkingDir") or "/"), _ADDED)
    return tuple(
        path
        for path, kind in sorted(paths.items())
        if kind != _DELETED and path not in parents and path not in mounted and (path, kind) != working_folder and not _is_fleeting(path)
    )


def _mount_points(container: Document) -> set[str]:
    asked_for = [mount["Destination"] for mount in container.get("Mounts") or ()] + list(container["HostConfig"].get("Tmpfs") or {})
    named = {path.rstrip("/") for path in asked_for}
    return named | {f"/usr{path}" for path in named if path.startswith(_LINKED_TO_USR)}


def _is_fleeting(path: str) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in _FLEETING)
