# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/behaviours.md from tests/behaviours.yml and from the tests and scenarios that are marked with a case.

Run it with `python -m support.docs.behaviours`.
"""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from support.playbook.molecule_scenarios import scenarios

TESTS = Path(__file__).parents[2]
DOCUMENT = TESTS.parent / "docs/behaviours.md"

HEAD = """# What must hold, and what proves it

These are cases in which tools that recreate containers have failed their users. Each case has a test, or a reason why it has none. Weight 5
means data loss, an outage or a wrong report; 3 means annoying; 1 means nice to have.

`make docs` writes this page from `tests/behaviours.yml`, the tests and the molecule scenarios. A unit test checks that it is up to date.
"""


class Case(NamedTuple):
    """One row. `answer` says why there is no test, and is empty if there is one."""

    group: str
    id: str
    weight: int
    case: str
    answer: str


def cases() -> list[Case]:
    groups: list[dict[str, Any]] = yaml.safe_load((TESTS / "behaviours.yml").read_text())
    return [
        Case(group["group"], name, case["weight"], case["case"], case.get("answer", "").strip())
        for group in groups
        for name, case in group["cases"].items()
    ]


@functools.lru_cache
def proofs() -> dict[str, list[str]]:
    """Return the tests marked with each case as `file::test`, and the scenarios as `molecule::scenario`."""
    found: dict[str, list[str]] = defaultdict(list)
    for test, behaviours in _tests():
        for behaviour in behaviours:
            found[behaviour].append(test)
    for scenario in scenarios():
        for behaviour in scenario.behaviours:
            found[behaviour].append(f"molecule::{scenario.name}")
    return found


def test_names() -> list[str]:
    """Return all tests on engines and hosts as `file::test`."""
    return [test for test, _behaviours_of_test in _tests()]


def _tests() -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in sorted(path for folder in ("integration", "rollout", "fleet") for path in (TESTS / folder).glob("test_*.py")):
        for name, behaviours in _marked(ast.parse(path.read_text()).body):
            yield f"{path.stem}::{name}", behaviours


def document() -> str:
    proven = proofs()
    lines = [HEAD]
    for group in dict.fromkeys(case.group for case in cases()):
        lines += [f"\n## {group}\n", "| case | weight | what must hold | proven by |", "| --- | --- | --- | --- |"]
        for case in cases():
            if case.group == group:
                tests = "<br>".join(f"`{test}`" for test in proven[case.id])
                lines.append(f"| {case.id} | {case.weight} | {case.case} | {tests or f'not tested: {case.answer}'} |")
    return "\n".join(lines) + "\n"


def _marked(body: list[ast.stmt], inherited: tuple[str, ...] = (), prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _marked(node.body, inherited + _behaviours(node), f"{prefix}{node.name}::")
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{prefix}{node.name}", inherited + _behaviours(node)


def _behaviours(node: ast.ClassDef | ast.FunctionDef) -> tuple[str, ...]:
    return tuple(
        argument.value
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.behaviour"
        for argument in decorator.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


if __name__ == "__main__":
    DOCUMENT.write_text(document())
