# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a replacement means for other tools, as far as it is known before anything is touched."""

from __future__ import annotations

import typing as t

from ..container.archive_name import owner_by_name
from ..container.compose import service_of
from ..container.compose_hash import warn_if_hash_is_lost
from ..engine.compose import Compose
from ..engine.model import Document, Inspected, name_of
from .relations import lenders_of


def compose_consequences(
    compose: Compose, container: Document, dependents: t.Sequence[Inspected], others: t.Iterable[Document]
) -> tuple[str, ...]:
    """Warn about each container that the next `docker compose up` recreates because `container` and its dependents were replaced."""
    documents = [dependent.container for dependent in dependents]
    replaced = {container["Id"], *(document["Id"] for document in documents)}
    lost = (warn_if_hash_is_lost(compose, document, replaced) for document in documents)
    return (*filter(None, lost), *(_borrows_volumes(other) for other in others if _is_borrower(other, replaced)))


def _is_borrower(container: Document, replaced: t.AbstractSet[str]) -> bool:
    """Whether a compose service uses volumes of a replaced container by its ID, and is not replaced itself."""
    is_service = service_of(container) is not None and not owner_by_name(name_of(container))
    return is_service and container["Id"] not in replaced and not replaced.isdisjoint(lenders_of(container))


def _borrows_volumes(container: Document) -> str:
    return (
        f"The next 'docker compose up' recreates {name_of(container)}: it uses the volumes of a replaced container (volumes_from). Until "
        "then, it keeps these volumes, and cannot be updated on its own."
    )
