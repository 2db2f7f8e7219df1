# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A query about the containers of a host, and its result."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from ..container.compose import ComposeService
from ..engine.errors import InvalidInput, PullErrorKind
from ..engine.model import Document, ImageIdentity, Published, PullPolicy, name_of
from .leftovers import ArchiveInfo

STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
"""The states of a container, as the engine reports them."""


class Status(enum.Enum):
    """The update status of a container."""

    UP_TO_DATE = "up_to_date"
    OUTDATED = "outdated"
    PINNED = "pinned"
    """It follows a digest, so it never moves to another image."""
    LOCAL = "local"
    """Its image did not come from a registry, and the registry does not offer it. Or it was created from an image ID."""
    REJECTED = "rejected"
    """It was rolled back from the available image before."""
    EXCLUDED = "excluded"
    TOO_YOUNG = "too_young"
    MANAGED_ELSEWHERE = "managed_elsewhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Selection:
    """Select containers that match all three criteria. An empty criterion matches every container.

    `names` are exact names or full IDs. `labels` are `key` or `key=value`; a container must have all of them. `states` are states as the
    engine reports them; a container must be in one of them. Raise InvalidInput.
    """

    names: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        without_key = [label for label in self.labels if not label.partition("=")[0].strip()]
        if without_key:
            raise InvalidInput(f"labels must each be key or key=value, but '{without_key[0]}' has no key.")

    def matches(self, container: Document) -> bool:
        if self.names and self.names.isdisjoint((name_of(container), container["Id"])):
            return False
        if self.states and container["State"]["Status"] not in self.states:
            return False
        return all(_has_label(container["Config"]["Labels"], label) for label in self.labels)


class UpdateQuery(t.NamedTuple):
    """Which containers to look at, and the options of the update to predict: the pull policy, and the minimum image age in seconds."""

    selection: Selection = Selection()
    policy: PullPolicy = PullPolicy.ALWAYS
    min_image_age: float = 0


class Assessment(t.NamedTuple):
    """The update status of a container, and the reason for it.

    `certain` is false if an update may still come to a different result. `problem` is the kind of error if the status is unknown because of
    one. `registry` is what the reference points to in the registry.
    """

    status: Status
    reason: str = ""
    certain: bool = True
    problem: PullErrorKind | None = None
    registry: Published | None = None


class ContainerInfo(t.NamedTuple):
    """One container.

    `created` is when it was created, in seconds since 1970. `interrupted` is whether an interrupted run needs recovery. `busy` is whether
    a run is in progress. `archives`, `interrupted` and `busy` are None if the records could not be read. `obstacle` is why an update would
    be refused although the container is outdated, empty if nothing prevents it.
    """

    name: str
    id: str
    state: str
    created: int | None
    image: ImageIdentity
    assessment: Assessment
    compose: ComposeService | None
    archives: tuple[ArchiveInfo, ...] | None
    interrupted: bool | None
    busy: bool | None
    obstacle: str = ""

    @property
    def outdated(self) -> bool:
        return self.assessment.status is Status.OUTDATED


class HostInfo(t.NamedTuple):
    """The selected containers, sorted by name.

    `outdated` are the names of the containers that can be updated, in the order in which to update them. `missing` are selected names that
    do not exist. `left_over` are the names of archives whose container no longer exists.
    """

    containers: tuple[ContainerInfo, ...]
    outdated: tuple[str, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    warnings: tuple[str, ...]


def _has_label(labels: t.Mapping[str, str], label: str) -> bool:
    key, has_value, value = label.partition("=")
    return key in labels and (not has_value or labels[key] == value)
