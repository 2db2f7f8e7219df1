# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the core asks of the world: an engine, a look at a container, a clock, notes that last. The edge answers; in tests a fake does."""

from __future__ import annotations

import enum
import typing as t

from .image_reference import ImageReference

Document = t.Mapping[str, t.Any]
"""A JSON document of the Engine API, as the engine gave it. Never changed in place."""
EMPTY: Document = {}


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


ENGINE_STOP_TIMEOUT = 10
"""Seconds that the engine gives a container which names no stop timeout of its own."""


def stop_timeout_of(container: Document) -> int:
    """Seconds that an inspected container gets to stop by itself."""
    own: t.Optional[int] = container["Config"].get("StopTimeout")
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
    digest: t.Optional[str] = None


class Published(t.NamedTuple):
    """What a registry has under a reference.

    C(platforms) are those that it is made for, such as C(linux/amd64) or C(linux/arm/v7), empty when nobody says. C(is_index) tells whether
    it is a list of images, one a platform.
    """

    digest: str
    platforms: t.Tuple[str, ...] = ()
    is_index: bool = False


class Inspected(t.NamedTuple):
    """A container's inspect document, and that of the image that it runs: None when the engine no longer has it.

    C(borrowed_mounts) are the paths at which it has volumes of other containers (C(VolumesFrom)). C(host_name) is the host's, for a
    container that uses the host's network.
    """

    container: Document
    image: t.Optional[Document]
    borrowed_mounts: t.FrozenSet[str] = frozenset()
    host_name: str = ""


class Surroundings(t.NamedTuple):
    """What else has to be known before a container is replaced.

    C(others) are the inspect documents of all other containers. C(networks) has the names and the IDs of all networks. C(new_image) is the
    inspect document of the image that it is to run, empty when that is not on this host. C(architecture) is what the engine runs by itself,
    such as C(amd64). C(own_container) is the ID of the container in which this process runs, None when it runs in none. C(gateway) is the
    host and the port at which the engine is reached, None when that is a socket.
    """

    others: t.Tuple[Document, ...] = ()
    networks: t.FrozenSet[str] = frozenset()
    new_image: Document = EMPTY
    architecture: str = ""
    own_container: t.Optional[str] = None
    gateway: t.Optional[t.Tuple[str, int]] = None


class Failure(t.NamedTuple):
    """What a container that failed left behind, taken while it was still there.

    C(logs) are its last lines, C(health_log) its last probes, oldest first.
    """

    error: str = ""
    exit_code: t.Optional[int] = None
    oom_killed: bool = False
    health_log: t.Tuple[Document, ...] = ()
    logs: t.Tuple[str, ...] = ()


class HookRun(t.NamedTuple):
    """A command that was run in a container, and what it printed, without the beginning when it was much.

    C(exit_code) is None when it did not end in time. It may still be running then.
    """

    exit_code: t.Optional[int]
    output: str


class DockerOps(t.Protocol):
    """The calls of the Engine API that the cycle needs.

    C(container) is a name or a full ID. Each raises EngineError: NotFound, Conflict, NoAnswer where it is one of those.
    """

    def inspect(self, container: str) -> Inspected:
        """Look at a container, and at the image it runs.

        The engine also answers to the first digits of an ID, which may well be somebody's name. This does not.
        """

    def surroundings(self, container: str, new_image: str) -> Surroundings:
        """Look at everything around a container that is to run the image of the ID C(new_image), empty when that is not known."""

    def changes(self, container: str) -> t.Tuple[Document, ...]:
        """What differs between a container's own file system and its image's, as the engine lists it."""

    def published(self, reference: ImageReference) -> Published:
        """Ask the registry what it has under a reference. Nothing is pulled."""

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        """Tell which image a reference means on this host. NotFound when it means none."""

    def pull(self, reference: ImageReference) -> ImageIdentity:
        """Bring what the registry has to this host, and tell which image the reference means there now."""

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

    def run_in(self, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
        """Run a command in a running container, as its own user, and wait for its end up to C(timeout) seconds."""

    def tag(self, image_id: str, reference: ImageReference) -> None:
        """Let C(reference) mean that image on this host."""

    def remove_image(self, image_id: str) -> None:
        """Remove an image, without force: Conflict when something uses it."""

    def prune_dangling(self) -> None:
        """Remove all images that have neither a tag nor a container."""


class News(t.Protocol):
    """Of one container: something happened to it, so that a look at it is worth while."""

    def wait(self, seconds: float) -> object:
        """Return when there is any that nobody waited for yet, and after so long in any case. Never raises."""


class HealthProbe(t.Protocol):
    """A look at one container, from outside."""

    def probe(self, container: str) -> ContainerRuntimeState:
        """Look once. Raises EngineError when the look itself fails."""

    def news(self, container: str) -> News:
        """Hear of what happens to it from now on, by its full ID. Where that cannot be had, there is none. Never raises."""

    def failure(self, container: str) -> Failure:
        """Gather what tells why it failed. Raises EngineError when even that cannot be had."""


class Clock(t.Protocol):
    """Time, so that tests need not wait for it."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    def unix_seconds(self) -> int:
        """Whole seconds since 1970."""

    def sleep(self, seconds: float, news: t.Optional[News] = None) -> None:
        """Wait so long, or until there is C(news)."""


class Note(t.NamedTuple):
    """What lies at one place, and when it was written, in the engine's own words."""

    text: str
    written_at: str


class Journal(t.Protocol):
    """Notes that outlive the run, by place. Each method raises EngineError."""

    def write(self, place: str, text: str) -> str:
        """Write where nothing is yet. Returns what is there now, whoever wrote it."""

    def read(self, place: str) -> t.Optional[Note]:
        """What is there, None when there is nothing."""

    def places(self, part: str) -> t.Tuple[str, ...]:
        """All places with a note that have C(part) in their name."""

    def erase(self, place: str) -> None:
        """Erase what is there. Nothing there is no error."""

    def age(self, note: Note) -> float:
        """Seconds since it was written, by the engine's clock."""


class Ports(t.NamedTuple):
    """The world that the core works in. C(memory) holds what later runs have to know, C(mask) takes the secrets out of a text."""

    ops: DockerOps
    probe: HealthProbe
    clock: Clock
    memory: Journal
    mask: t.Callable[[str], str] = str
