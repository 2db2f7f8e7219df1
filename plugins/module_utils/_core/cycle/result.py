# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a run ended."""

from __future__ import annotations

import enum
import typing as t

from ..engine.model import Failure, HookResults, ImageIdentity
from ..engine.timing import StepTime
from ..plan.decision import Skipped

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult
    from ..plan.diff import Diff
    from ..state.rejections import Rejected


class Outcome(enum.Enum):
    """How a run ended, in a word."""

    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"
    SKIPPED = "skipped"
    """The container was not updated because of the operator's own rules, or because its image was rejected before."""
    RECOVERED = "recovered"
    """An interrupted run was finished or undone, and there was nothing else to do."""
    RESTORED = "restored"
    """The archive has replaced the container."""
    UNKNOWN = "unknown"
    """Check mode cannot predict how a run would end."""


class RollbackReason(enum.Enum):
    """Why the old container was restored."""

    HEALTH_TIMEOUT = "health_timeout"
    CRASHED = "crashed"
    CREATE_FAILED = "create_failed"
    START_FAILED = "start_failed"
    INTERFERED = "interfered"
    """Something else stopped, killed, paused, renamed, removed or disconnected the new container."""


class RollbackEvent(t.NamedTuple):
    """A rollback: of which container, why, and from which archive (`restored_from`, its name)."""

    container: str
    reason: RollbackReason
    old_image_ref: str
    new_image_ref: str
    restored_from: str
    failure: Failure


class RestoreResult(t.NamedTuple):
    """Whether the old container is back under its name and does what it did before.

    `problem` is None if it is. Otherwise it says what is wrong, and `commands` fix it by hand, as far as commands can. `archive` is the
    name that the old container still has, or None if it has its own name or is gone. `kept` is the ID of the new container if that still
    has the name. `dependents` are those that were restarted with it. `runs` is false for a container that is stopped because it was stopped
    before. `is_in_place` is true if the container has its name and its restart policy, whether or not it is well.
    """

    problem: str | None = None
    commands: tuple[str, ...] = ()
    archive: str | None = None
    kept: str | None = None
    dependents: tuple[RepairResult, ...] = ()
    runs: bool = True
    is_in_place: bool = True

    @property
    def remedy(self) -> str:
        """A sentence with the commands, to follow the problem. Empty if there are none."""
        return f" Bring it back with: {' && '.join(self.commands)}" if self.commands else ""


class Lost(t.NamedTuple):
    """What happened to a container that had passed the gate, as the end of a sentence, and what to do next."""

    why: str
    next_step: str


class CycleResult(t.NamedTuple):
    """How a run ended, and what exists now.

    `archive` is the name of an archive that still exists. `downtime`, in seconds, lasts from the stop to the start of the container that
    came up; it is None if nothing was stopped, or if nothing came up. `dependents` are those that were repaired. `lost_files` are the files
    that were removed with the old container. `excuse` says why an image that was rolled back was not rejected. `moved_tag` is true if a
    pull may have moved the tag of a container that is left as it is. `recovered_first` is true if the run recovered an interrupted one
    before. `diff` is None if nothing changed. `doubt` says why a prediction may turn out wrong; it is empty if the run was no prediction,
    or if it is certain. `lost` says what happened to the new container after everything was done, and what to do about it; it is None if
    that container serves under its name.
    """

    outcome: Outcome
    container_id: str
    container_name: str
    old_image: ImageIdentity
    new_image: ImageIdentity
    archive: str | None = None
    rollback: RollbackEvent | None = None
    restored: RestoreResult | None = None
    steps: tuple[StepTime, ...] = ()
    downtime: float | None = None
    dependents: tuple[RepairResult, ...] = ()
    lost_files: tuple[str, ...] = ()
    skipped: Skipped | None = None
    excuse: str = ""
    moved_tag: bool = False
    recovered_first: bool = False
    hooks: HookResults = HookResults()
    diff: Diff | None = None
    doubt: str = ""
    lost: Lost | None = None
    warnings: tuple[str, ...] = ()

    @property
    def old_image_in_words(self) -> str:
        return self._in_words(self.old_image)

    @property
    def new_image_in_words(self) -> str:
        return self._in_words(self.new_image)

    def _in_words(self, image: ImageIdentity) -> str:
        """Return the reference of an image, with the beginning of its ID if the other image has the same reference."""
        is_ambiguous = self.old_image.reference == self.new_image.reference and self.old_image.id != self.new_image.id and image.id
        return f"{image.reference} ({image.id[: len('sha256:') + 12]})" if is_ambiguous else image.reference

    @property
    def rejected(self) -> Rejected | None:
        """The record of the rollback for which the image was skipped, or None if that was not the reason."""
        return self.skipped.rejected if self.skipped else None
