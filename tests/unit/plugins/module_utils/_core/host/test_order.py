# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.order import dependency_order


@pytest.mark.parametrize(
    ("names", "needs", "order"),
    [
        ("", {}, ""),
        ("cba", {}, "abc"),
        ("abc", {"a": {"c"}}, "bca"),
        ("abc", {"a": {"b"}, "b": {"c"}}, "cba"),
        ("ac", {"a": {"b"}, "b": {"c"}}, "ca"),
        ("ab", {"a": {"b"}, "b": {"a"}}, "ab"),
        ("abc", {"a": {"b"}, "b": {"c"}, "c": {"b"}}, "bca"),
        ("a", {"a": {"a"}}, "a"),
        ("ab", {"b": {"gone"}, "a": {"b"}}, "ba"),
    ],
)
def test_order(names: str, needs: dict[str, set[str]], order: str) -> None:
    assert dependency_order(names, needs) == tuple(order)


def reached(name: str, needs: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    new = set(needs.get(name, ()))
    while new:
        found |= new
        new = {other for one in new for other in needs.get(one, ())} - found
    return found


@pytest.mark.parametrize("seed", range(200))
def test_what_must_hold_of_any_order(seed: int) -> None:
    """Everything once; nobody before somebody that it needs and that does not need it; and the same for any order of the names."""
    chance = random.Random(seed)  # noqa: S311
    everybody = [f"{letter}{number}" for letter in "ab" for number in range(chance.randint(1, 6))]
    needs = {name: set(chance.sample(everybody, chance.randint(0, min(3, len(everybody))))) for name in everybody if chance.random() < 0.6}
    names = chance.sample(everybody, chance.randint(0, len(everybody)))
    order = dependency_order(names, needs)
    assert sorted(order) == sorted(names)
    for key, name in enumerate(order):
        for later in order[key + 1 :]:
            assert later not in reached(name, needs) or name in reached(later, needs)
    chance.shuffle(names)
    assert dependency_order(names, needs) == order
