# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that cannot live without another one: they use its network, pid or ipc namespace, or link to it.

The engine knows such a provider by its ID. When it is replaced, its dependents have to be created anew; when the same provider was only
stopped and started, to be restarted is enough. Each function looks at what is there and does what is missing, so that a later run can go on
where an interrupted one stopped.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from dataclasses import dataclass

from .archive import archive_name
from .errors import EngineError, NotFound
from .image_reference import ImageReference, parse_if_possible
from .ports import DockerOps, Document, Inspected, PullPolicy, is_active, name_of, stop_timeout_of
from .spec import ContainerSpec

_MODES = ("NetworkMode", "PidMode", "IpcMode")


@dataclass(frozen=True)
class Dependent:
    """A container that depends on another.

    C(provider) is the ID of the container that it needs, C(provider_name) that one's name. C(runs) tells whether it ran before anything was
    touched, C(only_links) that it has name spaces of its own. C(archive) is what it is called while another one takes its place.
    """

    id: str
    name: str
    provider: str
    provider_name: str
    runs: bool
    only_links: bool
    archive: str


class Repair(enum.Enum):
    """What was done for a dependent."""

    RECREATED = "recreated"
    RESTARTED = "restarted"
    NEEDS_ATTENTION = "needs_attention"


@dataclass(frozen=True)
class Repaired:
    """A dependent afterwards: its name, the ID of the container that has it, and what is wrong when it needs attention."""

    name: str
    id: str
    repair: Repair
    problem: str = ""


def find_dependents(provider: Document, others: t.Sequence[Document], unix_seconds: int) -> t.Tuple[Dependent, ...]:
    """All that depend on C(provider), and all that depend on those, providers first. The arguments are inspect documents."""
    taken = {name_of(other) for other in others}
    found: t.Dict[str, Dependent] = {}
    providers = [provider]
    for current in providers:
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
                only_links=current["Id"] not in _namespaces_of(other),
                archive=archive_name(name, unix_seconds, taken),
            )
            providers.append(other)
    return tuple(found.values())


def restart_dependents(ops: DockerOps, dependents: t.Sequence[Dependent], provider: str) -> t.Tuple[Repaired, ...]:
    """Give those that ran the namespaces of C(provider) again, which was stopped and started. Never raises EngineError."""
    restarted = {provider}
    repaired = []
    for dependent in dependents:
        if dependent.runs and not dependent.only_links and dependent.provider in restarted:
            restarted.add(dependent.id)
            repaired.append(_restart(ops, dependent))
    return tuple(repaired)


def recreate_dependents(
    ops: DockerOps, dependents: t.Sequence[Dependent], provider: str, heir: str, archive: str
) -> t.Tuple[Repaired, ...]:
    """Let all live with C(heir), the container that took the place of C(provider), which is now called C(archive).

    Each keeps its exact image. Never raises EngineError.
    """
    heirs = {provider: heir}
    archives = {archive}
    repaired = []
    for dependent in dependents:
        result = _recreate(ops, dependent, heirs, archives)
        if result.repair is Repair.RECREATED:
            heirs[dependent.id] = result.id
            archives.add(dependent.archive)
        repaired.append(result)
    return tuple(_look_again(ops, dependent, result) for dependent, result in zip(dependents, repaired))


def _depends(other: Document, provider: str, provider_name: str) -> bool:
    return provider in _namespaces_of(other) or any(target == provider_name for target, _alias in _links_of(other))


def _namespaces_of(container: Document) -> t.Tuple[str, ...]:
    """The IDs of the containers in whose namespaces this one lives."""
    modes = ((container["HostConfig"].get(mode) or "").partition(":") for mode in _MODES)
    return tuple(other for kind, _colon, other in modes if kind == "container")


def _links_of(container: Document) -> t.Iterator[t.Tuple[str, str]]:
    """Target and alias of each legacy link. The engine writes C(/target:/container/alias)."""
    for link in container["HostConfig"].get("Links") or ():
        target, _colon, alias = link.partition(":")
        yield target.lstrip("/"), alias.rpartition("/")[2]


def _restart(ops: DockerOps, dependent: Dependent) -> Repaired:
    try:
        inspected = ops.inspect(dependent.id)
        ops.stop(dependent.id, stop_timeout_of(inspected.container))
        ops.start(dependent.id)
    except EngineError as error:
        return Repaired(dependent.name, dependent.id, Repair.NEEDS_ATTENTION, f"it could not be restarted: {error}")
    return Repaired(dependent.name, dependent.id, Repair.RESTARTED)


def _recreate(ops: DockerOps, dependent: Dependent, heirs: t.Mapping[str, str], archives: t.Container[str]) -> Repaired:
    if dependent.provider not in heirs:
        return _left_alone(dependent, f"it depends on {dependent.provider_name}, which could not be given back to it")
    try:
        old, occupant = _find(ops, dependent.id), _find(ops, dependent.name)
    except EngineError as error:
        return _left_alone(dependent, f"it could not be looked at: {error}")
    if old is None and occupant is None:
        return _left_alone(dependent, "somebody removed it")
    if occupant is not None and occupant.container["Id"] != dependent.id:
        if not _depends(occupant.container, heirs[dependent.provider], dependent.provider_name):
            return _left_alone(dependent, "its name was taken by another container in the meantime")
        return _finish(ops, dependent, occupant.container["Id"], old)
    if old is None:
        return _left_alone(dependent, "somebody renamed it")
    return _replace(ops, dependent, old, heirs, archives)


def _replace(ops: DockerOps, dependent: Dependent, old: Inspected, heirs: t.Mapping[str, str], archives: t.Container[str]) -> Repaired:
    try:
        body = _body(dependent, old, heirs, archives)
        if is_active(old.container):
            ops.stop(dependent.id, stop_timeout_of(old.container))
        if name_of(old.container) != dependent.archive:
            ops.rename(dependent.id, dependent.archive)
        new_id = _create_from(ops, dependent.name, body, old.container["Image"])
    except EngineError as error:
        return _give_name_back(ops, dependent, f"it could not be created anew: {error}")
    return _finish(ops, dependent, new_id, old)


def _finish(ops: DockerOps, dependent: Dependent, new_id: str, old: t.Optional[Inspected]) -> Repaired:
    try:
        if dependent.runs:
            ops.start(new_id)
    except EngineError as error:
        problem = f"it was created anew, but could not be started: {error}. The old one is now called {dependent.archive}"
        return Repaired(dependent.name, new_id, Repair.NEEDS_ATTENTION, problem)
    try:
        if old is not None:
            ops.remove(dependent.id)
    except NotFound:
        pass
    except EngineError as error:
        problem = f"it was created anew, but the old one, now called {dependent.archive}, could not be removed: {error}"
        return Repaired(dependent.name, new_id, Repair.NEEDS_ATTENTION, problem)
    return Repaired(dependent.name, new_id, Repair.RECREATED)


def _body(dependent: Dependent, old: Inspected, heirs: t.Mapping[str, str], archives: t.Container[str]) -> Document:
    """Its own wishes, with the heirs in the place of those that are gone."""
    body = ContainerSpec.from_inspect(old).create_body(old.container["Config"]["Image"])
    host_config = dict(body["HostConfig"])
    for mode in _MODES:
        kind, _colon, other = (host_config.get(mode) or "").partition(":")
        if kind == "container" and other in heirs:
            host_config[mode] = f"container:{heirs[other]}"
    if host_config.get("Links"):
        # Renaming the provider renamed it here too.
        targets = ((dependent.provider_name if target in archives else target, alias) for target, alias in _links_of(old.container))
        host_config["Links"] = [f"{target}:{alias}" for target, alias in targets]
    return {**body, "HostConfig": host_config}


def _create_from(ops: DockerOps, name: str, body: Document, image_id: str) -> str:
    """Create a container of exactly this image, that follows its reference all the same.

    Where the reference has come to mean another image on this host, it means the exact one for the time of the call.
    """
    reference = parse_if_possible(body["Image"])
    if reference is None or reference.digest or image_id.startswith((body["Image"], f"sha256:{body['Image']}")):
        return ops.create(name, body)
    meant = _meaning(ops, reference)
    if meant == image_id:
        return ops.create(name, body)
    ops.tag(image_id, reference)
    try:
        return ops.create(name, body)
    finally:
        if meant:
            ops.tag(meant, reference)


def _meaning(ops: DockerOps, reference: ImageReference) -> t.Optional[str]:
    try:
        return ops.pull(reference, PullPolicy.NEVER).id
    except NotFound:
        return None


def _give_name_back(ops: DockerOps, dependent: Dependent, problem: str) -> Repaired:
    try:
        if name_of(ops.inspect(dependent.id).container) == dependent.archive:
            ops.rename(dependent.id, dependent.name)
    except EngineError:
        problem = f"{problem}; it is now called {dependent.archive}"
    return _left_alone(dependent, problem)


def _left_alone(dependent: Dependent, problem: str) -> Repaired:
    return Repaired(dependent.name, dependent.id, Repair.NEEDS_ATTENTION, problem)


def _look_again(ops: DockerOps, dependent: Dependent, result: Repaired) -> Repaired:
    """One that ran has to run."""
    if result.repair is Repair.NEEDS_ATTENTION or not dependent.runs:
        return result
    try:
        if is_active(ops.inspect(result.id).container):
            return result
        problem = "it was created anew, but has exited since"
    except EngineError as error:
        problem = f"it was created anew, but could not be looked at: {error}"
    return dataclasses.replace(result, repair=Repair.NEEDS_ATTENTION, problem=problem)


def _find(ops: DockerOps, container: str) -> t.Optional[Inspected]:
    try:
        return ops.inspect(container)
    except NotFound:
        return None
