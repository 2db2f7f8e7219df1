# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The return values of container_update_info."""

from __future__ import annotations

import typing as t

from ..engine.model import ReturnValues
from .leftovers import ArchiveInfo
from .model import ContainerInfo, HostInfo, Status


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


def what_stands_out(containers: t.Iterable[ContainerInfo]) -> tuple[str, ...]:
    """Warn about each container that a loop over the outdated ones leaves as it is although it may need an update."""
    return tuple(
        f"{info.name}: {_STANDS_OUT[info.assessment.status]}: {info.assessment.reason}. {_ADVICE[info.assessment.status]}"
        for info in sorted(containers, key=lambda info: info.name)
        if info.assessment.status in _STANDS_OUT
    )


def fail_on(report: ReturnValues, info: HostInfo, *, rejected: bool, unknown: bool) -> ReturnValues:
    """Return a report as that of a failure if the image of a container was `rejected`, or if its status is `unknown`."""
    wanted = [status for status, fails in ((Status.UNKNOWN, unknown), (Status.REJECTED, rejected)) if fails]
    found = [one for one in info.containers if one.assessment.status in wanted]
    if not found:
        return report
    is_unknown = any(one.assessment.status is Status.UNKNOWN for one in found)
    return {
        **report,
        "failed": True,
        "failed_step": "inspect",
        "error_class": "outcome_unknown" if is_unknown else "image_rejected",
        "msg": " ".join((*what_stands_out(found), "Nothing was changed.")),
    }


_STANDS_OUT = {
    Status.UNKNOWN: "whether it is outdated is unknown",
    Status.REJECTED: "the available image is skipped",
}
_ADVICE = {
    Status.UNKNOWN: "Fix the cause, and run this again.",
    Status.REJECTED: "To try it again, set force: true in container_recreate.",
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
