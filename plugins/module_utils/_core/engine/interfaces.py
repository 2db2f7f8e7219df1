# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the core asks of the world: an engine, a look at a container, a clock, notes that last. The edge answers; in tests a fake does."""

from __future__ import annotations

import typing as t

from .errors import NotFound
from .image_reference import ImageReference
from .model import ContainerRuntimeState, Document, Failure, HookRun, ImageIdentity, Inspected, Published, Record, Surroundings


class DockerOps(t.Protocol):
    """The calls of the Engine API that the cycle needs.

    `container` is a name or a full ID. Each raises EngineError: NotFound, Conflict, NoAnswer where it is one of those.
    """

    def inspect(self, container: str) -> Inspected:
        """Look at a container, and at the image it runs.

        The engine also answers to the first digits of an ID, which may well be somebody's name. This does not.
        """

    def surroundings(self, container: str, new_image: str) -> Surroundings:
        """Look at everything around a container that is to run the image of the ID `new_image`, empty when that is not known."""

    def changes(self, container: str) -> tuple[Document, ...]:
        """What differs between a container's own file system and its image's, as the engine lists it."""

    def published(self, reference: ImageReference) -> Published:
        """Ask the registry what it has under a reference. Nothing is pulled."""

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        """Tell which image a reference means on this host. NotFound when it means none."""

    def pull(self, reference: ImageReference) -> ImageIdentity:
        """Bring what the registry has to this host, and tell which image the reference means there now."""

    def stop(self, container: str, timeout: int) -> None:
        """Stop it, with SIGKILL after `timeout` seconds (negative: never). Stopping a stopped one is no error."""

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
        """Remove a container. With `force` also a running one, and the anonymous volumes that are its alone."""

    def run_in(self, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
        """Run a command in a running container, as its own user, and wait for its end up to `timeout` seconds."""

    def tag(self, image_id: str, reference: ImageReference) -> None:
        """Let `reference` mean that image on this host."""

    def remove_image(self, image_id: str) -> None:
        """Remove an image, without force: Conflict when something uses it."""

    def prune_dangling(self) -> None:
        """Remove all images that have neither a tag nor a container."""


class EventWaiter(t.Protocol):
    """Of one container: something happened to it, so that a look at it is worth while."""

    def wait(self, seconds: float) -> object:
        """Return when there is any that nobody waited for yet, and after so long in any case. Never raises."""


class HealthProbe(t.Protocol):
    """A look at one container, from outside."""

    def probe(self, container: str) -> ContainerRuntimeState:
        """Look once. Raises EngineError when the look itself fails."""

    def events(self, container: str) -> EventWaiter:
        """Hear of what happens to it from now on, by its full ID. Where that cannot be had, there is none. Never raises."""

    def failure(self, container: str) -> Failure:
        """Gather what tells why it failed. Raises EngineError when even that cannot be had."""


class Clock(t.Protocol):
    """Time, so that tests need not wait for it."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""

    def unix_seconds(self) -> int:
        """Whole seconds since 1970."""

    def sleep(self, seconds: float, events: EventWaiter | None = None) -> None:
        """Wait so long, or until there is `news`."""


class Journal(t.Protocol):
    """Notes that outlive the run, by place. Each method raises EngineError."""

    def write(self, key: str, text: str) -> str:
        """Write where nothing is yet. Returns what is there now, whoever wrote it."""

    def read(self, key: str) -> Record | None:
        """What is there, None when there is nothing."""

    def keys(self, part: str) -> tuple[str, ...]:
        """All places with a note that have `part` in their name."""

    def erase(self, key: str) -> None:
        """Erase what is there. Nothing there is no error."""

    def age(self, note: Record) -> float:
        """Seconds since it was written, by the engine's clock."""


class Context(t.NamedTuple):
    """The world that the core works in. `memory` holds what later runs have to know, `mask` takes the secrets out of a text."""

    ops: DockerOps
    probe: HealthProbe
    clock: Clock
    memory: Journal
    mask: t.Callable[[str], str] = str


def find_container(ops: DockerOps, container: str) -> Inspected | None:
    """Inspect a container. Return None if the engine has no container of that name or ID. Raise EngineError."""
    try:
        return ops.inspect(container)
    except NotFound:
        return None
