# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_recreate: replace a container with one of a newer image."""

from __future__ import annotations

from ..cycle.health import HealthConfig
from ..cycle.hooks import NO_HOOKS, Hooks
from ..cycle.job import Job
from ..cycle.result import CycleResult
from ..cycle.run import run_cycle
from ..engine.interfaces import Context
from ..engine.timing import Stopwatch
from ..plan.decision import Decision
from ..plan.recreate import plan_recreation
from ..plan.requests import Cleanup, RecreateRequest
from ..state.lock import RunLock


def recreate_with_health(
    context: Context,
    lock: RunLock,
    request: RecreateRequest,
    health: HealthConfig,
    cleanup: Cleanup,
    *,
    keep_archive: bool = False,
    hooks: Hooks = NO_HOOKS,
    rollout: str = "",
) -> CycleResult:
    """Replace the container and wait for the verdict on the new one. Then clean up, or roll back.

    Raise InvalidInput or StepFailed if the run ended before the old container was archived; the message says how that container is.
    """

    def plan(watch: Stopwatch) -> Decision:
        return plan_recreation(context, watch, request)

    return run_cycle(context, lock, Job(request, plan, health, cleanup, keep_archive, hooks, rollout))
