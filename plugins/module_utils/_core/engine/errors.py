# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All errors, in two families.

The adapters raise an `EngineError` when one call of the engine fails. The core raises a `StepFailed` when a step of an update fails; its
message says how things are now.
"""

from __future__ import annotations

import enum
import typing as t

if t.TYPE_CHECKING:
    from .model import HookResults


_AGAIN = "Then run the task again."
_LOOK_AT_CONTAINERS = "Look with 'docker ps -a', and run the task again."
_LOOK_AT_ENGINE = "Look for the cause in the engine's log, for example with 'journalctl -u docker', and run the task again."


class FleetError(Exception):
    """Base of all errors that this collection raises on purpose. The operator reads its text, which says what happened and how things are.

    `next_step` says what to do then. It follows the text, which may give more precise advice before. `touched` is true if the old container
    was changed: it was stopped, or restarted. `hooks` has the results of the hooks that ran before the error, and is None if none was due
    yet.
    """

    touched = False
    hooks: HookResults | None = None
    next_step = "Fix the cause, and run the task again."


class InvalidInput(FleetError):
    """An option has an invalid value. Nothing was changed."""

    next_step = "Nothing was changed. Correct the option, and run the task again."


class InvalidImageReference(InvalidInput):
    """The text is not an image reference as the distribution grammar defines it."""


class EngineError(FleetError):
    """The engine refused a call.

    The text comes from the engine, with secrets masked. `said` is what the engine really said. Decide by it, because a mask may hide the
    words that matter, and never show it.
    """

    def __init__(self, message: str, said: str | None = None) -> None:
        super().__init__(message)
        self.said = message if said is None else said


class NotFound(EngineError):
    """The engine has no such container, image, network or volume."""


class ImageUnreadable(NotFound):
    """The image is on this host, but the engine cannot read it. It counts as gone, but tags still point to `image_id`."""

    def __init__(self, message: str, image_id: str) -> None:
        super().__init__(message)
        self.image_id = image_id


class Conflict(EngineError):
    """The object is in use, or its name is taken."""


class BadRequest(EngineError):
    """The request itself is invalid and can never succeed, for example because the image does not contain the command to run."""


class Forbidden(EngineError):
    """The engine does not support the call, or something in front of it, such as a socket proxy, blocks it."""


class CredentialsUnavailable(EngineError):
    """The credentials for the registry could not be read on the target."""


class NoAnswer(EngineError):
    """The engine did not answer. It may have carried out the call anyway."""


class CreateIncomplete(EngineError):
    """A container was created, but it is incomplete. `container` is its ID."""

    def __init__(self, message: str, container: str, said: str | None = None) -> None:
        super().__init__(message, said)
        self.container = container


class EngineUnavailable(FleetError):
    """The engine or the SDK is missing, too old or not accessible. Nothing was changed."""

    next_step = _AGAIN


class StepFailed(FleetError):
    """A step of an update failed."""

    step = ""

    def __init__(self, message: str, *, touched: bool = False) -> None:
        super().__init__(message)
        self.touched = touched


class InspectFailed(StepFailed):
    step = "inspect"
    next_step = _LOOK_AT_CONTAINERS


class PlanOutdated(InspectFailed):
    """A container that a plan is about was removed while the plan was made."""


class NoArchive(InspectFailed):
    """The container has no archive."""


class RestoreFailed(StepFailed):
    """An archive could not be restored."""

    step = "restore"
    next_step = _LOOK_AT_CONTAINERS


class FinalizeFailed(StepFailed):
    """An archive could not be removed."""

    step = "finalize"
    next_step = _AGAIN


class Refused(StepFailed):
    """A check failed before anything was changed: the container must not be recreated."""

    step = "preflight"
    next_step = _AGAIN


class PullFailed(StepFailed):
    """The image could not be obtained. `kind` says why, if the engine's error tells."""

    step = "pull"
    next_step = _AGAIN

    def __init__(self, message: str, kind: PullErrorKind | None = None, *, touched: bool = False) -> None:
        super().__init__(message, touched=touched)
        self.kind = kind


class HookFailed(StepFailed):
    """The hook `pre_update`, which must succeed before the container is stopped, failed."""

    step = "pre_update"
    next_step = "Fix the hook, and run the task again."


class StopFailed(StepFailed):
    step = "stop"
    next_step = _LOOK_AT_ENGINE


class RenameFailed(StepFailed):
    step = "rename"
    next_step = _LOOK_AT_ENGINE


class UpdateFailed(StepFailed):
    """The restart policy could not be changed."""

    step = "update"
    next_step = _LOOK_AT_ENGINE


class VerifyFailed(StepFailed):
    """The new container passed its health gate, but could not be inspected after that."""

    step = "verify"
    next_step = "To let the next run check the new container, and finish the update or undo it, run the task again."


class Busy(StepFailed):
    """Another run is working on the container."""

    step = "lock"
    next_step = _AGAIN


class JournalFailed(StepFailed):
    """A journal record could not be written, read or erased."""

    step = "journal"
    next_step = "Look with 'docker volume ls' whether the engine answers, and run the task again."


class RecoveryFailed(StepFailed):
    """An interrupted run could not be cleaned up after, or only the operator can do it safely."""

    step = "recover"
    next_step = _AGAIN


class ReplacedByOthers(RecoveryFailed):
    """Something else runs a container in the place of one whose update was interrupted. That one becomes a kept archive."""

    next_step = "To update the container that has the name now, run the task again."


class StillUnhealthy(RecoveryFailed):
    """An interrupted run was cleaned up after, but the old container is not as healthy as before. An update may help."""

    next_step = "Look at its log with 'docker logs', and run the task again when it is well, or with another image."


class PullErrorKind(enum.Enum):
    """Why an image could not be pulled. Each kind has its own remedy."""

    NOT_FOUND = "not_found"
    AUTHENTICATION = "authentication"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    NO_PLATFORM = "no_platform"
    BROKEN_LAYER = "broken_layer"
    DISK_FULL = "disk_full"
    TIMEOUT = "timeout"
    FORBIDDEN = "forbidden"
    ENGINE_LOST = "engine_lost"
    OTHER = "other"
