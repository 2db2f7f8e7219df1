# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers a run must claim, because it touches them or needs them as they are."""

from __future__ import annotations

import typing as t

from ..container.dependents import links_of, namespaces_of
from ..engine.interfaces import Context
from ..engine.model import Document, name_of
from ..state.archives import ArchiveRecord
from ..state.claims import Claims
from .decision import Related, Replacement
from .surroundings import inspect_surroundings


def related_to(
    container: Document, dependents: t.Sequence[Document], others: t.Sequence[Document], archive_id: str = ""
) -> frozenset[Related]:
    """Return the dependents of `container`, and the providers of all of these, and of the archive that is to take its place, if any.

    Takes inspect documents. `others` are all containers on the host except `container`.
    """
    users = (container, *dependents, *(other for other in others if other["Id"] == archive_id))
    touched = {user["Id"] for user in users}
    providers = [other for other in others if other["Id"] not in touched and any(_provides_for(other, user) for user in users)]
    return frozenset(
        Related(name_of(other), other["Id"], is_dependent=is_dependent)
        for is_dependent, found in ((True, dependents), (False, providers))
        for other in found
    )


def claims_on(related: t.Iterable[Related]) -> Claims:
    """Return what a run claims so that no other run works on a related container in the meantime."""
    return Claims(
        touched=frozenset(other.name for other in related if other.is_dependent),
        needed=frozenset(other.name for other in related if not other.is_dependent),
    )


def has_same_relations(context: Context, plan: Replacement) -> bool:
    """Whether the containers related to the one to be replaced are still the same. Raise InspectFailed.

    Without relations, nothing is looked at.
    """
    if not plan.related:
        return True
    surroundings, _dependents, inspected, _warnings = inspect_surroundings(context, plan.old, plan.seen, "")
    archive_id = plan.successor.id if isinstance(plan.successor, ArchiveRecord) else ""
    return plan.related == related_to(plan.seen, [dependent.container for dependent in inspected], surroundings.others, archive_id)


def _provides_for(provider: Document, user: Document) -> bool:
    """Whether `user` shares a namespace of the provider, links to it, or takes its volumes (`--volumes-from`)."""
    name = name_of(provider)
    return (
        provider["Id"] in namespaces_of(user)
        or any(target == name for target, _alias in links_of(user))
        or any(lender == name or _is_start_of_id(lender, provider["Id"]) for lender in lenders_of(user))
    )


def lenders_of(container: Document) -> t.Iterator[str]:
    """The names or IDs in `VolumesFrom`, as the operator wrote them: `NAME`, or `NAME:ro`."""
    for source in container["HostConfig"].get("VolumesFrom") or ():
        yield source.partition(":")[0].lstrip("/")


def _is_start_of_id(text: str, container_id: str) -> bool:
    return bool(text) and container_id.startswith(text)
