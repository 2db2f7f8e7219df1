# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the subjects of the benchmark have in common."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import docker

from support.real.sandbox import Sandbox
from testbed import engine

from .figures import Comparison
from .limits import Limit

T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """How much to measure. `repeat` replaces the usual number of rounds."""

    repeat: int | None = None
    smoke: bool = False
    """Whether to measure only the first case of each subject, to check that it works."""

    def rounds(self, usual: int) -> int:
        return self.repeat or usual

    def of(self, cases: Sequence[T]) -> Sequence[T]:
        return cases[:1] if self.smoke else cases


@dataclass(frozen=True)
class Subject:
    """A part of the benchmark. `about` explains to readers of the results what is measured and how."""

    name: str
    about: str
    measure: Callable[[Effort], Iterable[Comparison]]
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Where a subject is measured. `folder` is for its files."""

    sandbox: Sandbox
    folder: Path

    @property
    def client(self) -> docker.APIClient:
        return self.sandbox.client


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """A sandbox in the engine, which is cleaned up afterwards."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(engine.client()) as client:
        sandbox = Sandbox(client)
        try:
            yield Stage(sandbox, Path(folder))
        finally:
            sandbox.clean_up()


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
