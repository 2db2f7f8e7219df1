# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H12: names that are too long for the records of a run are recognised before anything is touched."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.processes import LocalProcesses
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Related
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.name_length import why_name_too_long
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state import archives, journal, rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.claims import Claims, longest_claimed_name
from support.fakes.engine import a_journal_entry

TOKEN = LocalProcesses("unix:///run/docker.sock").me().token


def test_every_record_of_the_longest_name_has_a_key_that_the_engine_takes() -> None:
    name = "n" * journal.longest_name()
    entry = a_journal_entry(TOKEN, old={"name": name})
    keys = [
        journal.lock_key(name),
        journal.takeover_key(entry),
        journal.new_container_key(entry),
        journal.pending_key(entry),
        journal.touch_key(entry),
        archives._key(name),
        archives._spare_key(name),
        rejections._key(name),
    ]
    assert max(map(len, keys)) == journal.LONGEST_KEY


def test_every_claim_on_the_longest_name_has_a_key_that_the_engine_takes() -> None:
    name = "n" * longest_claimed_name()
    claims = Claims(frozenset({name}), frozenset({name[1:] + "o"}))
    assert max(map(len, claims.keys(TOKEN))) == journal.LONGEST_KEY


@pytest.mark.parametrize(("too_many", "refused"), [(0, False), (1, True), (8, True), (19, True), (20, True), (3000, True)])
def test_a_name_is_refused_from_one_character_too_many(too_many: int, refused: bool) -> None:
    length = journal.longest_name() + too_many
    why = why_name_too_long("n" * length, ())
    assert bool(why) is refused
    assert not why or why.startswith(f"its name has {length} characters")


@pytest.mark.parametrize("is_dependent", [True, False])
@pytest.mark.parametrize(("too_many", "refused"), [(0, False), (1, True)])
def test_a_related_container_with_a_longer_name_is_refused(is_dependent: bool, too_many: int, refused: bool) -> None:
    related = Related("n" * (longest_claimed_name() + too_many), "id", is_dependent=is_dependent)
    why = why_name_too_long("web", (related,))
    assert bool(why) is refused
    assert not why or why.startswith(f"the name of {related.name}, to which it is related, has")
