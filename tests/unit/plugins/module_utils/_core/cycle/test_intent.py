# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal entry holds everything that a later run needs to finish or undo the update."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import OldContainer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.intent import journal_entry_for, journal_entry_for_missing
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.job import Job
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ContainerRuntimeState, ImageIdentity, RuntimeStatus
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import (
    MissingContainer,
    NewContainer,
    Replacement,
    Unchanged,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Created, JournalEntry
from support.fakes.engine import FakeProcesses

ARCHIVE = "web-old-1000"
DEPENDENT = Dependent("sidecar-id", "sidecar", "old-id", "web", runs=True, shares_with=("old-id",), archive="sidecar-old-1000")
OLD = OldContainer("old-id", "web", "shop:1", ContainerRuntimeState(RuntimeStatus.UNHEALTHY), True, 40.0, {"Name": "always"}, (DEPENDENT,))
NEW = NewContainer(body={}, runs=True)
REPLACEMENT = Replacement(OLD, ImageIdentity("shop:1", "old"), ImageIdentity("shop:2", "new"), NEW, ARCHIVE, stop_timeout=33, seen={})


HEALTH = HealthConfig(health_timeout=100, grace_period=10, min_healthy_time=1)
RECORD = ArchiveRecord("archive-id", "web-old-900", runs=False, restart_policy={"Name": "always"})
HOLDER = FakeProcesses("me").me()


def job(*, keep_archive: bool = False, hooks: Hooks | None = None, health: HealthConfig = HEALTH) -> Job:
    unchanged = Unchanged(OLD, REPLACEMENT.old_image, REPLACEMENT.new_image)
    return Job(
        ContainerRequest("web"), lambda _stopwatch: unchanged, health, keep_archive=keep_archive, hooks=hooks or Hooks(), rollout="7"
    )


@pytest.mark.parametrize("keep_archive", [True, False])
def test_entry_of_an_update_has_all_that_a_recovery_needs(keep_archive: bool) -> None:
    assert journal_entry_for(REPLACEMENT, job(keep_archive=keep_archive), HOLDER) == JournalEntry(
        old=OLD,
        old_image=REPLACEMENT.old_image,
        new_image=REPLACEMENT.new_image,
        successor=Created(runs=True),
        archive=ARCHIVE,
        stop_timeout=33,
        keep_archive=keep_archive,
        lease=2 * 33 + 630 + 2 * 111 + 40 + (10 + 120) + 600,
        holder=HOLDER,
        rollout="7",
    )


def test_entry_of_a_rollback_names_the_archive_as_successor() -> None:
    entry = journal_entry_for(REPLACEMENT._replace(successor=RECORD), job(), HOLDER)
    assert (entry.successor, entry.successor_runs, entry.restores) == (RECORD, False, "archive-id")


def test_entry_of_a_missing_container_has_no_successor() -> None:
    entry = journal_entry_for_missing(MissingContainer(OLD, REPLACEMENT.old_image, RECORD, stop_timeout=5), HEALTH, HOLDER)
    assert (entry.successor, entry.archive, entry.restores, entry.successor_runs) == (None, "web-old-900", "old-id", True)


@pytest.mark.parametrize("runs", [True, False])
def test_entry_has_time_for_a_hook_that_runs(runs: bool) -> None:
    plan = REPLACEMENT._replace(old=OLD._replace(runs=runs))
    with_hook, without = (journal_entry_for(plan, job(hooks=hooks), HOLDER) for hooks in (Hooks(pre_update=("true",)), Hooks()))
    assert (with_hook.lease > without.lease) is runs


def test_stop_without_timeout_does_not_shorten_the_lease() -> None:
    endless, immediate = (journal_entry_for(REPLACEMENT._replace(stop_timeout=timeout), job(), HOLDER).lease for timeout in (-1, 0))
    assert endless >= immediate
