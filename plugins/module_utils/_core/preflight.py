# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that must not be stopped, found out while they still run."""

from __future__ import annotations

import typing as t

from .errors import Refused
from .ports import Inspected

_ORCHESTRATOR_LABELS = {
    "com.docker.swarm.task.id": "Docker Swarm",
    "io.kubernetes.pod.name": "Kubernetes",
}


def refuse_if_unsafe(name: str, inspected: Inspected) -> None:
    """Raise Refused, with the reason and the way out, when replacing this container could not be undone or would cut off others."""
    for objection in (_auto_remove, _managed_elsewhere, _not_running, _image_gone, _shared_network):
        reason = objection(inspected)
        if reason:
            raise Refused(f"Container {name} was not touched: {reason}")


def _auto_remove(inspected: Inspected) -> t.Optional[str]:
    if not inspected.container["HostConfig"].get("AutoRemove"):
        return None
    return "it was started with --rm, so the engine deletes it as soon as it stops and there would be no way back. Create it without --rm."


def _managed_elsewhere(inspected: Inspected) -> t.Optional[str]:
    labels = inspected.container["Config"].get("Labels") or {}
    for label, orchestrator in _ORCHESTRATOR_LABELS.items():
        if label in labels:
            return f"it belongs to {orchestrator} (label {label}), which would replace it again. Update it there."
    return None


def _not_running(inspected: Inspected) -> t.Optional[str]:
    status = inspected.container["State"].get("Status")
    if status in ("running", "restarting"):
        return None
    return f"it is {status}, and only a running container can be replaced and checked. Start it (or unpause it) and run this again."


def _image_gone(inspected: Inspected) -> t.Optional[str]:
    if inspected.image is not None:
        return None
    return (
        f"the image that it runs ({inspected.container['Image']}) is no longer on this host, so what the operator asked for cannot be told "
        "from that image's defaults, and there would be nothing to go back to. Pull or load that image again."
    )


def _shared_network(inspected: Inspected) -> t.Optional[str]:
    if not inspected.sharing_network:
        return None
    others = ", ".join(sorted(inspected.sharing_network))
    return f"{others} use its network and would lose it. Stop and remove them, and create them again after the update."
