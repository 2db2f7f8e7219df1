# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gather what blame.py judges by: from the plan, from the health gate, and from what the failed container left."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError
from ..engine.model import Document, Failure, RuntimeStatus
from ..plan.decision import NewContainer, Replacement
from ..plan.diff import with_defaults
from .blame import Evidence, interference
from .health import HealthConfig, HealthOutcome, Verdict
from .result import RollbackReason

_REASONS = {Verdict.CRASHED: RollbackReason.CRASHED, Verdict.TIMEOUT: RollbackReason.HEALTH_TIMEOUT}

_NANOSECONDS = 1e9
_ENGINE_INTERVAL = 30 * _NANOSECONDS
"""The engine's default interval between two health checks."""


def evidence_of_gate(gate: HealthOutcome, health: HealthConfig) -> Evidence:
    """Return what a gate showed that a container did not pass."""
    is_complete = gate.log.is_complete
    is_paused = gate.last is not None and gate.last.status is RuntimeStatus.PAUSED
    # What the look itself shows, whether or not the engine shows its events.
    seen = (("pause", is_paused), ("destroy", gate.is_gone), ("rename", gate.has_other_name))
    return Evidence(
        was_seen=not gate.unreadable,
        was_seen_up=gate.seen_up,
        ended=gate.verdict is Verdict.CRASHED,
        could_pass=health.health_timeout > 0,
        actions=(*gate.log.actions, *(action for action, was_seen in seen if was_seen and action not in gate.log.actions)),
        engine_may_have_restarted=gate.missed_looks if is_complete is None else not is_complete,
    )


def reason_and_cause(name: str, gate: HealthOutcome, evidence: Evidence) -> tuple[RollbackReason, str]:
    """Return why a container that did not pass a gate is rolled back, as a word and as a sentence without its full stop."""
    done = interference(evidence)
    if done:
        return RollbackReason.INTERFERED, f"{name} {gate.why} (something else interfered: it was {done})"
    return _REASONS[gate.verdict], f"{name} {gate.why}"


def evidence_of_refusal(plan: Replacement, refusal: EngineError) -> Evidence:
    """Return what the engine answered to the create or the start call of a successor."""
    return Evidence(refusal=refusal.said, own_program=_runs_own_program(plan))


def with_failure(evidence: Evidence, failure: Failure, plan: Replacement, health: HealthConfig) -> Evidence:
    """Add what the failed container left."""
    output = (failure.error, *failure.logs, *(str(entry.get("output")) for entry in failure.health_log))
    had_time = bool(failure.health_log) or health.health_timeout >= _seconds_to_first_check(plan)
    return evidence._replace(output=output, could_pass=evidence.could_pass and had_time)


def _seconds_to_first_check(plan: Replacement) -> float:
    config = _config_of_new_container(plan)
    interval: float = ((config or {}).get("Healthcheck") or {}).get("Interval") or _ENGINE_INTERVAL
    return interval / _NANOSECONDS if config else 0


def _config_of_new_container(plan: Replacement) -> Document | None:
    if not isinstance(plan.successor, NewContainer) or plan.successor.image_defaults is None:
        return None
    return with_defaults(plan.successor.body, plan.successor.image_defaults)


def _runs_own_program(plan: Replacement) -> bool:
    """Whether the program that the engine runs comes from the image. An archive has run before, so its program is not the reason."""
    if not isinstance(plan.successor, NewContainer):
        return False
    body, defaults = plan.successor.body, plan.successor.image_defaults or {}
    entrypoint = body.get("Entrypoint")
    if entrypoint and entrypoint != [""]:
        return False
    from_image = defaults.get("Entrypoint") if entrypoint is None else None
    if not from_image and body.get("Cmd"):
        return False
    program = (from_image or defaults.get("Cmd") or [""])[0]
    return not any(_is_under(program, target) for target in _mount_targets(body.get("HostConfig") or {}))


def _mount_targets(host_config: Document) -> t.Iterator[str]:
    for bind in host_config.get("Binds") or ():
        parts = bind.split(":")
        yield parts[1] if len(parts) > 1 else parts[0]
    for mount in host_config.get("Mounts") or ():
        yield mount.get("Target") or ""


def _is_under(path: str, folder: str) -> bool:
    return bool(folder.strip("/")) and f"{path}/".startswith(f"{folder.rstrip('/')}/")
