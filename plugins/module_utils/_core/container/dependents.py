# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that depend on another container, their provider: they share its network, pid or ipc namespace, or link to it.

The engine refers to the provider by its ID. If the provider is replaced, its dependents must be recreated. If it was only stopped and
started, those that share a namespace must be restarted.
"""

from __future__ import annotations

import enum
import typing as t

from ..engine.interfaces import DockerOps
from ..engine.model import ENGINE_STOP_TIMEOUT, Document, is_active, name_of, stop_timeout_of
from ..image.tags import image_behind_tag
from .archive_name import archive_name
from .ordering import dependency_order

NAMESPACE_MODES = ("NetworkMode", "PidMode", "IpcMode")


class Dependent(t.NamedTuple):
    """A container that depends on another. The journal stores it field by field.

    `provider` and `provider_name` are the ID and the name of the container that it depends on. `runs` is whether it ran before the run
    touched anything. `shares_with` are the IDs of all containers whose namespaces it shares. `archive` is its name while its replacement
    is created. `image_ref` is the reference that it was created from, and `image_id` the image that it runs and keeps. `tag_means` is the
    ID of the image that `image_ref` points to on this host, or None if it is not a tag or points to nothing.
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
    """How a dependent was repaired."""

    RECREATED = "recreated"
    RESTARTED = "restarted"
    NEEDS_ATTENTION = "needs_attention"


class RepairResult(t.NamedTuple):
    """A dependent after its repair. `id` is the ID of the container that now has the name. `problem` says why it needs attention.

    `warning` says what another tool will make of it. It is empty if there is nothing to say.
    """

    name: str
    id: str
    repair: Repair
    problem: str = ""
    warning: str = ""


def repair_warnings(dependents: t.Iterable[RepairResult]) -> tuple[str, ...]:
    """Return a warning for each dependent that needs attention, and the warnings of the others."""
    return tuple(
        f"{dependent.name}, which depends on it, needs attention: {dependent.problem}"
        if dependent.repair is Repair.NEEDS_ATTENTION
        else dependent.warning
        for dependent in dependents
        if dependent.repair is Repair.NEEDS_ATTENTION or dependent.warning
    )


def find_dependents(provider: Document, others: t.Sequence[Document], unix_seconds: int) -> tuple[Dependent, ...]:
    """Find direct and indirect dependents of `provider` among `others`, and sort them: providers first. Takes inspect documents."""
    taken = {name_of(other) for other in others}
    found: dict[str, Dependent] = {}
    providers = [provider]
    while providers:
        current = providers.pop(0)
        for other in others:
            if other["Id"] in found or other["Id"] == provider["Id"] or not depends_on(other, current["Id"], name_of(current)):
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
    """Return the dependent with `tag_means` filled in, so that its tag can be moved for a moment and restored. Raise EngineError."""
    return dependent._replace(tag_means=image_behind_tag(ops, dependent))


def _providers_first(found: t.Mapping[str, Dependent], others: t.Sequence[Document]) -> tuple[Dependent, ...]:
    """Sort the dependents so that each comes after all of its providers."""
    documents = [other for other in others if other["Id"] in found]
    providers = {
        document["Id"]: {other["Id"] for other in documents if other is not document and depends_on(document, other["Id"], name_of(other))}
        for document in documents
    }
    return tuple(found[container_id] for container_id in dependency_order(found, providers))


def depends_on(container: Document, provider: str, provider_name: str) -> bool:
    """Whether an inspected container shares a namespace of the provider with this ID, or links to its name."""
    return provider in namespaces_of(container) or any(target == provider_name for target, _alias in links_of(container))


def namespaces_of(container: Document) -> tuple[str, ...]:
    """The IDs of the containers whose namespaces this one shares."""
    values = ((container["HostConfig"].get(mode) or "").partition(":") for mode in NAMESPACE_MODES)
    return tuple(other for kind, _colon, other in values if kind == "container")


def links_of(container: Document) -> t.Iterator[tuple[str, str]]:
    """The target and the alias of each legacy link. The engine writes `/target:/container/alias`."""
    for link in container["HostConfig"].get("Links") or ():
        target, _colon, alias = link.partition(":")
        yield target.lstrip("/"), alias.rpartition("/")[2]
