# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order to update containers of which some need others."""

from __future__ import annotations

import typing as t

Needs = t.Mapping[str, t.AbstractSet[str]]
"""Who needs whom, by name."""


def dependency_order(names: t.Iterable[str], needs: Needs) -> tuple[str, ...]:
    """The names, each after all that it needs, also through others that are not among them; where that leaves a choice, by name.

    Those that need each other in a circle come one after the other by name.
    """
    wanted = set(names)
    known = wanted.union(needs, *needs.values())
    reach = {name: _all_needed_by(name, needs) for name in known}
    ordered: list[str] = []
    waiting = sorted(wanted)
    while waiting:
        # Nothing that waits is needed by it, except what needs it in turn.
        ready = next(name for name in waiting if all(name in reach[other] for other in reach[name].intersection(waiting)))
        waiting.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


def _all_needed_by(name: str, needs: Needs) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in needs.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
