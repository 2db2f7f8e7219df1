# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look what else runs, before a container is started: two containers must not use data that one of them had alone."""

from __future__ import annotations

from ..container.old_container import OldContainer
from ..container.shared_data import find_rival
from ..engine.errors import EngineError
from ..engine.interfaces import Context
from ..engine.model import Document, RunningContainer
from ..engine.retry import RETRY_INTERVAL, RETRY_REFUSALS_FOR, retry_on_refusal
from .result import RestoreResult


def rival_of(context: Context, old: OldContainer, own_id: str) -> RunningContainer | None:
    """Return a container that runs in the place of `old` or uses its data, and did not do so before the run.

    `own_id` is the container to be started: one that runs already is not started beside another. Never raise EngineError: an engine that
    does not answer starts nothing either.
    """
    try:
        running = retry_on_refusal(context.clock, context.ops.running)
    except EngineError:
        return None
    if any(container.id == own_id for container in running):
        return None
    dependents = (key for dependent in old.dependents for key in (dependent.id, dependent.name))
    return find_rival(old.name, old.data, running, {own_id, *old.sharers, *dependents})


def wait_for_rival(context: Context, old: OldContainer) -> RunningContainer | None:
    """The same for the old container itself. A rival may be about to end, so it gets a moment."""
    deadline = context.clock.monotonic() + RETRY_REFUSALS_FOR
    while True:
        rival = rival_of(context, old, old.id)
        if rival is None or context.clock.monotonic() >= deadline:
            return rival
        context.clock.sleep(RETRY_INTERVAL)


def in_words(rival: RunningContainer, old: OldContainer) -> str:
    """Describe a rival as the beginning of a sentence."""
    if rival.name == old.name:
        return f"another container ({rival.id[:12]}), which something else started, now runs as {old.name}"
    return f"the container {rival.name} ({rival.id[:12]}), which something else started, uses the data of {old.name}"


def left_stopped(old: OldContainer, archive: str | None, rival: RunningContainer) -> RestoreResult:
    """Describe an old container that was not started because of a rival. It keeps the name that it has, and no restart policy."""
    has_name = rival.name == old.name
    commands = (
        f"docker stop {rival.name}",
        *((f"docker rename {rival.name} {rival.name}-other",) if has_name else ()),
        *((f"docker rename {archive} {old.name}",) if archive else ()),
        *((f"docker update --restart={as_option(old.restart_policy)} {old.name}",) if old.has_restart_policy else ()),
        f"docker start {old.name}",
    )
    problem = f"{in_words(rival, old)}, so the old container was left stopped, without a restart policy"
    return RestoreResult(problem, commands, archive, is_in_place=False)


def as_option(policy: Document) -> str:
    """Write a restart policy as the option of `docker update`."""
    retries = policy.get("MaximumRetryCount")
    return f"{policy.get('Name')}:{retries}" if retries else str(policy.get("Name"))
