# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cycle: lock, plan, pre_update, swap, health gate, dependents, post_update, second look, commit or restore, clean up.

The order is the safety contract. Everything that can be known is decided before the stop. From the rename on there is an archive to go back
to, and every failure leads there. From the commit on there is no way back.
"""

from __future__ import annotations

import typing as t

from ..engine.errors import FleetError, PlanOutdated, Refused
from ..engine.interfaces import Context, DockerOps
from ..plan.decision import Replacement, Skipped, Unchanged
from ..state.lock import RunLock
from .job import Job, Run, name_to_lock
from .result import CycleResult, Outcome

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult
    from ..state.journal import JournalEntry

ATTEMPTS = 20
"""How often to plan again if the container changes before it is locked."""

RECOVERED_FIRST = "An earlier run on {} was interrupted. This run recovered it first."


def run_cycle(context: Context, lock: RunLock, job: Job) -> CycleResult:
    """Do the job. Raise InvalidInput or StepFailed if the run ended before the old container was archived."""
    run = Run(context, lock, job)
    try:
        attempts = 0
        while attempts < ATTEMPTS:
            result = recreate_one(run)
            if result:
                return with_recovery(run, result._replace(hooks=run.hooks.results))
            attempts += not lock.was_in_the_way  # Waiting for another run has its own limit, lock_timeout.
        raise Refused(
            f"Container {job.request.container} was not changed: something else modified it on each of {ATTEMPTS} attempts. "
            "Try again later."
        )
    except FleetError as error:
        error.touched = error.touched or lock.recovered
        error.hooks = run.hooks.results
        raise


def recreate_one(run: Run) -> CycleResult | None:
    """Carry out one attempt. Return None if the container changed before it was locked; it is as it was then. Raise StepFailed."""
    name = wait_and_recover(run)
    try:
        decision = run.plan()
    except PlanOutdated:
        return None
    if decision.old.name != name:
        return None  # It was renamed: another run would lock the new name.
    if not isinstance(decision, Replacement):
        return _leave_as_it_is(run, decision)

    from .replace import ReplaceSteps  # Loads all that a replacement needs, before the stop.
    from .swap import SuccessorFailed

    steps = ReplaceSteps(run, decision)
    steps.point_tag_at_image()
    if not steps.acquire_lock():
        return None
    steps.pre_update()
    try:
        steps.swap()
        steps.health_gate()
        steps.repair_dependents()
        steps.post_update()
        steps.look_again()
    except SuccessorFailed as failure:
        return steps.restore(failure)
    steps.commit()
    steps.clean_up()
    return steps.result()


def wait_and_recover(run: Run) -> str:
    """Wait until no other run works on the container, and recover an interrupted run. Return the container's name. Raise StepFailed."""

    def recover_entry(entry: JournalEntry, new_id: str | None) -> tuple[RepairResult, ...]:
        from .recovery import recover

        return recover(run, entry, new_id)

    with run.stopwatch.step("lock"):
        name = name_to_lock(run.context, run.lock, run.job.request)
        run.lock.wait_and_recover(name, recover_entry)
    return name


def with_recovery(run: Run, result: CycleResult) -> CycleResult:
    """Add what the run did to recover an interrupted one."""
    lock = run.lock
    if not lock.recovered:
        return result
    from ..container.dependents import repair_warnings

    own_outcome = result.container_name if result.outcome is Outcome.RECOVERED else None
    first = tuple(RECOVERED_FIRST.format(container) for container in lock.recovered_containers if container != own_outcome)
    return result._replace(
        recovered_first=True,
        interrupted=next((one for one in run.interrupted if one.container == result.container_name), None),
        dependents=tuple({dependent.name: dependent for dependent in (*lock.repaired, *result.dependents)}.values()),
        warnings=(*first, *repair_warnings(lock.repaired), *result.warnings),
    )


def _leave_as_it_is(run: Run, decision: Unchanged | Skipped) -> CycleResult:
    if run.lock.still_unhealthy:
        raise run.lock.still_unhealthy
    skipped = decision if isinstance(decision, Skipped) else None
    unchanged = Outcome.RECOVERED if decision.old.name in run.lock.recovered_containers else Outcome.UNCHANGED
    result = CycleResult(
        outcome=Outcome.SKIPPED if skipped else unchanged,
        container_id=decision.old.id,
        container_name=decision.old.name,
        old_image=decision.old_image,
        new_image=decision.new_image,
        steps=run.stopwatch.steps,
        skipped=skipped,
        moved_tag=decision.moved_tag,
        warnings=decision.warnings,
    )
    return result._replace(warnings=(*result.warnings, *point_tag_back_if_moved(run.context.ops, result)))


def point_tag_back_if_moved(ops: DockerOps, result: CycleResult) -> tuple[str, ...]:
    """Point the tag of a container that is left as it is back at the image that it runs. Return a warning if that fails."""
    if not result.moved_tag or result.old_image.id == result.new_image.id:
        return ()
    from ..image.tags import point_tag_back

    label = result.skipped.reason.value.replace("_", " ") if result.skipped else "pulled"
    return point_tag_back(ops, result.container_id, result.old_image, result.new_image, label)
