# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the successor once more. The verdict of the health gate is out of date as soon as something else has been done."""

from __future__ import annotations

from ..engine.errors import NotFound
from ..engine.interfaces import Context
from ..engine.model import ContainerRuntimeState, RuntimeStatus
from ..engine.retry import retry_on_refusal
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health

_SERVES = (RuntimeStatus.RUNNING, RuntimeStatus.HEALTHY)


def look_again(context: Context, health: HealthConfig, name: str, container: str, seen: ContainerRuntimeState | None) -> HealthOutcome:
    """Return the verdict on a container that has passed the gate before: healthy if it still serves under its name.

    `seen` is the last look of the gate, or None if the container is not meant to run. A container that was restarted or paused by something
    else, or that became unhealthy, has to pass the gate again. Raise EngineError if the container cannot be inspected.
    """
    found = find_change(context, name, container, seen)
    last = seen
    if seen and found and found.verdict is Verdict.TIMEOUT and not found.has_other_name:
        gate = wait_for_health(context.probe, context.clock, container, health, new=False)
        last = gate.last
        found = gate if gate.verdict is not Verdict.HEALTHY else find_change(context, name, container, last)
    if found is None:
        return HealthOutcome(Verdict.HEALTHY, "still serves", last)
    return found._replace(log=context.probe.events(container).log(seen.started_at)) if seen else found


def find_change(context: Context, name: str, container: str, seen: ContainerRuntimeState | None) -> HealthOutcome | None:
    """Look once, and compare. Return None if the container serves under its name. Raise EngineError."""
    try:
        now = retry_on_refusal(context.clock, lambda: context.probe.probe(container))
    except NotFound:
        return HealthOutcome(Verdict.CRASHED, "was removed", seen, seen_up=True, is_gone=True)
    if now.name != name:
        return HealthOutcome(Verdict.TIMEOUT, f"was renamed to {now.name}", now, seen_up=True, has_other_name=True)
    verdict, why = _compare(seen, now) if seen else (Verdict.HEALTHY, "")
    return HealthOutcome(verdict, why, now, seen_up=True) if verdict is not Verdict.HEALTHY else None


def _compare(seen: ContainerRuntimeState, now: ContainerRuntimeState) -> tuple[Verdict, str]:
    if now.status is RuntimeStatus.EXITED:
        return Verdict.CRASHED, f"exited with code {now.exit_code} after it had passed the health gate"
    if now.restarts > seen.restarts:
        return Verdict.CRASHED, "exited after it had passed the health gate, and was restarted by its restart policy"
    if now.started_at != seen.started_at:
        return Verdict.TIMEOUT, "was restarted after it had passed the health gate"
    if now.status not in _SERVES:
        return Verdict.TIMEOUT, f"became {now.status.value} after it had passed the health gate"
    return Verdict.HEALTHY, ""


def how_to_repair(found: HealthOutcome, name: str, container: str) -> str:
    """Return what the operator can do about a change, as a sentence."""
    if found.is_gone:
        return "Find out what removed it, and create it again."
    if found.has_other_name:
        return f"Give it its name back with: docker rename {container} {name}"
    if found.last and found.last.status is RuntimeStatus.PAUSED:
        return f"Let it go on with: docker unpause {name}"
    if found.verdict is Verdict.CRASHED:
        return f"See why with: docker logs {name}. Start it again with: docker start {name}"
    return f"See why with: docker logs {name}"
