# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cycle: inspect, pull, stop, rename, create, start, health gate; then clean-up, or rollback.

The order is the safety contract. Everything that can be known is decided before the stop; from the rename on there is an archive to go back
to, and every failure leads there.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from dataclasses import dataclass

from .cleanup import Cleanup, clean_up
from .completion import complete
from .dependents import Repaired, attention
from .diff import Diff, diff_of
from .errors import EngineError, FleetError, HookFailed, Refused, StepFailed
from .guard import Guard
from .health import HealthConfig, Verdict, wait_for_health
from .hooks import NO_HOOKS, HookResults, HookRunner, Hooks
from .obtaining import move_tag
from .patience import until_accepted
from .plan import ContainerRequest, RecreateRequest, Replacement, Skipped, Unchanged
from .ports import Document, ImageIdentity, Ports, is_active, name_of
from .preflight import shortened
from .recovery import entry_for, recover
from .rejection import Rejected, point_tag_back, reject
from .rollback import Restored, RollbackEvent, RollbackReason
from .skipping import Decision, plan_recreation
from .stopwatch import StepTime, Stopwatch
from .swap import Replaced, RolledBack, Swap

ATTEMPTS = 20
"""How often to plan anew when others are faster."""

RECOVERED_FIRST = "An earlier run on this container was interrupted. What it left was brought to its end first."

_REASONS = {Verdict.CRASHED: RollbackReason.CRASHED, Verdict.TIMEOUT: RollbackReason.HEALTH_TIMEOUT}


class Outcome(enum.Enum):
    """How a run ended."""

    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"
    SKIPPED = "skipped"
    """The container was left as it is, by the operator's own rules or because the image was rejected before."""
    RECOVERED = "recovered"
    """An interrupted run was brought to its end, and that was all there was to do."""
    RESTORED = "restored"
    """The container that was there before is back."""
    UNKNOWN = "unknown"
    """It cannot be told what a run would come to."""


@dataclass(frozen=True)
class CycleResult:
    """How a run ended, and what is there now.

    C(archive) is the name of an archive that is still there. C(downtime) in seconds is the time from the stop to the start of whichever
    container came up; None when nothing was stopped, or nothing came up. C(dependents) are those for which something was done.
    C(lost_files) are the files that are gone with the old container. C(skipped) is why it was left as it is.
    C(recovered_first) is true when what an interrupted run left was brought to its end before. C(hooks) is what came of the operator's
    hooks. C(diff) is None where nothing changed in the end. C(doubt) is why what was foreseen may turn out otherwise, empty when it was not
    only foreseen.
    """

    outcome: Outcome
    container_id: str
    container_name: str
    old_image: ImageIdentity
    new_image: ImageIdentity
    archive: t.Optional[str] = None
    rollback: t.Optional[RollbackEvent] = None
    restored: t.Optional[Restored] = None
    steps: t.Tuple[StepTime, ...] = ()
    downtime: t.Optional[float] = None
    dependents: t.Tuple[Repaired, ...] = ()
    lost_files: t.Tuple[str, ...] = ()
    skipped: t.Optional[Skipped] = None
    recovered_first: bool = False
    hooks: HookResults = dataclasses.field(default_factory=HookResults)
    diff: t.Optional[Diff] = None
    doubt: str = ""
    warnings: t.Tuple[str, ...] = ()

    @property
    def rejected(self) -> t.Optional[Rejected]:
        """The memory of the rollback for which the image was skipped, None when it was not for one."""
        return self.skipped.rejected if self.skipped else None


Plan = t.Callable[[Stopwatch], Decision]
"""Looks and decides, while nothing is touched. Called again when somebody else was faster."""


@dataclass(frozen=True)
class Job:
    """What a run is to do: decide about a container as C(plan) does, and carry that out.

    With C(keep_archive) nothing is cleaned up: the archive needs its image. It is remembered with C(rollout), which may be empty. C(health)
    is also what the old container has to pass, should it have to come back.
    """

    request: ContainerRequest
    plan: Plan
    health: HealthConfig
    cleanup: Cleanup = dataclasses.field(default_factory=Cleanup)
    keep_archive: bool = False
    hooks: Hooks = NO_HOOKS
    rollout: str = ""


def recreate_with_health(
    ports: Ports,
    guard: Guard,
    request: RecreateRequest,
    health: HealthConfig,
    cleanup: Cleanup,
    *,
    keep_archive: bool = False,
    hooks: Hooks = NO_HOOKS,
    rollout: str = "",
) -> CycleResult:
    """Replace the container, wait for the verdict on the new one, then clean up, or roll back.

    Raises InvalidInput or StepFailed when it ended before there
    could be a new container; the message says how the old one is.
    """

    def plan(watch: Stopwatch) -> Decision:
        return plan_recreation(ports, watch, request)

    return run_cycle(ports, guard, Job(request, plan, health, cleanup, keep_archive, hooks, rollout))


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
    return with_recovery(guard, dataclasses.replace(result, hooks=hooks.results))


def with_recovery(guard: Guard, result: CycleResult) -> CycleResult:
    """The result, with what was done for an interrupted run before."""
    if not guard.rescued:
        return result
    first = () if result.outcome is Outcome.RECOVERED else (RECOVERED_FIRST,)
    return dataclasses.replace(
        result,
        recovered_first=True,
        dependents=tuple({dependent.name: dependent for dependent in (*guard.repaired, *result.dependents)}.values()),
        warnings=(*first, *attention(guard.repaired), *result.warnings),
    )


def _run(ports: Ports, guard: Guard, watch: Stopwatch, job: Job, hooks: HookRunner) -> CycleResult:
    ending = recreate_one(ports, guard, watch, job, hooks)
    if isinstance(ending, Replaced):
        ending = _pass_gate(ports, guard, watch, ending, job.health)
    if isinstance(ending, Unchanged):
        return _unchanged(ending, watch, recovered=guard.rescued)
    if isinstance(ending, Skipped):
        return _skipped(ports, ending, watch)
    if isinstance(ending, RolledBack):
        return _rolled_back(ports, guard, ending, watch)
    replacement = ending.replacement
    with watch.step("complete"):
        entry = entry_for(replacement, job.health, guard.me, keep_archive=job.keep_archive, rollout=job.rollout)
        completion = complete(ports, entry, ending.new_id)
    # Those that depend on it do not wait for the hook.
    hook_warnings = hooks.after_update(replacement.old.name, ending.new_id) if replacement.starts else ()
    archive: t.Optional[str] = replacement.archive
    warnings = (*completion.warnings, *hook_warnings)
    if not job.keep_archive:
        with watch.step("cleanup"):
            archive, more = clean_up(ports.ops, replacement, job.cleanup)
        warnings = (*warnings, *more)
    guard.end()
    return _recreated(ending, watch, archive, completion.dependents, warnings)


def recreate_one(
    ports: Ports, guard: Guard, watch: Stopwatch, job: Job, hooks: HookRunner
) -> t.Union[Unchanged, Skipped, Replaced, RolledBack]:
    """Replace the container and start the new one, without waiting for a verdict on it.

    What an interrupted run left is brought to its end first. From the first touch on, C(guard) holds the container; the caller ends that.
    C(hooks) is what to run in it before it is touched. Raises as C(recreate_with_health) does.
    """
    name = name_to_guard(ports, job.request)
    for _attempt in range(ATTEMPTS):
        with watch.step("lock"):
            guard.settle(name, lambda entry, new_id: recover(ports, watch, entry, new_id, job.health))
        decision = job.plan(watch)
        if not isinstance(decision, Replacement):
            return decision
        if decision.moves_tag:
            move_tag(ports.ops, decision.moves_tag, decision.new_image, decision.old.name)
        entry = entry_for(decision, job.health, guard.me, keep_archive=job.keep_archive, hooks=job.hooks, rollout=job.rollout)
        if guard.begin(entry):
            if _is_as_planned(ports, decision):
                if decision.old.runs:
                    _run_hook_before(ports, guard, hooks, decision)
                return Swap(ports, guard, watch, decision, job.health).run()
            guard.end()
    raise Refused(
        f"Container {name} was not touched: it was changed by somebody each time that it was about to be updated. Try again later."
    )


def _run_hook_before(ports: Ports, guard: Guard, hooks: HookRunner, replacement: Replacement) -> None:
    """The last thing before the first touch, which is written down then, so that nobody has to recover from a hook alone."""
    name = replacement.old.name
    try:
        if not hooks.before_update(name, replacement.old.id):
            return
        if not _is_as_planned(ports, replacement):
            raise _changed_by_hook(ports, replacement)
        guard.note_touch()
    except StepFailed:
        guard.end()
        raise


def _changed_by_hook(ports: Ports, replacement: Replacement) -> HookFailed:
    """A hook may have ended the very process that the container is there for. Then it is started again."""
    old = replacement.old
    try:
        now = ports.ops.inspect(old.id).container
        if is_active(now) or name_of(now) != old.name:
            return HookFailed(
                f"Container {old.name} was changed by somebody while the hook pre_update ran. Nothing was stopped. Try again."
            )
        until_accepted(ports.clock, lambda: ports.ops.start(old.id))
    except EngineError as error:
        return HookFailed(
            f"Container {old.name} does not run any more since the hook pre_update ran, and could not be started again: {error}. "
            f"Bring it back with: docker start {old.name}",
            touched=True,
        )
    return HookFailed(
        f"Container {old.name} did not run any more after the hook pre_update, and was started again, as it was before. "
        "Let the hook leave the container's own process alone.",
        touched=True,
    )


def name_to_guard(ports: Ports, request: ContainerRequest) -> str:
    """Containers are guarded by name: the ID is another one after every update."""
    if not request.is_by_id:
        return request.container
    try:
        return ports.probe.probe(request.container).name
    except EngineError:
        return request.container  # The plan will say what is wrong.


def _is_as_planned(ports: Ports, replacement: Replacement) -> bool:
    """Whether nobody replaced, renamed, stopped, started or changed the container while the image was pulled or the lock was awaited."""
    try:
        now = ports.ops.inspect(replacement.old.id).container
    except EngineError:
        return False
    return is_active(now) == replacement.old.runs and _what_counts(now) == _what_counts(replacement.seen)


def _what_counts(container: Document) -> t.Tuple[t.Any, ...]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return name_of(container), container["Config"], container["HostConfig"], set(networks)


def _pass_gate(ports: Ports, guard: Guard, watch: Stopwatch, replaced: Replaced, health: HealthConfig) -> t.Union[Replaced, RolledBack]:
    if not replaced.replacement.starts:
        return replaced  # It does not run, so there is nothing to judge.
    with watch.step("health_gate"):
        gate = wait_for_health(ports.probe, ports.clock, replaced.new_id, health)
    if gate.verdict is Verdict.HEALTHY:
        return dataclasses.replace(replaced, made_from=gate.last.image_id if gate.last else "")
    swap = Swap(ports, guard, watch, replaced.replacement, health)
    rolled_back = swap.roll_back(_REASONS[gate.verdict], f"{replaced.replacement.old.name} {gate.why}", replaced.new_id)
    return dataclasses.replace(rolled_back, image_is_bad=not gate.blind)


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


def _point_tag_back(ports: Ports, ending: Skipped) -> t.Tuple[str, ...]:
    why = ending.reason.value.replace("_", " ")
    return point_tag_back(ports.ops, ending.old.id, ending.old_image, ending.new_image, why)


def _recreated(
    ending: Replaced, watch: Stopwatch, archive: t.Optional[str], dependents: t.Tuple[Repaired, ...], warnings: t.Tuple[str, ...]
) -> CycleResult:
    replacement = ending.replacement
    new_image = replacement.new_image
    if ending.made_from not in ("", new_image.id):
        moved = f"{new_image.reference} was moved on this host between the pull and the creation"
        warnings = (*warnings, f"{moved}: the container runs {ending.made_from}, not {new_image.id} as it was pulled.")
        new_image = ImageIdentity(new_image.reference, ending.made_from)
    return CycleResult(
        outcome=Outcome.RESTORED if replacement.returning else Outcome.RECREATED,
        container_id=ending.new_id,
        container_name=replacement.old.name,
        old_image=replacement.old_image,
        new_image=new_image,
        archive=archive,
        steps=watch.steps,
        downtime=watch.downtime,
        dependents=dependents,
        lost_files=replacement.lost_files,
        diff=diff_of(replacement, new_image),
        warnings=(*replacement.warnings, *warning_of_lost_files(replacement, "does not have them"), *warnings),
    )


def warning_of_lost_files(replacement: Replacement, are_missing: str) -> t.Tuple[str, ...]:
    """A warning with their names, if there are any. C(are_missing) says that of the new container, in the tense that fits."""
    if not replacement.lost_files:
        return ()
    files = shortened(replacement.lost_files)
    return (f"Files were put into {replacement.old.name} or changed after it was created, and the new one {are_missing}: {files}",)


def _rolled_back(ports: Ports, guard: Guard, ending: RolledBack, watch: Stopwatch) -> CycleResult:
    replacement, restored = ending.replacement, ending.restored
    warnings: t.Tuple[str, ...] = ()
    if restored.problem is None:
        reason = f"{ending.event.reason.value}: {ending.event.failure.error}"
        if ending.image_is_bad:
            warnings = reject(ports, replacement.old.name, replacement.old.id, replacement.old_image, replacement.new_image, reason)
        else:
            warnings = point_tag_back(ports.ops, replacement.old.id, replacement.old_image, replacement.new_image)
        guard.end()  # Otherwise the next run finds the entry, and tries again to bring the old container back.
    return CycleResult(
        outcome=Outcome.ROLLED_BACK,
        container_id=restored.kept or replacement.old.id,
        container_name=replacement.old.name if restored.kept else restored.archive or replacement.old.name,
        old_image=replacement.old_image,
        new_image=replacement.new_image,
        archive=restored.archive or (replacement.returning.name if replacement.returning else None),
        rollback=ending.event,
        restored=restored,
        steps=watch.steps,
        downtime=watch.downtime,
        dependents=restored.dependents,
        warnings=(*replacement.warnings, *attention(restored.dependents), *warnings),
    )
