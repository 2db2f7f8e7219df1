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
from ..engine.interfaces import Ports
from ..engine.timing import Stopwatch
from ..plan.decision import Replacement, Skipped, Unchanged
from ..plan.requests import ContainerRequest
from ..state.lock import Guard
from .hooks import HookRunner
from .result import CycleResult, Job, Outcome

if t.TYPE_CHECKING:
    from ..container.dependents import Repaired
    from ..state.journal import Entry
    from .swap import Replaced, RolledBack


ATTEMPTS = 20
"""How often to plan anew when others are faster."""

RECOVERED_FIRST = "An earlier run on this container was interrupted. What it left was brought to its end first."


def run_cycle(ports: Ports, guard: Guard, job: Job) -> CycleResult:
    """Do the job, to the end. Raises as C(recreate_with_health) does."""
    watch = Stopwatch(ports.clock)
    hooks = HookRunner(ports, watch, job.hooks)
    try:
        result = _run(ports, guard, watch, job, hooks)
    except FleetError as error:
        error.touched = error.touched or guard.rescued
        error.hooks = hooks.results
        raise
    return with_recovery(guard, result._replace(hooks=hooks.results))


def with_recovery(guard: Guard, result: CycleResult) -> CycleResult:
    """The result, with what was done for an interrupted run before."""
    if not guard.rescued:
        return result
    from ..container.dependents import attention

    first = () if result.outcome is Outcome.RECOVERED else (RECOVERED_FIRST,)
    return result._replace(
        recovered_first=True,
        dependents=tuple({dependent.name: dependent for dependent in (*guard.repaired, *result.dependents)}.values()),
        warnings=(*first, *attention(guard.repaired), *result.warnings),
    )


def _run(ports: Ports, guard: Guard, watch: Stopwatch, job: Job, hooks: HookRunner) -> CycleResult:
    ending = recreate_one(ports, guard, watch, job, hooks)
    if isinstance(ending, Unchanged):
        return _unchanged(ending, watch, recovered=guard.rescued)
    if isinstance(ending, Skipped):
        return _skipped(ports, ending, watch)
    from .replace import see_through

    return see_through(ports, guard, watch, job, hooks, ending)


def recreate_one(ports: Ports, guard: Guard, watch: Stopwatch, job: Job, hooks: HookRunner) -> Unchanged | Skipped | Replaced | RolledBack:
    """Replace the container and start the new one, without waiting for a verdict on it.

    What an interrupted run left is brought to its end first. From the first touch on, C(guard) holds the container; the caller ends that.
    C(hooks) is what to run in it before it is touched. Raises as C(recreate_with_health) does.
    """

    def rescue(entry: Entry, new_id: str | None) -> tuple[Repaired, ...]:
        from .recovery import recover

        return recover(ports, watch, entry, new_id, job.health)

    for _attempt in range(ATTEMPTS):
        with watch.step("lock"):
            name = name_to_guard(ports, guard, job.request)
            guard.settle(name, rescue)
        decision = job.plan(watch)
        if decision.old.name != name:
            continue
        if not isinstance(decision, Replacement):
            if guard.unwell:
                raise guard.unwell
            return decision
        from .replace import replace_if_as_planned

        ending = replace_if_as_planned(ports, guard, watch, job, hooks, decision)
        if ending:
            return ending
    raise Refused(
        f"Container {job.request.container} was not touched: it was changed by somebody each time that it was about to be updated. "
        "Try again later."
    )


def name_to_guard(ports: Ports, guard: Guard, request: ContainerRequest) -> str:
    """Containers are guarded by name: the ID is another one after every update. Raises JournalFailed.

    While a run is at work, or after one that was interrupted, the container of an ID may have the name of an archive.
    """
    if not request.is_by_id:
        return request.container
    try:
        name = ports.probe.probe(request.container).name
    except EngineError:
        name = request.container  # The plan will say what is wrong.
    # In this order: what had another name when it was looked at is held by a run that has not ended before that.
    return guard.name_of_held(request.container) or name


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


def _skipped(ports: Ports, ending: Skipped, watch: Stopwatch) -> CycleResult:
    return CycleResult(
        outcome=Outcome.SKIPPED,
        container_id=ending.old.id,
        container_name=ending.old.name,
        old_image=ending.old_image,
        new_image=ending.new_image,
        steps=watch.steps,
        skipped=ending,
        warnings=(*ending.warnings, *(_point_tag_back(ports, ending) if ending.moved_tag else ())),
    )


def _point_tag_back(ports: Ports, ending: Skipped) -> tuple[str, ...]:
    from ..image.tags import point_tag_back

    why = ending.reason.value.replace("_", " ")
    return point_tag_back(ports.ops, ending.old.id, ending.old_image, ending.new_image, why)
