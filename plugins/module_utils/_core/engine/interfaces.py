# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interfaces that the core needs: an engine, a health probe, a clock and a journal. Adapters and fakes implement them.

That of docker compose is in a file of its own.
"""

from __future__ import annotations

import typing as t

from .compose import Compose, NoCompose
from .image_reference import ImageReference
from .model import (
    ContainerRuntimeState,
    Document,
    EventLog,
    Failure,
    HookRun,
    ImageIdentity,
    Inspected,
    Published,
    Record,
    RunningContainer,
    Surroundings,
)


class DockerOps(t.Protocol):
    """The calls of the Engine API that an update needs.

    `container` is a name or a full ID. Each method raises EngineError or one of its subclasses, such as NotFound, Conflict or NoAnswer.
    """

    def inspect(self, container: str) -> Inspected:
        """Inspect a container and its image.

        The engine also accepts the first digits of an ID, which may be the name of another container. This method does not.
        """

    def surroundings(self, container: str, new_image: str) -> Surroundings:
        """Inspect everything around a container. `new_image` is the ID of its next image, empty if it is unknown."""

    def running(self) -> tuple[RunningContainer, ...]:
        """List all containers that run."""

    def changes(self, container: str) -> tuple[Document, ...]:
        """List the differences between the file systems of a container and of its image, in the engine's format."""

    def published(self, reference: ImageReference) -> Published:
        """Look up a reference in its registry without pulling the image."""

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        """Return the image that a reference resolves to on this host. Raise NotFound if there is none."""

    def image_with_id(self, image_id: str) -> ImageIdentity:
        """Return the image on this host with this full ID. Its reference is empty. Raise NotFound if there is none."""

    def untagged_images(self, repository: str) -> tuple[ImageIdentity, ...]:
        """Return the images without a tag and without a name in another repository, each with an empty reference."""

    def pull(self, reference: ImageReference) -> ImageIdentity:
        """Pull an image and return what the reference resolves to on this host afterwards."""

    def stop(self, container: str, timeout: int) -> None:
        """Stop a container, with SIGKILL after `timeout` seconds (never if negative). It is no error if it is stopped already."""

    def rename(self, container: str, name: str) -> None:
        """Rename a container."""

    def set_restart_policy(self, container: str, policy: Document) -> None:
        """Replace the restart policy of a container."""

    def create(self, name: str, body: Document) -> str:
        """Create a container from a create body and return its ID.

        Raise CreateIncomplete if the container exists but is incomplete. After other errors, it does not exist; after NoAnswer, it may.
        """

    def start(self, container: str) -> None:
        """Start a container. It is no error if it is running already."""

    def remove(self, container: str, *, force: bool = False) -> None:
        """Remove a container. With `force`, remove it even if it is running, together with anonymous volumes that only it uses."""

    def run_in(self, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
        """Run a command in a running container as the container's user, and wait up to `timeout` seconds for its end."""

    def tag(self, image_id: str, reference: ImageReference) -> None:
        """Point `reference` at an image on this host."""

    def untag(self, reference: ImageReference, *, force: bool = False) -> None:
        """Remove `reference` from its image. Raise Conflict if that would also remove an image that a container uses.

        With `force`, the engine removes such an image unless a container of it is running, so one must be.
        """

    def remove_image(self, image_id: str) -> None:
        """Remove an image, without force. Raise Conflict if it is in use."""

    def prune_dangling(self) -> None:
        """Remove all images that have no tag and are not used by a container."""


class EventWaiter(t.Protocol):
    """Waits for events of one container, after which inspecting it is worthwhile."""

    def wait(self, seconds: float) -> object:
        """Return at the first event since the last wait, or after `seconds`. Never raise."""

    def log(self, since: str) -> EventLog:
        """Return the events since the container was started at `since`, a time stamp of the engine.

        Never raise, and take two seconds at most.
        """


class HealthProbe(t.Protocol):
    """Reads the state of a container from outside."""

    def probe(self, container: str) -> ContainerRuntimeState:
        """Return the current state. Raise EngineError if it cannot be read."""

    def events(self, container: str) -> EventWaiter:
        """Listen to a container, given by its full ID, from now on. Without events, each wait takes its full time. Never raise."""

    def failure(self, container: str) -> Failure:
        """Collect the reasons for the failure of a container. Raise EngineError if it cannot be inspected."""


class Clock(t.Protocol):
    """The time. Tests replace it so that they need not wait."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes backwards."""

    def unix_seconds(self) -> int:
        """Whole seconds since 1970."""

    def sleep(self, seconds: float, events: EventWaiter | None = None) -> None:
        """Wait for `seconds`, or until one of the `events` occurs."""


class Journal(t.Protocol):
    """Records that outlive the run, each under a key. Each method raises EngineError."""

    def write(self, key: str, text: str) -> str:
        """Write a record unless the key exists already. Return what the key holds now, which another run may have written."""

    def read(self, key: str) -> Record | None:
        """Return the record with this key, or None."""

    def keys(self, part: str) -> tuple[str, ...]:
        """Return all keys that contain `part`."""

    def read_all(self, part: str) -> t.Mapping[str, Record]:
        """Return all records whose keys contain `part`, by key."""

    def erase(self, key: str) -> None:
        """Erase a record. It is no error if there is none."""

    def age(self, record: Record) -> float:
        """Seconds since a record was written, by the engine's clock."""


class Context(t.NamedTuple):
    """Everything that the core needs to work. `memory` is the journal for later runs, and `compose` docker compose on this host.

    Texts that come from here, such as errors, logs and output, have their secrets masked already.
    """

    ops: DockerOps
    probe: HealthProbe
    clock: Clock
    memory: Journal
    compose: Compose = NoCompose()
