# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H20: a run claims the containers that it touches, and shares those that it needs."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.claims import (
    Claimant,
    Claims,
    claimant_from_text,
    claimant_to_text,
    is_claim_of,
    is_claim_on,
    keys_in_the_way,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key
from support.fakes.engine import FakeProcesses

NOTHING: set[str] = set()


def keys_of(token: str, container: str, touched: set[str], needed: set[str]) -> tuple[str, ...]:
    """Everything that a run writes before it looks."""
    return (lock_key(container), *Claims(frozenset(touched), frozenset(needed)).keys(token))


@pytest.mark.parametrize(
    ("one", "other", "exclude_each_other"),
    [
        pytest.param(("vpn", {"app"}, NOTHING), ("app", NOTHING, {"vpn"}), True, id="a provider and its dependent"),
        pytest.param(("app", NOTHING, {"vpn"}), ("web", NOTHING, {"vpn"}), False, id="two dependents of one provider"),
        pytest.param(("vpn", {"app", "web"}, NOTHING), ("web", NOTHING, {"vpn"}), True, id="a provider and one of its dependents"),
        pytest.param(("lender", NOTHING, NOTHING), ("app", NOTHING, {"lender"}), True, id="a container and one that uses its volumes"),
        pytest.param(("vpn", {"app"}, {"db"}), ("db", {"app"}, NOTHING), True, id="two providers of one dependent"),
        pytest.param(("vpn", {"app"}, {"db"}), ("web", NOTHING, {"db"}), False, id="two runs that need the same database"),
        pytest.param(("vpn", {"app"}, NOTHING), ("app-2", NOTHING, {"vpn-2"}), False, id="names that begin alike"),
        pytest.param(("a.b", {"c"}, NOTHING), ("c", NOTHING, {"a.b"}), True, id="a name with a dot"),
        pytest.param(("vpn", {"app"}, NOTHING), ("web", NOTHING, {"app"}), True, id="a provider, and a user of its dependent's volumes"),
        pytest.param(("one", NOTHING, NOTHING), ("other", NOTHING, NOTHING), False, id="unrelated containers"),
    ],
)
def test_runs_exclude_each_other_if_either_touches_what_the_other_needs(
    one: tuple[str, set[str], set[str]], other: tuple[str, set[str], set[str]], exclude_each_other: bool
) -> None:
    keys = (*keys_of("1", *one), *keys_of("2", *other))
    for token, (container, touched, needed) in (("1", one), ("2", other)):
        in_the_way = keys_in_the_way(container, token, Claims(frozenset(touched), frozenset(needed)), keys)
        assert bool(in_the_way) is exclude_each_other, f"whichever looks last sees the other: {in_the_way}"


def test_container_that_is_touched_and_needed_is_claimed_once() -> None:
    assert Claims(frozenset({"app"}), frozenset({"app", "vpn"})).keys("1") == ("evenkeel-claim.1.app", "evenkeel-share.1.vpn")


def test_only_a_claim_keeps_other_runs_off_a_container_from_the_beginning() -> None:
    claim, share = Claims(frozenset({"app"}), frozenset({"vpn"})).keys("1")
    assert (is_claim_on(claim, "app"), is_claim_on(claim, "ap"), is_claim_on(share, "vpn")) == (True, False, False)
    assert (is_claim_of(claim, "1"), is_claim_of(share, "1"), is_claim_of(share, "2")) == (True, True, False)


def test_claimant_survives_the_journal() -> None:
    claimant = Claimant("vpn", FakeProcesses("1").me(), 100.0)
    assert claimant_from_text(claimant_to_text(claimant)) == claimant


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2}', '{"version": 1, "container": "vpn"}', "touched"])
def test_claim_in_an_unknown_format_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a claim"):
        claimant_from_text(text)
