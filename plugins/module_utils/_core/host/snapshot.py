# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a host as it was read: records, images and lists of containers."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, NotFound
from ..engine.image_reference import ImageReference, followed_by, parse_if_possible
from ..engine.model import Document, ImageIdentity, Published, Record
from ..engine.reported_image import image_of_container, is_readable, stored_image, was_built_here
from .reader import Answer


class ReadOnlyJournal:
    """A Journal with the given records. It cannot be changed."""

    def __init__(self, records: t.Mapping[str, Record], age: t.Callable[[Record], float]) -> None:
        self._records = records
        self._age = age

    def read(self, key: str) -> Record | None:
        return self._records.get(key)

    def keys(self, part: str) -> tuple[str, ...]:
        return tuple(self.read_all(part))

    def read_all(self, part: str) -> t.Mapping[str, Record]:
        return {key: record for key, record in self._records.items() if part in key}

    def age(self, record: Record) -> float:
        return self._age(record)

    def write(self, key: str, text: str) -> str:
        raise EngineError(f"this journal is read-only: {len(text)} characters could not be written to {key}")

    def erase(self, key: str) -> None:
        raise EngineError(f"this journal is read-only: {key} could not be erased")


class LocalImages:
    """The images of a host, and the registries' answers by `normalised` reference. Takes the place of DockerOps in `resolve`."""

    def __init__(self, listed: t.Iterable[Document], answers: t.Mapping[str, Answer]) -> None:
        self._images = {image["Id"]: image for image in listed}
        self._details: dict[str, Document] = {}
        self._answers = answers
        names = (
            (parse_if_possible(name), image_id)
            for image_id, image in self._images.items()
            for field in ("RepoTags", "RepoDigests")
            for name in image.get(field) or ()
        )
        self._ids = {name.normalised: image_id for name, image_id in names if name}

    def published(self, reference: ImageReference) -> Published:
        answer = self._answers.get(reference.normalised) or EngineError("the registry was not asked")
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        image_id = self._ids.get(reference.normalised)
        if image_id is None:
            raise NotFound(f"{reference.as_written} is not on this host")
        return stored_image(self._document(image_id) or {"Id": image_id}, reference)

    def image_with_id(self, image_id: str) -> ImageIdentity:
        document = self._document(image_id)
        if document is None:
            raise NotFound(f"no image on this host has the ID {image_id}")
        return stored_image(document, None)

    def image_of(self, container: Document) -> ImageIdentity:
        """Return the image that a container runs."""
        return image_of_container(container, self._document(container["Image"]), self.followed_by(container))

    def followed_by(self, container: Document) -> ImageReference | None:
        """Return the reference that a container follows, None if it was created from an image ID."""
        return followed_by(container["Config"]["Image"], container["Image"], lambda name: name.normalised in self._ids)

    def add_details(self, document: Document) -> None:
        """Use the inspect document of an image instead of its entry in the list."""
        self._details[document["Id"]] = document

    def in_detail(self, image: ImageIdentity) -> ImageIdentity:
        """Return an image on this host with all that is known about it by now."""
        known = stored_image(self._document(image.id) or {"Id": image.id}, None)
        return image._replace(manifest=known.manifest, content=known.content, digests=known.digests)

    def _document(self, image_id: str) -> Document | None:
        return self._details.get(image_id) or self._images.get(image_id)

    def has(self, image_id: str) -> bool:
        """Whether an image is on this host, and can be read as far as is known."""
        details = self._details.get(image_id)
        return image_id in self._images and (details is None or is_readable(details))

    def was_built_here(self, image_id: str) -> bool | None:
        """Whether an image was built or loaded on this host instead of pulled. None if the engine does not tell."""
        return was_built_here(self._images[image_id])

    def created(self, image_id: str) -> int | None:
        """Return the build date of an image in seconds since 1970. None if the image is not on this host."""
        created: int | None = self._images.get(image_id, {}).get("Created")
        return created


def as_inspected(listed: Document) -> Document:
    """Convert an entry of the engine's list of containers to the part of an inspect document that it contains."""
    manifest = listed.get("ImageManifestDescriptor")
    return {
        "Id": listed["Id"],
        "Name": next((name for name in listed.get("Names") or () if name.count("/") < 2), ""),
        "Image": listed["ImageID"],
        "Config": {"Image": listed["Image"], "Labels": listed.get("Labels") or {}},
        "HostConfig": {"NetworkMode": (listed.get("HostConfig") or {}).get("NetworkMode") or ""},
        "State": {"Status": listed.get("State") or ""},
        **({"ImageManifestDescriptor": manifest} if manifest else {}),
    }


def linked_by(listed: Document) -> frozenset[str]:
    """Return the names of the containers with a legacy link to this one. The engine lists `/other/alias` among its names."""
    return frozenset(name.split("/")[1] for name in listed.get("Names") or () if name.count("/") == 2)
