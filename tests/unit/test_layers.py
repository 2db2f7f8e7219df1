# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports point down only, without circles; the core is pure; only one file imports the Docker SDK."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

from support.code import layers

PLUGINS = Path(__file__).parents[2] / "plugins"
MODULE_UTILS = PLUGINS / "module_utils"
TREE = layers.graph(MODULE_UTILS)
FILES = layers.files(MODULE_UTILS)
MODULES = sorted((PLUGINS / "modules").glob("*.py"))
ROLLOUT = layers.files(PLUGINS / "plugin_utils")

# The packages of module_utils, lowest rank first: a package knows those before it. The ranks of a row are the same, so they do not know
# each other. A file that is named here is a package of its own.
RANKS: tuple[tuple[str, ...], ...] = (
    ("_core",),  # Holds the other packages, and nothing else.
    ("_core.engine", "_core.secret_values"),
    ("_core.image", "_core.masking"),
    ("_core.container",),
    ("_core.state",),
    ("_core.plan", "_core.host.reader"),
    ("_core.cycle", "_core.host", "_adapters"),
    ("_core.use_cases",),
    ("_module",),
)
NARROWER: Mapping[str, AbstractSet[str]] = {
    # Secrets are masked by the adapters, where texts enter, and by the modules.
    **{
        package: {"_core.masking", "_core.secret_values"}
        for row in RANKS
        for package in row
        if package.startswith("_core.") and package != "_core.masking"
    },
    # An adapter serves an interface. It decides nothing, so it knows no plan.
    "_adapters": {"_core.plan", "_core.container", "_core.image"},
}
"""What a package may not know although its rank would allow it."""

# What of the standard library has no I/O, no clock, no threads.
PURE = {
    "__future__",
    "base64",
    "calendar",
    "contextlib",
    "dataclasses",
    "difflib",
    "enum",
    "hashlib",
    "html",
    "json",
    "posixpath",
    "re",
    "typing",
    "urllib.parse",
}

UNCHANGED_LOADS_NOT = (
    "cycle.replace",
    "cycle.swap",
    "cycle.blame",
    "cycle.discard",
    "cycle.hook_steps",
    "cycle.intent",
    "cycle.restore",
    "cycle.recovery",
    "cycle.repair",
    "cycle.finish",
    "container.dependents",
    "container.compose_hash",
    "container.create_body",
    "container.kept_fields",
    "container.mounts",
    "container.ordering",
    "plan.replacement",
    "plan.consequences",
    "plan.preflight",
    "plan.recovery",
    "plan.rollback",
    "plan.surroundings",
    "plan.wider_access",
    "plan.diff",
    "use_cases.check_mode",
    "use_cases.check_recreate",
    "state.entry_format",
    "use_cases.rollback",
)


def allowed(ranks: tuple[tuple[str, ...], ...] = RANKS, narrower: Mapping[str, AbstractSet[str]] = NARROWER) -> dict[str, set[str]]:
    below: set[str] = set()
    result: dict[str, set[str]] = {}
    for row in ranks:
        result.update({package: below - narrower.get(package, set()) for package in row})
        below = below | set(row)
    return result


def test_each_file_belongs_to_a_package_with_a_rank() -> None:
    assert len(TREE) > 60
    assert {layers.package_of(module, allowed().keys()) for module in TREE} == allowed().keys()


def test_imports_point_down() -> None:
    assert layers.upward(TREE, allowed()) == []


def test_no_circle_between_files() -> None:
    assert layers.circle(TREE) == []


def test_no_circle_between_packages() -> None:
    assert layers.circle(layers.package_graph(TREE, allowed().keys())) == []


@pytest.mark.parametrize("module", [module for module in TREE if module.startswith("_core")])
def test_the_core_is_pure(module: str) -> None:
    """Neither Ansible nor the SDK nor a clock, nor anything else that reaches out."""
    assert layers.foreign(module, FILES[module]) <= PURE


@pytest.mark.parametrize("module", ROLLOUT)
def test_the_decisions_of_a_rollout_are_pure(module: str) -> None:
    assert layers.foreign(module, ROLLOUT[module]) <= PURE
    assert layers.circle(layers.graph(PLUGINS / "plugin_utils")) == []


@pytest.mark.parametrize("module", TREE)
def test_only_one_file_imports_the_sdk(module: str) -> None:
    sdk = {name for name in layers.foreign(module, FILES[module]) if name.split(".")[0] in ("docker", "requests", "urllib3")}
    assert not sdk or module == "_adapters.sdk"


@pytest.mark.parametrize("module", [module for module in TREE if module.startswith("_adapters")])
def test_the_adapters_do_not_know_ansible(module: str) -> None:
    assert not {name for name in layers.foreign(module, FILES[module]) if name.split(".")[0] in ("ansible", "ansible_collections")}


@pytest.mark.parametrize("module", [module for module in TREE if module.startswith("_module")])
def test_what_modules_share_reaches_out_through_the_adapters_only(module: str) -> None:
    assert {name.split(".")[0] for name in layers.foreign(module, FILES[module])} <= {
        "__future__",
        "ansible",
        "gc",
        "os",
        "traceback",
        "typing",
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_thin(path: Path) -> None:
    """A module file imports only from the collection. The only adapter that it knows is the one that connects it to the engine."""
    imported = layers.foreign(path.stem, path)
    assert {name.split(".")[0] for name in imported} <= {"__future__", "ansible_collections"}
    adapters = [name.rpartition(".")[2] for name in imported if "._adapters" in name]
    assert adapters in (["bootstrap"], ["host_reader"])


@pytest.mark.parametrize("module", TREE)
def test_a_file_is_short_enough_to_read(module: str) -> None:
    assert len(FILES[module].read_text().splitlines()) <= 300


def test_a_task_with_nothing_to_do_loads_half_of_the_core() -> None:
    """Most tasks find nothing to do. What they never need is imported by those that do."""
    core = "ansible_collections.evenkeel.fleet.plugins.module_utils._core"
    load = "import sys, ansible_collections.evenkeel.fleet.plugins.modules.container_recreate; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS.parent / ".cache/collections")}
    loaded = subprocess.run((sys.executable, "-c", load), env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert f"{core}.cycle.run" in loaded
    assert all(name in TREE for name in (f"_core.{module}" for module in UNCHANGED_LOADS_NOT))
    assert [name for name in UNCHANGED_LOADS_NOT if f"{core}.{name}" in loaded] == []


class TestPlantedViolations:
    """Each kind of import that the tests above exist for, planted in a small tree."""

    RANKS = allowed((("low",), ("high",)), {})

    @pytest.fixture
    def plant(self, tmp_path: Path) -> Callable[..., layers.Graph]:
        def write(**sources: str) -> layers.Graph:
            for name in ("low/__init__.py", "low/a.py", "low/b.py", "high/__init__.py", "high/deep/c.py"):
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(sources.get(path.stem, ""))
            return layers.graph(tmp_path)

        return write

    def test_nothing_is_wrong_where_imports_point_down(self, plant: Callable[..., layers.Graph]) -> None:
        tree = plant(c="from ...low.a import A\nfrom ...low import b\n", a="from .b import B")
        assert tree["high.deep.c"] == {"low.a", "low.b"}
        assert layers.upward(tree, self.RANKS) == []
        assert layers.circle(tree) == []

    @pytest.mark.parametrize(
        "source",
        [
            "from ..high.deep.c import C",
            "from ..high.deep import c",
            "import typing as t\nif t.TYPE_CHECKING:\n    from ..high.deep.c import C",
            "def f():\n    from ..high.deep.c import C",
        ],
        ids=["of a name", "of a module", "under TYPE_CHECKING", "in a function"],
    )
    def test_an_upward_import_is_seen(self, plant: Callable[..., layers.Graph], source: str) -> None:
        assert layers.upward(plant(a=source), self.RANKS) == ["low.a -> high.deep.c"]

    @pytest.mark.parametrize("source", ["from .a import A", "from . import a", "def f():\n    from .a import A"])
    def test_a_circle_between_files_is_seen(self, plant: Callable[..., layers.Graph], source: str) -> None:
        assert set(layers.circle(plant(a="import typing as t\nif t.TYPE_CHECKING:\n    from .b import B", b=source))) == {"low.a", "low.b"}

    def test_a_circle_between_packages_is_seen(self, plant: Callable[..., layers.Graph]) -> None:
        tree = plant(a="from ..high import deep", c="from ...low import b")
        assert layers.circle(tree) == []
        assert set(layers.circle(layers.package_graph(tree, self.RANKS.keys()))) == {"low", "high"}

    def test_an_import_at_run_time_is_not_pure(self, tmp_path: Path) -> None:
        path = tmp_path / "a.py"
        path.write_text("import importlib\nimportlib.import_module('time')")
        assert layers.RUN_TIME_IMPORT in layers.foreign("a", path)

    def test_a_file_outside_all_packages_is_an_error(self) -> None:
        with pytest.raises(LookupError):
            layers.package_of("other.file", self.RANKS.keys())
