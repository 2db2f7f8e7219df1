# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that cannot live without another one: they use its network, pid or ipc namespace, or link to it.

The engine knows such a provider by its ID. When it is replaced, its dependents have to be created anew; when the same provider was only
stopped and started, to be restarted is enough. Each function looks at what is there and does what is missing, so that a later run can go on
where an interrupted one stopped.
"""

from __future__ import annotations

import enum
import typing as t

from ..engine.interfaces import DockerOps
from ..engine.model import ENGINE_STOP_TIMEOUT, Document, is_active, name_of, stop_timeout_of
from ..image.tags import image_behind_tag
from .archive_name import archive_name
from .ordering import dependency_order

_MODES = ("NetworkMode", "PidMode", "IpcMode")


class Dependent(t.NamedTuple):
    """A container that depends on another.

    `provider` is the ID of a container that it needs, `provider_name` that one's name. `runs` tells whether it ran before anything was
    touched. `shares_with` are the IDs of all containers in whose name spaces it lives. `archive` is what it is called while another one
    takes its place. `image_ref` is the image that it follows, `image_id` the exact one that it keeps, `tag_means` the ID of the image
    that `image_ref` means on this host: None when it is no tag, or means nothing here.
    """

    id: str
    name: str
    provider: str
    provider_name: str
    runs: bool
    shares_with: tuple[str, ...]
    archive: str
    stop_timeout: int = ENGINE_STOP_TIMEOUT
    image_ref: str = ""
    image_id: str = ""
    tag_means: str | None = None


class Repair(enum.Enum):
    """What was done for a dependent."""

    RECREATED = "recreated"
    RESTARTED = "restarted"
    NEEDS_ATTENTION = "needs_attention"


class RepairResult(t.NamedTuple):
    """A dependent afterwards: its name, the ID of the container that has it, and what is wrong when it needs attention."""

    name: str
    id: str
    repair: Repair
    problem: str = ""


def repair_warnings(dependents: t.Iterable[RepairResult]) -> tuple[str, ...]:
    """A warning for each that needs attention."""
    return tuple(
        f"{dependent.name}, which depends on it, needs attention: {dependent.problem}"
        for dependent in dependents
        if dependent.repair is Repair.NEEDS_ATTENTION
    )


def find_dependents(provider: Document, others: t.Sequence[Document], unix_seconds: int) -> tuple[Dependent, ...]:
    """All that depend on `provider`, and all that depend on those, providers first. The arguments are inspect documents."""
    taken = {name_of(other) for other in others}
    found: dict[str, Dependent] = {}
    providers = [provider]
    while providers:
        current = providers.pop(0)
        for other in others:
            if other["Id"] in found or other["Id"] == provider["Id"] or not _depends(other, current["Id"], name_of(current)):
                continue
            name = name_of(other)
            found[other["Id"]] = Dependent(
                id=other["Id"],
                name=name,
                provider=current["Id"],
                provider_name=name_of(current),
                runs=is_active(other),
                shares_with=namespaces_of(other),
                archive=archive_name(name, unix_seconds, taken),
                stop_timeout=stop_timeout_of(other),
                image_ref=other["Config"]["Image"],
                image_id=other["Image"],
            )
            providers.append(other)
    return _providers_first(found, others)


def with_image_behind_tag(ops: DockerOps, dependent: Dependent) -> Dependent:
    """The dependent with `tag_means`, for the time when its tag has to mean another image. Raises EngineError."""
    return dependent._replace(tag_means=image_behind_tag(ops, dependent))


def _providers_first(found: t.Mapping[str, Dependent], others: t.Sequence[Document]) -> tuple[Dependent, ...]:
    """Sort the dependents so that each comes after all of its providers."""
    documents = [other for other in others if other["Id"] in found]
    providers = {
        document["Id"]: {other["Id"] for other in documents if other is not document and _depends(document, other["Id"], name_of(other))}
        for document in documents
    }
    return tuple(found[container_id] for container_id in dependency_order(found, providers))


def _depends(other: Document, provider: str, provider_name: str) -> bool:
    return provider in namespaces_of(other) or any(target == provider_name for target, _alias in links_of(other))


def namespaces_of(container: Document) -> tuple[str, ...]:
    """The IDs of the containers in whose namespaces this one lives."""
    modes = ((container["HostConfig"].get(mode) or "").partition(":") for mode in _MODES)
    return tuple(other for kind, _colon, other in modes if kind == "container")


def links_of(container: Document) -> t.Iterator[tuple[str, str]]:
    """Target and alias of each legacy link. The engine writes `/target:/container/alias`."""
    for link in container["HostConfig"].get("Links") or ():
        target, _colon, alias = link.partition(":")
        yield target.lstrip("/"), alias.rpartition("/")[2]
