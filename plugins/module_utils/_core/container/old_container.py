# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container that an update replaces, and that a rollback goes back to."""

from __future__ import annotations

import typing as t

from ..engine.model import EMPTY, ContainerRuntimeState, Document, RuntimeStatus, is_active, name_of
from ..engine.timing import unix_seconds_of

if t.TYPE_CHECKING:
    from .dependents import Dependent


NO_RESTART: Document = {"Name": "no"}
"""The restart policy of an archive."""

_PROBATION = 10
"""Seconds that a container has to stay up before its next exit is one of its own, and not one more of a crash loop, also to the engine."""


class OldContainer(t.NamedTuple):
    """The container to go back to.

    `state` is what it was doing before anything was touched, and `runs` whether it is meant to run: a container that was stopped comes
    back stopped. `time_to_health` in seconds is what its health check needs to report healthy. `restart_policy` is what the engine does
    when it exits, and when the engine itself starts. `dependents` lose what they need of it while it is stopped.
    """

    id: str
    name: str
    image_ref: str
    state: ContainerRuntimeState
    runs: bool = True
    time_to_health: float = 0.0
    restart_policy: Document = EMPTY
    dependents: tuple[Dependent, ...] = ()

    @property
    def has_restart_policy(self) -> bool:
        return self.restart_policy.get("Name") not in (None, "", "no")


def old_container(container: Document, now: int) -> OldContainer:
    """What has to be known of an inspected container to bring it back. `now` is in seconds since 1970."""
    return OldContainer(
        id=container["Id"],
        name=name_of(container),
        image_ref=container["Config"]["Image"],
        state=_state(container, now),
        runs=is_active(container),
        time_to_health=_time_to_health(container["Config"].get("Healthcheck") or {}),
        restart_policy=container["HostConfig"].get("RestartPolicy") or {},
    )


def _state(container: Document, now: int) -> ContainerRuntimeState:
    """In a crash loop it is up for a moment again and again, which is not to be taken for running."""
    state = ContainerRuntimeState.from_inspect(container)
    started_at = unix_seconds_of(state.started_at)
    if state.restarts and started_at is not None and now - started_at < _PROBATION:
        return state._replace(status=RuntimeStatus.EXITED)
    return state


def _time_to_health(check: Document) -> float:
    """Seconds that its own health check gives a container, at the least, until it can report healthy. The defaults are the engine's."""
    start_period, interval, timeout = (
        (check.get(field) or default) / 1e9 for field, default in (("StartPeriod", 0), ("Interval", 30e9), ("Timeout", 30e9))
    )
    return float(start_period + 2 * (interval + timeout))
