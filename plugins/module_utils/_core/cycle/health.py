# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health gate: watch a container until there is a verdict."""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from ..engine.errors import EngineError, NotFound
from ..engine.interfaces import Clock, HealthProbe
from ..engine.model import ContainerRuntimeState, EventLog, RuntimeStatus
from ..engine.timing import require_seconds

_RETRY_FAILED_PROBES_FOR = 30.0
"""Seconds for which every look must fail before the gate gives up."""


class OnUnhealthy(enum.Enum):
    """What the gate does while a new container reports the status unhealthy."""

    WAIT = "wait"
    FAIL = "fail"


@dataclass(frozen=True)
class HealthConfig:
    """The limits of the gate. Times are in seconds.

    A declared health check must report healthy within `health_timeout`, and stay healthy for `min_healthy_time`. A container without a
    health check must stay up for `grace_period`. `poll_interval` is the time between two looks. With `on_unhealthy: fail`, the status
    unhealthy ends the gate at once. Raise InvalidInput.
    """

    health_timeout: float = 120.0
    grace_period: float = 10.0
    poll_interval: float = 1.0
    min_healthy_time: float = 0.0
    on_unhealthy: OnUnhealthy = OnUnhealthy.WAIT

    def __post_init__(self) -> None:
        for option in ("health_timeout", "grace_period", "poll_interval", "min_healthy_time"):
            require_seconds(option, getattr(self, option))


class Verdict(enum.Enum):
    """The verdict of the gate."""

    HEALTHY = "healthy"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


class HealthOutcome(t.NamedTuple):
    """The verdict, and the reason as the end of a sentence that starts with the container's name.

    `last` is the last look that succeeded. `seen_up` is true if any look found the container up. `unreadable` is true if the gate gave up
    because its looks failed, and `missed_looks` if any look failed. `is_gone` is true if the container no longer exists, and
    `has_other_name` if something renamed it. `log` has the events of a new container that did not pass.
    """

    verdict: Verdict
    why: str
    last: ContainerRuntimeState | None = None
    seen_up: bool = False
    unreadable: bool = False
    missed_looks: bool = False
    is_gone: bool = False
    has_other_name: bool = False
    log: EventLog = EventLog()


def wait_for_health(
    probe: HealthProbe,
    clock: Clock,
    container: str,
    config: HealthConfig,
    *,
    new: bool = True,
    require_healthy: bool = True,
) -> HealthOutcome:
    """Look at `container` every `config.poll_interval`, and after each of its events, until there is a verdict. Never raise EngineError.

    A `new` container must never have been restarted; an old one must not be restarted after the first look. Without `require_healthy`, the
    health check is ignored, and the container must stay up for the grace period. If looks fail, the gate goes on until the health timeout,
    and for at least half a minute.
    """
    gate = _HealthWatch(config, began=clock.monotonic(), new=new)
    last = None
    first_start = ""
    seen_up = missed_looks = False
    events = probe.events(container)
    while True:
        try:
            last = probe.probe(container)
            first_start = first_start or last.started_at
            seen_up = seen_up or last.status is not RuntimeStatus.EXITED
            outcome = gate.observe(last if require_healthy else _ignore_health_check(last), clock.monotonic())
        except NotFound:
            outcome = HealthOutcome(Verdict.CRASHED, "no longer exists", is_gone=True)
        except EngineError as error:
            missed_looks = True
            outcome = gate.observe_error(error, clock.monotonic())
        if outcome:
            log = _with_exit_code(events.log(first_start), last) if new and outcome.verdict is not Verdict.HEALTHY else EventLog()
            return outcome._replace(last=last, seen_up=seen_up, missed_looks=missed_looks, log=log)
        clock.sleep(gate.until_next_look(clock.monotonic()), events)


def _with_exit_code(log: EventLog, last: ContainerRuntimeState | None) -> EventLog:
    """Add the exit code that the last look saw if the engine shows no events. The restart policy may start the next process any moment."""
    if log.exit_code is not None or last is None or last.status is not RuntimeStatus.EXITED:
        return log
    return log._replace(exit_code=last.exit_code)


def _ignore_health_check(state: ContainerRuntimeState) -> ContainerRuntimeState:
    if state.status in (RuntimeStatus.STARTING, RuntimeStatus.HEALTHY, RuntimeStatus.UNHEALTHY):
        return state._replace(status=RuntimeStatus.RUNNING)
    return state


class _HealthWatch:
    """What the looks have shown so far. Each method returns the outcome once there is one."""

    def __init__(self, config: HealthConfig, began: float, *, new: bool) -> None:
        self._config = config
        self._began = began
        self._restarts_before = 0 if new else None
        self._started_at = ""
        self._healthy_since: float | None = None
        self._unreadable_since: float | None = None
        self._verdict_due = self._deadline

    @property
    def _deadline(self) -> float:
        return self._began + self._config.health_timeout

    def observe(self, state: ContainerRuntimeState, now: float) -> HealthOutcome | None:
        self._unreadable_since = None
        return self._crash(state) or self._judge_running(state, now)

    def observe_error(self, error: EngineError, now: float) -> HealthOutcome | None:
        if self._unreadable_since is None:
            self._unreadable_since = now
        self._verdict_due = max(self._deadline, self._unreadable_since + _RETRY_FAILED_PROBES_FOR)
        return HealthOutcome(Verdict.TIMEOUT, f"could not be inspected: {error}", unreadable=True) if now >= self._verdict_due else None

    def until_next_look(self, now: float) -> float:
        """Seconds to sleep: the poll interval, or less if the verdict is due before."""
        remaining = self._verdict_due - now
        return min(self._config.poll_interval, remaining) if remaining > 0 else self._config.poll_interval

    def _crash(self, state: ContainerRuntimeState) -> HealthOutcome | None:
        if self._restarts_before is None:
            self._restarts_before = state.restarts
        if state.restarts > self._restarts_before:
            return HealthOutcome(Verdict.CRASHED, "exited and was restarted by its restart policy")
        if state.status is RuntimeStatus.EXITED:
            return HealthOutcome(Verdict.CRASHED, f"exited with code {state.exit_code}")
        if self._started_at and state.started_at != self._started_at:
            return HealthOutcome(Verdict.CRASHED, "was restarted while the health gate watched it")
        self._started_at = state.started_at
        return None

    def _judge_running(self, state: ContainerRuntimeState, now: float) -> HealthOutcome | None:
        if state.status is RuntimeStatus.RUNNING:
            return self._up_since(self._began, self._config.grace_period, now, "stayed up for the grace period")
        if state.status is RuntimeStatus.HEALTHY:
            if self._healthy_since is None:
                self._healthy_since = now
            return self._up_since(self._healthy_since, self._config.min_healthy_time, now, "is healthy")
        if self._healthy_since is not None:
            return HealthOutcome(Verdict.TIMEOUT, f"was healthy, but became {state.status.value} within min_healthy_time")
        if state.status is RuntimeStatus.UNHEALTHY and self._config.on_unhealthy is OnUnhealthy.FAIL:
            return HealthOutcome(Verdict.TIMEOUT, "became unhealthy (on_unhealthy is fail)")
        self._verdict_due = self._deadline
        late = now >= self._deadline
        return HealthOutcome(Verdict.TIMEOUT, f"was still {state.status.value} after {self._config.health_timeout:g} s") if late else None

    def _up_since(self, since: float, needed: float, now: float, why: str) -> HealthOutcome | None:
        self._verdict_due = since + needed
        return HealthOutcome(Verdict.HEALTHY, why) if now >= self._verdict_due else None
