# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results and errors as the return values of a module."""

from __future__ import annotations

import re
import typing as t

from ..engine.errors import FleetError, PullFailed, StepFailed
from ..engine.model import ImageIdentity, ReturnValues
from ..plan.decision import SkipReason
from .message import Task, message_of, message_of_error
from .result import CycleResult, InterruptedRun, Outcome, RollbackEvent

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult
    from ..engine.model import HookResult, HookResults
    from ..engine.timing import StepTime

_NOTHING_DONE = (Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.UNKNOWN)


def cycle_report(result: CycleResult, task: Task = Task.RECREATE, *, predicted: bool = False) -> ReturnValues:
    """The return values of container_recreate. `failed` is true if the request was not fulfilled. `predicted` is true for a prediction.

    The module itself issues the warnings.
    """
    report: ReturnValues = {
        "failed": False,
        "changed": result.recovered_first or result.outcome not in _NOTHING_DONE,
        "outcome": result.outcome.value,
        "container": {"id": result.container_id, "name": result.container_name},
        "archive": result.archive,
        "image": {"old": _image(result.old_image), "new": _image(result.new_image)},
        "rollback": None,
        "rollback_failed": False,
        "steps": _steps(result.steps),
        "downtime_seconds": None if result.downtime is None else round(result.downtime, 3),
        "dependents": [_dependent(dependent) for dependent in result.dependents],
        "lost_files": list(result.lost_files),
        "rejected": result.rejected.return_values() if result.rejected else None,
        "hooks": _hooks(result.hooks),
        "doubt": result.doubt or None,
        "interrupted_run": _interrupted(result.interrupted) if result.interrupted else None,
        **message_of(result, task, predicted=predicted),
    }
    if result.skipped:
        report.update(skip_reason=result.skipped.reason.value)
    if result.rollback and result.restored:
        report.update(
            failed=True,
            rollback=_rollback(result.rollback),
            rollback_failed=result.restored.problem is not None,
            error_class=result.rollback.reason.value,
        )
    if result.was_tried_before:
        rollback = result.interrupted.rollback if result.interrupted else None
        report.update(failed=True, error_class=rollback.reason.value if rollback else "image_rejected")
    if result.lost:
        report.update(failed=True, error_class="lost_after_update")
    return report


def fail_on(report: ReturnValues, *, rejected: bool, unknown: bool) -> ReturnValues:
    """Return a report as that of a failure if it is about an image that was `rejected`, or about an `unknown` outcome."""
    if rejected and report.get("skip_reason") == SkipReason.REJECTED.value:
        return {**report, "failed": True, "error_class": "image_rejected"}
    if unknown and report["outcome"] == Outcome.UNKNOWN.value:
        return {**report, "failed": True, "error_class": "outcome_unknown"}
    return report


def diff_report(result: CycleResult) -> ReturnValues:
    """The diff as Ansible prints it. It is empty if nothing changed."""
    header = f"container {result.container_name}"
    before, after = (result.diff.before, result.diff.after) if result.diff else ("", "")
    return {"before": before or "", "after": after or "", "before_header": header, "after_header": header}


def error_report(error: FleetError) -> ReturnValues:
    """The return values of a module that failed before there was a result."""
    failed_step = error.step if isinstance(error, StepFailed) else None
    hooks = {"hooks": _hooks(error.hooks)} if error.hooks and error.hooks.pre_update else {}
    return {
        **message_of_error(error),
        "changed": error.touched,
        "failed_step": failed_step,
        "error_class": _class_of(error),
        **hooks,
    }


def _class_of(error: FleetError) -> str:
    """The word for the kind of error: the kind of pull error, or the name of the error class."""
    if isinstance(error, PullFailed) and error.kind:
        return error.kind.value
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def _hooks(results: HookResults) -> ReturnValues:
    return {"pre_update": _hook(results.pre_update), "post_update": _hook(results.post_update)}


def _hook(result: HookResult | None) -> ReturnValues | None:
    if result is None:
        return None
    return {
        "exit_code": result.exit_code,
        "output": result.output,
        "seconds": round(result.seconds, 3),
        "timed_out": result.timed_out,
    }


def _dependent(dependent: RepairResult) -> ReturnValues:
    return {"name": dependent.name, "id": dependent.id, "repair": dependent.repair.value, "problem": dependent.problem}


def _image(image: ImageIdentity) -> ReturnValues:
    return {**image.return_values(), "id": image.id or None}


def _interrupted(interrupted: InterruptedRun) -> ReturnValues:
    return {
        "outcome": interrupted.outcome,
        "rollback": _rollback(interrupted.rollback) if interrupted.rollback else None,
        "steps": _steps(interrupted.steps),
        "downtime_seconds": None,
    }


def _steps(steps: t.Iterable[StepTime]) -> list[ReturnValues]:
    return [{"name": step.name, "seconds": round(step.seconds, 3)} for step in steps]


def _rollback(event: RollbackEvent) -> ReturnValues:
    return {
        "container": event.container,
        "reason": event.reason.value,
        "old_image_ref": event.old_image_ref,
        "new_image_ref": event.new_image_ref,
        "restored_from": event.restored_from,
        "failure": {
            "exit_code": event.failure.exit_code,
            "oom_killed": event.failure.oom_killed,
            "error": event.failure.error,
            "health_log": [dict(entry) for entry in event.failure.health_log],
            "logs": list(event.failure.logs),
        },
    }
