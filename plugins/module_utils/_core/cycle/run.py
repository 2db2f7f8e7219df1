# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cycle: inspect, pull, stop, rename, create, start, health gate; then clean-up, or rollback.

The order is the safety contract. Everything that can be known is decided before the stop; from the rename on there is an archive to go back
to, and every failure leads there.
"""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, FleetError, Refused
from ..engine.interfaces import Context
from ..engine.timing import Stopwatch
from ..plan.decision import Replacement, Skipped, Unchanged
from ..plan.requests import ContainerRequest
from ..state.lock import RunLock
from .hooks import HookRunner
from .result import CycleResult, Job, Outcome

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult
    from ..state.journal import JournalEntry
    from .swap import Replaced, RolledBack


ATTEMPTS = 20
"""How often to plan anew when others are faster."""

RECOVERED_FIRST = "An earlier run on this container was interrupted. What it left was brought to its end first."


def run_cycle(context: Context, lock: RunLock, job: Job) -> CycleResult:
    """Do the job, to the end. Raises as `recreate_with_health` does."""
    watch = Stopwatch(context.clock)
    hooks = HookRunner(context, watch, job.hooks)
    try:
        result = _run(context, lock, watch, job, hooks)
    except FleetError as error:
        error.touched = error.touched or lock.recovered
        error.hooks = hooks.results
        raise
    return with_recovery(lock, result._replace(hooks=hooks.results))


def with_recovery(lock: RunLock, result: CycleResult) -> CycleResult:
    """The result, with what was done for an interrupted run before."""
    if not lock.recovered:
        return result
    from ..container.dependents import repair_warnings

    first = () if result.outcome is Outcome.RECOVERED else (RECOVERED_FIRST,)
    return result._replace(
        recovered_first=True,
        dependents=tuple({dependent.name: dependent for dependent in (*lock.repaired, *result.dependents)}.values()),
        warnings=(*first, *repair_warnings(lock.repaired), *result.warnings),
    )


def _run(context: Context, lock: RunLock, watch: Stopwatch, job: Job, hooks: HookRunner) -> CycleResult:
    ending = recreate_one(context, lock, watch, job, hooks)
    if isinstance(ending, Unchanged):
        return _unchanged(ending, watch, recovered=lock.recovered)
    if isinstance(ending, Skipped):
        return _skipped(context, ending, watch)
    from .replace import finish

    return finish(context, lock, watch, job, hooks, ending)


def recreate_one(
    context: Context, lock: RunLock, watch: Stopwatch, job: Job, hooks: HookRunner
) -> Unchanged | Skipped | Replaced | RolledBack:
    """Replace the container and start the new one, without waiting for a verdict on it.

    What an interrupted run left is brought to its end first. From the first touch on, `lock` holds the container; the caller ends that.
    `hooks` is what to run in it before it is touched. Raises as `recreate_with_health` does.
    """

    def rescue(entry: JournalEntry, new_id: str | None) -> tuple[RepairResult, ...]:
        from .recovery import recover

        return recover(context, watch, entry, new_id, job.health)

    for _attempt in range(ATTEMPTS):
        with watch.step("lock"):
            name = name_to_lock(context, lock, job.request)
            lock.wait_and_recover(name, rescue)
        decision = job.plan(watch)
        if decision.old.name != name:
            continue
        if not isinstance(decision, Replacement):
            if lock.unwell:
                raise lock.unwell
            return decision
        from .replace import lock_and_replace

        ending = lock_and_replace(context, lock, watch, job, hooks, decision)
        if ending:
            return ending
    raise Refused(
        f"Container {job.request.container} was not touched: it was changed by somebody each time that it was about to be updated. "
        "Try again later."
    )


def name_to_lock(context: Context, lock: RunLock, request: ContainerRequest) -> str:
    """Containers are guarded by name: the ID is another one after every update. Raises JournalFailed.

    While a run is at work, or after one that was interrupted, the container of an ID may have the name of an archive.
    """
    if not request.is_by_id:
        return request.container
    try:
        name = context.probe.probe(request.container).name
    except EngineError:
        name = request.container  # The plan will say what is wrong.
    # In this order: what had another name when it was looked at is held by a run that has not ended before that.
    return lock.name_of_locked(request.container) or name


def _unchanged(ending: Unchanged, watch: Stopwatch, *, recovered: bool) -> CycleResult:
    return CycleResult(
        outcome=Outcome.RECOVERED if recovered else Outcome.UNCHANGED,
        container_id=ending.old.id,
        container_name=ending.old.name,
        old_image=ending.old_image,
        new_image=ending.new_image,
        steps=watch.steps,
        warnings=ending.warnings,
    )


def _skipped(context: Context, ending: Skipped, watch: Stopwatch) -> CycleResult:
    return CycleResult(
        outcome=Outcome.SKIPPED,
        container_id=ending.old.id,
        container_name=ending.old.name,
        old_image=ending.old_image,
        new_image=ending.new_image,
        steps=watch.steps,
        skipped=ending,
        warnings=(*ending.warnings, *(_point_tag_back(context, ending) if ending.moved_tag else ())),
    )


def _point_tag_back(context: Context, ending: Skipped) -> tuple[str, ...]:
    from ..image.tags import point_tag_back

    why = ending.reason.value.replace("_", " ")
    return point_tag_back(context.ops, ending.old.id, ending.old_image, ending.new_image, why)
