# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the core asks of the world: an engine, a look at a container, a clock. The edge answers; in tests a fake does."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from .image_reference import ImageReference

Document = t.Mapping[str, t.Any]
"""A JSON document of the Engine API, as the engine gave it. Never changed in place."""


class PullPolicy(enum.Enum):
    """When to ask the registry."""

    ALWAYS = "always"
    MISSING = "missing"
    NEVER = "never"


class RuntimeStatus(enum.Enum):
    """What a container is doing, health check included."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    RUNNING = "running"
    """Up, and it declares no health check."""
    PAUSED = "paused"
    EXITED = "exited"
    """Not up: exited, dead, never started, or waiting for its restart policy."""


@dataclass(frozen=True)
class ContainerRuntimeState:
    """One look at a container.

    C(restarts) counts how often the engine's restart policy started it again. C(started_at) is the engine's own time stamp, only ever
    compared with another one. C(image_id) is the image that it was really made from.
    """

    status: RuntimeStatus
    exit_code: t.Optional[int] = None
    restarts: int = 0
    started_at: str = ""
    name: str = ""
    image_id: str = ""

    @classmethod
    def from_inspect(cls, container: Document) -> ContainerRuntimeState:
        """Read it from a container's inspect document."""
        state = container["State"]
        return cls(
            status=_status(state),
            exit_code=state.get("ExitCode"),
            restarts=container.get("RestartCount") or 0,
            started_at=state.get("StartedAt") or "",
            name=name_of(container),
            image_id=container.get("Image") or "",
        )


_HEALTH = {
    "healthy": RuntimeStatus.HEALTHY,
    "unhealthy": RuntimeStatus.UNHEALTHY,
    "starting": RuntimeStatus.STARTING,
    "none": RuntimeStatus.RUNNING,
}


def _status(state: Document) -> RuntimeStatus:
    # State.Running stays true while a restart policy waits to start a dead process again, so it proves nothing.
    if state.get("Status") == "paused":
        return RuntimeStatus.PAUSED
    if state.get("Status") != "running":
        return RuntimeStatus.EXITED
    health = (state.get("Health") or {}).get("Status") or "none"
    return _HEALTH.get(health, RuntimeStatus.STARTING)


def name_of(container: Document) -> str:
    """The name in an inspect document, which the engine writes with a slash before it."""
    name: str = container.get("Name") or ""
    return name[1:] if name.startswith("/") else name


@dataclass(frozen=True)
class ImageIdentity:
    """An image: the reference it was asked for by, the engine's ID of it, and its digest in that repository, if it has one there."""

    reference: str
    id: str
    digest: t.Optional[str] = None


@dataclass(frozen=True)
class Inspected:
    """Everything that is looked at before anything is decided.

    C(image) is the inspect document of the image that the container runs, None when the engine no longer has it. C(names) are the names
    of all containers of the engine. C(sharing_network) are the names of containers that live in this one's network namespace.
    C(borrowed_mounts) are the paths at which it has volumes of other containers (C(VolumesFrom)).
    """

    container: Document
    image: t.Optional[Document]
    names: t.FrozenSet[str] = frozenset()
    sharing_network: t.Tuple[str, ...] = ()
    borrowed_mounts: t.FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Failure:
    """What a container that failed left behind, taken while it was still there.

    C(logs) are its last lines, C(health_log) its last probes, oldest first.
    """

    error: str = ""
    exit_code: t.Optional[int] = None
    oom_killed: bool = False
    health_log: t.Tuple[Document, ...] = ()
    logs: t.Tuple[str, ...] = ()


class DockerOps(t.Protocol):
    """The calls of the Engine API that the cycle needs.

    C(container) is a name or a full ID. Each raises EngineError: NotFound, Conflict, NoAnswer where it is one of those.
    """

    def inspect(self, container: str) -> Inspected:
        """Look at a container, the image it runs, and the names around it."""

    def pull(self, reference: ImageReference, policy: PullPolicy) -> ImageIdentity:
        """Have the image on the host as the policy says, and tell which one the reference means there now."""

    def stop(self, container: str, timeout: int) -> None:
        """Stop it, with SIGKILL after C(timeout) seconds (negative: never). Stopping a stopped one is no error."""

    def rename(self, container: str, name: str) -> None:
        """Give it another name."""

    def set_restart_policy(self, container: str, policy: Document) -> None:
        """Change when the engine starts it by itself."""

    def create(self, name: str, body: Document) -> str:
        """Create a container from a create body and return its ID.

        Raises CreateIncomplete when one was made that lacks something. After any other error but NoAnswer, none was made.
        """

    def start(self, container: str) -> None:
        """Start it. Starting a running one is no error."""

    def remove(self, container: str, *, force: bool = False) -> None:
        """Remove a container. With C(force) also a running one, and the anonymous volumes that are its alone."""

    def remove_image(self, image_id: str) -> None:
        """Remove an image, without force: Conflict when something uses it."""

    def prune_dangling(self) -> None:
        """Remove all images that have neither a tag nor a container."""


class HealthProbe(t.Protocol):
    """A look at one container, from outside."""

    def probe(self, container: str) -> ContainerRuntimeState:
        """Look once. Raises EngineError when the look itself fails."""

    def failure(self, container: str) -> Failure:
        """Gather what tells why it failed. Raises EngineError when even that cannot be had."""


class Clock(t.Protocol):
    """Time, so that tests need not wait for it."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    def unix_seconds(self) -> int:
        """Whole seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Ports(t.NamedTuple):
    """The world that the core works in."""

    ops: DockerOps
    probe: HealthProbe
    clock: Clock
