# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Predict an update: container_recreate in check mode, and container_prepare."""

from __future__ import annotations

from ..cycle.result import CycleResult, Outcome
from ..engine.interfaces import Context
from ..engine.timing import Stopwatch
from ..image.pull import ImageSource
from ..image.resolve import ask_registry
from ..plan.decision import Decision
from ..plan.recreate import plan_update
from ..plan.requests import RecreateRequest
from ..state.lock import RunLock
from ..state.rejections import Rejections
from .check_mode import check, with_doubt

_MAYBE_TOO_YOUNG = "only a pull can show whether the image is old enough for min_image_age"
_MAYBE_REJECTED = "only a pull can show whether this is the image that an earlier rollback rejected"


def check_recreate(context: Context, lock: RunLock, request: RecreateRequest, source: ImageSource = ask_registry) -> CycleResult:
    """Return what `recreate_with_health` would return if all went well. Raise what it would raise before it touches anything.

    `source` finds the image.
    """

    def plan(context: Context, _rolled_back_to: str | None) -> Decision:
        return plan_update(context, Stopwatch(context.clock), request, source)

    result = check(context, lock, request, plan, request.image or "")
    if result.outcome is not Outcome.RECREATED or result.new_image.id:
        return result
    if request.min_image_age:
        result = with_doubt(result, _MAYBE_TOO_YOUNG)
    return with_doubt(result, _doubt_about_rejection(context, request, result))


def _doubt_about_rejection(context: Context, request: RecreateRequest, result: CycleResult) -> str:
    """Only a pull can tell if the rejected image is known only by its ID, or if the new one is in an index that is not on this host."""
    rejected = None if request.force else Rejections(context.memory).recall(result.container_name)
    return _MAYBE_REJECTED if rejected and not (rejected.digest and result.new_image.manifest) else ""
