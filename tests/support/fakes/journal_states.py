# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What killed runs left in a real engine, captured as JSON, and put into the engine in memory."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import BadRequest, EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document, Record, is_active
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Holder
from support.fakes.engine import FakeClock, FakeEngine, FakeJournal, FakeProcesses

# The labels under which commit 25b84f9 wrote. A later version must find them there.
JOURNAL_LABEL = "fleet.evenkeel.journal"
MEMORY_LABEL = "fleet.evenkeel.memory"
_TIME_TO_HEALTH = 5
_SERVICE = "evenkeel.test.service"


@dataclass(frozen=True)
class JournalState:
    """One state of an engine, as a killed run left it.

    `way` says what the run was to do and how that ends, `run` has the names and IDs. `containers` and `images` are inspect documents,
    `volumes` are the volume documents of all notes, `tags` says which image each tag means. See `capture.py` beside the files.
    """

    name: str
    way: Document
    run: Document
    containers: tuple[Document, ...]
    volumes: tuple[Document, ...]
    tags: Document
    images: tuple[Document, ...]

    def __str__(self) -> str:
        return self.name

    def records(self, label: str) -> dict[str, Record]:
        found = (volume for volume in self.volumes if label in volume["Labels"])
        return {volume["Name"]: Record(volume["Labels"][label], volume["CreatedAt"]) for volume in found}

    @property
    def container(self) -> str:
        """The name of the container that the run was to replace."""
        name: str = self.run["container"]
        return name

    @property
    def entry(self) -> Document | None:
        """What the lock says, as plain JSON. None where the run that wrote it, or a run that recovered, had erased it."""
        lock = self.records(JOURNAL_LABEL).get(f"evenkeel-lock.{self.container}")
        entry: Document | None = json.loads(lock.text) if lock else None
        return entry

    @property
    def an_hour_later(self) -> int:
        """In seconds since 1970."""
        last = max(volume["CreatedAt"] for volume in self.volumes)
        return int(datetime.fromisoformat(last.replace("Z", "+00:00")).timestamp()) + 3600

    def has_note(self, kind: str) -> bool:
        return any(key.startswith(f"{kind}.") for key in self.records(JOURNAL_LABEL))

    def by_id(self, container_id: str) -> Document | None:
        return next((container for container in self.containers if container["Id"] == container_id), None)

    def by_name(self, name: str) -> Document | None:
        return next((container for container in self.containers if container["Name"] == f"/{name}"), None)


def load_states(folder: Path) -> list[JournalState]:
    """All states in the JSON files of a folder."""
    states = []
    for file in sorted(folder.glob("*.json")):
        captured, numbers = json.loads(file.read_text()), itertools.count(1)
        for run in captured["runs"]:
            documents = {key: _whole(document, run["documents"]) for key, document in run["documents"].items()}
            states += [
                JournalState(
                    name=f"{captured['way']['name']}, {next(numbers)}, {state['when']}",
                    way=captured["way"],
                    run={key: value for key, value in run.items() if key not in ("documents", "volumes", "states")},
                    containers=tuple(documents[key] for key in state["containers"]),
                    volumes=tuple(run["volumes"][key] for key in state["volumes"]),
                    tags=state["tags"],
                    images=tuple(captured["images"]),
                )
                for state in run["states"]
            ]
    return states


def _whole(document: Document, documents: Document) -> Document:
    first = documents[document["like"]] if "like" in document else {}
    return {key: value for key, value in {**first, **document}.items() if key != "like"}


class HostInState:
    """A host with the engine and the notes of a captured state. What the state says of the new image goes on: it may fail again."""

    def __init__(self, state: JournalState) -> None:
        self.engine = _EngineInState(state)
        self.journal = _NotesInState(state.records(JOURNAL_LABEL))
        self.memory = _NotesInState(state.records(MEMORY_LABEL))


class OnlyThisRunLives(FakeProcesses):
    """Every other run is dead."""

    def is_dead(self, holder: Holder) -> bool | None:
        return holder.token != self.me().token


class _NotesInState(FakeJournal):
    def __init__(self, notes: dict[str, Record]) -> None:
        super().__init__()
        self.records = {key: note.text for key, note in notes.items()}
        self._written_at = {key: note.written_at for key, note in notes.items()}

    def read(self, key: str) -> Record | None:
        note = super().read(key)
        return note._replace(written_at=self._written_at.get(key, "")) if note else None


class _EngineInState(FakeEngine):
    """Holds the captured documents as they are, and lets a bad image fail as it did then.

    The old container takes five seconds to become healthy, which only its own health check allows for. At each call, one service runs at
    most.
    """

    def __init__(self, state: JournalState) -> None:
        super().__init__()
        self._state = state
        self.clock = FakeClock(state.an_hour_later)
        self._containers = {container["Id"]: copy.deepcopy(dict(container)) for container in state.containers}
        self.networks = {"bridge", "host", "none"}
        self.images = {image["Id"]: dict(image) for image in state.images}
        self.local = {ImageReference.parse(tag).normalised: image for tag, image in state.tags.items()}
        self.registry = dict(self.local)
        if state.way["image"]:
            self.registry[ImageReference.parse(state.way["image"]).normalised] = state.way["image_id"]
        self._healthy_at: dict[str, float] = {}
        self.on_each_call = self._go_on
        for container in self._containers.values():
            self._remember_what_it_joined(container)

    def create(self, name: str, body: Document) -> str:
        if self._state.way["fails"] == "cannot be created" and body["Image"] == self._state.way["image"]:
            raise BadRequest("No command specified")
        return super().create(name, body)

    def start(self, container: str) -> None:
        if self._state.way["fails"] == "cannot be started" and self._is_bad(self._find(container)):
            raise BadRequest('exec: "/bin/shop": stat /bin/shop: no such file or directory')
        was_up = is_active(self._find(container))
        super().start(container)
        if not was_up and self._find(container)["Id"] == self._state.run["old_id"]:
            self._healthy_at[self._state.run["old_id"]] = self.clock.monotonic() + _TIME_TO_HEALTH

    def stop(self, container: str, timeout: int) -> None:
        """One that was never started stays as it is, as on a real engine."""
        was_created = self._find(container)["State"]["Status"] == "created"
        super().stop(container, timeout)
        if was_created:
            self._find(container)["State"]["Status"] = "created"

    def _is_bad(self, container: Document) -> bool:
        return bool(self._state.way["fails"] and container["Image"] == self._state.way["image_id"])

    def _go_on(self) -> None:
        for container in self._containers.values():
            if container["State"]["Status"] == "running":
                self._live(container)
        services = [c for c in self._containers.values() if (c["Config"].get("Labels") or {}).get(_SERVICE) == self._state.container]
        running = [service["Name"] for service in services if service["State"]["Status"] == "running"]
        assert len(running) <= 1, f"{running} share their data and ran at once"

    def _live(self, container: dict[str, Any]) -> None:
        if self._is_bad(container) and self._state.way["fails"] == "exits":
            container["State"].update(Status="exited", ExitCode=3)
        elif container["State"].get("Health"):
            container["State"]["Health"]["Status"] = self._health_of(container)

    def _health_of(self, container: Document) -> str:
        if self._is_bad(container) and self._state.way["fails"] == "stays unhealthy":
            return "unhealthy"
        return "starting" if self.clock.monotonic() < self._healthy_at.get(container["Id"], 0) else "healthy"

    def _remember_what_it_joined(self, container: dict[str, Any]) -> None:
        """A running container has the name space of a provider that has been up since before it was started."""
        try:
            providers = self._providers(container)
        except EngineError:
            return
        started_at = container["State"]["StartedAt"]
        if container["State"]["Status"] == "running" and all(provider["State"]["StartedAt"] <= started_at for provider in providers):
            container["State"]["Joined"] = {provider["Id"]: provider["State"]["StartedAt"] for provider in providers}
