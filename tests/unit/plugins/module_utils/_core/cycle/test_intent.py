# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal entry holds before the first change."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import JournalEntry, lock_key
from support.fakes.engine import (
    FakeEngine,
    FakeJournal,
    exited,
    fake_lock,
)
from support.fakes.update_of_web import outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestJournalEntry:
    @pytest.mark.parametrize("keep_archive", [True, False])
    def test_entry_holds_keep_archive(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, keep_archive: bool) -> None:
        journal = FakeJournal()
        write = journal.write
        written: dict[str, str] = {}
        monkeypatch.setattr(journal, "write", lambda key, text: (written.update({key: text}), write(key, text))[1])
        recreate(engine, keep_archive=keep_archive, lock=fake_lock(journal))
        assert JournalEntry.from_text(written[lock_key("web")]).keep_archive is keep_archive
        assert journal.records == {}


class TestDependentsInTheEntry:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def test_entry_holds_the_dependents(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        engine.probe_results["NEW"] = engine.probe_results["web"] = [exited(1)]
        recreate(engine, lock=fake_lock(journal))
        (dependent,) = JournalEntry.from_text(journal.records[lock_key("web")]).dependents
        assert (dependent.name, dependent.image_ref, dependent.image_id, dependent.tag_means) == ("sidecar", "tool:1", "tool", "tool")
