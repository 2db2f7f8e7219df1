# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide how to recover what an interrupted run left. Nothing is touched."""

from __future__ import annotations

import enum
import typing as t

from ..engine.errors import EngineError, RecoveryFailed, ReplacedByOthers
from ..engine.interfaces import Context
from ..engine.lookup import find_container
from ..engine.model import Document, is_active, name_of
from ..state.archives import ArchiveRecord, ArchiveStore
from ..state.journal import Created, JournalEntry, lock_key, new_container_key


class LeftoverState(t.NamedTuple):
    """What exists now: the old container, the container that has its name, and the ID of the new container if it was recorded.

    `old` and `occupant` are inspect documents, or None if there is no such container. `archive_is_remembered` is true if the run got far
    enough to store the old container as a kept archive.
    """

    old: Document | None
    occupant: Document | None
    new_id: str | None
    archive_is_remembered: bool = False


class RecoveryAction(enum.Enum):
    """What to do about it."""

    CLEAN_UP = "clean_up"
    """The run had ended, or the container that it worked on is gone. Only the journal is left."""
    RESTORE = "restore"
    """Restore the old container."""
    VERIFY_NEW = "verify_new"
    """The new container was started. The health gate decides between it and the old container."""
    HAND_OVER = "hand_over"
    """Something else runs a container under the name. The old container is kept as an archive."""
    NEEDS_OPERATOR = "needs_operator"
    """Something else has changed the containers. Only the operator knows what is intended."""


class RecoveryPlan(t.NamedTuple):
    """The action, the ID of the new container to verify or to discard, and what prevents a recovery, for the operator.

    `has_its_name` is true if the old container has its own name, not that of the archive, and `old_is_gone` if it no longer exists.
    """

    action: RecoveryAction
    new_id: str | None = None
    obstacle: str = ""
    has_its_name: bool = False
    old_is_gone: bool = False


def decide_recovery(entry: JournalEntry, state: LeftoverState) -> RecoveryPlan:
    """Decide from what exists now, not from what the run may have done last."""
    new_id = entry.successor.id if isinstance(entry.successor, ArchiveRecord) else state.new_id
    if state.old is None:
        return _without_old(entry, state.occupant, new_id)
    name = name_of(state.old)
    if name == entry.container:
        return RecoveryPlan(RecoveryAction.RESTORE, new_id, has_its_name=True)
    if name != entry.archive:
        obstacle = f"the old container is now called {name}, and no run of this collection gave it that name"
        return RecoveryPlan(RecoveryAction.NEEDS_OPERATOR, obstacle=obstacle)
    if state.occupant is None:
        # Something else may have renamed the new container. It is discarded all the same, because both use the same data.
        return RecoveryPlan(RecoveryAction.RESTORE, state.new_id if isinstance(entry.successor, Created) else None)
    occupant_id = state.occupant["Id"]
    if occupant_id == new_id:
        # A container that was never started has shown nothing for which its image could be rejected.
        never_started = entry.successor_runs and state.occupant["State"]["Status"] == "created"
        return RecoveryPlan(RecoveryAction.RESTORE if never_started else RecoveryAction.VERIFY_NEW, occupant_id)
    if _had_ended(entry, state, state.occupant):
        return RecoveryPlan(RecoveryAction.CLEAN_UP)
    if _is_unrecorded_successor(entry, state.occupant):
        return RecoveryPlan(RecoveryAction.RESTORE, occupant_id)
    obstacle = f"another container ({occupant_id[:12]}) has taken the name {entry.container}"
    action = RecoveryAction.HAND_OVER if is_active(state.occupant) else RecoveryAction.NEEDS_OPERATOR
    return RecoveryPlan(action, obstacle=obstacle)


def _without_old(entry: JournalEntry, occupant: Document | None, new_id: str | None) -> RecoveryPlan:
    """The run had removed the archive, or something else did. In both cases the successor must prove itself."""
    if occupant is None or (occupant["Id"] != new_id and not _is_unrecorded_successor(entry, occupant)):
        return RecoveryPlan(RecoveryAction.CLEAN_UP)
    return RecoveryPlan(RecoveryAction.VERIFY_NEW, occupant["Id"], old_is_gone=True)


def _had_ended(entry: JournalEntry, state: LeftoverState, occupant: Document) -> bool:
    """Whether the run had kept the archive, and was only erasing its records."""
    came_up = occupant["State"]["Status"] == "running" if entry.successor_runs else state.archive_is_remembered
    return bool(entry.keep_archive and occupant["Image"] == entry.new_image.id and came_up)


def _is_unrecorded_successor(entry: JournalEntry, occupant: Document) -> bool:
    """Whether this is the new container before its ID was recorded. The ID is recorded before the start, so it was never started."""
    is_new = isinstance(entry.successor, Created)
    return bool(is_new and occupant["State"]["Status"] == "created" and occupant["Image"] == entry.new_image.id)


def plan_recovery(context: Context, entry: JournalEntry, new_id: str | None) -> RecoveryPlan:
    """Look, and decide what to do.

    Raise RecoveryFailed, which says what to do by hand, if only the operator can decide. Raise ReplacedByOthers if something else has.
    """
    state = LeftoverState(
        _look(context, entry, entry.old.id), _look(context, entry, entry.container), new_id, _is_remembered(context, entry)
    )
    plan = decide_recovery(entry, state)
    if plan.action is RecoveryAction.NEEDS_OPERATOR:
        raise _needs_operator(entry, plan.obstacle)
    if plan.action is RecoveryAction.HAND_OVER:
        raise ReplacedByOthers(
            f"An earlier run on {entry.container} was interrupted, and {plan.obstacle}. It runs, so it was left as it is. The old "
            f"container is kept as the archive {entry.archive}, stopped: container_rollback restores it, container_finalize removes it."
        )
    return plan


def _is_remembered(context: Context, entry: JournalEntry) -> bool:
    try:
        return any(record.id == entry.old.id for record in ArchiveStore(context.memory).of(entry.container))
    except EngineError:
        return False


def _look(context: Context, entry: JournalEntry, container: str) -> Document | None:
    try:
        found = find_container(context.ops, container)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and its containers could not be inspected: {error}"
        ) from error
    return found.container if found else None


def _needs_operator(entry: JournalEntry, obstacle: str) -> RecoveryFailed:
    return RecoveryFailed(
        f"An earlier run on {entry.container} was interrupted, and it needs your decision: {obstacle}. "
        f"Nothing was changed. The old container has the ID {entry.old.id}. Fix this by hand, then discard the record of "
        f"the interrupted run with: {forget_command(entry)}"
    )


def forget_command(entry: JournalEntry) -> str:
    """The command that makes later runs forget an interrupted one."""
    return f"docker volume rm {lock_key(entry.container)} (and docker volume rm {new_container_key(entry)}, if it exists)"
