# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run records before it touches anything, so that a later run can finish or undo it."""

from __future__ import annotations

from ..container.old_container import OldContainer
from ..engine.model import ImageIdentity
from ..plan.decision import MissingContainer, Replacement
from ..state.archives import ArchiveRecord
from ..state.journal import Created, Holder, JournalEntry
from .health import HealthConfig
from .hooks import NO_HOOKS
from .job import Job

_STOP_OVERRUN = 630
"""Seconds that the run waits for a stop beyond its timeout."""
_OTHER_CALLS = 600
"""Seconds that all other calls can take together."""
_PER_DEPENDENT = 120
"""Seconds that a dependent can take beyond its stop timeout."""


def journal_entry_for(plan: Replacement, job: Job, holder: Holder) -> JournalEntry:
    """Record a replacement."""
    hooks = job.hooks if plan.old.runs else NO_HOOKS
    return JournalEntry(
        old=plan.old,
        old_image=plan.old_image,
        new_image=plan.new_image,
        successor=plan.successor if isinstance(plan.successor, ArchiveRecord) else Created(plan.successor.runs),
        archive=plan.archive,
        stop_timeout=plan.stop_timeout,
        keep_archive=job.keep_archive,
        lease=_longest_run(plan.old, plan.stop_timeout, job.health) + hooks.longest,
        holder=holder,
        rollout=job.rollout,
        rejects=job.rejects,
    )


def journal_entry_for_missing(plan: MissingContainer, health: HealthConfig, holder: Holder) -> JournalEntry:
    """Record that an archive is restored because no container has its name. Nothing succeeds it."""
    return JournalEntry(
        old=plan.old,
        old_image=plan.image,
        new_image=ImageIdentity(plan.image.reference, ""),
        successor=None,
        archive=plan.archive.name,
        stop_timeout=plan.stop_timeout,
        keep_archive=False,
        lease=_longest_run(plan.old, plan.stop_timeout, health),
        holder=holder,
    )


def _longest_run(old: OldContainer, stop_timeout: int, health: HealthConfig) -> float:
    """Seconds, with a margin: a stop that is requested twice, two gates, and every call answered as late as possible."""
    stop = 2 * abs(stop_timeout) + _STOP_OVERRUN
    dependents = sum(abs(dependent.stop_timeout) + _PER_DEPENDENT for dependent in old.dependents)
    gates = 2 * (health.health_timeout + health.grace_period + health.min_healthy_time) + old.time_to_health
    return stop + gates + dependents + _OTHER_CALLS
