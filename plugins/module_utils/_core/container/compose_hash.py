# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The label with the hash of a compose service's configuration. If it differs from that of the files, compose recreates the container.

Before compose computes the hash, it replaces a service whose namespaces or volumes another one uses (`network_mode: service:vpn`) by the ID
of that service's container. So a new container of `vpn` changes the hash of all services that use it, although their files did not change.
"""

from __future__ import annotations

import typing as t

from ..engine.compose import Compose, ComposeProject, HashUnknown
from ..engine.model import EMPTY, Document, name_of
from .compose import next_up_recreates, service_of
from .dependents import NAMESPACE_MODES

HASH_LABEL = "com.docker.compose.config-hash"
_PROJECT = "com.docker.compose.project"

_IN_COMPOSE: t.Mapping[str, str] = dict(zip(NAMESPACE_MODES, ("network_mode", "pid", "ipc")))
"""How compose files call the fields of a host config that can name another container."""


class HashLabel(t.NamedTuple):
    """A create body with the right hash label for compose. `warning` is empty, or says that the label was kept although it may be wrong."""

    body: Document
    warning: str = ""


def with_hash_label(compose: Compose, name: str, container: Document, body: Document) -> HashLabel:
    """Set compose's hash label for a container that is recreated from `body`, in which it uses other containers than before.

    `container` is its inspect document, and `name` the name that it has for the operator. The label is only changed if the same method
    finds the old label for the old containers. A container that compose did not create, or that does not use other containers by their
    IDs, keeps its label.
    """
    if _variants(container["HostConfig"]) == _variants(body["HostConfig"]) or not _has_label(container):
        return HashLabel(body)
    try:
        label = _find_label(compose, container, body["HostConfig"])
    except HashUnknown as error:
        return HashLabel(body, _warning(name, error))
    return HashLabel({**body, "Labels": {**body["Labels"], HASH_LABEL: label}})


def warn_if_hash_is_lost(compose: Compose, container: Document, replaced: t.AbstractSet[str]) -> str:
    """Warn if the hash label of a container cannot be set once the containers with these IDs are replaced. Return "" if it can.

    `container` is its inspect document.
    """
    if not _has_label(container) or replaced.isdisjoint(_used_by(container["HostConfig"])):
        return ""
    try:
        _find_label(compose, container, container["HostConfig"])
    except HashUnknown as error:
        return _warning(name_of(container), error)
    return ""


def _has_label(container: Document) -> bool:
    return service_of(container) is not None and bool(container["Config"]["Labels"].get(HASH_LABEL))


def _warning(container: str, error: HashUnknown) -> str:
    why = f"it shares a namespace or volumes with a replaced container, and its new label {HASH_LABEL} is unknown, because {error}"
    return next_up_recreates(container, why)


def _find_label(compose: Compose, container: Document, host_config: Document) -> str:
    """Return the label for a container whose host config becomes `host_config`. Raise HashUnknown.

    The container may use some containers as services, and others by names that the file itself has. So try the possibilities.
    """
    labels, service = container["Config"]["Labels"], service_of(container)
    project = _project_of(labels)
    if service is None or project is None:
        raise HashUnknown("its labels do not name the project's files")
    before, after = _variants(container["HostConfig"]), _variants(host_config)
    hashes = compose.config_hashes(project, service.service, (*before, *after))
    for old, new in zip(hashes, hashes[len(before) :]):
        if old == labels[HASH_LABEL]:
            return new
    raise HashUnknown("its old label does not match the project's files, which may have changed since 'docker compose up'")


def _used_by(host_config: Document) -> set[str]:
    """The IDs, or names, of the containers whose namespaces or volumes a container uses."""
    shared = ((host_config.get(mode) or "").partition(":") for mode in _IN_COMPOSE)
    lenders = (source.partition(":")[0] for source in host_config.get("VolumesFrom") or ())
    return {*(other for kind, _colon, other in shared if kind == "container"), *lenders}


def _variants(host_config: Document) -> list[Document]:
    """Return what a compose file can leave to compose to fill in: each set of the fields that name a container, the largest set first."""
    shared = {name: host_config[mode] for mode, name in _IN_COMPOSE.items() if (host_config.get(mode) or "").startswith("container:")}
    sets: list[dict[str, t.Any]] = [{}]
    for name, value in shared.items():
        sets += [{**chosen, name: value} for chosen in sets]
    lenders = list(host_config.get("VolumesFrom") or ())
    volumes: Document = {"volumes_from": lenders} if lenders else EMPTY
    return [{**chosen, **volumes} for chosen in sorted(sets, key=len, reverse=True)]


def _project_of(labels: t.Mapping[str, str]) -> ComposeProject | None:
    folder = labels.get(f"{_PROJECT}.working_dir")
    files, env_files = (
        tuple(filter(None, (labels.get(f"{_PROJECT}.{name}") or "").split(","))) for name in ("config_files", "environment_file")
    )
    return ComposeProject(labels[_PROJECT], folder, files, env_files) if folder and files else None
