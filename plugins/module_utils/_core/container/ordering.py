# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sort things so that each comes after everything that it depends on."""

from __future__ import annotations

import typing as t

Dependencies = t.Mapping[str, t.AbstractSet[str]]
"""The direct dependencies of each key. A key without dependencies may be left out."""


def dependency_order(keys: t.Iterable[str], dependencies: Dependencies) -> tuple[str, ...]:
    """Sort `keys` so that each comes after its dependencies, including indirect ones through keys that are not in `keys`.

    Keys that do not depend on each other keep their given order. So do keys that depend on each other in a circle.
    """
    waiting = list(dict.fromkeys(keys))
    reachable = {key: _reachable_from(key, dependencies) for key in waiting}
    ordered: list[str] = []
    while waiting:
        # A key is ready when the only dependencies that still wait are in a circle with it.
        ready = next(key for key in waiting if all(key in reachable[other] for other in reachable[key].intersection(waiting)))
        waiting.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


def _reachable_from(key: str, dependencies: Dependencies) -> set[str]:
    found: set[str] = set()
    unvisited = [key]
    while unvisited:
        new = set(dependencies.get(unvisited.pop(), ())) - found
        found |= new
        unvisited.extend(new)
    return found
