# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_recreate: replace a container with one of a newer image."""

from __future__ import annotations

from ..cycle.health import HealthConfig
from ..cycle.hooks import NO_HOOKS, Hooks
from ..cycle.result import CycleResult, Job
from ..cycle.run import run_cycle
from ..engine.interfaces import Ports
from ..engine.timing import Stopwatch
from ..plan.decision import Decision
from ..plan.recreate import plan_recreation
from ..plan.requests import Cleanup, RecreateRequest
from ..state.lock import Guard


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
