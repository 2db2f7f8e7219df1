# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_rollback: put an archive back in the place of the container, by the same cycle as an update."""

from __future__ import annotations

from ..container.dependents import repair_warnings
from ..cycle.finish import forget_archive
from ..cycle.health import HealthConfig
from ..cycle.intent import journal_entry_for_missing
from ..cycle.job import Job, Run
from ..cycle.message import Task
from ..cycle.report import cycle_report
from ..cycle.restore import restore
from ..cycle.result import CycleResult, Outcome
from ..cycle.run import ATTEMPTS, run_cycle, wait_and_recover, with_recovery
from ..engine.errors import FleetError, RestoreFailed
from ..engine.interfaces import Context
from ..engine.model import ReturnValues
from ..engine.timing import Stopwatch
from ..plan.decision import MissingContainer, Replacement, Unchanged
from ..plan.requests import ContainerRequest
from ..plan.rollback import is_missing, plan_missing, plan_return, plan_rollback
from ..state.lock import RunLock


def rollback_to_archive(
    context: Context,
    lock: RunLock,
    request: ContainerRequest,
    health: HealthConfig,
    *,
    keep_archive: bool = False,
    rejects: bool = True,
) -> CycleResult:
    """Replace the container with its newest archive, and wait for the verdict on it. Then remove the container, or restore it.

    With `keep_archive` the replaced container becomes an archive itself. With `rejects` its image is recorded as rejected. Raise
    InvalidInput or StepFailed if the run ended before anything was replaced; the message says how things are.
    """

    def plan(stopwatch: Stopwatch) -> Unchanged | Replacement:
        return plan_return(context, lock.rolled_back_to, stopwatch, request)

    job = Job(request, plan, health, keep_archive=keep_archive, rejects=rejects)
    return restore_missing(Run(context, lock, job)) or run_cycle(context, lock, job)


def check_rollback(context: Context, lock: RunLock, request: ContainerRequest) -> CycleResult:
    """Return what `rollback_to_archive` would return if all went well. Raise what it would raise before it touches anything."""
    from .check_mode import CheckedDecision, check

    def plan(context: Context, rolled_back_to: str | None) -> CheckedDecision:
        return plan_rollback(context, rolled_back_to, Stopwatch(context.clock), request)

    return check(context, lock, request, plan, "")


def restore_missing(run: Run) -> CycleResult | None:
    """Restore the newest archive if no container has the name. Return None if one has, or if the plan has to report an error."""
    ops, request = run.context.ops, run.job.request
    try:
        for _attempt in range(ATTEMPTS):
            if not is_missing(ops, request):
                return None
            wait_and_recover(run)
            if not is_missing(ops, request):
                return None
            plan = plan_missing(run.context, request)
            if run.lock.acquire(journal_entry_for_missing(plan, run.job.health, run.lock.me)):
                if is_missing(ops, request):
                    return with_recovery(run, _restore(run, plan))
                run.lock.release()
    except FleetError as error:
        error.touched = error.touched or run.lock.recovered
        raise
    return None


def _restore(run: Run, plan: MissingContainer) -> CycleResult:
    old = plan.old
    restored = restore(run, old, plan.archive.name)
    if restored.problem:
        raise RestoreFailed(
            f"Container {old.name} is gone, and its archive {plan.archive.name} could not be restored: "
            f"{restored.problem}.{restored.remedy}",
            touched=True,
        )
    warnings = forget_archive(run.context, old.name, old.id)
    run.lock.release()
    return CycleResult(
        outcome=Outcome.RESTORED,
        container_id=old.id,
        container_name=old.name,
        old_image=plan.image,
        new_image=plan.image,
        steps=run.stopwatch.steps,
        dependents=restored.dependents,
        warnings=(*repair_warnings(restored.dependents), *warnings),
    )


_ONLY_OF_RECREATE = ("lost_files", "rejected", "hooks")


def rollback_report(result: CycleResult, *, predicted: bool = False) -> ReturnValues:
    """Return the return values of container_rollback. A rollback loses no files, skips no rejected image and runs no hooks."""
    report = cycle_report(result, Task.ROLLBACK, predicted=predicted)
    return {name: value for name, value in report.items() if name not in _ONLY_OF_RECREATE}
