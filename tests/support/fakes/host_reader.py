# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A HostReader that reads the fake engine."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference, parse_if_possible
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document, Record
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import unix_seconds_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.reader import Answer
from support.fakes.engine import FakeEngine, FakeJournal, digest_of


class FakeHostReader:
    """Read a fake engine. `calls` are the calls so far. `errors` makes a call fail, `no_answer` the lookup of one reference.

    Images count as pulled from a registry, except those whose ID is in `built_here`.
    """

    def __init__(self, engine: FakeEngine, journal: FakeJournal | None = None, memory: FakeJournal | None = None) -> None:
        self.engine = engine
        self.records = {"journal": journal or FakeJournal(), "memory": memory or FakeJournal()}
        self.calls: list[str] = []
        self.errors: dict[str, EngineError] = {}
        self.no_answer: dict[str, EngineError] = {}
        self.built_here: set[str] = set()

    def containers(self) -> tuple[Document, ...]:
        self._call("containers")
        return tuple(self._listed(container) for container in self._all())

    def container(self, container_id: str) -> Document:
        self._call(f"container:{self.engine.container(container_id)['Name'][1:]}")
        return self.engine.container(container_id)

    def images(self) -> tuple[Document, ...]:
        self._call("images")
        names: dict[str, set[str]] = {container["Image"]: set() for container in self._all()}
        repositories: dict[str, set[str]] = {image: set() for image in names}
        for name, image in self.engine.local.items():
            names.setdefault(image, set()).add(name)
        for container in self._all():
            reference = parse_if_possible(container["Config"]["Image"])
            repositories[container["Image"]].update({reference.repository} if reference else ())
        for image, tags in names.items():
            repositories.setdefault(image, set()).update(ImageReference.parse(tag).repository for tag in tags)
        return tuple(
            {
                "Id": image,
                "RepoTags": sorted(tag for tag in tags if "@" not in tag) or ["<none>:<none>"],
                "RepoDigests": self._digests(image, repositories[image]),
                "Created": unix_seconds_of(self.engine.images.get(image, {}).get("Created")) or 0,
            }
            for image, tags in names.items()
        )

    def image(self, image_id: str) -> Document:
        self._call(f"image:{image_id}")
        return self.engine._image(image_id)

    def architecture(self) -> str:
        self._call("architecture")
        return self.engine.architecture

    def ask(self, references: t.Sequence[ImageReference]) -> tuple[Answer, ...]:
        return tuple(map(self._ask, references))

    def journal(self) -> dict[str, Record]:
        return self._notes("journal")

    def memory(self) -> dict[str, Record]:
        return self._notes("memory")

    def age(self, record: Record) -> float:
        return self.records["journal"].age(record)

    def _all(self) -> list[dict[str, t.Any]]:
        return list(self.engine._containers.values())

    def _digests(self, image: str, repositories: set[str]) -> list[str] | None:
        if image in self.built_here:
            return None
        return sorted(f"{repository}@{digest_of(image)}" for repository in repositories)

    def _ask(self, reference: ImageReference) -> Answer:
        self._call(f"ask:{reference.normalised}")
        if reference.normalised in self.no_answer:
            return self.no_answer[reference.normalised]
        try:
            return self.engine.published(reference)
        except EngineError as error:
            return error

    def _notes(self, kind: str) -> dict[str, Record]:
        self._call(kind)
        return {key: Record(text, "") for key, text in self.records[kind].records.items()}

    def _listed(self, container: dict[str, t.Any]) -> Document:
        reference = parse_if_possible(container["Config"]["Image"])
        means = self.engine.local.get(reference.normalised) if reference else container["Image"]
        links = (
            other for other in self._all() for link in other["HostConfig"].get("Links") or () if link.startswith(container["Name"] + ":")
        )
        return {
            "Created": 1795428000,
            "Id": container["Id"],
            "Names": [container["Name"], *(f"{other['Name']}/alias" for other in links)],
            "Image": container["Config"]["Image"] if means == container["Image"] else container["Image"],
            "ImageID": container["Image"],
            "Labels": container["Config"].get("Labels") or {},
            "State": container["State"]["Status"],
            "HostConfig": {"NetworkMode": container["HostConfig"].get("NetworkMode", "default")},
        }

    def _call(self, call: str) -> None:
        self.calls.append(call)
        if call in self.errors:
            raise self.errors[call]
