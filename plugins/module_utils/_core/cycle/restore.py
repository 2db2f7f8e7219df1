# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: out with the new container, in with the old one.

A call whose answer was lost may well have been carried out, and an engine that does not answer may be back in a moment. So each step is
tried again until there is an answer, and what counts is what is true at the end, not what the calls said.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..container.dependents import RepairResult
from ..container.old_container import OldContainer
from ..engine.errors import Conflict, EngineError, NotFound
from ..engine.interfaces import Context, DockerOps, HealthProbe
from ..engine.model import Document, Failure, RuntimeStatus
from ..engine.retry import retry_on_no_answer, retry_on_refusal
from ..engine.timing import Stopwatch
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health
from .repair import restart_dependents

MAX_STOP_GRACE = 10
"""Seconds that a failed container gets to stop by itself, however long its stop timeout is: the old one is waiting."""

NO_RESTART = {"Name": "no"}
"""The restart policy of an archive."""

_WELL = (RuntimeStatus.HEALTHY, RuntimeStatus.RUNNING)


class RollbackReason(enum.Enum):
    """Why the old container is back."""

    HEALTH_TIMEOUT = "health_timeout"
    CRASHED = "crashed"
    CREATE_FAILED = "create_failed"
    START_FAILED = "start_failed"


class FailedContainer(t.NamedTuple):
    """The container to get rid of. `id` is None when none was made, or when the answer that would have told it was lost.

    One that was there before is not removed, but put away under the name `archive`.
    """

    id: str | None
    image_ref: str
    image_id: str
    stop_timeout: int
    answer_lost: bool = False
    archive: str | None = None


class RollbackEvent(t.NamedTuple):
    """What happened to whom, and why. `restored_from` is the archive's name."""

    container: str
    reason: RollbackReason
    old_image_ref: str
    new_image_ref: str
    restored_from: str
    failure: Failure


class RestoreResult(t.NamedTuple):
    """Whether the old container runs under its name again.

    `problem` is None when it does. Otherwise it says what is wrong, and `commands` put it right by hand, as far as commands can.
    `archive` is the name that the old container is still under, None when it has its own, or is gone. `kept` is the ID of the new
    container when that still has the name. `dependents` are those that were started anew with it. `runs` is false for one that is stopped
    because it was. `is_in_place` tells whether it has its name and its restart policy, however it does.
    """

    problem: str | None = None
    commands: tuple[str, ...] = ()
    archive: str | None = None
    kept: str | None = None
    dependents: tuple[RepairResult, ...] = ()
    runs: bool = True
    is_in_place: bool = True

    @property
    def remedy(self) -> str:
        """A sentence with the commands, to be put behind what went wrong. Empty when there are none."""
        return f" Bring it back with: {' && '.join(self.commands)}" if self.commands else ""


def rollback(
    context: Context,
    watch: Stopwatch,
    old: OldContainer,
    new: FailedContainer,
    archive: str,
    reason: RollbackReason,
    cause: str,
    health: HealthConfig,
) -> tuple[RollbackEvent, RestoreResult]:
    """Remove `new` and put `old` back from `archive`.

    `cause` says in words what `reason` says in one. Never raises EngineError: what could not be done is in the result.
    """
    watch.still_down()
    with watch.step("evidence"):
        failure = _failure_of(context.probe, new, cause)
    restored = put_back(context, watch, old, new, archive, health)
    return RollbackEvent(old.name, reason, old.image_ref, new.image_ref, archive, failure), restored


def put_back(
    context: Context, watch: Stopwatch, old: OldContainer, new: FailedContainer, archive: str | None, health: HealthConfig
) -> RestoreResult:
    """Remove `new`, then restore `old`, unless that would make things worse. Never raises EngineError."""
    with watch.step("discard"):
        obstacle = _nothing_to_go_back_to(context.probe, old, new, archive) or _discard(context, old, new, archive)
    return obstacle or _with_way_cleared(context.probe, new, restore(context, watch, old, archive, health))


def restore(context: Context, watch: Stopwatch, old: OldContainer, archive: str | None, health: HealthConfig) -> RestoreResult:
    """Give `old` its name back from `archive` (None: it still has it), start it, check it and repair its dependents.

    Never raises EngineError.
    """
    with watch.step("restore"):
        name_problem = _rename_back(context, old) if archive else None
        # Before the start: a policy that comes after the first crash does not bring a container back into its crash loop.
        policy_problem = _restore_restart_policy(context, old)
        start_problem = _start(context, old) if old.runs else None
        if old.runs and not start_problem:
            watch.came_up()
    with watch.step("check"):
        outcome = _check(context, old, health)
    dependents = _repair_dependents(context, watch, old, outcome)
    # What a start answered counts only where nobody looked afterwards.
    is_back = outcome.verdict is Verdict.HEALTHY and not (start_problem and outcome.last is None)
    if is_back and not name_problem and not policy_problem:
        return RestoreResult(dependents=dependents, runs=old.runs)
    rename = (f"docker rename {archive} {old.name}",) if name_problem else ()
    start = (f"docker start {old.name}",) if outcome.verdict is Verdict.CRASHED or not (is_back or outcome.last) else ()
    state_problem = None if is_back else start_problem or f"{old.name} {outcome.why}"
    policy = (f"docker update --restart={_as_option(old.restart_policy)} {old.name}",) if policy_problem else ()
    problem = "; ".join(problem for problem in (name_problem, state_problem, policy_problem) if problem)
    return RestoreResult(
        problem,
        (*rename, *start, *policy),
        archive if name_problem else None,
        dependents=dependents,
        is_in_place=not name_problem and not policy_problem,
    )


def wait_for_pending_stop(context: Context, container: str, started_at: str, timeout: int) -> None:
    """The engine may go on stopping a container when nobody waits for that any more. While it does, the container looks well.

    Nobody can see it, so one that has not been started again since `started_at` is stopped for good, to be started by us. Raises
    EngineError.
    """
    now = retry_on_no_answer(context.clock, lambda: context.probe.probe(container))
    if now.status is not RuntimeStatus.EXITED and now.started_at == started_at:
        retry_on_no_answer(context.clock, lambda: context.ops.stop(container, timeout))


def _repair_dependents(context: Context, watch: Stopwatch, old: OldContainer, outcome: HealthOutcome) -> tuple[RepairResult, ...]:
    was_never_down = outcome.last is not None and outcome.last.started_at == old.state.started_at
    if not old.dependents or was_never_down:
        return ()
    with watch.step("dependents"):
        return restart_dependents(context, old.dependents, old.id)


def _failure_of(probe: HealthProbe, new: FailedContainer, cause: str) -> Failure:
    """Has to come first: it is gone with the container."""
    if new.id is None:
        return Failure(error=cause)
    try:
        failure = probe.failure(new.id)
    except EngineError:
        return Failure(error=cause)
    return failure._replace(error=failure.error or cause)


def _nothing_to_go_back_to(probe: HealthProbe, old: OldContainer, new: FailedContainer, archive: str | None) -> RestoreResult | None:
    """Somebody may have removed the archive in the meantime. A failed container is better than none."""
    try:
        probe.probe(old.id)
    except NotFound:
        return RestoreResult(
            f"somebody removed its archive {archive}, so the new container was left as it is", kept=new.id, is_in_place=False
        )
    except EngineError:
        return None
    return None


def _discard(context: Context, old: OldContainer, new: FailedContainer, archive: str | None) -> RestoreResult | None:
    """Has to come before the start of the old one: the new one holds its ports, its addresses and its data.

    Returns what is wrong when the new one may go on running.
    """
    try:
        new_id = new.id or (_unseen(context, old.name, new) if new.answer_lost else None)
        if new_id is None:
            return None
        _stop_gently(context.ops, new_id, new.stop_timeout)
        if new.archive:
            _put_away(context, new_id, new.archive)
        else:
            retry_on_no_answer(context.clock, lambda: context.ops.remove(new_id, force=True), also=Conflict)
    except NotFound:
        return None
    except EngineError as error:
        if new.id is None or _has_ended(context.probe, new.id):
            return None  # It may be in the way of the name, but it does not run.
        problem = f"the new container could not be removed ({error}), and the two must not run at once"
        rename = (f"docker rename {archive} {old.name}",) if archive else ()
        discard = f"docker stop {new.id} && docker rename {new.id} {new.archive}" if new.archive else f"docker rm --force {new.id}"
        commands = (discard, *rename, f"docker start {old.name}")
        return RestoreResult(problem, commands, archive, kept=new.id, is_in_place=False)
    return None


def _with_way_cleared(probe: HealthProbe, new: FailedContainer, restored: RestoreResult) -> RestoreResult:
    """A new container that ended, but could not be removed, may still have the name that a command gives back."""
    if restored.archive is None or new.id is None or new.archive:
        return restored
    try:
        probe.probe(new.id)
    except EngineError:
        return restored
    return restored._replace(commands=(f"docker rm --force {new.id}", *restored.commands))


def _put_away(context: Context, container: str, archive: str) -> None:
    """Make an archive of it again."""
    retry_on_no_answer(context.clock, lambda: context.ops.set_restart_policy(container, NO_RESTART))
    now = retry_on_no_answer(context.clock, lambda: context.probe.probe(container))
    if now.status is not RuntimeStatus.EXITED:
        raise EngineError("it does not stop")
    if now.name != archive:
        retry_on_no_answer(context.clock, lambda: context.ops.rename(container, archive))


def _unseen(context: Context, name: str, new: FailedContainer) -> str | None:
    """The container that was created although the answer was lost. One that was ever started is somebody else's."""
    found = retry_on_no_answer(context.clock, lambda: context.ops.inspect(name)).container
    is_ours = found["State"]["Status"] == "created" and found["Image"] == new.image_id
    return found["Id"] if is_ours else None


def _stop_gently(ops: DockerOps, container: str, timeout: int) -> None:
    try:
        ops.stop(container, MAX_STOP_GRACE if timeout < 0 else min(timeout, MAX_STOP_GRACE))
    except EngineError:
        return  # It is removed by force next.


def _has_ended(probe: HealthProbe, container: str) -> bool:
    try:
        return probe.probe(container).status is RuntimeStatus.EXITED
    except NotFound:
        return True
    except EngineError:
        return False


def _rename_back(context: Context, old: OldContainer) -> str | None:
    def rename() -> None:
        try:
            context.ops.rename(old.id, old.name)
        except EngineError:
            # A rename whose answer was lost is refused when it is tried again.
            if not _has_its_name(context.probe, old):
                raise

    try:
        # Whoever has the name may be on the way out.
        retry_on_refusal(context.clock, rename)
    except EngineError as error:
        return f"{old.name} could not be given its name back ({error})"
    return None


def _has_its_name(probe: HealthProbe, old: OldContainer) -> bool:
    try:
        return probe.probe(old.id).name == old.name
    except EngineError:
        return False


def _start(context: Context, old: OldContainer) -> str | None:
    try:
        # It ran before, so what is in its way now, such as somebody at its address, may go away.
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
        return f"{old.name} could not be given its restart policy back ({error})"
    return None


def _as_option(policy: Document) -> str:
    retries = policy.get("MaximumRetryCount")
    return f"{policy.get('Name')}:{retries}" if retries else str(policy.get("Name"))


def _check(context: Context, old: OldContainer, health: HealthConfig) -> HealthOutcome:
    """One that was well has to be well again, in the time that its own health check needs; one that was up has to stay up.

    From one that was in a crash loop no more is asked than it had.
    """
    if old.state.status is RuntimeStatus.EXITED:
        return HealthOutcome(Verdict.HEALTHY, "was not up before either")
    patient = dataclasses.replace(health, health_timeout=max(health.health_timeout, old.time_to_health), min_healthy_time=0)
    return wait_for_health(context.probe, context.clock, old.id, patient, new=False, need_health=old.state.status in _WELL)
