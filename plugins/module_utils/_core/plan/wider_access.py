# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warn if a container gets more access than it had, because defaults of its image or other containers changed."""

from __future__ import annotations

import typing as t

from ..container.mounts import clean
from ..engine.model import Document, Inspected, name_of
from .decision import NewContainer
from .diff import with_defaults

_ROOT = "root"
_NAMES_OF_ROOT = ("", "0", _ROOT)


def warn_of_wider_access(inspected: Inspected, new: NewContainer) -> tuple[str, ...]:
    """Return a warning for each way in which the successor of a container may do or reach more. None while its image is unknown."""
    if new.image_defaults is None:
        return ()
    container = inspected.container
    config = with_defaults(new.body, new.image_defaults)
    return (*_other_user(container, config), *_new_mounts(inspected, config), *_new_ports(container, config))


def _other_user(container: Document, config: Document) -> t.Iterator[str]:
    before, after = _user(container["Config"].get("User")), _user(config["User"])
    if before not in (after, _ROOT):
        yield (
            f"{name_of(container)} will run as {after}, not as {before} as before: the image has another default user. "
            "To keep the user, add user to the option keep."
        )


def _user(text: str | None) -> str:
    """Return a user as `USER` or `USER:GROUP`. Whatever its group, root may do everything."""
    user, _colon, _group = (text or "").partition(":")
    return _ROOT if user in _NAMES_OF_ROOT else text or ""


def _new_mounts(inspected: Inspected, config: Document) -> t.Iterator[str]:
    container = inspected.container
    name, mounted = name_of(container), _mounted(container)
    offered = sorted({clean(mount["Destination"]) for mount in inspected.borrowed_mounts} - mounted)
    declared = sorted(set(map(clean, config["Volumes"])) - mounted - set(offered))
    if offered:
        yield f"{name} will get mounts that it did not have, from the containers of its volumes-from: {', '.join(offered)}."
    if declared:
        yield f"{name} will get new, empty volumes that the image did not declare before: {', '.join(declared)}."
    hiding = [path for path in (*offered, *declared) if any(path.startswith(f"{above}/") for above in mounted)]
    if hiding:
        yield f"These mounts will hide files that {name} sees there now: {', '.join(hiding)}."


def _mounted(container: Document) -> set[str]:
    host_config = container["HostConfig"]
    return {
        *(clean(mount["Destination"]) for mount in container.get("Mounts") or ()),
        *(clean(mount["Target"]) for mount in host_config.get("Mounts") or ()),
        *map(clean, host_config.get("Tmpfs") or ()),
    }


def _new_ports(container: Document, config: Document) -> t.Iterator[str]:
    """With `PublishAllPorts`, the engine publishes whatever the image exposes."""
    if not container["HostConfig"].get("PublishAllPorts"):
        return
    new = sorted(set(config["ExposedPorts"]) - set(container["Config"].get("ExposedPorts") or ()))
    if new:
        yield (
            f"{name_of(container)} publishes all exposed ports, and will publish ports that the image did not expose before: "
            f"{', '.join(new)}."
        )
