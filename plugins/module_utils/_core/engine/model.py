# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine says, as values of the core."""

from __future__ import annotations

import enum
import typing as t

Document = t.Mapping[str, t.Any]
"""A JSON document of the Engine API, as the engine gave it. Never changed in place."""
EMPTY: Document = {}

ReturnValues = t.Dict[str, t.Any]
"""The return values of a module, or a part of them."""


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


class ContainerRuntimeState(t.NamedTuple):
    """One look at a container.

    `restarts` counts how often the engine's restart policy started it again. `started_at` is the engine's own time stamp, only ever
    compared with another one. `image_id` is the image that it was really made from.
    """

    status: RuntimeStatus
    exit_code: int | None = None
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


ENGINE_STOP_TIMEOUT = 10
"""Seconds that the engine gives a container which names no stop timeout of its own."""


def stop_timeout_of(container: Document) -> int:
    """Seconds that an inspected container gets to stop by itself."""
    own: int | None = container["Config"].get("StopTimeout")
    return ENGINE_STOP_TIMEOUT if own is None else own


def is_active(container: Document) -> bool:
    """Whether an inspected container runs, or is about to be started again by its restart policy."""
    return container["State"].get("Status") in ("running", "restarting")


def name_of(container: Document) -> str:
    """The name in an inspect document, which the engine writes with a slash before it."""
    name: str = container.get("Name") or ""
    return name[1:] if name.startswith("/") else name


class ImageIdentity(t.NamedTuple):
    """An image: the reference it was asked for by, the engine's ID of it, and its digest in that repository, if it has one there."""

    reference: str
    id: str
    digest: str | None = None


class Published(t.NamedTuple):
    """What a registry has under a reference.

    `platforms` are those that it is made for, such as `linux/amd64` or `linux/arm/v7`, empty when nobody says. `is_index` tells whether
    it is a list of images, one a platform.
    """

    digest: str
    platforms: tuple[str, ...] = ()
    is_index: bool = False


class Inspected(t.NamedTuple):
    """A container's inspect document, and that of the image that it runs: None when the engine no longer has it.

    `borrowed_mounts` are the paths at which it has volumes of other containers (`VolumesFrom`). `host_name` is the host's, for a
    container that uses the host's network.
    """

    container: Document
    image: Document | None
    borrowed_mounts: frozenset[str] = frozenset()
    host_name: str = ""


class Surroundings(t.NamedTuple):
    """What else has to be known before a container is replaced.

    `others` are the inspect documents of all other containers. `networks` has the names and the IDs of all networks. `new_image` is the
    inspect document of the image that it is to run, empty when that is not on this host. `architecture` is what the engine runs by itself,
    such as `amd64`. `own_container` is the ID of the container in which this process runs, None when it runs in none. `gateway` is the
    host and the port at which the engine is reached, None when that is a socket.
    """

    others: tuple[Document, ...] = ()
    networks: frozenset[str] = frozenset()
    new_image: Document = EMPTY
    architecture: str = ""
    own_container: str | None = None
    gateway: tuple[str, int] | None = None


class Failure(t.NamedTuple):
    """What a container that failed left behind, taken while it was still there.

    `logs` are its last lines, `health_log` its last probes, oldest first.
    """

    error: str = ""
    exit_code: int | None = None
    oom_killed: bool = False
    health_log: tuple[Document, ...] = ()
    logs: tuple[str, ...] = ()


class HookRun(t.NamedTuple):
    """A command that was run in a container, and what it printed, without the beginning when it was much.

    `exit_code` is None when it did not end in time. It may still be running then.
    """

    exit_code: int | None
    output: str


class Record(t.NamedTuple):
    """What lies at one place, and when it was written, in the engine's own words."""

    text: str
    written_at: str


_KILLED = 128 + 9
"""The exit code of a command that SIGKILL ended."""


class HookResult(t.NamedTuple):
    """How a hook ended. `exit_code` is None when it ran out of time, `output` its last LONGEST_OUTPUT characters."""

    exit_code: int | None
    output: str
    seconds: float

    @property
    def timed_out(self) -> bool:
        return self.exit_code is None

    @property
    def was_killed(self) -> bool:
        """As everything in a container is when its own process ends."""
        return self.exit_code == _KILLED


class HookResults(t.NamedTuple):
    """Of both hooks, None where one was not run, or could not be."""

    pre_update: HookResult | None = None
    post_update: HookResult | None = None
