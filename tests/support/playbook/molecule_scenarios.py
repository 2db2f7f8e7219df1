# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The molecule scenarios and their tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[3]
FOLDER = PROJECT / "extensions/molecule"

_CASE = re.compile("[A-Z][0-9]+")


@dataclass(frozen=True)
class Scenario:
    """One behaviour on real hosts. `tags` are those of its verify.yml: the cases that it proves, and `sample`."""

    name: str
    tags: tuple[str, ...]

    @property
    def behaviours(self) -> tuple[str, ...]:
        return tuple(tag for tag in self.tags if _CASE.fullmatch(tag))

    @property
    def is_sample(self) -> bool:
        return "sample" in self.tags


def scenarios() -> list[Scenario]:
    """Return all scenarios that verify something; the scenario that starts the hosts does not."""
    return [Scenario(verify.parent.name, _tags(verify)) for verify in sorted(FOLDER.glob("*/verify.yml"))]


def _tags(playbook: Path) -> tuple[str, ...]:
    plays = yaml.safe_load(playbook.read_text())
    return tuple(dict.fromkeys(tag for play in plays for tag in play.get("tags", ())))
