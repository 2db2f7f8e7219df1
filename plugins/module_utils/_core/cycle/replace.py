# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cycle does once it is decided that a container is replaced: from the lock to the last clean-up.

Only a run that replaces a container loads this, and all of it before the stop.
"""

from __future__ import annotations

import typing as t

from ..container.dependents import RepairResult, repair_warnings
from ..engine.errors import EngineError, HookFailed, StepFailed
from ..engine.interfaces import Context
from ..engine.model import Document, HookResult, ImageIdentity, is_active, name_of
from ..engine.retry import retry_on_refusal
from ..engine.timing import Stopwatch
from ..image.tags import move_tag, point_tag_back
from ..plan.decision import Replacement
from ..plan.diff import diff_of
from ..plan.preflight import shortened
from ..state.lock import RunLock
from ..state.rejections import reject
from .finish import clean_up, complete
from .health import HealthConfig, Verdict, wait_for_health
from .hooks import HookRunner
from .intent import journal_entry_for
from .restore import RollbackReason
from .result import CycleResult, Job, Outcome
from .swap import Replaced, RolledBack, Swap

_NOTICES_WITHIN = 5.0
_LOOK_AGAIN_AFTER = 0.1
"""Seconds in which the engine notices that a container has ended, and between two looks."""

_REASONS = {Verdict.CRASHED: RollbackReason.CRASHED, Verdict.TIMEOUT: RollbackReason.HEALTH_TIMEOUT}


def lock_and_replace(
    context: Context, lock: RunLock, watch: Stopwatch, job: Job, hooks: HookRunner, replacement: Replacement
) -> Replaced | RolledBack | None:
    """Hold the container, run the hook in it, and replace it. None when somebody was faster, and nothing was touched.

    Raises StepFailed when it ended before there was a new container; the message says how the old one is.
    """
    if replacement.moves_tag:
        move_tag(context.ops, replacement.moves_tag, replacement.new_image, replacement.old.name)
    entry = journal_entry_for(replacement, job.health, lock.me, keep_archive=job.keep_archive, hooks=job.hooks, rollout=job.rollout)
    if not lock.acquire(entry):
        return None
    if not _unchanged_since_plan(context, replacement):
        lock.release()
        return None
    if replacement.old.runs:
        _run_hook_before(context, lock, hooks, replacement)
    return Swap(context, lock, watch, replacement, job.health).run()


def finish(context: Context, lock: RunLock, watch: Stopwatch, job: Job, hooks: HookRunner, ending: Replaced | RolledBack) -> CycleResult:
    """Wait for the verdict on the new container, then clean up, or roll back. Never raises EngineError."""
    if isinstance(ending, Replaced):
        ending = _pass_gate(context, lock, watch, ending, job.health)
    if isinstance(ending, RolledBack):
        return _rolled_back(context, lock, ending, watch)
    replacement = ending.replacement
    with watch.step("complete"):
        entry = journal_entry_for(replacement, job.health, lock.me, keep_archive=job.keep_archive, rollout=job.rollout)
        completion = complete(context, entry, ending.new_id)
    # Those that depend on it do not wait for the hook.
    hook_warnings = _run_hook_after(context, hooks, ending) if replacement.starts else ()
    archive: str | None = replacement.archive
    warnings = (*completion.warnings, *hook_warnings)
    if not job.keep_archive:
        with watch.step("cleanup"):
            archive, more = clean_up(context.ops, replacement, job.cleanup)
        warnings = (*warnings, *more)
    lock.release()
    return _recreated(ending, watch, archive, completion.dependents, warnings)


def _run_hook_before(context: Context, lock: RunLock, hooks: HookRunner, replacement: Replacement) -> None:
    """The last thing before the first touch, which is written down then, so that nobody has to recover from a hook alone."""
    name = replacement.old.name
    try:
        try:
            if not hooks.before_update(name, replacement.old.id):
                return
        except HookFailed as error:
            raise (_ended_by_hook(context, replacement, hooks.results.pre_update) or error) from None
        if not _unchanged_since_plan(context, replacement):
            raise _ended_by_hook(context, replacement, hooks.results.pre_update) or _changed_meanwhile(replacement)
        lock.mark_touched()
    except StepFailed:
        lock.release()
        raise


def _run_hook_after(context: Context, hooks: HookRunner, replaced: Replaced) -> tuple[str, ...]:
    """Returns warnings. What it ended is started again."""
    name = replaced.replacement.old.name
    warnings = hooks.after_update(name, replaced.new_id)
    if not hooks.hooks.post_update:
        return warnings
    try:
        if is_active(_look_after(context, replaced.new_id, hooks.results.post_update)):
            return warnings
        retry_on_refusal(context.clock, lambda: context.ops.start(replaced.new_id))
    except EngineError as error:
        return (*warnings, f"Container {name} may not run since the hook post_update ran: {error}. Look at it with: docker ps -a")
    ended = f"Container {name} did not run any more after the hook post_update, and was started again."
    return (*warnings, f"{ended} Let the hook leave the container's own process alone.")


def _changed_meanwhile(replacement: Replacement) -> HookFailed:
    return HookFailed(
        f"Container {replacement.old.name} was changed by somebody while the hook pre_update ran. Nothing was stopped. Try again."
    )


def _ended_by_hook(context: Context, replacement: Replacement, hook: HookResult | None) -> HookFailed | None:
    """A hook may have ended the very process that the container is there for. Then it is started again. None when it runs."""
    old = replacement.old
    try:
        now = _look_after(context, old.id, hook)
        if is_active(now) or name_of(now) != old.name:
            return None
        retry_on_refusal(context.clock, lambda: context.ops.start(old.id))
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


def _look_after(context: Context, container: str, hook: HookResult | None) -> Document:
    """How a container is after a hook. One that was killed was so with the container, as a rule, and the engine may notice that later."""
    deadline = context.clock.monotonic() + (_NOTICES_WITHIN if hook and hook.was_killed else 0)
    while True:
        now = context.ops.inspect(container).container
        if not is_active(now) or context.clock.monotonic() >= deadline:
            return now
        context.clock.sleep(_LOOK_AGAIN_AFTER)


def _unchanged_since_plan(context: Context, replacement: Replacement) -> bool:
    """Whether nobody replaced, renamed, stopped, started or changed the container while the image was pulled or the lock was awaited."""
    try:
        now = context.ops.inspect(replacement.old.id).container
    except EngineError:
        return False
    return is_active(now) == replacement.old.runs and _fingerprint(now) == _fingerprint(replacement.seen)


def _fingerprint(container: Document) -> tuple[t.Any, ...]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    host_config = container["HostConfig"]
    # The engine tells these in another order each time.
    links, ulimits = sorted(host_config.get("Links") or ()), sorted(host_config.get("Ulimits") or (), key=str)
    return name_of(container), container["Config"], {**host_config, "Links": links, "Ulimits": ulimits}, set(networks)


def _pass_gate(context: Context, lock: RunLock, watch: Stopwatch, replaced: Replaced, health: HealthConfig) -> Replaced | RolledBack:
    if not replaced.replacement.starts:
        return replaced  # It does not run, so there is nothing to judge.
    with watch.step("health_gate"):
        gate = wait_for_health(context.probe, context.clock, replaced.new_id, health)
    if gate.verdict is Verdict.HEALTHY:
        return replaced._replace(made_from=gate.last.image_id if gate.last else "")
    swap = Swap(context, lock, watch, replaced.replacement, health)
    rolled_back = swap.roll_back(_REASONS[gate.verdict], f"{replaced.replacement.old.name} {gate.why}", replaced.new_id)
    return rolled_back._replace(image_is_bad=not gate.blind)


def _recreated(
    ending: Replaced, watch: Stopwatch, archive: str | None, dependents: tuple[RepairResult, ...], warnings: tuple[str, ...]
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


def warning_of_lost_files(replacement: Replacement, are_missing: str) -> tuple[str, ...]:
    """A warning with their names, if there are any. `are_missing` says that of the new container, in the tense that fits."""
    if not replacement.lost_files:
        return ()
    files = shortened(replacement.lost_files)
    return (f"Files were put into {replacement.old.name} or changed after it was created, and the new one {are_missing}: {files}",)


def _rolled_back(context: Context, lock: RunLock, ending: RolledBack, watch: Stopwatch) -> CycleResult:
    replacement, restored = ending.replacement, ending.restored
    warnings: tuple[str, ...] = ()
    if restored.problem is None:
        reason = f"{ending.event.reason.value}: {ending.event.failure.error}"
        if ending.image_is_bad:
            warnings = reject(context, replacement.old.name, replacement.old.id, replacement.old_image, replacement.new_image, reason)
        else:
            warnings = point_tag_back(context.ops, replacement.old.id, replacement.old_image, replacement.new_image)
        lock.release()  # Otherwise the next run finds the entry, and tries again to bring the old container back.
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
        warnings=(*replacement.warnings, *repair_warnings(restored.dependents), *warnings),
    )
