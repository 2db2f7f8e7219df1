# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to recover what an interrupted run left: a row for each state in which the containers can be."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, RecoveryFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recovery import (
    LeftoverState,
    RecoveryAction,
    RecoveryPlan,
    decide_recovery,
    forget_command,
    plan_recovery,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Created, JournalEntry
from support.fakes.engine import FakeEngine, FakeJournal, a_journal_entry, fake_context

ARCHIVE = "web-old-1000"


def container(container_id: str, name: str, image: str = "new", status: str = "running") -> Document:
    return {"Id": container_id, "Name": f"/{name}", "Image": image, "State": {"Status": status}}


def archive_record(*, runs: bool = True) -> ArchiveRecord:
    return ArchiveRecord("back", "web-old-900", runs=runs, restart_policy={})


IN_PLACE = container("old", "web", "old")
ARCHIVED = container("old", ARCHIVE, "old", "exited")
RENAMED = container("old", "web-2025", "old")

UPDATE = a_journal_entry("dead")
UPDATE_OF_STOPPED = a_journal_entry("dead", successor=Created(runs=False))
KEEPS_ARCHIVE = UPDATE._replace(keep_archive=True)
OF_STOPPED_KEEPS_ARCHIVE = UPDATE_OF_STOPPED._replace(keep_archive=True)
ROLLBACK = a_journal_entry("dead", successor=archive_record())
ROLLBACK_TO_STOPPED = a_journal_entry("dead", successor=archive_record(runs=False))
MISSING = a_journal_entry("dead", successor=None)


def state(old: Document | None, occupant: Document | None = None, new_id: str | None = None, *, remembered: bool = False) -> LeftoverState:
    return LeftoverState(old, occupant, new_id, remembered)


NEW, CREATED, EXITED = container("new", "web"), container("new", "web", status="created"), container("new", "web", status="exited")
BACK, BACK_EXITED = container("back", "web"), container("back", "web", status="exited")
OTHER, OTHER_CREATED = container("other", "web", "other"), container("other", "web", "other", "created")

Row = tuple[JournalEntry, LeftoverState, "str | None"]

CLEAN_UP: dict[str, tuple[JournalEntry, LeftoverState]] = {
    "the old container is gone, and another one has its name": (UPDATE, state(None, OTHER, "new")),
    "both containers are gone": (UPDATE, state(None, None, "new")),
    "the archive is kept and the new container runs, so only records are left": (KEEPS_ARCHIVE, state(ARCHIVED, NEW)),
    "the archive is kept and remembered, and the new container does not run": (
        OF_STOPPED_KEEPS_ARCHIVE,
        state(ARCHIVED, CREATED, remembered=True),
    ),
}
RESTORE_IN_PLACE: dict[str, Row] = {
    "the new container was not created": (UPDATE, state(IN_PLACE), None),
    "the new container was recorded, and the rollback had come this far": (UPDATE, state(IN_PLACE, IN_PLACE, "new"), "new"),
    "the rollback to an archive had not begun, or was undone": (ROLLBACK, state(IN_PLACE, IN_PLACE), "back"),
    "an archive took the name of a missing container": (MISSING, state(IN_PLACE, IN_PLACE), None),
}
RESTORE_FROM_ARCHIVE: dict[str, Row] = {
    "no container has the name": (UPDATE, state(ARCHIVED), None),
    "no container has the name, and the new container was recorded": (UPDATE, state(ARCHIVED, None, "new"), None),
    "no container has the name, and the archive was not renamed yet": (ROLLBACK, state(ARCHIVED), None),
    "the new container was recorded and never started": (UPDATE, state(ARCHIVED, CREATED, "new"), "new"),
    "the new container was created and not recorded": (UPDATE, state(ARCHIVED, CREATED), "new"),
    "the new container, which must not run, was created and not recorded": (UPDATE_OF_STOPPED, state(ARCHIVED, CREATED), "new"),
    "the archive is to be kept, and is not remembered yet": (OF_STOPPED_KEEPS_ARCHIVE, state(ARCHIVED, CREATED), "new"),
}
VERIFY_NEW: dict[str, Row] = {
    "the new container was started": (UPDATE, state(ARCHIVED, NEW, "new"), "new"),
    "the new container was started and has exited": (UPDATE, state(ARCHIVED, EXITED, "new"), "new"),
    "the new container is recorded and the archive is to be kept": (KEEPS_ARCHIVE, state(ARCHIVED, NEW, "new"), "new"),
    "the new container must not run": (UPDATE_OF_STOPPED, state(ARCHIVED, CREATED, "new"), "new"),
    "the archive was started": (ROLLBACK, state(ARCHIVED, BACK), "back"),
    "the archive was renamed and not started": (ROLLBACK, state(ARCHIVED, BACK_EXITED), "back"),
    "the archive must not run": (ROLLBACK_TO_STOPPED, state(ARCHIVED, BACK_EXITED), "back"),
}
HAND_OVER: dict[str, tuple[JournalEntry, LeftoverState]] = {
    "another image": (UPDATE, state(ARCHIVED, OTHER)),
    "another image beside a recorded container": (UPDATE, state(ARCHIVED, OTHER, "new")),
    "the new image, but started without a record": (UPDATE, state(ARCHIVED, NEW)),
    "another image while the archive is to be kept": (KEEPS_ARCHIVE, state(ARCHIVED, OTHER)),
    "another image beside an interrupted rollback": (ROLLBACK, state(ARCHIVED, OTHER)),
}
NEEDS_OPERATOR: dict[str, tuple[JournalEntry, LeftoverState]] = {
    "another image, only created": (UPDATE, state(ARCHIVED, OTHER_CREATED)),
    "the new image, but it has exited without a record": (KEEPS_ARCHIVE, state(ARCHIVED, EXITED)),
    "the image of the archive, created by another tool": (ROLLBACK, state(ARCHIVED, CREATED)),
    "the image of the archive, created by another tool, beside a stopped archive": (ROLLBACK_TO_STOPPED, state(ARCHIVED, CREATED)),
    "the image of the missing container, created by another tool": (MISSING, state(ARCHIVED, CREATED)),
}


@pytest.mark.parametrize(("entry", "found"), HAND_OVER.values(), ids=HAND_OVER)
def test_container_that_something_else_runs_under_the_name_is_left_alone(entry: JournalEntry, found: LeftoverState) -> None:
    """F-H2."""
    plan = decide_recovery(entry, found)
    assert (plan.action, "has taken the name web" in plan.obstacle) == (RecoveryAction.HAND_OVER, True)


NOTHING_TO_GO_BACK_TO: dict[str, tuple[JournalEntry, LeftoverState, str]] = {
    "the new container runs": (UPDATE, state(None, NEW, "new"), "new"),
    "the new container has exited": (UPDATE, state(None, EXITED, "new"), "new"),
    "the new container was never started": (UPDATE, state(None, CREATED, "new"), "new"),
    "the new container was never recorded": (UPDATE, state(None, CREATED), "new"),
    "the restored archive runs": (ROLLBACK, state(None, BACK), "back"),
}


@pytest.mark.parametrize(("entry", "found", "new_id"), NOTHING_TO_GO_BACK_TO.values(), ids=NOTHING_TO_GO_BACK_TO)
def test_successor_proves_itself_when_the_old_container_is_gone(entry: JournalEntry, found: LeftoverState, new_id: str) -> None:
    """F-H4."""
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.VERIFY_NEW, new_id, old_is_gone=True)


@pytest.mark.parametrize(("entry", "found"), CLEAN_UP.values(), ids=CLEAN_UP)
def test_only_records_are_left(entry: JournalEntry, found: LeftoverState) -> None:
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.CLEAN_UP)


@pytest.mark.parametrize(("entry", "found", "discarded"), RESTORE_IN_PLACE.values(), ids=RESTORE_IN_PLACE)
def test_old_container_that_has_its_name_is_restored(entry: JournalEntry, found: LeftoverState, discarded: str | None) -> None:
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.RESTORE, discarded, has_its_name=True)


@pytest.mark.parametrize(("entry", "found", "discarded"), RESTORE_FROM_ARCHIVE.values(), ids=RESTORE_FROM_ARCHIVE)
def test_archived_container_is_restored(entry: JournalEntry, found: LeftoverState, discarded: str | None) -> None:
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.RESTORE, discarded)


@pytest.mark.parametrize(("entry", "found", "new_id"), VERIFY_NEW.values(), ids=VERIFY_NEW)
def test_new_container_is_verified(entry: JournalEntry, found: LeftoverState, new_id: str) -> None:
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.VERIFY_NEW, new_id)


@pytest.mark.parametrize(("entry", "found"), NEEDS_OPERATOR.values(), ids=NEEDS_OPERATOR)
def test_container_of_another_tool_needs_an_operator(entry: JournalEntry, found: LeftoverState) -> None:
    assert found.occupant is not None
    obstacle = f"another container ({found.occupant['Id']}) has taken the name web"
    assert decide_recovery(entry, found) == RecoveryPlan(RecoveryAction.NEEDS_OPERATOR, obstacle=obstacle)


@pytest.mark.parametrize("entry", [UPDATE, ROLLBACK, MISSING], ids=["update", "rollback", "missing"])
@pytest.mark.parametrize("occupant", [None, NEW], ids=["no container has the name", "a container has the name"])
def test_old_container_under_another_name_needs_an_operator(entry: JournalEntry, occupant: Document | None) -> None:
    obstacle = "the old container is now called web-2025, and no run of this collection gave it that name"
    assert decide_recovery(entry, state(RENAMED, occupant, "new")) == RecoveryPlan(RecoveryAction.NEEDS_OPERATOR, obstacle=obstacle)


class TestPlanRecovery:
    @pytest.fixture
    def engine(self) -> FakeEngine:
        """Web is archived, and a container of the new image that no run recorded has its name and does not run."""
        engine = FakeEngine()
        engine.old_id = engine.add_container(ARCHIVE, "shop:1", "old")
        engine.add_container("web", "shop:2", "new")
        for name in (ARCHIVE, "web"):
            engine._find(name)["State"]["Status"] = "exited"
        return engine

    def entry(self, engine: FakeEngine) -> JournalEntry:
        return a_journal_entry("dead", old={"id": engine.old_id}, successor=Created(runs=False), keep_archive=True)

    def remembering(self, engine: FakeEngine) -> FakeJournal:
        memory = FakeJournal()
        ArchiveStore(memory).add("web", ArchiveRecord(engine.old_id, ARCHIVE, runs=False, restart_policy={}))
        return memory

    def test_remembered_archive_shows_that_the_run_had_ended(self, engine: FakeEngine) -> None:
        plan = plan_recovery(fake_context(engine, self.remembering(engine)), self.entry(engine), None)
        assert plan.action is RecoveryAction.CLEAN_UP
        assert set(engine.calls) == {"inspect"}

    def test_archive_that_is_not_remembered_needs_an_operator(self, engine: FakeEngine) -> None:
        entry = self.entry(engine)
        with pytest.raises(RecoveryFailed, match="it needs your decision: another container .* Nothing was changed") as caught:
            plan_recovery(fake_context(engine), entry, None)
        assert str(caught.value).endswith(forget_command(entry))
        assert not caught.value.touched
        assert set(engine.calls) == {"inspect"}

    def test_memory_that_cannot_be_read_counts_as_not_remembered(self, engine: FakeEngine) -> None:
        memory = self.remembering(engine)
        memory.errors.append(EngineError("no"))
        with pytest.raises(RecoveryFailed, match="it needs your decision"):
            plan_recovery(fake_context(engine, memory), self.entry(engine), None)

    def test_containers_that_cannot_be_inspected_are_an_error(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = EngineError("no")
        with pytest.raises(RecoveryFailed, match="was interrupted, and its containers could not be inspected: no"):
            plan_recovery(fake_context(engine), self.entry(engine), None)


def test_forget_command_names_the_records_of_the_run() -> None:
    assert forget_command(UPDATE) == "docker volume rm evenkeel-lock.web (and docker volume rm evenkeel-new.dead.web, if it exists)"
