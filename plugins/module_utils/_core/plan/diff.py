# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an update changes: the image, and what follows from its defaults. It never shows values of environment variables."""

from __future__ import annotations

import typing as t

from ..engine.model import EMPTY, Document, ImageIdentity
from .decision import NewContainer, Replacement

NOT_KNOWN = "(not known before the pull)"

_OLD_VALUE = "(old value)"
_NEW_VALUE = "(new value)"
PLACEHOLDERS = (NOT_KNOWN, _OLD_VALUE, _NEW_VALUE)
"""The values in a diff that do not come from the engine."""


class Diff(t.NamedTuple):
    """The differences before and after, under the same keys. Both are empty if nothing changes."""

    before: Document = EMPTY
    after: Document = EMPTY


def diff_of(replacement: Replacement, new_image: ImageIdentity) -> Diff:
    """Compare the old container with its successor, which runs `new_image`. For a restored archive, only the image is compared."""
    before: dict[str, t.Any] = {"image": replacement.old_image.return_values()}
    after: dict[str, t.Any] = {"image": new_image.return_values()}
    new_container = replacement.successor if isinstance(replacement.successor, NewContainer) else None
    if new_container and new_container.image_defaults is None:
        after["image"]["id"] = new_image.id or NOT_KNOWN
        after["image_defaults"] = NOT_KNOWN
    elif new_container:
        old = _view(replacement.seen["Config"])
        new = _view(with_defaults(new_container.body, new_container.image_defaults or {}))
        before.update(_differing(old, new))
        after.update(_differing(new, old))
        _mask(before, _OLD_VALUE)
        _mask(after, _NEW_VALUE)
    return Diff() if before == after else Diff(before, after)


def with_defaults(body: Document, defaults: Document) -> Document:
    """The `Config` that the engine gives a container created from `body`, with an image that has these defaults.

    After `merge` in https://github.com/moby/moby/blob/master/daemon/commit.go.
    """
    return {
        **{field: body.get(field) or defaults.get(field) for field in ("User", "WorkingDir", "StopSignal")},
        **{field: {**(defaults.get(field) or {}), **(body.get(field) or {})} for field in ("Labels", "ExposedPorts", "Volumes")},
        **_command(body, defaults),
        "Env": _environment(body.get("Env") or (), defaults.get("Env") or ()),
        "Healthcheck": {**(defaults.get("Healthcheck") or {}), **_given(body.get("Healthcheck") or {})},
    }


def _command(body: Document, defaults: Document) -> Document:
    """The command and entry point. An own entry point, even an empty one, replaces the image's; if not empty, its command too."""
    entrypoint, command = body.get("Entrypoint"), body.get("Cmd")
    return {
        "Entrypoint": defaults.get("Entrypoint") if entrypoint is None else entrypoint,
        "Cmd": command if entrypoint or command else defaults.get("Cmd"),
    }


def _environment(own: t.Sequence[str], defaults: t.Sequence[str]) -> t.Sequence[str]:
    set_here = {entry.partition("=")[0] for entry in own}
    return [*own, *(entry for entry in defaults if entry.partition("=")[0] not in set_here)]


def _given(values: Document) -> Document:
    return {key: value for key, value in values.items() if value}


def _view(config: Document) -> Document:
    """The parts of a container's `Config` that matter to a person, under the names that Ansible's modules use."""
    return {
        "command": config.get("Cmd") or None,
        "entrypoint": None if config.get("Entrypoint") in (None, [], [""]) else config["Entrypoint"],
        "environment": _by_name(config.get("Env") or ()),
        "exposed_ports": sorted(config.get("ExposedPorts") or ()),
        "health_check": _given(config.get("Healthcheck") or {}),
        "labels": config.get("Labels") or {},
        "stop_signal": config.get("StopSignal") or None,
        "user": config.get("User") or None,
        "volumes": sorted(config.get("Volumes") or ()),
        "working_dir": config.get("WorkingDir") or None,
    }


def _by_name(environment: t.Iterable[str]) -> Document:
    """Variables by name. If a variable occurs more than once, the last entry counts."""
    return {name: value for name, _equals, value in (entry.partition("=") for entry in environment)}


def _differing(view: Document, other: Document) -> Document:
    """The fields of a view that differ from another view. For mappings, only the differing keys."""
    different = {}
    for field, value in view.items():
        if value == other[field]:
            continue
        if isinstance(value, t.Mapping):
            different[field] = {key: value[key] for key in value if key not in other[field] or other[field][key] != value[key]}
        else:
            different[field] = value
    return different


def _mask(side: dict[str, t.Any], mask: str) -> None:
    if "environment" in side:
        side["environment"] = dict.fromkeys(side["environment"], mask)
