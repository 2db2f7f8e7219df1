# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back: the container that was there before takes the place of the one that runs now, by the same cycle as an update."""

from __future__ import annotations

from ..container.dependents import repair_warnings
from ..cycle.finish import forget_archive
from ..cycle.health import HealthConfig
from ..cycle.intent import journal_entry_for
from ..cycle.recovery import recover
from ..cycle.report import Report, cycle_report
from ..cycle.restore import restore
from ..cycle.result import CycleResult, Job, Outcome
from ..cycle.run import ATTEMPTS, run_cycle, with_recovery
from ..engine.errors import FleetError, RestoreFailed
from ..engine.interfaces import Context
from ..engine.timing import Stopwatch
from ..plan.decision import Replacement, Unchanged
from ..plan.requests import ContainerRequest
from ..plan.rollback import _is_missing, _plan, _plan_restore_missing
from ..state.lock import RunLock


def rollback_to_archive(
    context: Context, lock: RunLock, request: ContainerRequest, health: HealthConfig, *, keep_archive: bool = False
) -> CycleResult:
    """Put the newest archive of a container back in its place, wait for the verdict on it, and remove the one that ran, or bring that back.

    With `keep_archive` the one that ran becomes an archive itself. Raises InvalidInput or StepFailed when it ended before anything was
    replaced; the message says how things are.
    """
    result = restore_missing(context, lock, request, health)
    if result:
        return result

    def plan(watch: Stopwatch) -> Unchanged | Replacement:
        return _plan(context, lock.rolled_back_to, watch, request)

    return run_cycle(context, lock, Job(request, plan, health, keep_archive=keep_archive))


def restore_missing(context: Context, lock: RunLock, request: ContainerRequest, health: HealthConfig) -> CycleResult | None:
    """Where nobody has the name, nobody has to go. None where somebody has it."""
    watch = Stopwatch(context.clock)
    try:
        for _attempt in range(ATTEMPTS):
            if not _is_missing(context.ops, request):
                return None
            with watch.step("lock"):
                lock.wait_and_recover(request.container, lambda entry, new_id: recover(context, watch, entry, new_id, health))
            if not _is_missing(context.ops, request):
                return None
            gap = _plan_restore_missing(context, request)
            if lock.acquire(journal_entry_for(gap, health, lock.me, keep_archive=False)):
                if _is_missing(context.ops, request):
                    return with_recovery(lock, _restore_missing(context, lock, watch, gap, health))
                lock.release()
    except FleetError as error:
        error.touched = error.touched or lock.recovered
        raise
    return None  # The plan will say what is wrong.


def _restore_missing(context: Context, lock: RunLock, watch: Stopwatch, gap: Replacement, health: HealthConfig) -> CycleResult:
    old = gap.old
    restored = restore(context, watch, old, gap.archive, health)
    if restored.problem:
        raise RestoreFailed(
            f"Container {old.name} is gone, and its archive {gap.archive} could not be brought back: {restored.problem}.{restored.remedy}",
            touched=True,
        )
    warnings = forget_archive(context, old.name, old.id)
    lock.release()
    return CycleResult(
        outcome=Outcome.RESTORED,
        container_id=old.id,
        container_name=old.name,
        old_image=gap.old_image,
        new_image=gap.old_image,
        steps=watch.steps,
        dependents=restored.dependents,
        warnings=(*repair_warnings(restored.dependents), *warnings),
    )


_ONLY_OF_RECREATE = ("lost_files", "rejected", "hooks")


def rollback_report(result: CycleResult) -> Report:
    """Return the return values of container_rollback. A rollback loses no files, skips no rejected image and runs no hooks."""
    return {name: value for name, value in cycle_report(result).items() if name not in _ONLY_OF_RECREATE}
