# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way out of what an interrupted run left."""

from __future__ import annotations

import enum
import typing as t

from ..container.dependents import RepairResult
from ..container.old_container import OldContainer
from ..engine.errors import EngineError, NotFound, RecoveryFailed, StillUnwell
from ..engine.interfaces import Context
from ..engine.model import ContainerRuntimeState, Document, RuntimeStatus, is_active, name_of
from ..engine.timing import Stopwatch
from ..state.archives import ArchiveStore
from ..state.journal import JournalEntry, lock_key, new_container_key
from ..state.rejections import reject
from .finish import complete, forget_archive, new_image_of, old_image_of
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health
from .restore import FailedContainer, put_back, wait_for_pending_stop


class LeftoverState(t.NamedTuple):
    """What is there now: the old container, whoever has its name, and the ID of the new container as far as it was written down.

    `old` and `occupant` are inspect documents, None where there is no such container. `archive_is_remembered` is true when a run came
    so far that the old container counts as a kept archive.
    """

    old: Document | None
    occupant: Document | None
    new_id: str | None
    archive_is_remembered: bool = False


class RecoveryAction(enum.Enum):
    """What is to be done about it."""

    CLEAN_UP = "forget"
    """The run had come to its end, or what it was about is gone. Only the journal is left."""
    RESTORE = "restore"
    """The old container comes back."""
    VERIFY_NEW = "judge"
    """The new container was started. The health gate decides between it and the old one."""
    NEEDS_OPERATOR = "stuck"
    """Somebody else has had a hand in it. Nobody but a human can tell what is meant."""


class RecoveryPlan(t.NamedTuple):
    """The way out, the new container that is to go or to be judged, and for a human: what is in the way.

    `has_its_name` is true when the old container is under its own name, not that of the archive.
    """

    action: RecoveryAction
    new_id: str | None = None
    obstacle: str = ""
    has_its_name: bool = False


def decide_recovery(entry: JournalEntry, leftovers: LeftoverState) -> RecoveryPlan:
    """Decide from what is there, not from what the run may have done last."""
    new_id = entry.returning.id if entry.returning else leftovers.new_id
    if new_id == entry.old_id:
        new_id = None  # An archive was to fill a gap, and there is no other container.
    if leftovers.old is None:
        return RecoveryPlan(RecoveryAction.CLEAN_UP)
    name = name_of(leftovers.old)
    if name == entry.container:
        return RecoveryPlan(RecoveryAction.RESTORE, new_id, has_its_name=True)
    if name != entry.archive:
        return RecoveryPlan(
            RecoveryAction.NEEDS_OPERATOR, obstacle=f"its old container is now called {name}, which no run of this module does"
        )
    if leftovers.occupant is None:
        return RecoveryPlan(RecoveryAction.RESTORE)
    occupant_id = leftovers.occupant["Id"]
    if occupant_id == new_id:
        # One that was never started has not shown anything that its image could be rejected for.
        never_started = entry.starts and leftovers.occupant["State"]["Status"] == "created"
        return RecoveryPlan(RecoveryAction.RESTORE if never_started else RecoveryAction.VERIFY_NEW, occupant_id)
    came_up = leftovers.occupant["State"]["Status"] == "running" if entry.starts else leftovers.archive_is_remembered
    if entry.keep_archive and leftovers.occupant["Image"] == entry.new_image_id and came_up:
        # The run had come to its end, and was erasing its notes.
        return RecoveryPlan(RecoveryAction.CLEAN_UP)
    if _is_ours(entry, leftovers.occupant):
        return RecoveryPlan(RecoveryAction.RESTORE, occupant_id)
    return RecoveryPlan(
        RecoveryAction.NEEDS_OPERATOR,
        obstacle=f"the name {entry.container} was taken by another container ({occupant_id[:12]}) in the meantime",
    )


def _is_ours(entry: JournalEntry, occupant: Document) -> bool:
    """A new container whose ID was not written down yet. It is written down before the start, so ours was never started."""
    return bool(occupant["State"]["Status"] == "created" and occupant["Image"] == entry.new_image_id)


def recover(context: Context, watch: Stopwatch, entry: JournalEntry, new_id: str | None, health: HealthConfig) -> tuple[RepairResult, ...]:
    """Bring to its end what the run of `entry` left: the new container, if it passes the gate, or the old one.

    `new_id` is the new container as far as it was written down. Returns the dependents for which something was done. Raises
    RecoveryFailed, with what to do by hand.
    """
    image_is_bad = False
    with watch.step("recover"):
        plan = plan_recovery(context, entry, new_id)
        if plan.action is RecoveryAction.CLEAN_UP:
            return ()
        on_trial = plan.new_id if plan.action is RecoveryAction.VERIFY_NEW else None
        if on_trial:
            gate = _judge(context, entry, on_trial, health)
            if gate.verdict is Verdict.HEALTHY:
                return _finish(context, entry, on_trial)
            # One that was down at the first look may have gone down with the engine.
            image_is_bad = gate.seen_up and not gate.blind
    dependents = _bring_back(context, watch, entry, plan, health)
    if entry.returning and entry.returning.id == entry.old_id:
        forget_archive(context, entry.container, entry.old_id)
    if image_is_bad:
        reject(context, entry.container, entry.old_id, old_image_of(entry), new_image_of(entry), "it did not pass the health gate")
    return dependents


def plan_recovery(context: Context, entry: JournalEntry, new_id: str | None) -> RecoveryPlan:
    """Which way out there is. Raises RecoveryFailed, with what to do by hand, where there is none."""
    plan = decide_recovery(entry, _look_around(context, entry, new_id))
    if plan.action is RecoveryAction.NEEDS_OPERATOR:
        raise _stuck(entry, plan.obstacle)
    return plan


def _look_around(context: Context, entry: JournalEntry, new_id: str | None) -> LeftoverState:
    return LeftoverState(
        _look(context, entry, entry.old_id), _look(context, entry, entry.container), new_id, _is_remembered(context, entry)
    )


def _is_remembered(context: Context, entry: JournalEntry) -> bool:
    try:
        return any(kept.id == entry.old_id for kept in ArchiveStore(context.memory).of(entry.container))
    except EngineError:
        return False


def _look(context: Context, entry: JournalEntry, container: str) -> Document | None:
    try:
        return context.ops.inspect(container).container
    except NotFound:
        return None
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and what it left cannot be looked at: {error}"
        ) from error


def _judge(context: Context, entry: JournalEntry, new_id: str, health: HealthConfig) -> HealthOutcome:
    if not entry.starts:
        return HealthOutcome(Verdict.HEALTHY, "is not meant to run")
    return wait_for_health(context.probe, context.clock, new_id, health)


def _finish(context: Context, entry: JournalEntry, new_id: str) -> tuple[RepairResult, ...]:
    """What is left to do for a new container that passed the gate."""
    dependents = complete(context, entry, new_id).dependents
    if entry.keep_archive:
        return dependents
    try:
        context.ops.remove(entry.archive)
    except NotFound:
        pass
    except EngineError as error:
        raise RecoveryFailed(
            f"Container {entry.container} is up to date, but an interrupted run left its archive {entry.archive}, "
            f"which could not be removed: {error}. Remove it with: docker rm {entry.archive}"
        ) from error
    return dependents


def _bring_back(
    context: Context, watch: Stopwatch, entry: JournalEntry, plan: RecoveryPlan, health: HealthConfig
) -> tuple[RepairResult, ...]:
    old = OldContainer(
        id=entry.old_id,
        name=entry.container,
        image_ref=entry.old_image_ref,
        state=ContainerRuntimeState(RuntimeStatus(entry.old_status), started_at=entry.old_started_at),
        runs=entry.runs,
        time_to_health=entry.time_to_health,
        restart_policy=entry.restart_policy,
        dependents=entry.dependents,
    )
    archive = entry.returning.name if entry.returning else None
    new = FailedContainer(plan.new_id, entry.new_image_ref, entry.new_image_id, entry.stop_timeout, archive=archive)
    if plan.has_its_name:
        _wait_for_a_stop_under_way(context, entry)
    restored = put_back(context, watch, old, new, None if plan.has_its_name else entry.archive, health)
    if restored.problem is None:
        return restored.dependents
    problem = f"An earlier run on {entry.container} was interrupted, and the old container could not be brought back: {restored.problem}."
    if restored.is_in_place and _is_up(context, entry.old_id):
        raise StillUnwell(f"{problem}{restored.remedy}", touched=True)
    forget = f"To leave it as it is, make this module forget the interrupted run with: {_forget(entry)}."
    raise RecoveryFailed(f"{problem} {forget}{restored.remedy}", touched=True)


def _is_up(context: Context, container: str) -> bool:
    try:
        return is_active(context.ops.inspect(container).container)
    except EngineError:
        return False


def _wait_for_a_stop_under_way(context: Context, entry: JournalEntry) -> None:
    try:
        wait_for_pending_stop(context, entry.old_id, entry.old_started_at, entry.stop_timeout)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and it cannot be told whether the engine is still stopping it: {error}. "
            "Run this again."
        ) from error


def _stuck(entry: JournalEntry, obstacle: str) -> RecoveryFailed:
    return RecoveryFailed(
        f"An earlier run on {entry.container} was interrupted, and only you can tell how it is meant to go on: {obstacle}. "
        f"Nothing was touched. Its old container has the ID {entry.old_id}. Put things right, then make this module forget "
        f"the interrupted run with: {_forget(entry)}"
    )


def _forget(entry: JournalEntry) -> str:
    return f"docker volume rm {lock_key(entry.container)} (and docker volume rm {new_container_key(entry)}, if it is there)"
