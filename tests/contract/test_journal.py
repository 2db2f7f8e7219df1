# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of Journal, checked on the fake and on a real engine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL, VolumeJournal
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.interfaces import Journal
from support.fakes.engine import FakeJournal
from support.real.sandbox import Sandbox

pytestmark = pytest.mark.oldest_engine


@pytest.fixture(params=["fake", "real"])
def journal(request: pytest.FixtureRequest) -> Journal:
    return FakeJournal() if request.param == "fake" else VolumeJournal(request.getfixturevalue("sandbox").client, JOURNAL_LABEL)


@pytest.fixture
def key(journal: Journal) -> Iterator[str]:
    key = f"evenkeel-test.{secrets.token_hex(6)}"
    yield key
    journal.erase(key)


def test_unknown_key_is_empty(journal: Journal, key: str) -> None:
    assert journal.read(key) is None
    journal.erase(key)


def test_keys_are_found_by_a_part_of_their_name(journal: Journal, key: str) -> None:
    assert journal.keys(key) == ()
    journal.write(key, "")
    assert journal.keys(key) == journal.keys(key.partition(".")[2]) == (key,)


def test_first_text_stays(journal: Journal, key: str) -> None:
    assert journal.write(key, "first") == "first"
    assert journal.write(key, "second") == "first"
    note = journal.read(key)
    assert note is not None
    assert note.text == "first"
    assert 0 <= journal.age(note) < 60
    journal.erase(key)
    assert journal.write(key, "second") == "second"


def test_one_of_many_concurrent_writes_wins(journal: Journal, key: str) -> None:
    with ThreadPoolExecutor(20) as pool:
        seen = list(pool.map(lambda number: journal.write(key, str(number)), range(20)))
    assert len(set(seen)) == 1


def test_foreign_volume_is_neither_read_nor_written(sandbox: Sandbox) -> None:
    name = f"{sandbox.prefix}-theirs"
    sandbox.client.create_volume(name)
    try:
        for call in (
            lambda: VolumeJournal(sandbox.client, JOURNAL_LABEL).read(name),
            lambda: VolumeJournal(sandbox.client, JOURNAL_LABEL).write(name, "mine"),
        ):
            with pytest.raises(EngineError, match="does not belong to evenkeel.fleet"):
                call()
    finally:
        sandbox.client.remove_volume(name)
