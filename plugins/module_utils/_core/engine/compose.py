# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""docker compose as the core sees it: a program on this host that computes the hash of a service's configuration."""

from __future__ import annotations

import typing as t

from .errors import EngineError
from .model import Document


class HashUnknown(EngineError):
    """The hash could not be computed. The text says why, as the end of a sentence, and contains nothing of the project's files."""


class ComposeProject(t.NamedTuple):
    """A compose project, as `docker compose up` recorded it: its name, and the paths of its folder and files on the host."""

    name: str
    folder: str
    files: tuple[str, ...]
    env_files: tuple[str, ...] = ()


class Compose(t.Protocol):
    """The calls of docker compose that an update needs."""

    def config_hashes(self, project: ComposeProject, service: str, variants: t.Sequence[Document]) -> tuple[str, ...]:
        """Return the hash of the service's configuration for each variant, whose fields replace those of the service.

        Raise HashUnknown.
        """


class NoCompose:
    """Stands for docker compose where it cannot be used."""

    def config_hashes(self, _project: ComposeProject, _service: str, _variants: t.Sequence[Document]) -> tuple[str, ...]:
        """Raise HashUnknown."""
        raise HashUnknown("the engine is not on this host, where docker compose would look for the project's files")
