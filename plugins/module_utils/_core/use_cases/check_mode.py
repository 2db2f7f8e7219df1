# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode: predict what a run would do, with the decisions that the run itself would make.

Nothing is pulled, locked or changed. What check mode cannot predict is whether the new container passes the gate.
"""

from __future__ import annotations

import typing as t

from ..container.dependents import Repair, RepairResult
from ..container.lost_files import lost_files_warnings
from ..container.old_container import old_container
from ..cycle.job import name_to_lock
from ..cycle.result import CycleResult, Outcome
from ..engine.errors import EngineError, FleetError, Forbidden, InspectFailed, JournalFailed
from ..engine.interfaces import Context, DockerOps
from ..engine.lookup import require_container
from ..engine.model import ImageIdentity, Inspected, is_active
from ..image.resolve import image_of
from ..plan.decision import MissingContainer, Replacement, Skipped, Unchanged
from ..plan.diff import diff_of
from ..plan.recovery import RecoveryAction, RecoveryPlan, plan_recovery
from ..plan.requests import ContainerRequest
from ..state.archives import ArchiveRecord
from ..state.journal import JournalEntry
from ..state.lock import LockHolder, RunLock

CheckedDecision = t.Union[Unchanged, Skipped, Replacement, MissingContainer]

ContextPlanner = t.Callable[[Context, t.Optional[str]], CheckedDecision]
"""Decides in a context. The second argument is the ID of the container that an interrupted run will have restored by then, or None."""


def check(context: Context, lock: RunLock, request: ContainerRequest, plan: ContextPlanner, image: str) -> CycleResult:
    """Return what a run with this plan would return if all went well. Raise what it would raise before it touches anything.

    `image` is the reference that the operator asked for, or empty.
    """
    name = name_to_lock(context, lock, request)
    other, doubt = _find_lock_holder(lock, name)
    if other is None:
        return with_doubt(_predict(context, request, plan, image), doubt)
    if other.may_live:
        return _predict_beside(other, context, request, plan, image)
    return _predict_after(other, context, request, plan, image)


def _find_lock_holder(lock: RunLock, name: str) -> tuple[LockHolder | None, str]:
    """Return the run that holds the container, and why that is uncertain."""
    try:
        return lock.holder(name), ""
    except JournalFailed as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return None, f"the records of earlier runs cannot be read here ({error.__cause__})"


def _predict_beside(other: LockHolder, context: Context, request: ContainerRequest, plan: ContextPlanner, image: str) -> CycleResult:
    """Another run may still be alive. What it leaves decides."""
    at_work = f"another run is working on it (process {other.holder.pid} on {other.holder.host}), and its result decides"
    try:
        result = _predict(context, request, plan, image)
    except InspectFailed:
        entry = other.entry
        new_image = ImageIdentity(image or entry.old_image.reference, "")
        result = CycleResult(Outcome.UNKNOWN, entry.old.id, entry.container, entry.old_image, new_image)
    return with_doubt(_with_warning(result, f"{_how_certain(result)}: {at_work}."), at_work)


def _predict_after(other: LockHolder, context: Context, request: ContainerRequest, plan: ContextPlanner, image: str) -> CycleResult:
    """The run would first recover an interrupted one. That alone is a change."""
    entry = other.entry
    recovery = plan_recovery(context, entry, other.new_id)
    if recovery.action is RecoveryAction.RESTORE or _has_failed(context, entry, recovery):
        context = context._replace(ops=t.cast(DockerOps, _RenamedContainers(context.ops, _names_after_restore(entry))))
    try:
        result = _predict(context, request, lambda context, _rolled_back_to: plan(context, entry.restores), image)
    except FleetError as error:
        error.touched = True
        raise
    if result.outcome is Outcome.UNCHANGED:
        result = result._replace(outcome=Outcome.RECOVERED)
    result = result._replace(recovered_first=True)
    interrupted = "an earlier run on this container was interrupted. This run would recover it first"
    if recovery.action is RecoveryAction.VERIFY_NEW:
        result = with_doubt(result, f"{interrupted}, and the result depends on whether its new container passes the health gate")
    return _with_warning(result, f"{interrupted[0].upper()}{interrupted[1:]}.")


def _names_after_restore(entry: JournalEntry) -> t.Mapping[str, str]:
    """The names that the containers (by ID) will have once the interrupted run is undone."""
    archive = {entry.successor.id: entry.successor.name} if isinstance(entry.successor, ArchiveRecord) else {}
    return {**archive, entry.old.id: entry.container}


def _has_failed(context: Context, entry: JournalEntry, recovery: RecoveryPlan) -> bool:
    """Whether the new container is down, so that the gate would fail it at its first look."""
    if recovery.action is not RecoveryAction.VERIFY_NEW or not recovery.new_id or not entry.successor_runs:
        return False
    try:
        return not is_active(context.ops.inspect(recovery.new_id).container)
    except EngineError:
        return False


class _RenamedContainers:
    """An engine in which containers (by ID) already have the names that a recovery will give them."""

    def __init__(self, ops: DockerOps, names: t.Mapping[str, str]) -> None:
        self._ops = ops
        self._names = names

    def inspect(self, container: str) -> Inspected:
        container_id = next((container_id for container_id, name in self._names.items() if name == container), container)
        inspected = self._ops.inspect(container_id)
        name = self._names.get(inspected.container["Id"])
        return inspected._replace(container={**inspected.container, "Name": f"/{name}"}) if name else inspected

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._ops, name)


def _predict(context: Context, request: ContainerRequest, plan: ContextPlanner, image: str) -> CycleResult:
    try:
        decision = plan(context, None)
    except FleetError as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return _unknown(context, request, image, error.__cause__)
    if isinstance(decision, Skipped):
        return _result(Outcome.SKIPPED, decision)._replace(skipped=decision, moved_tag=decision.moved_tag)
    if isinstance(decision, Unchanged):
        return _result(Outcome.UNCHANGED, decision)._replace(moved_tag=decision.moved_tag)
    if isinstance(decision, MissingContainer):
        return CycleResult(Outcome.RESTORED, decision.old.id, decision.old.name, decision.image, decision.image)
    return _result(Outcome.RESTORED if decision.restores_archive else Outcome.RECREATED, decision)._replace(
        dependents=tuple(RepairResult(dependent.name, dependent.id, Repair.RECREATED) for dependent in decision.old.dependents),
        lost_files=tuple(file.path for file in decision.lost_files),
        diff=diff_of(decision, decision.new_image),
        doubt=decision.doubt,
        warnings=(
            *decision.warnings,
            *decision.consequences,
            *lost_files_warnings(decision.old.name, decision.lost_files, predicted=True),
        ),
    )


def _result(outcome: Outcome, decision: Unchanged | Skipped | Replacement) -> CycleResult:
    return CycleResult(outcome, decision.old.id, decision.old.name, decision.old_image, decision.new_image, warnings=decision.warnings)


def _unknown(context: Context, request: ContainerRequest, image: str, forbidden: Forbidden) -> CycleResult:
    """A call that is needed is not allowed. Raise InspectFailed if even the container may not be inspected."""
    inspected = require_container(context.ops, request.container)
    old, old_image = old_container(inspected.container, context.memory), image_of(inspected)
    why = f"a required call to the engine is not allowed: {forbidden}"
    new_image = ImageIdentity(image or old_image.reference, "")
    result = CycleResult(Outcome.UNKNOWN, old.id, old.name, old_image, new_image, doubt=why)
    return _with_warning(result, f"{_how_certain(result)}: {why}.")


def _how_certain(result: CycleResult) -> str:
    certainty = "unknown" if result.outcome is Outcome.UNKNOWN else "not certain"
    return f"Whether {result.container_name} would change is {certainty}"


def with_doubt(result: CycleResult, doubt: str) -> CycleResult:
    """Add a reason why the prediction may turn out wrong, unless it is empty."""
    return result._replace(doubt="; ".join(filter(None, (result.doubt, doubt))))


def _with_warning(result: CycleResult, warning: str) -> CycleResult:
    return result._replace(warnings=(warning, *result.warnings))
