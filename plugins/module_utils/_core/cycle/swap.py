# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swap: from the first touch of the old container to the start of the new one, with the way back from each step."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import CreateIncomplete, EngineError, NoAnswer, NotFound, RenameFailed, StepFailed, StopFailed, Unfit, UpdateFailed
from ..engine.interfaces import Context
from ..engine.model import RuntimeStatus
from ..engine.timing import Stopwatch
from ..plan.decision import Replacement
from ..state.lock import RunLock
from .health import HealthConfig
from .restore import NO_RESTART, FailedContainer, RestoreResult, RollbackEvent, RollbackReason, restore, rollback, wait_for_pending_stop


class Replaced(t.NamedTuple):
    """The new container was started under the old one's name. The old one waits in its archive.

    `made_from` is the ID of the image that it was really made from, once somebody has looked.
    """

    replacement: Replacement
    new_id: str
    made_from: str = ""


class RolledBack(t.NamedTuple):
    """The old container was put back, as far as `restored` says.

    `image_is_bad` is false when the new image had no chance to show what it is worth.
    """

    replacement: Replacement
    event: RollbackEvent
    restored: RestoreResult
    image_is_bad: bool = True


class Swap:
    """One replacement being carried out."""

    def __init__(self, context: Context, lock: RunLock, watch: Stopwatch, replacement: Replacement, health: HealthConfig) -> None:
        self._context = context
        self._lock = lock
        self._ops = context.ops
        self._watch = watch
        self._plan = replacement
        self._old = replacement.old
        self._health = health

    def run(self) -> Replaced | RolledBack:
        """Raises StepFailed when it ended before there was an archive to go back to; the message says how the old container is."""
        self._disable_restart()
        if self._old.runs:
            self._watch.went_down()
            self._stop_old()
        self._rename_old()
        try:
            new_id = self._have_new()
        except CreateIncomplete as error:
            incomplete = self.roll_back(RollbackReason.CREATE_FAILED, str(error), error.container)
            return incomplete._replace(image_is_bad=False)  # It is the network that it could not have.
        except EngineError as error:
            returning = self._plan.returning
            if returning:
                return self.roll_back(RollbackReason.CREATE_FAILED, str(error), returning.id)._replace(image_is_bad=False)
            answer_lost = isinstance(error, NoAnswer)
            rolled_back = self.roll_back(RollbackReason.CREATE_FAILED, str(error), None, answer_lost=answer_lost)
            return rolled_back._replace(image_is_bad=isinstance(error, Unfit))
        noted = False
        try:
            with self._watch.step("start"):
                self._lock.record_new_container(new_id)
                noted = True
                if self._plan.starts:
                    self._ops.start(new_id)
        except EngineError as error:
            rolled_back = self.roll_back(RollbackReason.START_FAILED, str(error), new_id)
            return rolled_back._replace(image_is_bad=noted and isinstance(error, Unfit))
        if self._plan.starts:
            self._watch.came_up()
        return Replaced(self._plan, new_id)

    def roll_back(self, reason: RollbackReason, cause: str, new_id: str | None, *, answer_lost: bool = False) -> RolledBack:
        image, returning = self._plan.new_image, self._plan.returning
        archive = returning.name if returning else None
        new = FailedContainer(new_id, image.reference, image.id, self._plan.stop_timeout, answer_lost, archive)
        event, restored = rollback(self._context, self._watch, self._old, new, self._plan.archive, reason, cause, self._health)
        return RolledBack(self._plan, event, restored)

    def _have_new(self) -> str:
        """Create it, or give the one that was there before its name and its restart policy back. Returns its ID."""
        returning = self._plan.returning
        if returning is None:
            with self._watch.step("create"):
                self._let_tag_mean_new_image()
                return self._ops.create(self._old.name, self._plan.body)
        with self._watch.step("return"):
            self._ops.rename(returning.id, self._old.name)
            self._ops.set_restart_policy(returning.id, returning.restart_policy)
        return returning.id

    def _let_tag_mean_new_image(self) -> None:
        """Once more, for somebody may have moved it while a hook ran or the old one stopped.

        If that fails, what the tag means is seen in the end.
        """
        if self._plan.moves_tag:
            with contextlib.suppress(EngineError):
                self._ops.tag(self._plan.new_image.id, self._plan.moves_tag)

    def _disable_restart(self) -> None:
        """As an archive it must not be started by its restart policy, beside the new one."""
        if not self._old.has_restart_policy:
            return
        try:
            with self._watch.step("update"):
                self._ops.set_restart_policy(self._old.id, NO_RESTART)
        except EngineError as error:
            raise self._undone(
                UpdateFailed, f"The restart policy of {self._old.name} could not be changed: {error}", archive=None
            ) from error

    def _stop_old(self) -> None:
        try:
            with self._watch.step("stop"):
                self._ops.stop(self._old.id, self._plan.stop_timeout)
        except NotFound:
            self._lock.release()
            raise StopFailed(
                f"Container {self._old.name} was removed by somebody while the image was pulled. Nothing was touched."
            ) from None
        except EngineError as error:
            may_go_on = isinstance(error, NoAnswer) and not self._stop_has_ended()
            problem = f"Container {self._old.name} could not be stopped: {error}"
            raise self._undone(StopFailed, problem, archive=None, stop_may_go_on=may_go_on) from error

    def _stop_has_ended(self) -> bool:
        """One that has no timeout is not waited for a second time."""
        if self._plan.stop_timeout < 0:
            return False
        try:
            wait_for_pending_stop(self._context, self._old.id, self._old.state.started_at, self._plan.stop_timeout)
        except EngineError:
            return False
        return True

    def _rename_old(self) -> None:
        try:
            with self._watch.step("rename"):
                self._ops.rename(self._old.id, self._plan.archive)
        except EngineError as error:
            problem = f"Container {self._old.name} could not be renamed to {self._plan.archive}: {error}"
            raise self._undone(RenameFailed, problem, self._plan.archive) from error

    def _undone(self, kind: type[StepFailed], problem: str, archive: str | None, *, stop_may_go_on: bool = False) -> StepFailed:
        """Bring the old container back and say how it is now."""
        restored = restore(self._context, self._watch, self._old, archive, self._health)
        touched = self._was_touched()
        if restored.problem is None and stop_may_go_on and not touched:
            # The entry stays, so that the next run sees to it.
            return kind(f"{problem}. It still runs, but the engine may go on stopping it. Run this again.", touched=touched)
        if restored.problem is None:
            self._lock.release()
            again = "was started again and " if touched else ""
            return kind(f"{problem}. It {again}{'runs' if self._old.runs else 'is'} as before.", touched=touched)
        return kind(f"{problem}. It does not run as before: {restored.problem}.{restored.remedy}", touched=touched)

    def _was_touched(self) -> bool:
        try:
            now = self._context.probe.probe(self._old.id)
        except EngineError:
            return True
        went_down = now.status is RuntimeStatus.EXITED and self._old.state.status is not RuntimeStatus.EXITED
        return went_down or now.started_at != self._old.state.started_at
