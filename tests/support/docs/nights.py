# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/a_night_that_went_wrong.md from tests/nights.yml. Run it with `python -m support.docs.nights`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.docs.behaviours import test_names
from support.playbook.molecule_scenarios import scenarios

TESTS = Path(__file__).parents[2]
DOCUMENT = TESTS.parent / "docs/a_night_that_went_wrong.md"

HEAD = """# A night that went wrong

This is what can happen to a scheduled rollout, and how you notice: by its exit status, by what it prints, and by its report. Two hosts,
`h1` (the canary) and `h2`, are updated with the default settings:

```console
ansible-playbook evenkeel.fleet.rolling_update -i inventory -e rolling_update_containers=web
```

Exit status 0 means that every host has what was asked for. Any other status means that at least one host has not. The table of the
rollout, the message of each host that failed, and both reports say what happened and what to do next.

`make docs` writes this page from `tests/nights.yml`, and `tests/rollout/test_nights.py` plays each night.

| what happened | exit status | outcome | message | state | what to do | test |
| --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Night:
    """One row. `hosts` has the state of the stub hosts, `variables` those of the rollout, `also` more tests of the same night."""

    night: str
    status: int
    outcomes: Mapping[str, str]
    says: str
    state: str
    to_do: str
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unreachable: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()


@functools.cache
def nights() -> tuple[Night, ...]:
    rows: list[dict[str, Any]] = yaml.safe_load((TESTS / "nights.yml").read_text())
    return tuple(Night(**row) for row in rows)


def existing_tests() -> set[str]:
    """All tests as `file::test`, and all scenarios as `molecule::scenario`."""
    return {*test_names(), *(f"molecule::{scenario.name}" for scenario in scenarios())}


def document() -> str:
    return HEAD + "".join(_row(night) for night in nights())


def _row(night: Night) -> str:
    outcomes = "<br>".join(f"{host}: `{outcome}`" for host, outcome in night.outcomes.items())
    tests = "<br>".join(f"`{test}`" for test in (f"test_nights::test_night[{night.night}]", *night.also))
    cells = (night.night, str(night.status), outcomes or "none", night.says, night.state, night.to_do, tests)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
