# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container that an update replaces and that a rollback restores."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError
from ..engine.interfaces import Journal
from ..engine.model import EMPTY, ContainerRuntimeState, Document, Record, RuntimeStatus, is_active, name_of
from .shared_data import Data, data_of

if t.TYPE_CHECKING:
    from .dependents import Dependent


NO_RESTART: Document = {"Name": "no"}
"""The restart policy of an archive."""

_STABLE_AFTER = 10
"""Seconds of uptime after which an exit no longer counts as part of a crash loop. The engine uses the same limit."""


class OldContainer(t.NamedTuple):
    """The container that a rollback restores.

    `state` is its state before the run touched anything. `runs` is whether it should run: a container that was stopped is restored as
    stopped. `time_to_health` is how many seconds its health check needs to report healthy. `restart_policy` is its restart policy.
    `dependents` are the containers that cannot work while it is stopped. `data` are the volumes and folders that it uses, and `sharers` the
    names and IDs of the containers that used them beside it.
    """

    id: str
    name: str
    image_ref: str
    state: ContainerRuntimeState
    runs: bool = True
    time_to_health: float = 0.0
    restart_policy: Document = EMPTY
    dependents: tuple[Dependent, ...] = ()
    data: tuple[Data, ...] = ()
    sharers: tuple[str, ...] = ()

    @property
    def has_restart_policy(self) -> bool:
        return self.restart_policy.get("Name") not in (None, "", "no")


def old_container(container: Document, journal: Journal) -> OldContainer:
    """Take from an inspect document what is needed to restore the container. `journal` knows the engine's time."""
    return OldContainer(
        id=container["Id"],
        name=name_of(container),
        image_ref=container["Config"]["Image"],
        state=_state(container, journal),
        runs=is_active(container),
        time_to_health=_time_to_health(container["Config"].get("Healthcheck") or {}),
        restart_policy=container["HostConfig"].get("RestartPolicy") or {},
        data=data_of(container.get("Mounts") or ()),
    )


def _state(container: Document, journal: Journal) -> ContainerRuntimeState:
    """Like `ContainerRuntimeState.from_inspect`, but a container in a crash loop counts as exited even while it is up for a moment."""
    state = ContainerRuntimeState.from_inspect(container)
    if state.restarts and _has_just_started(state, journal):
        return state._replace(status=RuntimeStatus.EXITED)
    return state


def _has_just_started(state: ContainerRuntimeState, journal: Journal) -> bool:
    """Compare the engine's time stamp with the engine's time: the clock of this host may be off. In doubt, return False."""
    try:
        return 0 <= journal.age(Record("", state.started_at)) < _STABLE_AFTER
    except EngineError:
        return False


def _time_to_health(check: Document) -> float:
    """The least number of seconds to wait for `healthy`: the start period and two probes. The defaults are the engine's."""
    start_period, interval, timeout = (
        (check.get(field) or default) / 1e9 for field, default in (("StartPeriod", 0), ("Interval", 30e9), ("Timeout", 30e9))
    )
    return float(start_period + 2 * (interval + timeout))
