# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures are the image's fault. Only these make a run remember the image as rejected."""

from __future__ import annotations

import enum

from ..engine.errors import BadRequest, EngineError


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


def is_image_to_blame(
    stage: Stage, error: EngineError | None = None, *, is_archive: bool = False, was_seen: bool = True, was_seen_up: bool = True
) -> bool:
    """Decide whether a failure rejects the image.

    `error` is what the engine answered if a call failed. `is_archive` is true if the successor was an archive. `was_seen` is false if the
    gate gave up because it could not look at the container. `was_seen_up` is false if each look found the container down.
    """
    if stage is Stage.CREATE:
        return isinstance(error, BadRequest) and not is_archive
    if stage is Stage.START:
        return isinstance(error, BadRequest)
    if stage is Stage.HEALTH_GATE:
        return was_seen
    if stage is Stage.RECOVERY:
        # A container that was never seen up may have gone down with the engine.
        return was_seen and was_seen_up
    return stage is Stage.OPERATOR
