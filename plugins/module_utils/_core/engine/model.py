# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's answers as values of the core."""

from __future__ import annotations

import enum
import typing as t

Document = t.Mapping[str, t.Any]
"""A JSON document of the Engine API, as received. It is never changed in place."""
EMPTY: Document = {}

ReturnValues = t.Dict[str, t.Any]
"""The return values of a module, or a part of them."""


class PullPolicy(enum.Enum):
    """When to pull from the registry."""

    ALWAYS = "always"
    MISSING = "missing"
    NEVER = "never"


class RuntimeStatus(enum.Enum):
    """The state of a container, including its health check."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    RUNNING = "running"
    """Running without a health check."""
    PAUSED = "paused"
    EXITED = "exited"
    """Not running: exited, dead, never started, or waiting for a restart by its restart policy."""


class ContainerRuntimeState(t.NamedTuple):
    """The state of a container at one moment.

    `restarts` counts the restarts by the restart policy. `started_at` is the engine's time stamp. It is only compared with other time
    stamps of the same engine. `image_id` is the image that the container was actually created from.
    """

    status: RuntimeStatus
    exit_code: int | None = None
    restarts: int = 0
    started_at: str = ""
    name: str = ""
    image_id: str = ""

    @classmethod
    def from_inspect(cls, container: Document) -> ContainerRuntimeState:
        """Read the state from the inspect document of a container."""
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
    # State.Running is no proof: it stays true while the restart policy waits to restart a dead process.
    if state.get("Status") == "paused":
        return RuntimeStatus.PAUSED
    if state.get("Status") != "running":
        return RuntimeStatus.EXITED
    health = (state.get("Health") or {}).get("Status") or "none"
    return _HEALTH.get(health, RuntimeStatus.STARTING)


def exit_code_of(state: Document) -> int | None:
    """Return the exit code in the `State` of an inspected container, or None if none of its processes has ended since its last start.

    The engine reports 0 for a process that runs, also if the process before it failed. A program that could not be started has the code
    that a shell would give it.
    """
    has_not_ended = state.get("Status") in ("running", "paused") or (state.get("Status") == "created" and not state.get("ExitCode"))
    return None if has_not_ended else state.get("ExitCode")


ENGINE_STOP_TIMEOUT = 10
"""The engine's default stop timeout in seconds."""


def stop_timeout_of(container: Document) -> int:
    """Return the stop timeout of an inspected container in seconds."""
    own: int | None = container["Config"].get("StopTimeout")
    return ENGINE_STOP_TIMEOUT if own is None else own


def is_active(container: Document) -> bool:
    """Whether an inspected container is running, or will be restarted by its restart policy."""
    return container["State"].get("Status") in ("running", "restarting")


def has_ended(container: Document) -> bool:
    """Whether the process of an inspected container has ended, and nothing will start it again."""
    return container["State"].get("Status") in ("exited", "dead")


def name_of(container: Document) -> str:
    """Return the name in an inspect document, without the leading slash."""
    name: str = container.get("Name") or ""
    return name[1:] if name.startswith("/") else name


class ImageIdentity(t.NamedTuple):
    """An image: the reference that it was looked up by, and everything by which it can be recognised.

    `id` is the engine's ID, empty if the image is not on this host. `digest` is its digest in the repository of the reference. `manifest`
    is the digest of its manifest for one platform, and `content` a fingerprint of what a container gets from it. `digests` are all digests
    by which it is known, in any repository. Each is None or empty if the engine does not report it.
    """

    reference: str
    id: str
    digest: str | None = None
    manifest: str | None = None
    content: str | None = None
    digests: tuple[str, ...] = ()

    def return_values(self) -> ReturnValues:
        """What modules return about an image."""
        return {"reference": self.reference, "id": self.id, "digest": self.digest}


class Published(t.NamedTuple):
    """What a reference resolves to in a registry.

    `platforms` are its platforms, such as `linux/amd64` or `linux/arm/v7`, empty if the registry does not report them. `is_index` is true
    for an index, which lists one image for each platform.
    """

    digest: str
    platforms: tuple[str, ...] = ()
    is_index: bool = False


class Inspected(t.NamedTuple):
    """The inspect documents of a container and of its image. `image` is None if the engine no longer has it.

    `borrowed_mounts` are what other containers (`VolumesFrom`) offer now, one mount for each path, as in an inspect document. The container
    may have got other ones from them when it was created. `host_name` is the name of the host if the container uses the host's network,
    else empty.
    """

    container: Document
    image: Document | None
    borrowed_mounts: tuple[Document, ...] = ()
    host_name: str = ""


class RunningContainer(t.NamedTuple):
    """A container that runs, as in the engine's list of containers. `mounts` are in the engine's format."""

    id: str
    name: str
    mounts: tuple[Document, ...] = ()


class Surroundings(t.NamedTuple):
    """What must be known about the host before a container is replaced.

    `others` are the inspect documents of all other containers. `networks` has the names and the IDs of all networks. `new_image` is the
    inspect document of the container's next image, empty if it is not on this host. `architecture` is the engine's native architecture,
    such as `amd64`, and `engine_built` when it was built, in seconds since 1970, or None. `api_version` is the API version of all requests,
    and `newest_api_version` the newest one that the engine has; both are empty if they are not known. `own_container` is the ID of the
    container in which this process runs, None if it does not run in one. `gateway` is the host and the port of the connection to the
    engine, None for a Unix socket or SSH.
    """

    others: tuple[Document, ...] = ()
    networks: frozenset[str] = frozenset()
    new_image: Document = EMPTY
    architecture: str = ""
    engine_built: int | None = None
    api_version: str = ""
    newest_api_version: str = ""
    own_container: str | None = None
    gateway: tuple[str, int] | None = None


class Failure(t.NamedTuple):
    """Why a container failed, read before it was removed.

    `exit_code` is that of the process that failed, None if none has ended. `logs` are its last log lines and `health_log` its last health
    checks, both oldest first.
    """

    error: str = ""
    exit_code: int | None = None
    oom_killed: bool = False
    health_log: tuple[Document, ...] = ()
    logs: tuple[str, ...] = ()


class EventLog(t.NamedTuple):
    """What the engine's events say about a container since a start of it.

    `actions` are their names, oldest first. `is_complete` is false if the engine may have forgotten events, as it does when it restarts,
    and None if it does not show its events. `exit_code` is that of the first process that ended, None if the events do not show one.
    """

    actions: tuple[str, ...] = ()
    is_complete: bool | None = None
    exit_code: int | None = None

    @property
    def was_out_of_memory(self) -> bool:
        """Whether the kernel killed a process of the container before the first one ended."""
        return "oom" in self.actions[: self.actions.index("die") if "die" in self.actions else None]


NO_EVENTS = EventLog()


class HookRun(t.NamedTuple):
    """The result of a command in a container. The beginning of a long `output` is dropped.

    `exit_code` is None if the command did not end in time. It may still be running.
    """

    exit_code: int | None
    output: str


class Record(t.NamedTuple):
    """A journal record. `written_at` is the engine's time stamp."""

    text: str
    written_at: str


_KILLED = 128 + 9
"""The exit code of a command that was ended by SIGKILL."""


class HookResult(t.NamedTuple):
    """The result of a hook. `exit_code` is None if it timed out. `output` has only the end of a long output."""

    exit_code: int | None
    output: str
    seconds: float

    @property
    def timed_out(self) -> bool:
        return self.exit_code is None

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended the hook. This happens to all processes in a container when its main process ends."""
        return self.exit_code == _KILLED


class HookResults(t.NamedTuple):
    """The results of both hooks. None for a hook that was not run, or could not be run."""

    pre_update: HookResult | None = None
    post_update: HookResult | None = None
