# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens in one round, as plain data: a world of containers, the tasks that run on it, and the interference.

A seed determines a scenario completely (see generate.py). A scenario can also be written to a file and replayed.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

OLD = "old"
"""The image that every container runs before the round."""
GOOD = "good"
WIDE = "wide"
"""Good, and declares a volume at a path where other containers may have one."""
CRASHES, SICK, NO_PROGRAM = "crashes", "sick", "no-program"
SERVES = (OLD, GOOD, WIDE)
"""The images whose containers serve."""

NETWORK, PID, VOLUMES, LINK = "network", "pid", "volumes", "link"
"""How one container uses another one."""


@dataclass(frozen=True)
class Service:
    """A container of the world: it serves a page, and keeps a marker in each of its volumes.

    `anonymous` and `named` are paths of volumes, `shared` mounts a volume that several containers use. `uses` is the name of another
    service, and `how` the way in which it is used. `project` is a Compose project. A container that is not `running` was created only.
    """

    name: str
    anonymous: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    shared: bool = False
    bind: bool = False
    networks: tuple[str, ...] = ()
    fixed_address: bool = False
    by_network_id: bool = False
    published: bool = False
    health: bool = True
    restart: str = "no"
    uses: str = ""
    how: str = ""
    project: str = ""
    running: bool = True


@dataclass(frozen=True)
class Task:
    """One task on a service. With `hooks`, commands run in the containers. The clock of the module is `clock` seconds ahead."""

    target: str
    module: str = "container_recreate"
    image: str = GOOD
    options: tuple[tuple[str, Any], ...] = ()
    hooks: bool = False
    clock: int = 0

    def __str__(self) -> str:
        image = f" to {self.image}" if self.module == "container_recreate" else ""
        options = "".join(f", {name}={value}" for name, value in self.options)
        hooks = " with hooks" if self.hooks else ""
        return f"{self.module} of {self.target}{image}{options}{hooks}" + (f", clock {self.clock:+} s" if self.clock else "")


@dataclass(frozen=True)
class Moment:
    """The `nth` time that a run makes a `call`, counted from its first call `since`. The interference comes before it or `after` it.

    An empty `call` is the end of the run.
    """

    call: str = ""
    nth: int = 1
    since: str = ""
    after: bool = False

    def __str__(self) -> str:
        if not self.call:
            return "after the run"
        since = f" since {self.since}" if self.since else ""
        return f"{'after' if self.after else 'before'} {self.call}, no. {self.nth}{since}"


@dataclass(frozen=True)
class Event:
    """An interference with the run of the task number `run`.

    `act` is one of the acts of interference.py. `victim` is the role of the container that it hits. `task` is another task to run then.
    """

    run: int
    moment: Moment
    act: str
    victim: str = ""
    task: Task | None = None

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.act, self.victim)))
        return f"task {self.run + 1}, {self.moment}: {what}" + (f" ({self.task})" if self.task else "")


@dataclass(frozen=True)
class Scenario:
    seed: int
    services: tuple[Service, ...]
    tasks: tuple[Task, ...]
    events: tuple[Event, ...] = ()

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def targets(self) -> tuple[str, ...]:
        """The services that a task updates, in order, each one once."""
        tasks = [*self.tasks, *(event.task for event in self.events if event.task)]
        return tuple(dict.fromkeys(task.target for task in tasks))

    def users_of(self, name: str) -> tuple[str, ...]:
        """The services that use a service."""
        return tuple(service.name for service in self.services if service.uses == name)

    def __str__(self) -> str:
        lines = [f"container {_differences(service)}" for service in self.services]
        lines += [f"task {number}: {task}" for number, task in enumerate(self.tasks, 1)]
        lines += [f"interference: {event}" for event in self.events]
        return "\n".join(lines)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        data = json.loads(text)
        return cls(
            data["seed"],
            tuple(Service(**{name: _tuples(value) for name, value in service.items()}) for service in data["services"]),
            tuple(_task(task) for task in data["tasks"]),
            tuple(_event(event) for event in data["events"]),
        )


def _differences(service: Service) -> str:
    """The name of a service and what distinguishes it from the simplest one."""
    simplest = Service(service.name)
    values = {field.name: getattr(service, field.name) for field in dataclasses.fields(service)}
    return ", ".join([service.name, *(f"{name}={value}" for name, value in values.items() if value != getattr(simplest, name))])


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _task(data: dict[str, Any]) -> Task:
    return Task(**{name: _tuples(value) for name, value in data.items()})


def _event(data: dict[str, Any]) -> Event:
    return Event(**{**data, "moment": Moment(**data["moment"]), "task": _task(data["task"]) if data["task"] else None})
