# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what a container has mounted, whatever another container or the new image offers at the same path.

The engine mounts, at each path, the first of these: `Tmpfs`, then `Binds` and `Mounts`, then what `VolumesFrom` offers (the last container
that offers something), then a new volume for each `VOLUME` of the image. A mount that only the last two would bring back, and that would
be another one, is therefore written into `Binds` or `Mounts`.
"""

from __future__ import annotations

import posixpath
import typing as t

from ..engine.model import Document


def storage_of(container: Document, borrowed: t.Iterable[Document]) -> Document:
    """Return the `Binds` and `Mounts` with which a new container gets the same mounts. Fields that need no change are left out.

    `borrowed` are the mounts that the container would get from other containers now, as in an inspect document.
    """
    host_config = container["HostConfig"]
    mounted = {clean(mount["Destination"]): mount for mount in container.get("Mounts") or ()}
    volumes = {path: mount for path, mount in mounted.items() if mount.get("Type") == "volume"}
    # A bind or mount without a source got a new volume when the container was created. The new container gets the same volume.
    binds = [bind for bind in host_config.get("Binds") or () if _source(bind) or clean(bind) not in volumes]
    mounts = [_with_source(mount, volumes) for mount in host_config.get("Mounts") or ()]
    configured = {
        *map(_target, binds),
        *(clean(mount["Target"]) for mount in mounts),
        *map(clean, host_config.get("Tmpfs") or ()),
    }
    offered = {clean(mount["Destination"]): mount for mount in borrowed}
    implied = [mount for path, mount in mounted.items() if path not in configured and not _is_same(mount, offered.get(path))]
    own_binds = [_bind(mount) for mount in implied if _fits_in_bind(mount)]
    own_mounts = [_mount(mount) for mount in implied if not _fits_in_bind(mount) and mount.get("Type") in _KINDS]
    return {
        **({"Binds": binds + own_binds} if own_binds else {}),
        **({"Mounts": mounts + own_mounts} if mounts or own_mounts else {}),
    }


_KINDS = ("volume", "bind", "tmpfs")
"""The kinds of mounts that a container can have without having configured them."""


def _is_same(mount: Document, offered: Document | None) -> bool:
    """Whether another container offers exactly this mount."""
    return offered is not None and _identity(mount) == _identity(offered)


def _identity(mount: Document) -> tuple[t.Any, ...]:
    kind = mount.get("Type")
    return kind, volume_name(mount) if kind == "volume" else mount.get("Source"), mount.get("RW", True)


def _with_source(mount: Document, volumes: t.Mapping[str, Document]) -> Document:
    volume = volumes.get(clean(mount["Target"]))
    if mount.get("Type") != "volume" or mount.get("Source") or volume is None:
        return mount
    return {**mount, "Source": volume_name(volume)}


def _fits_in_bind(mount: Document) -> bool:
    """Whether a mount can be written as a bind, whose parts are separated by colons. Volumes are, as far as possible."""
    return mount.get("Type") == "volume" and ":" not in f"{volume_name(mount)}{mount['Destination']}"


def _bind(mount: Document) -> str:
    bind = f"{volume_name(mount)}:{mount['Destination']}"
    return bind if mount.get("RW", True) else f"{bind}:ro"


def _mount(mount: Document) -> Document:
    kind, propagation = mount["Type"], mount.get("Propagation")
    return {
        "Type": kind,
        "Target": mount["Destination"],
        **({"Source": volume_name(mount) if kind == "volume" else mount["Source"]} if kind != "tmpfs" else {}),
        **({} if mount.get("RW", True) else {"ReadOnly": True}),
        **({"BindOptions": {"Propagation": propagation}} if kind == "bind" and propagation else {}),
    }


def volume_name(mount: Document) -> str:
    """Engine 28 omits the name for a bind without a source. The path, .../<name>/_data, still contains it."""
    name: str = mount.get("Name") or posixpath.basename(posixpath.dirname(mount["Source"]))
    return name


def _source(bind: str) -> str | None:
    """Return None if the bind is only a path in the container."""
    source, colon, _target_and_options = bind.partition(":")
    return source if colon else None


def _target(bind: str) -> str:
    return clean(bind.split(":")[1] if _source(bind) else bind)


def clean(path: str) -> str:
    """Normalise a mount point as the engine does to compare it."""
    return posixpath.normpath("/" + path.lstrip("/"))
