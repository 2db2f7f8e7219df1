# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which to update the containers of a host."""

from __future__ import annotations

import typing as t

from ..container.compose import service_of
from ..container.dependents import namespaces_of
from ..container.ordering import Dependencies, dependency_order
from ..engine.model import Document, name_of
from .snapshot import linked_by


def update_order(names: t.Iterable[str], containers: t.Iterable[Document], listed: t.Iterable[Document]) -> tuple[str, ...]:
    """Sort container names so that each comes after the containers that it depends on. Otherwise sort by name.

    A container depends on others through namespaces, links and the `depends_on` of docker compose. `containers` are inspect documents. If
    one occurs twice, the later document counts. `listed` is the engine's list of containers.
    """
    return dependency_order(sorted(names), _dependencies(containers, listed))


def _dependencies(containers: t.Iterable[Document], listed: t.Iterable[Document]) -> Dependencies:
    documents = {container["Id"]: container for container in containers}
    names = {container_id: name_of(container) for container_id, container in documents.items()}
    services = {container_id: service_of(container) for container_id, container in documents.items()}
    names_by_service: dict[tuple[str, str], set[str]] = {}
    for container_id, service in services.items():
        if service:
            names_by_service.setdefault((service.project, service.service), set()).add(names[container_id])
    dependencies: dict[str, set[str]] = {name: set() for name in names.values()}
    for container_id, container in documents.items():
        found = dependencies[names[container_id]]
        found.update(names[provider] for provider in namespaces_of(container) if provider in names)
        service = services[container_id]
        if service:
            found.update(*(names_by_service.get((service.project, other), ()) for other in service.depends_on))
    for entry in listed:
        for dependent in linked_by(entry):
            if dependent in dependencies and entry["Id"] in names:
                dependencies[dependent].add(names[entry["Id"]])
    return dependencies
