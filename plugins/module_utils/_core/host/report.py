# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The return values of container_update_info."""

from __future__ import annotations

from ..engine.model import ReturnValues
from .leftovers import ArchiveInfo
from .model import ContainerInfo, HostInfo


def host_report(info: HostInfo) -> ReturnValues:
    """Return everything but the warnings, which the module passes on itself."""
    return {
        "changed": False,
        "containers": [_container(container) for container in info.containers],
        "outdated": list(info.outdated),
        "interrupted": [container.name for container in info.containers if container.interrupted],
        "missing": list(info.missing),
        "left_over": list(info.left_over),
    }


def _container(info: ContainerInfo) -> ReturnValues:
    assessment = info.assessment
    return {
        "name": info.name,
        "id": info.id,
        "state": info.state,
        "created": info.created,
        "image": info.image.return_values(),
        "registry": assessment.registry and {"digest": assessment.registry.digest, "platforms": list(assessment.registry.platforms)},
        "status": assessment.status.value,
        "outdated": info.outdated,
        "certain": assessment.certain,
        "reason": assessment.reason,
        "problem": assessment.problem and assessment.problem.value,
        "obstacle": info.obstacle,
        "archives": None if info.archives is None else [_archive(archive) for archive in info.archives],
        "interrupted": info.interrupted,
        "busy": info.busy,
        "compose": info.compose and {**info.compose._asdict(), "depends_on": list(info.compose.depends_on)},
    }


def _archive(archive: ArchiveInfo) -> ReturnValues:
    return {"name": archive.name, "id": archive.id, "kept": archive.kept, "rollout": archive.rollout or None}
