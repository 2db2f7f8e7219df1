# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.ordering import dependency_order


@pytest.mark.parametrize(
    ("keys", "dependencies", "order"),
    [
        ("", {}, ""),
        ("cba", {}, "cba"),
        ("abab", {}, "ab"),
        ("abc", {"a": {"c"}}, "bca"),
        ("abc", {"a": {"b"}}, "bac"),
        ("abc", {"a": {"b"}, "b": {"c"}}, "cba"),
        ("ac", {"a": {"b"}, "b": {"c"}}, "ca"),
        ("ab", {"a": {"b"}, "b": {"a"}}, "ab"),
        ("ba", {"a": {"b"}, "b": {"a"}}, "ba"),
        ("abc", {"a": {"b"}, "b": {"c"}, "c": {"b"}}, "bca"),
        ("a", {"a": {"a"}}, "a"),
        ("ab", {"b": {"gone"}, "a": {"b"}}, "ba"),
    ],
)
def test_each_key_comes_after_its_dependencies(keys: str, dependencies: dict[str, set[str]], order: str) -> None:
    """Otherwise the given order stays, also within a circle."""
    assert dependency_order(keys, dependencies) == tuple(order)


def reachable(key: str, dependencies: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    new = set(dependencies.get(key, ()))
    while new:
        found |= new
        new = {other for one in new for other in dependencies.get(one, ())} - found
    return found


@pytest.mark.properties
@pytest.mark.parametrize("seed", range(200))
def test_any_order_is_complete_and_respects_dependencies(seed: int) -> None:
    """Each key occurs once. No key comes before one of its dependencies, unless the two are in a circle."""
    chance = random.Random(seed)  # noqa: S311
    known = [f"{letter}{number}" for letter in "ab" for number in range(chance.randint(1, 6))]
    dependencies = {key: set(chance.sample(known, chance.randint(0, min(3, len(known))))) for key in known if chance.random() < 0.6}
    keys = chance.sample(known, chance.randint(0, len(known)))
    order = dependency_order(keys, dependencies)
    assert sorted(order) == sorted(keys)
    for position, key in enumerate(order):
        for later in order[position + 1 :]:
            assert later not in reachable(key, dependencies) or key in reachable(later, dependencies)
