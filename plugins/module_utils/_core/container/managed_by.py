# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which other tool manages a container. That tool would replace the container again, or lose track of it."""

from __future__ import annotations

import typing as t

from ..engine.model import Document


class Manager(t.NamedTuple):
    """A tool that manages a container, the sign by which it was recognised, and a sentence that says where to update the container."""

    name: str
    sign: str
    advice: str = "Update it there."


_ORCHESTRATORS = {
    "com.docker.swarm.task.id": "Docker Swarm",
    "io.kubernetes.pod.name": "Kubernetes",
    "com.hashicorp.nomad.alloc_id": "Nomad",
    "com.amazonaws.ecs.task-arn": "Amazon ECS",
    "io.rancher.container.uuid": "Rancher",
}
"""By the label that each gives to its containers."""

_SYSTEMD_LABEL = "PODMAN_SYSTEMD_UNIT"
_POD_ANNOTATIONS = ("io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri.sandbox-id")


def manager_of(container: Document) -> Manager | None:
    """Read from an inspect document which other tool manages the container. Return None if none does."""
    labels = container["Config"].get("Labels") or {}
    if _SYSTEMD_LABEL in labels:
        unit = labels[_SYSTEMD_LABEL]
        return Manager(
            f"the systemd unit {unit}",
            f"label {_SYSTEMD_LABEL}",
            "Run 'podman auto-update'. Or name the new image in the unit: with Quadlet, in its .container file; with 'podman generate "
            f"systemd', generate it again. Then run 'systemctl restart {unit}'.",
        )
    for label, orchestrator in _ORCHESTRATORS.items():
        if label in labels:
            return Manager(orchestrator, f"label {label}")
    for annotation in _POD_ANNOTATIONS:
        if annotation in _annotations(container):
            advice = "Name the new image in the definition of the pod, and run 'podman kube play --replace' with it."
            return Manager("its pod", f"annotation {annotation}", advice)
    return None


def _annotations(container: Document) -> t.Mapping[str, str]:
    places = (container["Config"], container["HostConfig"])
    return {name: value for place in places for name, value in (place.get("Annotations") or {}).items()}
