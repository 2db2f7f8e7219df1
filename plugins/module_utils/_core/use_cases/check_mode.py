# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run would come to, found out by the very decisions that it would make, without a pull, a lock, or any other change.

What it cannot foresee is whether the new container passes the gate.
"""

from __future__ import annotations

import typing as t

from ..container.dependents import Repair, RepairResult
from ..container.old_container import old_container
from ..cycle.recovery import RecoveryAction, RecoveryPlan, plan_recovery
from ..cycle.replace import warning_of_lost_files
from ..cycle.result import CycleResult, Outcome
from ..cycle.run import name_to_lock
from ..engine.errors import EngineError, FleetError, Forbidden, InspectFailed, JournalFailed
from ..engine.image_reference import ImageReference
from ..engine.interfaces import Context, DockerOps
from ..engine.model import ImageIdentity, Inspected, PullPolicy, is_active
from ..engine.timing import Stopwatch
from ..image.pull import ImageSource
from ..image.resolve import ResolvedImage, image_of, match_running, resolve
from ..plan.decision import Decision, Skipped, Unchanged
from ..plan.diff import diff_of
from ..plan.recreate import inspect_exactly, plan_recreation
from ..plan.requests import ContainerRequest, RecreateRequest
from ..plan.rollback import plan_rollback
from ..state.journal import JournalEntry
from ..state.lock import LockHolder, RunLock
from ..state.rejections import Rejections

Plan = t.Callable[[Context, t.Optional[str]], Decision]
"""Decides in a world; the ID is that of the container that an interrupted run would have brought back by then."""

_MAYBE_TOO_YOUNG = "whether it is as old as min_image_age asks for, only a pull can tell"
_MAYBE_REJECTED = "whether it is the image that this container was gone back from earlier, only a pull can tell"


def check_recreate(context: Context, lock: RunLock, request: RecreateRequest, source: ImageSource | None = None) -> CycleResult:
    """What `recreate_with_health` would return if all went well. Raises what it would raise before anything is touched.

    `source` tells what image there is. Without it, the registry is asked.
    """

    def plan(world: Context, _went_back_to: str | None) -> Decision:
        return plan_recreation(world, Stopwatch(world.clock), request, source or ask)

    result = _check(context, lock, request, plan, request.image or "")
    if result.outcome is not Outcome.RECREATED or result.new_image.id:
        return result
    if request.min_image_age:
        result = _with_doubt(result, _MAYBE_TOO_YOUNG)
    return _with_doubt(result, _doubt_about_rejection(context, request, result))


def check_rollback(context: Context, lock: RunLock, request: ContainerRequest) -> CycleResult:
    """What `rollback_to_archive` would return if all went well. Raises what it would raise before anything is touched."""

    def plan(world: Context, rolled_back_to: str | None) -> Decision:
        return plan_rollback(world, rolled_back_to, Stopwatch(world.clock), request)

    return _check(context, lock, request, plan, "")


def ask(ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
    """Tell which image a pull would bring, in place of the pull. Raises EngineError where the pull would, and where nobody can say."""
    return match_running(resolve(ops, reference, policy), inspected.container["Image"], _digests_of(inspected))


def _digests_of(inspected: Inspected) -> set[str]:
    return {repo_digest.rpartition("@")[2] for repo_digest in (inspected.image or {}).get("RepoDigests") or ()}


def _check(context: Context, lock: RunLock, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    name = name_to_lock(context, lock, request)
    other, doubt = _look_for_others(lock, name)
    if other is None:
        return _with_doubt(_expect(context, request, plan, wanted), doubt)
    if other.may_live:
        return _beside(other, context, request, plan, wanted)
    return _after(other, context, request, plan, wanted)


def _look_for_others(lock: RunLock, name: str) -> tuple[LockHolder | None, str]:
    """Whoever holds the container, and why that is not certain."""
    try:
        return lock.holder(name), ""
    except JournalFailed as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return None, f"what earlier runs have written down must not be read here ({error.__cause__})"


def _beside(other: LockHolder, context: Context, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    at_work = f"another run is at work on it (process {other.holder.pid} on {other.holder.host}), and what it leaves behind decides"
    try:
        result = _expect(context, request, plan, wanted)
    except InspectFailed:
        image = ImageIdentity(other.entry.old_image_ref, other.entry.old_image_id)
        result = CycleResult(
            Outcome.UNKNOWN, other.entry.old_id, other.entry.container, image, ImageIdentity(wanted or image.reference, "")
        )
    return _with_doubt(_with_warning(result, f"{_is_foretold(result)}: {at_work}."), at_work)


def _after(other: LockHolder, context: Context, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    """The interrupted run is brought to its end first. That alone is a change."""
    entry = other.entry
    recovery = plan_recovery(context, entry, other.new_id)
    world = context
    if recovery.action is RecoveryAction.RESTORE or _has_failed(context, entry, recovery):
        names = {**({entry.returning.id: entry.returning.name} if entry.returning else {}), entry.old_id: entry.container}
        world = context._replace(ops=t.cast(DockerOps, _RenamedContainers(context.ops, names)))
    rolled_back_to = entry.returning.id if entry.returning else None
    try:
        result = _expect(world, request, lambda world, _nobody: plan(world, rolled_back_to), wanted)
    except FleetError as error:
        error.touched = True
        raise
    if result.outcome is Outcome.UNCHANGED:
        result = result._replace(outcome=Outcome.RECOVERED)
    result = result._replace(recovered_first=True)
    interrupted = "an earlier run on this container was interrupted. What it left would be brought to its end first"
    if recovery.action is RecoveryAction.VERIFY_NEW:
        result = _with_doubt(result, f"{interrupted}, and whether its new container passes the gate decides")
    return _with_warning(result, f"{interrupted[0].upper()}{interrupted[1:]}.")


def _has_failed(context: Context, entry: JournalEntry, recovery: RecoveryPlan) -> bool:
    """Whether the gate has only to look once."""
    if recovery.action is not RecoveryAction.VERIFY_NEW or not recovery.new_id or not entry.starts:
        return False
    try:
        return not is_active(context.ops.inspect(recovery.new_id).container)
    except EngineError:
        return False


class _RenamedContainers:
    """An engine in which containers (by ID) have the names that they will be given."""

    def __init__(self, ops: DockerOps, names: t.Mapping[str, str]) -> None:
        self._ops = ops
        self._names = names

    def inspect(self, container: str) -> Inspected:
        bearer = next((bearer for bearer, name in self._names.items() if name == container), container)
        inspected = self._ops.inspect(bearer)
        name = self._names.get(inspected.container["Id"])
        return inspected._replace(container={**inspected.container, "Name": f"/{name}"}) if name else inspected

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._ops, name)


def _expect(context: Context, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    try:
        decision = plan(context, None)
    except FleetError as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return _unknown(context, request, wanted, error.__cause__)
    if isinstance(decision, Skipped):
        return _result(Outcome.SKIPPED, decision)._replace(skipped=decision)
    if isinstance(decision, Unchanged):
        return _result(Outcome.UNCHANGED, decision)
    if decision.returning and decision.returning.id == decision.old.id:  # It only fills the gap.
        return _result(Outcome.RESTORED, decision)._replace(new_image=decision.old_image)
    return _result(Outcome.RESTORED if decision.returning else Outcome.RECREATED, decision)._replace(
        dependents=tuple(RepairResult(dependent.name, dependent.id, Repair.RECREATED) for dependent in decision.old.dependents),
        lost_files=decision.lost_files,
        diff=diff_of(decision, decision.new_image),
        doubt=decision.doubt,
        warnings=(*decision.warnings, *warning_of_lost_files(decision, "will not have them")),
    )


def _result(outcome: Outcome, decision: Decision) -> CycleResult:
    return CycleResult(outcome, decision.old.id, decision.old.name, decision.old_image, decision.new_image)


def _unknown(context: Context, request: ContainerRequest, wanted: str, forbidden: Forbidden) -> CycleResult:
    """Nobody may say. Raises InspectFailed when not even the container may be looked at."""
    inspected = inspect_exactly(context.ops, request.container)
    old, image = old_container(inspected.container, context.clock.unix_seconds()), image_of(inspected)
    why = f"a call to the engine that is needed to tell is not let through: {forbidden}"
    result = CycleResult(Outcome.UNKNOWN, old.id, old.name, image, ImageIdentity(wanted or image.reference, ""), doubt=why)
    return _with_warning(result, f"{_is_foretold(result)}: {why}.")


def _is_foretold(result: CycleResult) -> str:
    cannot = "cannot be told" if result.outcome is Outcome.UNKNOWN else "is not certain"
    return f"Whether {result.container_name} would be changed {cannot}"


def _doubt_about_rejection(context: Context, request: RecreateRequest, result: CycleResult) -> str:
    """An image that was gone back from may be remembered by its ID only, which nobody knows of an image that is not here."""
    rejected = None if request.force else Rejections(context.memory).recall(result.container_name)
    return _MAYBE_REJECTED if rejected and not rejected.digest else ""


def _with_doubt(result: CycleResult, doubt: str) -> CycleResult:
    return result._replace(doubt="; ".join(filter(None, (result.doubt, doubt))))


def _with_warning(result: CycleResult, warning: str) -> CycleResult:
    return result._replace(warnings=(warning, *result.warnings))
