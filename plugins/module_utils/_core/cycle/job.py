# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is asked to do, and what its steps share."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError
from ..engine.interfaces import Context
from ..engine.timing import Stopwatch
from ..plan.decision import Decision
from ..plan.requests import Cleanup, ContainerRequest
from ..state.lock import RunLock
from .health import HealthConfig
from .hooks import NO_HOOKS, HookRunner, Hooks
from .result import InterruptedRun

Planner = t.Callable[[Stopwatch], Decision]
"""Looks and decides, and touches nothing. A run calls it again if the container changes before it is locked."""


class Job(t.NamedTuple):
    """What a run is to do: decide about a container with `plan`, and carry out the decision.

    `health` is the gate for the new container, and for the old one if it is restored. With `keep_archive` nothing is cleaned up, because
    the archive needs its image; the archive is stored with `rollout`, which may be empty. With `rejects`, going back to an archive
    rejects the image of the replaced container.
    """

    request: ContainerRequest
    plan: Planner
    health: HealthConfig
    cleanup: Cleanup = Cleanup()
    keep_archive: bool = False
    hooks: Hooks = NO_HOOKS
    rollout: str = ""
    rejects: bool = True


class Run:
    """One run: the job, and what its steps pass to each other."""

    def __init__(self, context: Context, lock: RunLock, job: Job) -> None:
        self.context = context
        self.lock = lock
        self.job = job
        self.stopwatch = Stopwatch(context.clock)
        self.interrupted: list[InterruptedRun] = []
        """How the interrupted runs that this one recovered have ended."""
        self.hooks = HookRunner(context, self.stopwatch, job.hooks)

    def plan(self) -> Decision:
        """Decide what to do. Nothing is touched. Raise StepFailed."""
        return self.job.plan(self.stopwatch)


def name_to_lock(context: Context, lock: RunLock, request: ContainerRequest) -> str:
    """Return the name of the container, which is what runs lock: its ID changes with every update. Raise JournalFailed.

    While a run is at work, or after one was interrupted, the container with the requested ID may have the name of an archive.
    """
    if not request.is_by_id:
        return request.container
    try:
        name = context.probe.probe(request.container).name
    except EngineError:
        name = request.container  # The plan reports the error.
    # The order matters: if the name changed after the look, the run that changed it still holds the container.
    return lock.name_of_locked(request.container) or name
