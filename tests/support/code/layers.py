# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the imports of a tree of packages, and find those that point up or run in circles.

Every import counts: at the top of a file, inside a function, and under `TYPE_CHECKING`.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

Graph = dict[str, set[str]]

RUN_TIME_IMPORT = "an import at run time"


def files(root: Path) -> dict[str, Path]:
    """All Python files below `root`, by the dotted name of the module. A package's `__init__.py` has the name of the package."""
    named = ((path.relative_to(root).with_suffix("").parts, path) for path in sorted(root.rglob("*.py")))
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for parts, path in named}


def imports(name: str, path: Path) -> Iterator[str]:
    """Dotted names of what a file imports: its own tree's with a leading dot, everything else as it is written."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield from ("." + ".".join([*base, *(node.module or "").split("."), alias.name]).replace("..", ".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("__import__", "importlib.import_module"):
            yield RUN_TIME_IMPORT


def foreign(name: str, path: Path) -> set[str]:
    """What a file imports from outside its own tree."""
    return {imported for imported in imports(name, path) if not imported.startswith(".")}


def graph(root: Path) -> Graph:
    """Which file of the tree imports which."""
    modules = files(root)
    return {
        name: {_module_of(imported[1:], modules) for imported in imports(name, path) if imported[0] == "."}
        for name, path in modules.items()
    }


def _module_of(imported: str, modules: Mapping[str, Path]) -> str:
    """The file that an imported name lives in: the last part may be a module or a name in one."""
    return imported if imported in modules else imported.rpartition(".")[0]


def package_of(module: str, packages: AbstractSet[str]) -> str:
    """The innermost of the `packages` that a module belongs to. A module may be a package of its own. Raises LookupError."""
    inside = [package for package in packages if module == package or module.startswith(f"{package}.")]
    if not inside:
        raise LookupError(f"{module} belongs to no package that has a rank")
    return max(inside, key=len)


def package_graph(tree: Graph, packages: AbstractSet[str]) -> Graph:
    """Which package imports which other one."""
    result: Graph = {package: set() for package in packages}
    for module, imported in tree.items():
        own = package_of(module, packages)
        result[own] |= {package_of(other, packages) for other in imported} - {own}
    return result


def upward(tree: Graph, allowed: Mapping[str, AbstractSet[str]]) -> list[str]:
    """Each import of a package that the importing one may not know, as `a -> b`."""
    packages = allowed.keys()
    return sorted(
        f"{module} -> {other}"
        for module, imported in tree.items()
        for other in imported
        if package_of(other, packages) not in {package_of(module, packages), *allowed[package_of(module, packages)]}
    )


def circle(tree: Graph) -> list[str]:
    """The nodes of one circle, empty when there is none."""
    try:
        graphlib.TopologicalSorter(tree).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []
