# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface through which the core reads the state of a whole host."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError
from ..engine.image_reference import ImageReference
from ..engine.model import Document, Published, Record

Answer = t.Union[Published, EngineError]
"""The answer of a registry, or the error that came instead."""


class HostReader(t.Protocol):
    """Read the state of a host in few calls, without changing anything. Each call raises EngineError, unless it says otherwise."""

    def containers(self) -> tuple[Document, ...]:
        """Return all containers, as the engine lists them."""

    def container(self, container_id: str) -> Document:
        """Return the inspect document of one container."""

    def images(self) -> tuple[Document, ...]:
        """Return all images, including untagged ones, as the engine lists them."""

    def image(self, image_id: str) -> Document:
        """Return the inspect document of one image."""

    def architecture(self) -> str:
        """Return the engine's native architecture, such as `amd64`."""

    def ask(self, references: t.Sequence[ImageReference]) -> tuple[Answer, ...]:
        """Ask the registries what each reference points to. The answers have the order of the references. Never raise."""

    def journal(self) -> t.Mapping[str, Record]:
        """Return the records of runs in progress and interrupted runs, by key."""

    def memory(self) -> t.Mapping[str, Record]:
        """Return the records that earlier runs left for later runs, by key."""

    def age(self, record: Record) -> float:
        """Return the seconds since a record was written, by the engine's clock."""
