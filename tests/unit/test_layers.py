# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arrows point down only: what each layer may import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
CORE = sorted((PLUGINS / "module_utils/_core").glob("*.py"))
EDGE = sorted((PLUGINS / "module_utils/_edge").glob("*.py"))
DOOR = sorted((PLUGINS / "module_utils/_door").glob("*.py"))
ROLLOUT = sorted((PLUGINS / "plugin_utils/_rollout").glob("*.py"))
MODULES = sorted((PLUGINS / "modules").glob("*.py"))

# What of the standard library has no I/O, no clock, no threads.
PURE = {"__future__", "base64", "calendar", "contextlib", "dataclasses", "enum", "json", "posixpath", "re", "typing", "urllib.parse"}


def imports(path: Path) -> Iterator[str]:
    """Absolute names of everything that a file imports; relative imports as C(._core.health) and the like."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__import__", "importlib.import_module"):
            yield "an import at run time"


@pytest.mark.parametrize("path", [*CORE, *ROLLOUT], ids=lambda path: path.name)
def test_the_core_is_pure(path: Path) -> None:
    """Neither ansible nor docker nor requests nor time, nor anything else that reaches out."""
    foreign = {name for name in imports(path) if not name.startswith(".") and name not in PURE}
    assert not foreign
    assert not {name for name in imports(path) if name.startswith("..")}, "the core imports itself only"


@pytest.mark.parametrize("path", EDGE, ids=lambda path: path.name)
def test_only_one_file_of_the_edge_imports_the_sdk(path: Path) -> None:
    sdk = {name for name in imports(path) if name.split(".")[0] in ("docker", "requests", "urllib3")}
    assert not sdk or path.name == "sdk.py"


@pytest.mark.parametrize("path", EDGE, ids=lambda path: path.name)
def test_the_edge_does_not_know_the_modules(path: Path) -> None:
    assert not {name for name in imports(path) if ".modules" in name}


@pytest.mark.parametrize("path", EDGE, ids=lambda path: path.name)
def test_nor_the_door(path: Path) -> None:
    assert not {name for name in imports(path) if "_door" in name}


@pytest.mark.parametrize("path", DOOR, ids=lambda path: path.name)
def test_the_door_joins_ansible_the_core_and_the_edge(path: Path) -> None:
    """Neither the SDK, nor anything that reaches out by itself."""
    allowed = ("__future__", "gc.", "traceback", "typing", "ansible.", ".._core.", ".._edge.")
    foreign = {name for name in imports(path) if not f"{name}.".startswith(allowed)}
    assert not {name for name in foreign if name.startswith("..") or not name.startswith(".")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_knows_no_edge(path: Path) -> None:
    assert not {name for name in imports(path) if "_edge" in name}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_a_door(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} <= {"__future__", "ansible", "ansible_collections"}


def test_a_task_with_nothing_to_do_loads_half_of_the_core() -> None:
    """Most tasks find nothing to do. What they never need is imported by those that do."""
    core = "ansible_collections.evenkeel.fleet.plugins.module_utils._core"
    load = "import sys, ansible_collections.evenkeel.fleet.plugins.modules.container_recreate; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS.parent / ".cache/collections")}
    loaded = subprocess.run((sys.executable, "-c", load), env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert f"{core}.recreate" in loaded
    needless = (
        "replacing",
        "swap",
        "rollback",
        "recovery",
        "replacement",
        "dependents",
        "spec",
        "preflight",
        "rehearsal",
        "comeback",
        "diff",
    )
    assert [name for name in needless if f"{core}.{name}" in loaded] == []


def test_there_is_something_to_look_at() -> None:
    assert CORE
    assert EDGE
    assert DOOR
    assert MODULES
