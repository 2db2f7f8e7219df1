# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole host at one look: what the core asks for it of the world."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError
from ..engine.image_reference import ImageReference
from ..engine.model import Document, Published, Record

Answer = t.Union[Published, EngineError]
"""What came of a question to a registry."""


class HostReader(t.Protocol):
    """Few calls that read much. None of them changes anything. Each raises EngineError."""

    def containers(self) -> tuple[Document, ...]:
        """All containers, as the engine lists them."""

    def container(self, container_id: str) -> Document:
        """The inspect document of one of them."""

    def images(self) -> tuple[Document, ...]:
        """All images, with and without a name, as the engine lists them."""

    def architecture(self) -> str:
        """What the engine runs by itself, such as `amd64`."""

    def ask(self, references: t.Sequence[ImageReference]) -> tuple[Answer, ...]:
        """What the registries have under each reference, in the same order. Raises nothing."""

    def journal(self) -> t.Mapping[str, Record]:
        """What runs wrote down of what they are about to do, by place."""

    def memory(self) -> t.Mapping[str, Record]:
        """What runs wrote down for later ones, by place."""

    def age(self, record: Record) -> float:
        """Seconds since it was written, by the engine's clock."""
