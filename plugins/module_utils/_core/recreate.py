# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cycle: inspect, pull, stop, rename, create, start, health gate; then clean-up, or rollback.

The order is the safety contract. Everything that can be known is decided before the stop; from the rename on there is an archive to go back
to, and every failure leads there.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from dataclasses import dataclass

from .cleanup import Cleanup, clean_up
from .errors import CreateIncomplete, EngineError, NoAnswer, NotFound, RenameFailed, StepFailed, StopFailed
from .health import HealthConfig, Verdict, wait_for_health
from .plan import RecreateRequest, Replacement, Unchanged, plan_replacement
from .ports import ImageIdentity, Ports
from .rollback import NewContainer, Restored, RollbackEvent, RollbackReason, restore, rollback
from .stopwatch import StepTime, Stopwatch

_REASONS = {Verdict.CRASHED: RollbackReason.CRASHED, Verdict.TIMEOUT: RollbackReason.HEALTH_TIMEOUT}


@dataclass(frozen=True)
class Replaced:
    """The new container was started under the old one's name. The old one waits in its archive.

    C(made_from) is the ID of the image that it was really made from, once somebody has looked.
    """

    replacement: Replacement
    new_id: str
    made_from: str = ""


@dataclass(frozen=True)
class RolledBack:
    """The old container was put back, as far as C(restored) says."""

    replacement: Replacement
    event: RollbackEvent
    restored: Restored


class Outcome(enum.Enum):
    """How a run ended."""

    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class CycleResult:
    """How a run ended, and what is there now.

    C(archive) is the name of an archive that is still there. C(downtime) in seconds is the time from the stop to the start of whichever
    container came up; None when nothing was stopped, or nothing came up.
    """

    outcome: Outcome
    container_id: str
    container_name: str
    old_image: ImageIdentity
    new_image: ImageIdentity
    archive: t.Optional[str] = None
    rollback: t.Optional[RollbackEvent] = None
    restored: t.Optional[Restored] = None
    steps: t.Tuple[StepTime, ...] = ()
    downtime: t.Optional[float] = None
    warnings: t.Tuple[str, ...] = ()


def recreate_with_health(
    ports: Ports,
    request: RecreateRequest,
    health: HealthConfig,
    cleanup: Cleanup,
    *,
    keep_archive: bool = False,
) -> CycleResult:
    """Replace the container, wait for the verdict on the new one, then clean up, or roll back.

    With C(keep_archive) nothing is cleaned up: the archive needs its image. Raises InvalidInput or StepFailed when it ended before there
    could be a new container; the message says how the old one is.
    """
    watch = Stopwatch(ports.clock)
    ending = recreate_one(ports, watch, request, health)
    if isinstance(ending, Replaced):
        ending = _pass_gate(ports, watch, ending, health)
    if isinstance(ending, Unchanged):
        return _unchanged(ending, watch)
    if isinstance(ending, RolledBack):
        return _rolled_back(ending, watch)
    if keep_archive:
        return _recreated(ending, watch, archive=ending.replacement.archive)
    with watch.step("cleanup"):
        leftover, warnings = clean_up(ports.ops, ending.replacement, cleanup)
    return _recreated(ending, watch, archive=leftover, warnings=warnings)


def recreate_one(
    ports: Ports,
    watch: Stopwatch,
    request: RecreateRequest,
    health: HealthConfig,
) -> t.Union[Unchanged, Replaced, RolledBack]:
    """Replace the container and start the new one, without waiting for a verdict on it.

    C(health) is what the old container has to pass, should it have to come back. Raises as C(recreate_with_health) does.
    """
    decision = plan_replacement(ports, watch, request)
    if isinstance(decision, Unchanged):
        return decision
    return _Swap(ports, watch, decision, health).run()


def _pass_gate(ports: Ports, watch: Stopwatch, replaced: Replaced, health: HealthConfig) -> t.Union[Replaced, RolledBack]:
    with watch.step("health_gate"):
        gate = wait_for_health(ports.probe, ports.clock, replaced.new_id, health)
    if gate.verdict is Verdict.HEALTHY:
        return dataclasses.replace(replaced, made_from=gate.last.image_id if gate.last else "")
    swap = _Swap(ports, watch, replaced.replacement, health)
    return swap.roll_back(_REASONS[gate.verdict], f"{replaced.replacement.old.name} {gate.why}", replaced.new_id)


class _Swap:
    """From the stop of the old container to the start of the new one, with the way back from each step."""

    def __init__(self, ports: Ports, watch: Stopwatch, replacement: Replacement, health: HealthConfig) -> None:
        self._ports = ports
        self._ops = ports.ops
        self._watch = watch
        self._plan = replacement
        self._old = replacement.old
        self._health = health

    def run(self) -> t.Union[Replaced, RolledBack]:
        self._watch.went_down()
        self._stop_old()
        self._rename_old()
        try:
            with self._watch.step("create"):
                new_id = self._ops.create(self._old.name, self._plan.body)
        except CreateIncomplete as error:
            return self.roll_back(RollbackReason.CREATE_FAILED, str(error), error.container)
        except EngineError as error:
            return self.roll_back(RollbackReason.CREATE_FAILED, str(error), None, answer_lost=isinstance(error, NoAnswer))
        try:
            with self._watch.step("start"):
                self._ops.start(new_id)
        except EngineError as error:
            return self.roll_back(RollbackReason.START_FAILED, str(error), new_id)
        self._watch.came_up()
        return Replaced(self._plan, new_id)

    def roll_back(self, reason: RollbackReason, cause: str, new_id: t.Optional[str], *, answer_lost: bool = False) -> RolledBack:
        image = self._plan.new_image
        new = NewContainer(new_id, image.reference, image.id, self._plan.stop_timeout, answer_lost)
        event, restored = rollback(self._ports, self._watch, self._old, new, self._plan.archive, reason, cause, self._health)
        return RolledBack(self._plan, event, restored)

    def _stop_old(self) -> None:
        try:
            with self._watch.step("stop"):
                self._ops.stop(self._old.id, self._plan.stop_timeout)
        except NotFound:
            raise StopFailed(
                f"Container {self._old.name} was removed by somebody while the image was pulled. Nothing was touched."
            ) from None
        except EngineError as error:
            raise self._undone(StopFailed, f"Container {self._old.name} could not be stopped: {error}", archive=None) from error

    def _rename_old(self) -> None:
        try:
            with self._watch.step("rename"):
                self._ops.rename(self._old.id, self._plan.archive)
        except EngineError as error:
            problem = f"Container {self._old.name} could not be renamed to {self._plan.archive}: {error}"
            raise self._undone(RenameFailed, problem, self._plan.archive) from error

    def _undone(self, kind: t.Type[StepFailed], problem: str, archive: t.Optional[str]) -> StepFailed:
        """Bring the old container back and say how it is now."""
        restored = restore(self._ports, self._watch, self._old, archive, self._health)
        touched = self._was_started_again()
        if restored.problem is None:
            return kind(f"{problem}. It {'was started again and ' if touched else ''}runs as before.", touched=touched)
        remedy = f" Bring it back with: {' && '.join(restored.commands)}" if restored.commands else ""
        return kind(f"{problem}. It does not run as before: {restored.problem}.{remedy}", touched=touched)

    def _was_started_again(self) -> bool:
        try:
            return self._ports.probe.probe(self._old.id).started_at != self._old.state.started_at
        except EngineError:
            return True


def _unchanged(ending: Unchanged, watch: Stopwatch) -> CycleResult:
    return CycleResult(
        outcome=Outcome.UNCHANGED,
        container_id=ending.old.id,
        container_name=ending.old.name,
        old_image=ending.old_image,
        new_image=ending.new_image,
        steps=watch.steps,
    )


def _recreated(ending: Replaced, watch: Stopwatch, archive: t.Optional[str], warnings: t.Tuple[str, ...] = ()) -> CycleResult:
    new_image = ending.replacement.new_image
    if ending.made_from not in ("", new_image.id):
        moved = f"{new_image.reference} was moved on this host between the pull and the creation"
        warnings = (*warnings, f"{moved}: the container runs {ending.made_from}, not {new_image.id} as it was pulled.")
        new_image = ImageIdentity(new_image.reference, ending.made_from)
    return CycleResult(
        outcome=Outcome.RECREATED,
        container_id=ending.new_id,
        container_name=ending.replacement.old.name,
        old_image=ending.replacement.old_image,
        new_image=new_image,
        archive=archive,
        steps=watch.steps,
        downtime=watch.downtime,
        warnings=warnings,
    )


def _rolled_back(ending: RolledBack, watch: Stopwatch) -> CycleResult:
    return CycleResult(
        outcome=Outcome.ROLLED_BACK,
        container_id=ending.restored.kept or ending.replacement.old.id,
        container_name=ending.replacement.old.name if ending.restored.kept else ending.restored.archive or ending.replacement.old.name,
        old_image=ending.replacement.old_image,
        new_image=ending.replacement.new_image,
        archive=ending.restored.archive,
        rollback=ending.event,
        restored=ending.restored,
        steps=watch.steps,
        downtime=watch.downtime,
    )
