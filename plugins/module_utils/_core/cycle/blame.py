# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures are the image's fault. Only these make a run remember the image as rejected."""

from __future__ import annotations

import enum
import typing as t

from ..engine.errors import BadRequest, EngineError


class FailedStep(enum.Enum):
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
    """What is known about a failure.

    `error` is what the engine answered if a call failed. `is_archive` is true if the successor was an archive. `was_seen` is false if the
    gate gave up because it could not look at the container. `was_seen_up` is false if each look found the container down.
    """

    step: FailedStep
    error: EngineError | None = None
    is_archive: bool = False
    was_seen: bool = True
    was_seen_up: bool = True


def is_image_to_blame(evidence: Evidence) -> bool:
    """Decide whether the image is rejected for this failure."""
    if evidence.step is FailedStep.CREATE:
        return isinstance(evidence.error, BadRequest) and not evidence.is_archive
    if evidence.step is FailedStep.START:
        return isinstance(evidence.error, BadRequest)
    if evidence.step is FailedStep.HEALTH_GATE:
        return evidence.was_seen
    if evidence.step is FailedStep.RECOVERY:
        # A container that was never seen up may have gone down with the engine.
        return evidence.was_seen and evidence.was_seen_up
    return evidence.step is FailedStep.OPERATOR
