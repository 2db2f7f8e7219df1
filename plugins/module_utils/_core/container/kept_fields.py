# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep fields of a container as they are, even if they are defaults of its old image."""

from __future__ import annotations

import typing as t

from ..engine.model import Document

_ROOT = "0"
_NO_HEALTH_CHECK: Document = {"Test": ["NONE"]}
_NO_ENTRYPOINT = [""]

FIELDS: t.Mapping[str, t.Callable[[Document], Document]] = {
    "command": lambda config: {"Cmd": config.get("Cmd")},
    # With an entry point of its own, a container does not get the image's command.
    "entrypoint": lambda config: {"Entrypoint": config.get("Entrypoint") or _NO_ENTRYPOINT, "Cmd": config.get("Cmd")},
    "exposed_ports": lambda config: {"ExposedPorts": config.get("ExposedPorts")},
    "healthcheck": lambda config: {"Healthcheck": config.get("Healthcheck") or _NO_HEALTH_CHECK},
    "labels": lambda config: {"Labels": config.get("Labels")},
    "stop_signal": lambda config: {"StopSignal": config.get("StopSignal") or "SIGTERM"},
    "user": lambda config: {"User": config.get("User") or _ROOT},
    "volumes": lambda config: {"Volumes": config.get("Volumes")},
    "working_dir": lambda config: {"WorkingDir": config.get("WorkingDir") or "/"},
}
"""By the name of a field: the fields of a create body that keep it."""


def kept_fields(config: Document, keep: t.Iterable[str]) -> Document:
    """Return the fields of a create body that keep the fields `keep` of a container with this `Config`, whatever its next image says.

    An unset field is kept by the value that the engine uses for it.
    """
    kept: dict[str, t.Any] = {}
    for field in sorted(keep):
        kept.update(FIELDS[field](config))
    return {field: value for field, value in kept.items() if value}
