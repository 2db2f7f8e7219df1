# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swap: from the first touch of the old container to the start of its successor."""

from __future__ import annotations

import contextlib

from ..container.old_container import NO_RESTART
from ..engine.errors import CreateIncomplete, EngineError, NoAnswer, NotFound, RenameFailed, StepFailed, StopFailed, UpdateFailed
from ..engine.model import NO_EVENTS, EventLog, RuntimeStatus
from ..plan.decision import NewContainer, Replacement
from ..state.archives import ArchiveRecord
from .blame import Evidence, Stage
from .discard import FailedArchive, FailedContainer, ToDiscard
from .evidence import evidence_of_refusal
from .job import Run
from .restore import has_own_restart_policy, restore, wait_for_pending_stop
from .result import RollbackReason
from .rivals import in_words, rival_of


class SuccessorFailed(Exception):
    """The old container waits in its archive, and its successor could not be started or did not pass the gate.

    `cause` describes `reason`. `stage` and `evidence` show whether the image is to blame. `log` has the events of the successor.
    """

    def __init__(
        self, reason: RollbackReason, cause: str, failed: ToDiscard, stage: Stage, evidence: Evidence, log: EventLog = NO_EVENTS
    ) -> None:
        super().__init__(cause)
        self.reason = reason
        self.cause = cause
        self.failed = failed
        self.stage = stage
        self.evidence = evidence
        self.log = log


def what_to_discard(plan: Replacement, new_id: str | None, *, answer_lost: bool = False) -> ToDiscard:
    """Describe the successor that a plan brought up, for the rollback."""
    if isinstance(plan.successor, ArchiveRecord):
        return FailedArchive(plan.successor, plan.new_image.reference, plan.stop_timeout)
    return FailedContainer(new_id, plan.new_image.reference, plan.new_image.id, plan.stop_timeout, answer_lost)


class Swap:
    """One replacement as it is carried out."""

    def __init__(self, run: Run, plan: Replacement) -> None:
        self._run = run
        self._context = run.context
        self._ops = run.context.ops
        self._stopwatch = run.stopwatch
        self._plan = plan
        self._old = plan.old

    def carry_out(self) -> str:
        """Replace the old container and start its successor. Return the successor's ID.

        Raise StepFailed if the swap ended before there was an archive to go back to; the message says how the old container is. Raise
        SuccessorFailed after that.
        """
        self._disable_restart()
        if self._old.runs:
            self._stopwatch.went_down()
            self._stop_old()
        self._rename_old()
        new_id = self._bring_in(self._plan.successor)
        self._start(new_id)
        return new_id

    def _disable_restart(self) -> None:
        """Keep the restart policy from starting the archive beside the new container."""
        if not self._old.has_restart_policy:
            return
        try:
            with self._stopwatch.step("update"):
                self._ops.set_restart_policy(self._old.id, NO_RESTART)
        except EngineError as error:
            problem = f"The restart policy of {self._old.name} could not be changed: {error}"
            if not isinstance(error, NoAnswer) and has_own_restart_policy(self._context, self._old):
                self._run.lock.release()
                raise UpdateFailed(f"{problem}. Nothing was changed.") from error
            raise self._undone(UpdateFailed, problem, archive=None) from error

    def _stop_old(self) -> None:
        try:
            with self._stopwatch.step("stop"):
                self._ops.stop(self._old.id, self._plan.stop_timeout)
        except NotFound:
            self._run.lock.release()
            raise StopFailed(f"Container {self._old.name} was removed just before it was to be stopped. Nothing was changed.") from None
        except EngineError as error:
            may_go_on = isinstance(error, NoAnswer) and not self._stop_has_ended()
            problem = f"Container {self._old.name} could not be stopped: {error}"
            raise self._undone(StopFailed, problem, archive=None, stop_may_go_on=may_go_on) from error

    def _stop_has_ended(self) -> bool:
        """Wait for the stop to end. A stop without a timeout is not waited for a second time."""
        if self._plan.stop_timeout < 0:
            return False
        try:
            wait_for_pending_stop(self._context, self._old.id, self._old.state.started_at, self._plan.stop_timeout)
        except EngineError:
            return False
        return True

    def _rename_old(self) -> None:
        try:
            with self._stopwatch.step("rename"):
                self._ops.rename(self._old.id, self._plan.archive)
        except EngineError as error:
            problem = f"Container {self._old.name} could not be renamed to {self._plan.archive}: {error}"
            raise self._undone(RenameFailed, problem, self._plan.archive) from error

    def _bring_in(self, successor: NewContainer | ArchiveRecord) -> str:
        """Create the new container, or rename the archive back. Return its ID. Raise SuccessorFailed."""
        try:
            return self._create(successor) if isinstance(successor, NewContainer) else self._return_archive(successor)
        except EngineError as error:
            evidence = evidence_of_refusal(self._plan, error)
            incomplete_id = error.container if isinstance(error, CreateIncomplete) else None
            failed = what_to_discard(self._plan, incomplete_id, answer_lost=isinstance(error, NoAnswer))
            raise SuccessorFailed(RollbackReason.CREATE_FAILED, str(error), failed, Stage.CREATE, evidence) from error

    def _create(self, new: NewContainer) -> str:
        with self._stopwatch.step("create"):
            if new.tag:
                # Once more, because something may have moved the tag during the hook or the stop. If this fails, the result shows which
                # image the container really runs.
                with contextlib.suppress(EngineError):
                    self._ops.tag(self._plan.new_image.id, new.tag)
            return self._ops.create(self._old.name, new.body)

    def _return_archive(self, record: ArchiveRecord) -> str:
        with self._stopwatch.step("return"):
            self._ops.rename(record.id, self._old.name)
            self._ops.set_restart_policy(record.id, record.restart_policy)
        return record.id

    def _start(self, new_id: str) -> None:
        stage = Stage.RECORD
        try:
            with self._stopwatch.step("start"):
                self._run.lock.record_new_container(new_id)
                stage = Stage.START
                if self._plan.successor.runs:
                    self._require_no_rival(new_id)
                    self._ops.start(new_id)
        except EngineError as error:
            failed = what_to_discard(self._plan, new_id)
            evidence = evidence_of_refusal(self._plan, error)
            raise SuccessorFailed(RollbackReason.START_FAILED, str(error), failed, stage, evidence) from error
        if self._plan.successor.runs:
            self._stopwatch.came_up()

    def _require_no_rival(self, new_id: str) -> None:
        rival = rival_of(self._context, self._old, new_id)
        if rival:
            cause = f"{in_words(rival, self._old)}, so the new container was not started"
            failed, evidence = what_to_discard(self._plan, new_id), Evidence(rival=rival.name)
            raise SuccessorFailed(RollbackReason.INTERFERED, cause, failed, Stage.START, evidence)

    def _undone(self, kind: type[StepFailed], problem: str, archive: str | None, *, stop_may_go_on: bool = False) -> StepFailed:
        """Restore the old container. Return the error that says how it is now."""
        restored = restore(self._run, self._old, archive)
        touched = self._was_touched()
        if restored.problem is None and stop_may_go_on and not touched:
            # The journal entry stays, so that the next run checks the container.
            return kind(f"{problem}. It still runs, but the engine may still stop it. Run the task again.", touched=touched)
        if restored.problem is None:
            self._run.lock.release()
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
