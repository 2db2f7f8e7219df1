# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong, one exception a failing step.

Two families. An `EngineError` is what the edge raises: the engine did not do one thing. A `StepFailed` is what the core raises: a step of
the cycle could not be done, and the message says what is true now.
"""

from __future__ import annotations

import enum
import typing as t

if t.TYPE_CHECKING:
    from .model import HookResults


class FleetError(Exception):
    """Base of every error that this collection raises on purpose. Its text is meant for the operator.

    `touched` is true when the old container is not just as it was: stopped, or started again. `hooks` is what came of the operator's
    hooks before, None when it did not come to that.
    """

    touched = False
    hooks: HookResults | None = None


class InvalidInput(FleetError):
    """The operator asked for something that makes no sense. Nothing was touched."""


class InvalidImageReference(InvalidInput):
    """Not an image reference in the sense of the distribution grammar."""


class EngineError(FleetError):
    """The engine refused one call. Its text is the engine's own."""


class NotFound(EngineError):
    """The engine has no such container, image or network."""


class Conflict(EngineError):
    """The engine says that the thing is in use, or that its name is taken."""


class Unfit(EngineError):
    """The engine says that it can never be done as it was asked for, such as to run a command that the image does not have."""


class Forbidden(EngineError):
    """The engine has no such call, or something before it, such as a proxy before its socket, does not let it through."""


class CredentialsUnavailable(EngineError):
    """What the registry would have been shown could not be had on the target."""


class NoAnswer(EngineError):
    """No answer came. The call may have been carried out all the same."""


class CreateIncomplete(EngineError):
    """A container was created, but could not be given everything that was asked for. `container` is its ID."""

    def __init__(self, message: str, container: str) -> None:
        super().__init__(message)
        self.container = container


class EngineUnavailable(FleetError):
    """There is no engine to talk to, or no SDK to talk to it with. Nothing was touched."""


class StepFailed(FleetError):
    """A step of the cycle failed."""

    step = ""

    def __init__(self, message: str, *, touched: bool = False) -> None:
        super().__init__(message)
        self.touched = touched


class InspectFailed(StepFailed):
    step = "inspect"


class NoArchive(InspectFailed):
    """There is no archive."""


class RestoreFailed(StepFailed):
    """An archive could not be brought back."""

    step = "restore"


class FinalizeFailed(StepFailed):
    """An archive could not be dropped."""

    step = "finalize"


class Refused(StepFailed):
    """The container must not be recreated, for a reason that was seen before anything was touched."""

    step = "preflight"


class PullFailed(StepFailed):
    """The image could not be had. `problem` says why, where the engine told."""

    step = "pull"

    def __init__(self, message: str, problem: PullErrorKind | None = None, *, touched: bool = False) -> None:
        super().__init__(message, touched=touched)
        self.problem = problem


class HookFailed(StepFailed):
    """The operator's command that has to succeed before the stop did not."""

    step = "pre_update"


class StopFailed(StepFailed):
    step = "stop"


class RenameFailed(StepFailed):
    step = "rename"


class UpdateFailed(StepFailed):
    """The restart policy could not be changed."""

    step = "update"


class Busy(StepFailed):
    """Another run is working on the container."""

    step = "lock"


class JournalFailed(StepFailed):
    """The engine did not take, give or erase a note."""

    step = "journal"


class RecoveryFailed(StepFailed):
    """What an interrupted run left could not be put right, or must not be without a human."""

    step = "recover"


class StillUnwell(RecoveryFailed):
    """What an interrupted run left was brought to its end, but the old container does not do as well as it did. An update may help."""


class PullErrorKind(enum.Enum):
    """The kinds of reasons that call for different remedies."""

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
