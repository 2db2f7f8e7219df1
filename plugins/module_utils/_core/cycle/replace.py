# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a run that replaces a container, one method each. cycle/run.py calls them in order.

Only a run that replaces a container loads this module, and it loads everything before the stop.
"""

from __future__ import annotations

import typing as t

from ..container.dependents import RepairResult, repair_warnings
from ..container.lost_files import lost_files_warnings
from ..engine.errors import EngineError, FleetError, VerifyFailed
from ..engine.model import ContainerRuntimeState, Document, ImageIdentity, is_active, name_of
from ..image.tags import move_tag, point_tag_back
from ..plan.decision import NewContainer, Replacement
from ..plan.diff import diff_of
from ..plan.relations import claims_on, has_same_relations
from ..plan.requests import RecreateRequest
from ..state.archives import ArchiveRecord
from ..state.rejections import reject
from .blame import Stage, excuse_for, interference
from .evidence import evidence_of_gate, with_failure
from .finish import clean_up, remember, repair_dependents
from .health import HealthOutcome, Verdict, wait_for_health
from .hook_steps import run_post_update, run_pre_update
from .intent import journal_entry_for
from .job import Run
from .repair import remove_old_dependents
from .restore import rollback
from .result import CycleResult, Lost, Outcome, RollbackReason
from .second_look import find_change, how_to_repair, look_again
from .swap import SuccessorFailed, Swap, what_to_discard

_REASONS = {Verdict.CRASHED: RollbackReason.CRASHED, Verdict.TIMEOUT: RollbackReason.HEALTH_TIMEOUT}


class ReplaceSteps:
    """The steps, in the order in which they are called, and what they know of the successor."""

    def __init__(self, run: Run, plan: Replacement) -> None:
        self._run = run
        self._context = run.context
        self._plan = plan
        self._entry = journal_entry_for(plan, run.job, run.lock.me)
        self._new_id = ""
        self._new_image = plan.new_image
        self._archive: str | None = plan.archive
        self._dependents: tuple[RepairResult, ...] = ()
        self._seen: ContainerRuntimeState | None = None
        self._lost: Lost | None = None
        self._warnings: list[str] = []

    def point_tag_at_image(self) -> None:
        """Point the tag that the container follows at the new image, if that was pulled by its digest. Raise PullFailed."""
        if isinstance(self._plan.successor, NewContainer) and self._plan.successor.tag:
            move_tag(self._context.ops, self._plan.successor.tag, self._plan.new_image, self._plan.old.name)

    def acquire_lock(self) -> bool:
        """Record what the run is about to do, and claim the containers related to this one.

        Return False if another run works on one of them, or if any has changed since the plan; nothing is touched then. Raise StepFailed.
        """
        lock = self._run.lock
        if not lock.acquire(self._entry, claims_on(self._plan.related)):
            return False
        try:
            if self._is_unchanged() and has_same_relations(self._context, self._plan):
                lock.confirm()
                return True
        except FleetError:
            lock.release()
            raise
        lock.release()
        return False

    def pre_update(self) -> None:
        """Run the hook in the old container. Raise StepFailed if nothing may be stopped."""
        if self._plan.old.runs:
            run_pre_update(self._run, self._plan.old, self._is_unchanged)

    def swap(self) -> None:
        """Replace the old container and start its successor. Raise StepFailed or SuccessorFailed."""
        self._new_id = Swap(self._run, self._plan).carry_out()

    def health_gate(self) -> None:
        """Wait for the verdict on the successor. Raise SuccessorFailed. A successor that is not started has nothing to pass."""
        if not self._plan.successor.runs:
            return
        with self._run.stopwatch.step("health_gate"):
            gate = wait_for_health(self._context.probe, self._context.clock, self._new_id, self._run.job.health)
        if gate.verdict is not Verdict.HEALTHY:
            raise self._failure_at_gate(gate)
        self._seen = gate.last
        self._compare_images(gate.last)

    def repair_dependents(self) -> None:
        """Give the dependents the successor. They do not wait for the post_update hook. What they were stays until the commit."""
        with self._run.stopwatch.step("complete"):
            self._dependents = repair_dependents(self._context, self._entry, self._new_id)

    def post_update(self) -> None:
        """Run the hook in the successor. Its failure is a warning."""
        if self._plan.successor.runs:
            self._warnings += run_post_update(self._run, self._plan.old.name, self._new_id)

    def look_again(self) -> None:
        """Look at the successor once more, now that the archive is about to go. Raise SuccessorFailed, or VerifyFailed."""
        name = self._plan.old.name
        try:
            found = look_again(self._context, self._run.job.health, name, self._new_id, self._seen)
        except EngineError as error:
            raise VerifyFailed(
                f"Container {name} was replaced and passed its health gate, but could not be inspected after that: {error}. Its archive "
                f"{self._plan.archive} was kept.",
                touched=True,
            ) from error
        if found.verdict is not Verdict.HEALTHY:
            raise self._failure_at_gate(found)
        self._seen = found.last

    def restore(self, failure: SuccessorFailed) -> CycleResult:
        """Put the old container back. Never raise EngineError."""
        run, plan = self._run, self._plan
        event, restored = rollback(run, plan, failure.failed, failure.reason, failure.cause, failure.log)
        warnings: tuple[str, ...] = ()
        excuse = ""
        if restored.problem is None:
            excuse = excuse_for(failure.stage, with_failure(failure.evidence, event.failure, plan, run.job.health))
            if excuse:
                warnings = (
                    f"{plan.new_image.reference} was not recorded as rejected, because {excuse}. The next run tries it again.",
                    *point_tag_back(run.context.ops, plan.old.id, plan.old_image, plan.new_image, "new"),
                )
            else:
                reason = f"{event.reason.value}: {event.failure.error}"
                kept = tuple(run.job.request.all_kept) if isinstance(run.job.request, RecreateRequest) else None
                warnings = reject(run.context, plan.old.name, plan.old.id, plan.old_image, plan.new_image, reason, kept)
            # If the rollback failed, the journal entry stays, and the next run tries again.
            run.lock.release()
        return CycleResult(
            outcome=Outcome.ROLLED_BACK,
            container_id=restored.kept or plan.old.id,
            container_name=plan.old.name if restored.kept else restored.archive or plan.old.name,
            old_image=plan.old_image,
            new_image=plan.new_image,
            archive=restored.archive or (plan.successor.name if isinstance(plan.successor, ArchiveRecord) else None),
            rollback=event,
            restored=restored,
            excuse=excuse,
            steps=run.stopwatch.steps,
            downtime=run.stopwatch.downtime,
            dependents=restored.dependents,
            warnings=(*plan.warnings, *self._warnings, *repair_warnings(restored.dependents), *warnings),
        )

    def commit(self) -> None:
        """Update what later runs remember."""
        self._warnings += remember(self._context, self._entry, self._new_id)

    def clean_up(self) -> None:
        """Remove the archive and images as requested, unless the archive is kept, and what the dependents were. Then release the lock."""
        with self._run.stopwatch.step("cleanup"):
            warnings: tuple[str, ...] = ()
            if not self._run.job.keep_archive:
                self._archive, warnings = clean_up(self._context.ops, self._plan, self._run.job.cleanup)
            # After the archive: as long as it exists, a rollback needs them.
            self._dependents = remove_old_dependents(self._context, self._plan.old.dependents, self._dependents)
            self._warnings += (*repair_warnings(self._dependents), *warnings)
            self._lost = self._look_a_last_time()
        self._run.lock.release()

    def result(self) -> CycleResult:
        """Describe the successful replacement."""
        run, plan = self._run, self._plan
        lost_files = lost_files_warnings(plan.old.name, plan.lost_files, predicted=False)
        return CycleResult(
            outcome=Outcome.RESTORED if plan.restores_archive else Outcome.RECREATED,
            container_id=self._new_id,
            container_name=plan.old.name,
            old_image=plan.old_image,
            new_image=self._new_image,
            archive=self._archive,
            steps=run.stopwatch.steps,
            downtime=run.stopwatch.downtime,
            dependents=self._dependents,
            lost_files=tuple(file.path for file in plan.lost_files),
            diff=diff_of(plan, self._new_image),
            lost=self._lost,
            warnings=tuple(dict.fromkeys((*plan.warnings, *plan.consequences, *lost_files, *self._warnings))),
        )

    def _is_unchanged(self) -> bool:
        """Whether the container is still what the plan saw: not replaced, renamed, stopped, started or changed since."""
        plan = self._plan
        try:
            now = self._context.ops.inspect(plan.old.id).container
        except EngineError:
            return False
        return is_active(now) == plan.old.runs and _fingerprint(now) == _fingerprint(plan.seen)

    def _failure_at_gate(self, gate: HealthOutcome) -> SuccessorFailed:
        evidence = evidence_of_gate(gate, self._run.job.health)
        done = interference(evidence)
        cause = f"{self._plan.old.name} {gate.why}" + (f" (something else interfered: it was {done})" if done else "")
        reason = RollbackReason.INTERFERED if done else _REASONS[gate.verdict]
        return SuccessorFailed(reason, cause, what_to_discard(self._plan, self._new_id), Stage.HEALTH_GATE, evidence, gate.log)

    def _look_a_last_time(self) -> Lost | None:
        """Return what has happened to the successor. The archive may be gone, so nothing can be undone."""
        try:
            found = find_change(self._context, self._plan.old.name, self._new_id, self._seen)
        except EngineError as error:
            return Lost(f"could not be inspected any more: {error}", "Look with 'docker ps -a' whether it runs.")
        return Lost(found.why, how_to_repair(found, self._plan.old.name, self._new_id)) if found else None

    def _compare_images(self, state: ContainerRuntimeState | None) -> None:
        planned, actual = self._plan.new_image, state.image_id if state else ""
        if actual not in ("", planned.id):
            moved = f"{planned.reference} was moved on this host between the pull and the creation"
            self._warnings.append(f"{moved}: the container runs {actual}, not the pulled image {planned.id}.")
            self._new_image = ImageIdentity(planned.reference, actual)


def _fingerprint(container: Document) -> tuple[t.Any, ...]:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    host_config = container["HostConfig"]
    # The engine returns these in a different order each time.
    links, ulimits = sorted(host_config.get("Links") or ()), sorted(host_config.get("Ulimits") or (), key=str)
    return name_of(container), container["Config"], {**host_config, "Links": links, "Ulimits": ulimits}, set(networks)
