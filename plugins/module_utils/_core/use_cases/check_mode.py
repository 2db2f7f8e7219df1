# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run would come to, found out by the very decisions that it would make, without a pull, a lock, or any other change.

What it cannot foresee is whether the new container passes the gate.
"""

from __future__ import annotations

import typing as t

from ..container.dependents import Repair, Repaired
from ..container.old_container import old_container
from ..cycle.recovery import Finding, WayOut, foresee_recovery
from ..cycle.replace import warning_of_lost_files
from ..cycle.result import CycleResult, Outcome
from ..cycle.run import name_to_guard
from ..engine.errors import EngineError, FleetError, Forbidden, InspectFailed, JournalFailed
from ..engine.image_reference import ImageReference
from ..engine.interfaces import DockerOps, Ports
from ..engine.model import ImageIdentity, Inspected, PullPolicy, is_active
from ..engine.timing import Stopwatch
from ..image.pull import Obtain
from ..image.resolve import Foreseen, foresee, if_it_is_known, image_of
from ..plan.decision import Decision, Skipped, Unchanged
from ..plan.diff import diff_of
from ..plan.recreate import inspect_exactly, plan_recreation
from ..plan.requests import ContainerRequest, RecreateRequest
from ..plan.rollback import plan_comeback
from ..state.journal import Entry
from ..state.lock import Guard, Sighting
from ..state.rejections import Rejections

Plan = t.Callable[[Ports, t.Optional[str]], Decision]
"""Decides in a world; the ID is that of the container that an interrupted run would have brought back by then."""

_MAYBE_TOO_YOUNG = "whether it is as old as min_image_age asks for, only a pull can tell"
_MAYBE_REJECTED = "whether it is the image that this container was gone back from earlier, only a pull can tell"


def rehearse_recreation(ports: Ports, guard: Guard, request: RecreateRequest, obtain: Obtain | None = None) -> CycleResult:
    """What C(recreate_with_health) would return if all went well. Raises what it would raise before anything is touched.

    C(obtain) tells what image there is. Without it, the registry is asked.
    """

    def plan(world: Ports, _went_back_to: str | None) -> Decision:
        return plan_recreation(world, Stopwatch(world.clock), request, obtain or ask)

    result = _rehearse(ports, guard, request, plan, request.image or "")
    if result.outcome is not Outcome.RECREATED or result.new_image.id:
        return result
    if request.min_image_age:
        result = _with_doubt(result, _MAYBE_TOO_YOUNG)
    return _with_doubt(result, _doubt_about_rejection(ports, request, result))


def rehearse_comeback(ports: Ports, guard: Guard, request: ContainerRequest) -> CycleResult:
    """What C(go_back) would return if all went well. Raises what it would raise before anything is touched."""

    def plan(world: Ports, went_back_to: str | None) -> Decision:
        return plan_comeback(world, went_back_to, Stopwatch(world.clock), request)

    return _rehearse(ports, guard, request, plan, "")


def ask(ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> Foreseen:
    """Tell which image a pull would bring, in place of the pull. Raises EngineError where the pull would, and where nobody can say."""
    return if_it_is_known(foresee(ops, reference, policy), inspected.container["Image"], _digests_of(inspected))


def _digests_of(inspected: Inspected) -> set[str]:
    return {repo_digest.rpartition("@")[2] for repo_digest in (inspected.image or {}).get("RepoDigests") or ()}


def _rehearse(ports: Ports, guard: Guard, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    name = name_to_guard(ports, guard, request)
    sighting, doubt = _look_for_others(guard, name)
    if sighting is None:
        return _with_doubt(_expect(ports, request, plan, wanted), doubt)
    if sighting.may_live:
        return _beside(sighting, ports, request, plan, wanted)
    return _after(sighting, ports, request, plan, wanted)


def _look_for_others(guard: Guard, name: str) -> tuple[Sighting | None, str]:
    """Whoever holds the container, and why that is not certain."""
    try:
        return guard.peek(name), ""
    except JournalFailed as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return None, f"what earlier runs have written down must not be read here ({error.__cause__})"


def _beside(sighting: Sighting, ports: Ports, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    at_work = f"another run is at work on it (process {sighting.holder.pid} on {sighting.holder.host}), and what it leaves behind decides"
    try:
        result = _expect(ports, request, plan, wanted)
    except InspectFailed:
        image = ImageIdentity(sighting.entry.old_image_ref, sighting.entry.old_image_id)
        result = CycleResult(
            Outcome.UNKNOWN, sighting.entry.old_id, sighting.entry.container, image, ImageIdentity(wanted or image.reference, "")
        )
    return _with_doubt(_with_warning(result, f"{_is_foretold(result)}: {at_work}."), at_work)


def _after(sighting: Sighting, ports: Ports, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    """The interrupted run is brought to its end first. That alone is a change."""
    entry = sighting.entry
    finding = foresee_recovery(ports, entry, sighting.new_id)
    world = ports
    if finding.way_out is WayOut.RESTORE or _has_failed(ports, entry, finding):
        names = {**({entry.returning.id: entry.returning.name} if entry.returning else {}), entry.old_id: entry.container}
        world = ports._replace(ops=t.cast(DockerOps, _WithTheirNames(ports.ops, names)))
    went_back_to = entry.returning.id if entry.returning else None
    try:
        result = _expect(world, request, lambda world, _nobody: plan(world, went_back_to), wanted)
    except FleetError as error:
        error.touched = True
        raise
    if result.outcome is Outcome.UNCHANGED:
        result = result._replace(outcome=Outcome.RECOVERED)
    result = result._replace(recovered_first=True)
    interrupted = "an earlier run on this container was interrupted. What it left would be brought to its end first"
    if finding.way_out is WayOut.JUDGE:
        result = _with_doubt(result, f"{interrupted}, and whether its new container passes the gate decides")
    return _with_warning(result, f"{interrupted[0].upper()}{interrupted[1:]}.")


def _has_failed(ports: Ports, entry: Entry, finding: Finding) -> bool:
    """Whether the gate has only to look once."""
    if finding.way_out is not WayOut.JUDGE or not finding.new_id or not entry.starts:
        return False
    try:
        return not is_active(ports.ops.inspect(finding.new_id).container)
    except EngineError:
        return False


class _WithTheirNames:
    """An engine in which containers (by ID) have the names that they will be given."""

    def __init__(self, ops: DockerOps, names: t.Mapping[str, str]) -> None:
        self._ops = ops
        self._names = names

    def inspect(self, container: str) -> Inspected:
        bearer = next((bearer for bearer, name in self._names.items() if name == container), container)
        inspected = self._ops.inspect(bearer)
        name = self._names.get(inspected.container["Id"])
        return inspected._replace(container={**inspected.container, "Name": f"/{name}"}) if name else inspected

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._ops, name)


def _expect(ports: Ports, request: ContainerRequest, plan: Plan, wanted: str) -> CycleResult:
    try:
        decision = plan(ports, None)
    except FleetError as error:
        if not isinstance(error.__cause__, Forbidden):
            raise
        return _unknown(ports, request, wanted, error.__cause__)
    if isinstance(decision, Skipped):
        return _result(Outcome.SKIPPED, decision)._replace(skipped=decision)
    if isinstance(decision, Unchanged):
        return _result(Outcome.UNCHANGED, decision)
    if decision.returning and decision.returning.id == decision.old.id:  # It only fills the gap.
        return _result(Outcome.RESTORED, decision)._replace(new_image=decision.old_image)
    return _result(Outcome.RESTORED if decision.returning else Outcome.RECREATED, decision)._replace(
        dependents=tuple(Repaired(dependent.name, dependent.id, Repair.RECREATED) for dependent in decision.old.dependents),
        lost_files=decision.lost_files,
        diff=diff_of(decision, decision.new_image),
        doubt=decision.doubt,
        warnings=(*decision.warnings, *warning_of_lost_files(decision, "will not have them")),
    )


def _result(outcome: Outcome, decision: Decision) -> CycleResult:
    return CycleResult(outcome, decision.old.id, decision.old.name, decision.old_image, decision.new_image)


def _unknown(ports: Ports, request: ContainerRequest, wanted: str, forbidden: Forbidden) -> CycleResult:
    """Nobody may say. Raises InspectFailed when not even the container may be looked at."""
    inspected = inspect_exactly(ports.ops, request.container)
    old, image = old_container(inspected.container, ports.clock.unix_seconds()), image_of(inspected)
    why = f"a call to the engine that is needed to tell is not let through: {forbidden}"
    result = CycleResult(Outcome.UNKNOWN, old.id, old.name, image, ImageIdentity(wanted or image.reference, ""), doubt=why)
    return _with_warning(result, f"{_is_foretold(result)}: {why}.")


def _is_foretold(result: CycleResult) -> str:
    cannot = "cannot be told" if result.outcome is Outcome.UNKNOWN else "is not certain"
    return f"Whether {result.container_name} would be changed {cannot}"


def _doubt_about_rejection(ports: Ports, request: RecreateRequest, result: CycleResult) -> str:
    """An image that was gone back from may be remembered by its ID only, which nobody knows of an image that is not here."""
    rejected = None if request.force else Rejections(ports.memory).recall(result.container_name)
    return _MAYBE_REJECTED if rejected and not rejected.digest else ""


def _with_doubt(result: CycleResult, doubt: str) -> CycleResult:
    return result._replace(doubt="; ".join(filter(None, (result.doubt, doubt))))


def _with_warning(result: CycleResult, warning: str) -> CycleResult:
    return result._replace(warnings=(warning, *result.warnings))
