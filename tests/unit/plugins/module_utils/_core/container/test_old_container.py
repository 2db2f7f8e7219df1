# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken from the inspect document of a container in order to restore it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import old_container
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import RuntimeStatus
from support.fakes.engine import FakeJournal

JOURNAL = FakeJournal()


def container(*, status: str = "running", restarts: int = 0, policy: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    return {
        "Id": "1",
        "Name": "/web",
        "Image": "sha256:old",
        "RestartCount": restarts,
        "State": {"Status": status, "StartedAt": "2026-09-21T14:13:20Z"},
        "Config": {"Image": "shop:1", **config},
        "HostConfig": {"RestartPolicy": policy},
    }


def test_the_identity_of_the_container_is_kept() -> None:
    old = old_container(container(), JOURNAL)
    assert (old.id, old.name, old.image_ref, old.state.status) == ("1", "web", "shop:1", RuntimeStatus.RUNNING)


@pytest.mark.parametrize(("status", "runs"), [("running", True), ("restarting", True), ("exited", False), ("created", False)])
def test_a_container_that_was_stopped_is_restored_as_stopped(status: str, runs: bool) -> None:
    assert old_container(container(status=status), JOURNAL).runs is runs


@pytest.mark.parametrize(
    ("restarts", "uptime", "status"),
    [
        (1, 9, RuntimeStatus.EXITED),
        (1, 10, RuntimeStatus.RUNNING),
        (0, 0, RuntimeStatus.RUNNING),
    ],
)
def test_a_container_counts_as_exited_for_ten_seconds_after_a_restart(restarts: int, uptime: int, status: RuntimeStatus) -> None:
    """In a crash loop, it is up for a moment after each restart."""
    journal = FakeJournal()
    journal.age_of_records = uptime
    assert old_container(container(restarts=restarts), journal).state.status is status


@pytest.mark.parametrize("error", [None, EngineError("GET /info is not allowed")])
def test_container_whose_uptime_is_in_doubt_has_to_stay_up(error: EngineError | None) -> None:
    """F-H9. The engine's clock was set back, or the engine does not tell its time."""
    journal = FakeJournal()
    journal.age_of_records = -3600
    journal.errors += [error] if error else []
    assert old_container(container(restarts=1), journal).state.status is RuntimeStatus.RUNNING


@pytest.mark.parametrize(
    ("check", "seconds"),
    [
        (None, 120),
        ({"StartPeriod": 5_000_000_000}, 125),
        ({"Interval": 0, "Timeout": 0}, 120),
        ({"Interval": 3_000_000_000, "Timeout": 1_000_000_000}, 8),
    ],
)
def test_the_time_to_health_is_the_start_period_and_two_probes(check: dict[str, int] | None, seconds: float) -> None:
    assert old_container(container(Healthcheck=check), JOURNAL).time_to_health == seconds


@pytest.mark.parametrize(
    ("policy", "has_policy"), [(None, False), ({}, False), ({"Name": ""}, False), ({"Name": "no"}, False), ({"Name": "always"}, True)]
)
def test_a_restart_policy_other_than_no_is_recognised(policy: dict[str, Any] | None, has_policy: bool) -> None:
    assert old_container(container(policy=policy), JOURNAL).has_restart_policy is has_policy
