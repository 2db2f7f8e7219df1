# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent, Repair
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.finish import complete, forget_archive
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from support.fakes.engine import FakeEngine, FakeJournal, a_journal_entry, fake_context

OLD = ArchiveRecord("old", "web-old-1000", runs=True, restart_policy={"Name": "always"})
BACK = ArchiveRecord("back", "web-old-900", runs=True, restart_policy={})


@pytest.fixture
def memory() -> FakeJournal:
    return FakeJournal()


def test_an_update_forgets_what_was_rejected(memory: FakeJournal) -> None:
    Rejections(memory).remember("web", Rejected("shop:2", "bad", None, "crashed", 1))
    completion = complete(fake_context(FakeEngine(), memory), a_journal_entry("me"), "new-id")
    assert (completion.dependents, completion.warnings, memory.notes) == ((), (), {})


def test_a_kept_archive_is_remembered_once(memory: FakeJournal) -> None:
    for _time in range(2):
        assert complete(fake_context(FakeEngine(), memory), a_journal_entry("me", keep_archive=True, rollout="7"), "new-id").warnings == ()
    assert ArchiveStore(memory).of("web") == (OLD._replace(rollout="7"),)


def test_who_goes_back_rejects_what_ran_and_forgets_the_archive(memory: FakeJournal) -> None:
    ArchiveStore(memory).add("web", BACK)
    engine = FakeEngine()
    entry = a_journal_entry("me", new_image_ref="shop:1", old_image_id="bad", new_image_id="good", returning=BACK)
    assert complete(fake_context(engine, memory), entry, "back").warnings == ()
    rejected = Rejections(memory).recall("web")
    assert rejected is not None
    assert (rejected.image_id, rejected.reason) == ("bad", "the operator went back from it")
    assert ArchiveStore(memory).of("web") == ()
    assert engine.calls == ["surroundings", "tag:shop:1=good"]


def test_a_dependent_that_needs_attention_is_a_warning(memory: FakeJournal) -> None:
    gone = Dependent("gone", "sidecar", "old", "web", runs=True, shares_with=("old",), archive="sidecar-old-1000")
    completion = complete(fake_context(FakeEngine(), memory), a_journal_entry("me", dependents=(gone,)), "new-id")
    assert [dependent.repair for dependent in completion.dependents] == [Repair.NEEDS_ATTENTION]
    assert completion.warnings == ("sidecar, which depends on it, needs attention: somebody removed it",)


def test_a_memory_that_does_not_work_is_a_warning(memory: FakeJournal) -> None:
    memory.errors.append(EngineError("no"))
    context = fake_context(FakeEngine(), memory)
    warnings = complete(context, a_journal_entry("me", keep_archive=True), "new-id").warnings
    assert [warning.partition(" ")[0] for warning in warnings] == ["An", "It"]
    assert "container_rollback may not find them: no" in forget_archive(context, "web", "old")[0]
