# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked about the containers of a host, and what the answer is made of."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from ..container.compose import ComposeService
from ..engine.errors import InvalidInput, PullErrorKind
from ..engine.model import Document, ImageIdentity, Published, PullPolicy, name_of
from .leftovers import ArchiveInfo

STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
"""What the engine says that a container does."""


class Status(enum.Enum):
    """What can be said of a container."""

    UP_TO_DATE = "up_to_date"
    OUTDATED = "outdated"
    PINNED = "pinned"
    """It follows a digest, so it never gets another image by itself."""
    LOCAL = "local"
    """It runs an image that never came from a registry, and that none has."""
    REJECTED = "rejected"
    """It was rolled back from the image that there is."""
    EXCLUDED = "excluded"
    TOO_YOUNG = "too_young"
    MANAGED_ELSEWHERE = "managed_elsewhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Selection:
    """Which containers to tell of. Each of the three may be empty and then chooses all.

    `names` are exact names or full IDs. `labels` are `key` or `key=value`, of which a container has to have all. `states` are the
    engine's words, of which one has to fit. Raises InvalidInput.
    """

    names: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        nameless = [label for label in self.labels if not label.partition("=")[0].strip()]
        if nameless:
            raise InvalidInput(f"labels must each be key or key=value, and there is no key in '{nameless[0]}'.")

    def chooses(self, container: Document) -> bool:
        if self.names and self.names.isdisjoint((name_of(container), container["Id"])):
            return False
        if self.states and container["State"]["Status"] not in self.states:
            return False
        return all(_has(container["Config"]["Labels"], label) for label in self.labels)


class UpdateQuery(t.NamedTuple):
    """Which containers to tell of, and what a run that updates them would be told: `policy`, and `min_image_age` in seconds."""

    selection: Selection = Selection()
    policy: PullPolicy = PullPolicy.ALWAYS
    min_image_age: float = 0


class Assessment(t.NamedTuple):
    """What can be said, and why.

    `certain` is false where a run may still find it otherwise. `problem` is the kind of error for which it is unknown, `registry` what
    the registry said.
    """

    status: Status
    reason: str = ""
    certain: bool = True
    problem: PullErrorKind | None = None
    registry: Published | None = None


class ContainerInfo(t.NamedTuple):
    """One container. `obstacle` is why a run would refuse to update it although it is outdated, empty when it would not.

    `created` is when it was created, in Unix seconds.

    `archives`, `interrupted` (a run was, and nobody has brought it to its end yet) and `busy` (a run is at work) are None when nobody
    knows.
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
    """All that were asked for, by name. `outdated` are the names of those that a run would update, in the order to do it.

    `left_over` are the archives whose container is gone.
    """

    containers: tuple[ContainerInfo, ...]
    outdated: tuple[str, ...]
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    warnings: tuple[str, ...]


def _has(labels: t.Mapping[str, str], label: str) -> bool:
    key, has_value, value = label.partition("=")
    return key in labels and (not has_value or labels[key] == value)
