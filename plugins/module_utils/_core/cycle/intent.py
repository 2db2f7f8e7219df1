# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has to write down in case it is interrupted, before it touches anything."""

from __future__ import annotations

from ..plan.decision import Replacement
from ..state.journal import Holder, JournalEntry
from .health import HealthConfig
from .hooks import NO_HOOKS, Hooks

ENDLESS_STOP = 630
CALLS = 600
A_DEPENDENT = 120
"""Seconds: the longest that a stop is waited for beyond its timeout, that all other calls of a run can take together, and that a dependent
can take beyond its stop timeout."""


def journal_entry_for(
    replacement: Replacement, health: HealthConfig, holder: Holder, *, keep_archive: bool, hooks: Hooks = NO_HOOKS, rollout: str = ""
) -> JournalEntry:
    """What has to be known of `replacement` to bring it to its end, should its run be interrupted."""
    hooks = hooks if replacement.old.runs else NO_HOOKS
    old, new = replacement.old, replacement.new_image
    return JournalEntry(
        container=old.name,
        archive=replacement.archive,
        old_id=old.id,
        old_image_ref=old.image_ref,
        old_image_id=replacement.old_image.id,
        old_status=old.state.status.value,
        old_started_at=old.state.started_at,
        runs=old.runs,
        restart_policy=old.restart_policy,
        time_to_health=old.time_to_health,
        dependents=old.dependents,
        new_image_ref=new.reference,
        new_image_id=new.id,
        stop_timeout=replacement.stop_timeout,
        returning=replacement.returning,
        keep_archive=keep_archive,
        lease=_longest_run(replacement, health) + hooks.longest,
        holder=holder,
        announces_touch=hooks.pre_update is not None,
        rollout=rollout,
    )


def _longest_run(replacement: Replacement, health: HealthConfig) -> float:
    """Seconds, with room to spare: a stop that is asked for twice, two gates, and every call answered as late as it may be."""
    stop = 2 * abs(replacement.stop_timeout) + ENDLESS_STOP
    dependents = sum(abs(dependent.stop_timeout) + A_DEPENDENT for dependent in replacement.old.dependents)
    gates = 2 * (health.health_timeout + health.grace_period + health.min_healthy_time) + replacement.old.time_to_health
    return stop + gates + dependents + CALLS
