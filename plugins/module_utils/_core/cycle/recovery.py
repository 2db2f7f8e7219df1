# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recover what an interrupted run left: finish the update if its new container passes the gate, or restore the old container.

plan/recovery.py decides which.
"""

from __future__ import annotations

from ..container.dependents import RepairResult
from ..engine.errors import EngineError, NotFound, RecoveryFailed, ReplacedByOthers, StillUnhealthy
from ..engine.interfaces import Context
from ..engine.model import is_active
from ..engine.retry import retry_on_refusal
from ..plan.recovery import RecoveryAction, RecoveryPlan, forget_command, plan_recovery
from ..state.archives import ArchiveRecord, ArchiveStore
from ..state.journal import JournalEntry
from ..state.rejections import reject
from .blame import Evidence, Stage, excuse_for
from .discard import FailedArchive, FailedContainer, ToDiscard, collect_evidence
from .evidence import evidence_of_gate, reason_and_cause
from .finish import forget_archive, remember, repair_dependents
from .health import HealthOutcome, Verdict, wait_for_health
from .job import Run
from .repair import remove_old_dependents
from .restore import discard_and_restore, wait_for_pending_stop
from .result import UNDONE, InterruptedRun, Outcome, RollbackEvent
from .second_look import look_again


def recover(run: Run, entry: JournalEntry, new_id: str | None) -> tuple[RepairResult, ...]:
    """Finish what the run of `entry` left if its new container passes the gate, or restore the old container.

    `new_id` is the ID of the new container if it was recorded. Return the repaired dependents. Raise RecoveryFailed, which says what to do
    by hand.
    """
    context = run.context
    steps_before = len(run.stopwatch.steps)
    rollback: RollbackEvent | None = None
    excuse = ""
    with run.stopwatch.step("recover"):
        try:
            plan = plan_recovery(context, entry, new_id)
        except ReplacedByOthers:
            _keep_archive(context, entry)
            raise
        if plan.action is RecoveryAction.CLEAN_UP:
            return ()
        if plan.action is RecoveryAction.VERIFY_NEW and plan.new_id:
            if plan.old_is_gone and entry.successor_runs:
                _start(context, entry, plan.new_id)
            gate = _verify(run, entry, plan.new_id)
            if gate.verdict is Verdict.HEALTHY:
                dependents = repair_dependents(context, entry, plan.new_id)
                gate = _look_again(run, entry, plan.new_id, gate)
            if gate.verdict is Verdict.HEALTHY:
                dependents = _finish(context, entry, plan.new_id, dependents)
                outcome = Outcome.RESTORED if entry.restores else Outcome.RECREATED
                run.interrupted.append(InterruptedRun(entry.container, outcome.value, steps=run.stopwatch.steps[steps_before:]))
                return dependents
            evidence = evidence_of_gate(gate, run.job.health)
            excuse = excuse_for(Stage.RECOVERY, evidence)
            rollback = _rollback_event(context, entry, plan.new_id, gate, evidence)
    dependents = _restore(run, entry, plan)
    if entry.successor is None:
        forget_archive(context, entry.container, entry.old.id)
    if rollback and not excuse:
        reason = f"{rollback.reason.value}: {rollback.failure.error}"
        reject(context, entry.container, entry.old.id, entry.old_image, entry.new_image, reason)
    outcome_of_other = Outcome.ROLLED_BACK.value if rollback else UNDONE
    run.interrupted.append(InterruptedRun(entry.container, outcome_of_other, rollback, run.stopwatch.steps[steps_before:]))
    return dependents


def _rollback_event(context: Context, entry: JournalEntry, new_id: str, gate: HealthOutcome, evidence: Evidence) -> RollbackEvent:
    """Describe the rollback that follows. This comes first, because the failed container takes its log along."""
    reason, cause = reason_and_cause(entry.container, gate, evidence)
    failure = collect_evidence(context.probe, _what_to_discard(entry, new_id), cause, gate.log)
    return RollbackEvent(entry.container, reason, entry.old_image.reference, entry.new_image.reference, entry.archive, failure)


def _keep_archive(context: Context, entry: JournalEntry) -> None:
    old = entry.old
    try:
        ArchiveStore(context.memory).add(entry.container, ArchiveRecord(old.id, entry.archive, old.runs, old.restart_policy, entry.rollout))
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and its archive {entry.archive} could not be recorded: {error}. "
            "Nothing was changed."
        ) from error


def _start(context: Context, entry: JournalEntry, new_id: str) -> None:
    """Start a successor that may never have been started, because there is nothing else to start."""
    try:
        retry_on_refusal(context.clock, lambda: context.ops.start(new_id))
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and the old container is gone. The new one could not be started: "
            f"{error}. Start it with: docker start {entry.container}",
            touched=True,
        ) from error


def _verify(run: Run, entry: JournalEntry, new_id: str) -> HealthOutcome:
    if not entry.successor_runs:
        return HealthOutcome(Verdict.HEALTHY, "is not meant to run")
    return wait_for_health(run.context.probe, run.context.clock, new_id, run.job.health)


def _look_again(run: Run, entry: JournalEntry, new_id: str, gate: HealthOutcome) -> HealthOutcome:
    try:
        return look_again(run.context, run.job.health, entry.container, new_id, gate.last)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted. Its new container passed the health gate, but could not be inspected "
            f"after that: {error}. The archive {entry.archive} was kept. Run the task again.",
            touched=True,
        ) from error


def _finish(context: Context, entry: JournalEntry, new_id: str, dependents: tuple[RepairResult, ...]) -> tuple[RepairResult, ...]:
    remember(context, entry, new_id)
    try:
        if not entry.keep_archive:
            context.ops.remove(entry.archive)
    except NotFound:
        pass
    except EngineError as error:
        raise RecoveryFailed(
            f"Container {entry.container} is up to date, but an interrupted run left its archive {entry.archive}, "
            f"which could not be removed: {error}. Remove it with: docker rm {entry.archive}",
            touched=True,
        ) from error
    return remove_old_dependents(context, entry.old.dependents, dependents)


def _restore(run: Run, entry: JournalEntry, plan: RecoveryPlan) -> tuple[RepairResult, ...]:
    if plan.has_its_name:
        _wait_for_pending_stop(run.context, entry)
    archive = None if plan.has_its_name else entry.archive
    restored = discard_and_restore(run, entry.old, _what_to_discard(entry, plan.new_id), archive)
    if restored.problem is None:
        return restored.dependents
    problem = f"An earlier run on {entry.container} was interrupted, and the old container could not be restored: {restored.problem}."
    if restored.is_in_place and _is_up(run.context, entry.old.id):
        raise StillUnhealthy(f"{problem}{restored.remedy}", touched=True)
    forget = f"To leave it as it is, discard the record of the interrupted run with: {forget_command(entry)}."
    raise RecoveryFailed(f"{problem} {forget}{restored.remedy}", touched=True)


def _what_to_discard(entry: JournalEntry, new_id: str | None) -> ToDiscard:
    if isinstance(entry.successor, ArchiveRecord) and new_id:
        return FailedArchive(entry.successor, entry.new_image.reference, entry.stop_timeout)
    return FailedContainer(new_id, entry.new_image.reference, entry.new_image.id, entry.stop_timeout)


def _is_up(context: Context, container: str) -> bool:
    try:
        return is_active(context.ops.inspect(container).container)
    except EngineError:
        return False


def _wait_for_pending_stop(context: Context, entry: JournalEntry) -> None:
    try:
        wait_for_pending_stop(context, entry.old.id, entry.old.state.started_at, entry.stop_timeout)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and it is unknown whether the engine is still stopping it: {error}. "
            "Run the task again."
        ) from error
