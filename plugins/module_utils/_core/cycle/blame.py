# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures are the image's fault. Only these make a run remember the image as rejected.

A rejected image is skipped by every later run, so an image is rejected only for what it did itself. An image that is wrongly tried again
costs one more rollback; an image that is wrongly rejected is never installed. Therefore every doubt speaks for the image.
"""

from __future__ import annotations

import enum
import re
import typing as t


class Stage(enum.Enum):
    """Where a run gave up on the successor of a container."""

    CREATE = "create"
    RECORD = "record"
    """Its ID could not be recorded, so it was not started."""
    START = "start"
    HEALTH_GATE = "health_gate"
    RECOVERY = "recovery"
    """A later run judged it after the run that had started it was interrupted."""
    OPERATOR = "operator"
    """The operator went back to the archive."""


class Evidence(t.NamedTuple):
    """What is known about a failure. The caller gathers it; what is unknown keeps its default.

    `refusal` is what the engine answered to a call that failed. `own_program` is whether the program that the container runs comes from
    the image, not from the operator. `was_seen` is false if the gate gave up because it could not look at the container, or if the
    container is gone. `was_seen_up` is false if each look found the container down. `ended` is whether its process ended. `could_pass` is
    false if the gate was over before the health check could report healthy. `actions` are the engine's events of the container, oldest
    first. `engine_may_have_restarted` is true unless the engine is known to have run all the time. `output` is what the container wrote,
    and what its health check reported. `rejects` is what the operator wants.
    `rival` is the name of a container that something else started on the same data.
    """

    refusal: str = ""
    own_program: bool = True
    was_seen: bool = True
    was_seen_up: bool = True
    ended: bool = False
    could_pass: bool = True
    actions: tuple[str, ...] = ()
    engine_may_have_restarted: bool = False
    output: tuple[str, ...] = ()
    rejects: bool = True
    rival: str = ""


_INTERFERENCES = {
    "destroy": "removed",
    "disconnect": "disconnected from a network",
    "kill": "stopped or sent a signal",
    "pause": "paused",
    "rename": "renamed",
    "restart": "restarted",
    "stop": "stopped or sent a signal",
}
"""The events that the engine reports only if something asked for them. A process that ends by itself, or because it exceeds the memory
limit of its container, is reported as `die` alone."""

# The words are those of runc and crun. The quoted name is the program: the same words about a mount or a device do not count.
_CANNOT_EXECUTE = re.compile(
    r'\bexec:? "[^"]+": .*(executable file not found|no such file or directory|permission denied|is a directory|exec format error)'
    r"|executable file [`'\"]?[^`'\"]+[`'\"]? not found"
    r"|no command specified",
    re.IGNORECASE,
)
_DISK_FULL = re.compile(r"no space left on device|disk quota exceeded|\bENOSPC\b", re.IGNORECASE)


def excuse_for(stage: Stage, evidence: Evidence) -> str:
    """Return what caused a failure if it was not the image. Return an empty string if it was: then the image is rejected."""
    if stage is Stage.OPERATOR:
        return "" if evidence.rejects else "reject is false"
    if evidence.rival:
        return f"something else interfered: it started the container {evidence.rival}"
    if any(map(_DISK_FULL.search, (evidence.refusal, *evidence.output))):
        return "the disk was full"
    if stage is Stage.RECORD:
        return "its ID could not be recorded"
    if stage in (Stage.CREATE, Stage.START):
        return _excuse_for_refusal(evidence)
    return _excuse_at_the_gate(stage, evidence)


def _excuse_for_refusal(evidence: Evidence) -> str:
    if not _CANNOT_EXECUTE.search(evidence.refusal):
        return "the engine refused it for a reason outside of the image"
    return "" if evidence.own_program else "its program was set or mounted by the operator"


def _excuse_at_the_gate(stage: Stage, evidence: Evidence) -> str:
    done = interference(evidence)
    if done:
        return f"something else interfered: the container was {done}"
    if not evidence.was_seen:
        return "the health gate lost sight of the container"
    if evidence.engine_may_have_restarted:
        return "the engine was restarted, or could not be reached for a while"
    if stage is Stage.RECOVERY and not evidence.was_seen_up:
        return "it may have gone down with the engine"
    if not evidence.ended and not evidence.could_pass:
        return "health_timeout was over before its health check could report healthy"
    return ""


def interference(evidence: Evidence) -> str:
    """Describe what others did to the container, to follow "it was". Return an empty string if its process ended by itself.

    What others do to a container that has ended does not explain its end.
    """
    actions = evidence.actions
    before_its_end = actions[: actions.index("die")] if "die" in actions else actions
    if not any(action in _INTERFERENCES for action in before_its_end):
        return ""
    return " and ".join(dict.fromkeys(_INTERFERENCES[action] for action in actions if action in _INTERFERENCES))
