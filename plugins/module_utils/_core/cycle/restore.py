# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roll back: put the failed successor out of the way, and restore the old container.

A call whose answer was lost may have been carried out, and an engine that does not answer may be back in a moment. So each step is retried
until there is an answer, and the result states what is true in the end, not what the calls returned.
"""

from __future__ import annotations

import dataclasses

from ..container.dependents import RepairResult
from ..container.old_container import OldContainer
from ..engine.errors import EngineError
from ..engine.interfaces import Context, HealthProbe
from ..engine.model import NO_EVENTS, Document, EventLog, RuntimeStatus
from ..engine.retry import retry_on_no_answer, retry_on_refusal
from ..engine.timing import Stopwatch
from ..plan.decision import Replacement
from .discard import ToDiscard, collect_evidence, discard, unless_archive_is_gone, with_name_freed
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health
from .job import Run
from .repair import restart_dependents
from .result import RestoreResult, RollbackEvent, RollbackReason
from .rivals import as_option, left_stopped, wait_for_rival

_WELL = (RuntimeStatus.HEALTHY, RuntimeStatus.RUNNING)
_NO_RETRIES: Document = {"MaximumRetryCount": 0}


def rollback(
    run: Run, plan: Replacement, failed: ToDiscard, reason: RollbackReason, cause: str, log: EventLog = NO_EVENTS
) -> tuple[RollbackEvent, RestoreResult]:
    """Put `failed` out of the way and restore the old container from its archive. `cause` describes the reason, `log` has its events.

    Never raise EngineError: the result says what could not be done.
    """
    run.stopwatch.still_down()
    with run.stopwatch.step("evidence"):
        failure = collect_evidence(run.context.probe, failed, cause, log)
    restored = discard_and_restore(run, plan.old, failed, plan.archive)
    return RollbackEvent(plan.old.name, reason, plan.old.image_ref, failed.image_ref, plan.archive, failure), restored


def discard_and_restore(run: Run, old: OldContainer, failed: ToDiscard, archive: str | None) -> RestoreResult:
    """Discard `failed`, then restore `old`, unless that would make things worse. Never raise EngineError."""
    context = run.context
    with run.stopwatch.step("discard"):
        obstacle = unless_archive_is_gone(context.probe, old, failed, archive) or discard(context, old, failed, archive)
    return obstacle or with_name_freed(context.probe, failed, restore(run, old, archive))


def restore(run: Run, old: OldContainer, archive: str | None) -> RestoreResult:
    """Rename `old` back from `archive` (None: it has its name), start it, check it and repair its dependents. Never raise EngineError."""
    context, stopwatch = run.context, run.stopwatch
    with stopwatch.step("restore"):
        rival = wait_for_rival(context, old) if old.runs else None
        if rival:
            return left_stopped(old, archive, rival)
        name_problem = _rename_back(context, old) if archive else None
        rival = wait_for_rival(context, old) if name_problem and old.runs else None
        if rival:
            return left_stopped(old, archive, rival)  # What had taken the name was not running yet before.
        # Before the start: a policy that is set after the first crash does not bring a container back into its crash loop.
        policy_problem = _restore_restart_policy(context, old)
        start_problem = _start(context, old) if old.runs else None
        if old.runs and not start_problem:
            stopwatch.came_up()
    with stopwatch.step("check"):
        outcome = _check(context, old, run.job.health)
    dependents = _repair_dependents(context, stopwatch, old, outcome)
    # The answer to the start matters only if no look succeeded afterwards.
    is_back = outcome.verdict is Verdict.HEALTHY and not (start_problem and outcome.last is None)
    if is_back and not name_problem and not policy_problem:
        return RestoreResult(dependents=dependents, runs=old.runs)
    rename = (f"docker rename {archive} {old.name}",) if name_problem else ()
    start = (f"docker start {old.name}",) if outcome.verdict is Verdict.CRASHED or not (is_back or outcome.last) else ()
    state_problem = None if is_back else start_problem or f"{old.name} {outcome.why}"
    policy = (f"docker update --restart={as_option(old.restart_policy)} {old.name}",) if policy_problem else ()
    problem = "; ".join(problem for problem in (name_problem, state_problem, policy_problem) if problem)
    return RestoreResult(
        problem,
        (*rename, *start, *policy),
        archive if name_problem else None,
        dependents=dependents,
        is_in_place=not name_problem and not policy_problem,
    )


def wait_for_pending_stop(context: Context, container: str, started_at: str, timeout: int) -> None:
    """Finish a stop that the engine may still be carrying out although no client waits for it. Raise EngineError.

    Until the engine sends the signal, the container looks well. So a container that has not been started since `started_at` is stopped for
    good here, and started again later. `timeout` is in seconds.
    """
    now = retry_on_no_answer(context.clock, lambda: context.probe.probe(container))
    if now.status is not RuntimeStatus.EXITED and now.started_at == started_at:
        retry_on_no_answer(context.clock, lambda: context.ops.stop(container, timeout))


def _repair_dependents(context: Context, stopwatch: Stopwatch, old: OldContainer, outcome: HealthOutcome) -> tuple[RepairResult, ...]:
    was_never_down = outcome.last is not None and outcome.last.started_at == old.state.started_at
    if not old.dependents or was_never_down:
        return ()
    with stopwatch.step("dependents"):
        return restart_dependents(context, old.dependents, old.id)


def _rename_back(context: Context, old: OldContainer) -> str | None:
    def rename() -> None:
        try:
            context.ops.rename(old.id, old.name)
        except EngineError:
            # The engine refuses to repeat a rename whose answer was lost.
            if not _has_its_name(context.probe, old):
                raise

    try:
        # The container that has the name may be about to go.
        retry_on_refusal(context.clock, rename)
    except EngineError as error:
        return f"{old.name} could not get its name back ({error})"
    return None


def _has_its_name(probe: HealthProbe, old: OldContainer) -> bool:
    try:
        return probe.probe(old.id).name == old.name
    except EngineError:
        return False


def _start(context: Context, old: OldContainer) -> str | None:
    try:
        # The container ran before, so an obstacle such as a taken address may clear.
        retry_on_refusal(context.clock, lambda: context.ops.start(old.id))
    except EngineError as error:
        return f"{old.name} could not be started ({error})"
    return None


def _restore_restart_policy(context: Context, old: OldContainer) -> str | None:
    if not old.has_restart_policy:
        return None
    try:
        retry_on_no_answer(context.clock, lambda: context.ops.set_restart_policy(old.id, old.restart_policy))
    except EngineError as error:
        if not has_own_restart_policy(context, old):
            return f"the restart policy of {old.name} could not be restored ({error})"
    return None


def has_own_restart_policy(context: Context, old: OldContainer) -> bool:
    """Whether the container has the restart policy that it had before the run. Never raise EngineError."""
    try:
        now = context.ops.inspect(old.id).container["HostConfig"].get("RestartPolicy") or {}
    except EngineError:
        return False
    return {**_NO_RETRIES, **now} == {**_NO_RETRIES, **old.restart_policy}


def _check(context: Context, old: OldContainer, health: HealthConfig) -> HealthOutcome:
    """Require what the container had: healthy if it was healthy, within the time that its own health check needs; up if it was up.

    A container that was in a crash loop does not have to stay up.
    """
    if old.state.status is RuntimeStatus.EXITED:
        return HealthOutcome(Verdict.HEALTHY, "was not up before either")
    patient = dataclasses.replace(health, health_timeout=max(health.health_timeout, old.time_to_health), min_healthy_time=0)
    return wait_for_health(context.probe, context.clock, old.id, patient, new=False, require_healthy=old.state.status in _WELL)
