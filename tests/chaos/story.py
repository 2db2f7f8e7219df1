# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen in one round, as plain data. This is all that the judge knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .scenario import Event, Scenario, Task

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Container:
    """A container as the engine shows it. Its name has no prefix of the round.

    `service` is the label that the world gave it, which an update keeps. `image` is the tag of its image. `mounts` has the volume or
    folder at each path. `joins` is the ID of the container whose namespace it uses. `page` is what it serves.
    """

    id: str
    name: str
    service: str
    status: str = "running"
    health: str = ""
    image: str = "old"
    policy: str = "no"
    started_at: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    page: str = ""

    @property
    def is_up(self) -> bool:
        return self.status == "running" and self.health in ("", "healthy")


@dataclass(frozen=True)
class Snapshot:
    """Everything on the engine at one moment. `markers` has the content of the marker in each volume or folder, "" without one."""

    containers: tuple[Container, ...]
    markers: Mapping[str, str] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()

    def of(self, service: str) -> tuple[Container, ...]:
        return tuple(container for container in self.containers if container.service == service)

    def named(self, name: str) -> Container | None:
        return next((container for container in self.containers if container.name == name), None)

    def ids(self) -> frozenset[str]:
        return frozenset(container.id for container in self.containers)


class HeldCall(NamedTuple):
    """A call that a run made. `container` is the name or ID in it, without the prefix of the round."""

    call: str
    container: str = ""

    @property
    def looks(self) -> bool:
        """Whether it reads containers."""
        return self.call in ("GET /containers/*/json", "GET /containers/json")

    @property
    def changes(self) -> bool:
        """Whether it changes something other than the records of the collection, which are volumes."""
        return not self.call.startswith("GET") and "/volumes" not in self.call and self.call != "POST /images/create"


@dataclass(frozen=True)
class Deed:
    """What an interference did. `call` is the index of the held call, `container` the ID of the container that it hit, if any.

    `service` is the service that it hit, or empty if it hit the module or the engine. `left` are the IDs of the containers of that service
    that existed afterwards. `started` are containers that it started.
    """

    event: Event
    run: int
    call: int
    container: str = ""
    service: str = ""
    left: frozenset[str] = frozenset()
    started: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Run:
    """One run of a module. `result` is None if it was killed. `printed` is everything that it printed.

    A run that began `meanwhile` was started by an interference with another one.
    """

    task: Task
    result: Result | None
    calls: tuple[HeldCall, ...] = ()
    after: Snapshot = Snapshot(())
    printed: str = ""
    meanwhile: bool = False

    @property
    def failed(self) -> bool:
        return self.result is None or bool(self.result.get("failed"))

    @property
    def outcome(self) -> str:
        return str((self.result or {}).get("outcome", ""))

    @property
    def warnings(self) -> list[str]:
        return [str(warning) for warning in (self.result or {}).get("warnings", ())]


class Change(NamedTuple):
    """A container of a service started or ended, in the order of the engine's events."""

    action: str
    container: str
    service: str


@dataclass(frozen=True)
class Story:
    """A whole round: before it, each run with interference, the reruns without, and the end."""

    scenario: Scenario
    before: Snapshot
    runs: tuple[Run, ...]
    deeds: tuple[Deed, ...]
    reruns: tuple[Run, ...]
    end: Snapshot
    changes: tuple[Change, ...] = ()
    secret: str = ""

    def deeds_on(self, service: str) -> tuple[Deed, ...]:
        return tuple(deed for deed in self.deeds if deed.service == service)

    def main_runs(self) -> tuple[Run, ...]:
        """The runs of the scenario's own tasks, by their number."""
        return tuple(run for run in self.runs if not run.meanwhile)

    def deeds_in(self, run: Run) -> tuple[Deed, ...]:
        """What was done while a run of the scenario's own tasks worked, or after it."""
        return tuple(deed for deed in self.deeds if not run.meanwhile and self.main_runs()[deed.run] is run)

    def tasks_on(self, service: str) -> tuple[Task, ...]:
        """The updates of a service that were asked for, in order."""
        return tuple(run.task for run in self.runs if run.task.target == service and run.task.module == "container_recreate")

    def did(self, *acts: str) -> bool:
        return any(deed.event.act in acts for deed in self.deeds)
