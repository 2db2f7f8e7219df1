# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is asked to do, and how it ended."""

from __future__ import annotations

import enum
import typing as t

from ..engine.model import HookResults, ImageIdentity
from ..engine.timing import StepTime, Stopwatch
from ..plan.decision import Decision, Skipped
from ..plan.requests import Cleanup, ContainerRequest
from .health import HealthConfig
from .hooks import NO_HOOKS, Hooks

if t.TYPE_CHECKING:
    from ..container.dependents import RepairResult
    from ..plan.diff import Diff
    from ..state.rejections import Rejected
    from .restore import RestoreResult, RollbackEvent


class Outcome(enum.Enum):
    """How a run ended."""

    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"
    SKIPPED = "skipped"
    """The container was left as it is, by the operator's own rules or because the image was rejected before."""
    RECOVERED = "recovered"
    """An interrupted run was brought to its end, and that was all there was to do."""
    RESTORED = "restored"
    """The container that was there before is back."""
    UNKNOWN = "unknown"
    """It cannot be told what a run would come to."""


class CycleResult(t.NamedTuple):
    """How a run ended, and what is there now.

    `archive` is the name of an archive that is still there. `downtime` in seconds is the time from the stop to the start of whichever
    container came up; None when nothing was stopped, or nothing came up. `dependents` are those for which something was done.
    `lost_files` are the files that are gone with the old container. `skipped` is why it was left as it is.
    `recovered_first` is true when what an interrupted run left was brought to its end before. `hooks` is what came of the operator's
    hooks. `diff` is None where nothing changed in the end. `doubt` is why what was foreseen may turn out otherwise, empty when it was not
    only foreseen.
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
    recovered_first: bool = False
    hooks: HookResults = HookResults()
    diff: Diff | None = None
    doubt: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def rejected(self) -> Rejected | None:
        """The memory of the rollback for which the image was skipped, None when it was not for one."""
        return self.skipped.rejected if self.skipped else None


Plan = t.Callable[[Stopwatch], Decision]
"""Looks and decides, while nothing is touched. Called again when somebody else was faster."""


class Job(t.NamedTuple):
    """What a run is to do: decide about a container as `plan` does, and carry that out.

    With `keep_archive` nothing is cleaned up: the archive needs its image. It is remembered with `rollout`, which may be empty. `health`
    is also what the old container has to pass, should it have to come back.
    """

    request: ContainerRequest
    plan: Plan
    health: HealthConfig
    cleanup: Cleanup = Cleanup()
    keep_archive: bool = False
    hooks: Hooks = NO_HOOKS
    rollout: str = ""
