# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: out with the new container, in with the old one.

A call whose answer was lost may well have been carried out, and an engine that does not answer may be back in a moment. So each step is
tried again until there is an answer, and what counts is what is true at the end, not what the calls said.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..container.dependents import Repaired
from ..container.old_container import OldContainer
from ..engine.errors import Conflict, EngineError, NotFound
from ..engine.interfaces import DockerOps, HealthProbe, Ports
from ..engine.model import Document, Failure, RuntimeStatus
from ..engine.retry import until_accepted, until_answered
from ..engine.timing import Stopwatch
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health
from .repair import restart_dependents

LONGEST_COURTESY = 10
"""Seconds that a failed container gets to stop by itself, however long its stop timeout is: the old one is waiting."""

ASLEEP = {"Name": "no"}
"""The restart policy of an archive."""

_WELL = (RuntimeStatus.HEALTHY, RuntimeStatus.RUNNING)


class RollbackReason(enum.Enum):
    """Why the old container is back."""

    HEALTH_TIMEOUT = "health_timeout"
    CRASHED = "crashed"
    CREATE_FAILED = "create_failed"
    START_FAILED = "start_failed"


class NewContainer(t.NamedTuple):
    """The container to get rid of. C(id) is None when none was made, or when the answer that would have told it was lost.

    One that was there before is not removed, but put away under the name C(archive).
    """

    id: str | None
    image_ref: str
    image_id: str
    stop_timeout: int
    answer_lost: bool = False
    archive: str | None = None


class RollbackEvent(t.NamedTuple):
    """What happened to whom, and why. C(restored_from) is the archive's name."""

    container: str
    reason: RollbackReason
    old_image_ref: str
    new_image_ref: str
    restored_from: str
    failure: Failure


class Restored(t.NamedTuple):
    """Whether the old container runs under its name again.

    C(problem) is None when it does. Otherwise it says what is wrong, and C(commands) put it right by hand, as far as commands can.
    C(archive) is the name that the old container is still under, None when it has its own, or is gone. C(kept) is the ID of the new
    container when that still has the name. C(dependents) are those that were started anew with it. C(runs) is false for one that is stopped
    because it was. C(is_in_place) tells whether it has its name and its restart policy, however it does.
    """

    problem: str | None = None
    commands: tuple[str, ...] = ()
    archive: str | None = None
    kept: str | None = None
    dependents: tuple[Repaired, ...] = ()
    runs: bool = True
    is_in_place: bool = True

    @property
    def remedy(self) -> str:
        """A sentence with the commands, to be put behind what went wrong. Empty when there are none."""
        return f" Bring it back with: {' && '.join(self.commands)}" if self.commands else ""


def rollback(
    ports: Ports,
    watch: Stopwatch,
    old: OldContainer,
    new: NewContainer,
    archive: str,
    reason: RollbackReason,
    cause: str,
    health: HealthConfig,
) -> tuple[RollbackEvent, Restored]:
    """Remove C(new) and put C(old) back from C(archive).

    C(cause) says in words what C(reason) says in one. Never raises EngineError: what could not be done is in the result.
    """
    watch.still_down()
    with watch.step("evidence"):
        failure = _failure_of(ports.probe, new, cause)
    restored = put_back(ports, watch, old, new, archive, health)
    return RollbackEvent(old.name, reason, old.image_ref, new.image_ref, archive, failure), restored


def put_back(ports: Ports, watch: Stopwatch, old: OldContainer, new: NewContainer, archive: str | None, health: HealthConfig) -> Restored:
    """Remove C(new), then restore C(old), unless that would make things worse. Never raises EngineError."""
    with watch.step("discard"):
        obstacle = _nothing_to_go_back_to(ports.probe, old, new, archive) or _discard(ports, old, new, archive)
    return obstacle or _with_way_cleared(ports.probe, new, restore(ports, watch, old, archive, health))


def restore(ports: Ports, watch: Stopwatch, old: OldContainer, archive: str | None, health: HealthConfig) -> Restored:
    """Give C(old) its name back from C(archive) (None: it still has it), start it, check it and repair its dependents.

    Never raises EngineError.
    """
    with watch.step("restore"):
        name_problem = _rename_back(ports, old) if archive else None
        # Before the start: a policy that comes after the first crash does not bring a container back into its crash loop.
        policy_problem = _wake(ports, old)
        start_problem = _start(ports, old) if old.runs else None
        if old.runs and not start_problem:
            watch.came_up()
    with watch.step("check"):
        outcome = _check(ports, old, health)
    dependents = _repair_dependents(ports, watch, old, outcome)
    # What a start answered counts only where nobody looked afterwards.
    is_back = outcome.verdict is Verdict.HEALTHY and not (start_problem and outcome.last is None)
    if is_back and not name_problem and not policy_problem:
        return Restored(dependents=dependents, runs=old.runs)
    rename = (f"docker rename {archive} {old.name}",) if name_problem else ()
    start = (f"docker start {old.name}",) if outcome.verdict is Verdict.CRASHED or not (is_back or outcome.last) else ()
    state_problem = None if is_back else start_problem or f"{old.name} {outcome.why}"
    policy = (f"docker update --restart={_as_option(old.restart_policy)} {old.name}",) if policy_problem else ()
    problem = "; ".join(problem for problem in (name_problem, state_problem, policy_problem) if problem)
    return Restored(
        problem,
        (*rename, *start, *policy),
        archive if name_problem else None,
        dependents=dependents,
        is_in_place=not name_problem and not policy_problem,
    )


def let_stop_end(ports: Ports, container: str, started_at: str, timeout: int) -> None:
    """The engine may go on stopping a container when nobody waits for that any more. While it does, the container looks well.

    Nobody can see it, so one that has not been started again since C(started_at) is stopped for good, to be started by us. Raises
    EngineError.
    """
    now = until_answered(ports.clock, lambda: ports.probe.probe(container))
    if now.status is not RuntimeStatus.EXITED and now.started_at == started_at:
        until_answered(ports.clock, lambda: ports.ops.stop(container, timeout))


def _repair_dependents(ports: Ports, watch: Stopwatch, old: OldContainer, outcome: HealthOutcome) -> tuple[Repaired, ...]:
    was_never_down = outcome.last is not None and outcome.last.started_at == old.state.started_at
    if not old.dependents or was_never_down:
        return ()
    with watch.step("dependents"):
        return restart_dependents(ports, old.dependents, old.id)


def _failure_of(probe: HealthProbe, new: NewContainer, cause: str) -> Failure:
    """Has to come first: it is gone with the container."""
    if new.id is None:
        return Failure(error=cause)
    try:
        failure = probe.failure(new.id)
    except EngineError:
        return Failure(error=cause)
    return failure._replace(error=failure.error or cause)


def _nothing_to_go_back_to(probe: HealthProbe, old: OldContainer, new: NewContainer, archive: str | None) -> Restored | None:
    """Somebody may have removed the archive in the meantime. A failed container is better than none."""
    try:
        probe.probe(old.id)
    except NotFound:
        return Restored(f"somebody removed its archive {archive}, so the new container was left as it is", kept=new.id, is_in_place=False)
    except EngineError:
        return None
    return None


def _discard(ports: Ports, old: OldContainer, new: NewContainer, archive: str | None) -> Restored | None:
    """Has to come before the start of the old one: the new one holds its ports, its addresses and its data.

    Returns what is wrong when the new one may go on running.
    """
    try:
        new_id = new.id or (_unseen(ports, old.name, new) if new.answer_lost else None)
        if new_id is None:
            return None
        _stop_gently(ports.ops, new_id, new.stop_timeout)
        if new.archive:
            _put_away(ports, new_id, new.archive)
        else:
            until_answered(ports.clock, lambda: ports.ops.remove(new_id, force=True), also=Conflict)
    except NotFound:
        return None
    except EngineError as error:
        if new.id is None or _has_ended(ports.probe, new.id):
            return None  # It may be in the way of the name, but it does not run.
        problem = f"the new container could not be removed ({error}), and the two must not run at once"
        rename = (f"docker rename {archive} {old.name}",) if archive else ()
        discard = f"docker stop {new.id} && docker rename {new.id} {new.archive}" if new.archive else f"docker rm --force {new.id}"
        commands = (discard, *rename, f"docker start {old.name}")
        return Restored(problem, commands, archive, kept=new.id, is_in_place=False)
    return None


def _with_way_cleared(probe: HealthProbe, new: NewContainer, restored: Restored) -> Restored:
    """A new container that ended, but could not be removed, may still have the name that a command gives back."""
    if restored.archive is None or new.id is None or new.archive:
        return restored
    try:
        probe.probe(new.id)
    except EngineError:
        return restored
    return restored._replace(commands=(f"docker rm --force {new.id}", *restored.commands))


def _put_away(ports: Ports, container: str, archive: str) -> None:
    """Make an archive of it again."""
    until_answered(ports.clock, lambda: ports.ops.set_restart_policy(container, ASLEEP))
    now = until_answered(ports.clock, lambda: ports.probe.probe(container))
    if now.status is not RuntimeStatus.EXITED:
        raise EngineError("it does not stop")
    if now.name != archive:
        until_answered(ports.clock, lambda: ports.ops.rename(container, archive))


def _unseen(ports: Ports, name: str, new: NewContainer) -> str | None:
    """The container that was created although the answer was lost. One that was ever started is somebody else's."""
    found = until_answered(ports.clock, lambda: ports.ops.inspect(name)).container
    is_ours = found["State"]["Status"] == "created" and found["Image"] == new.image_id
    return found["Id"] if is_ours else None


def _stop_gently(ops: DockerOps, container: str, timeout: int) -> None:
    try:
        ops.stop(container, LONGEST_COURTESY if timeout < 0 else min(timeout, LONGEST_COURTESY))
    except EngineError:
        return  # It is removed by force next.


def _has_ended(probe: HealthProbe, container: str) -> bool:
    try:
        return probe.probe(container).status is RuntimeStatus.EXITED
    except NotFound:
        return True
    except EngineError:
        return False


def _rename_back(ports: Ports, old: OldContainer) -> str | None:
    def rename() -> None:
        try:
            ports.ops.rename(old.id, old.name)
        except EngineError:
            # A rename whose answer was lost is refused when it is tried again.
            if not _has_its_name(ports.probe, old):
                raise

    try:
        # Whoever has the name may be on the way out.
        until_accepted(ports.clock, rename)
    except EngineError as error:
        return f"{old.name} could not be given its name back ({error})"
    return None


def _has_its_name(probe: HealthProbe, old: OldContainer) -> bool:
    try:
        return probe.probe(old.id).name == old.name
    except EngineError:
        return False


def _start(ports: Ports, old: OldContainer) -> str | None:
    try:
        # It ran before, so what is in its way now, such as somebody at its address, may go away.
        until_accepted(ports.clock, lambda: ports.ops.start(old.id))
    except EngineError as error:
        return f"{old.name} could not be started ({error})"
    return None


def _wake(ports: Ports, old: OldContainer) -> str | None:
    if not old.wakes_by_itself:
        return None
    try:
        until_answered(ports.clock, lambda: ports.ops.set_restart_policy(old.id, old.restart_policy))
    except EngineError as error:
        return f"{old.name} could not be given its restart policy back ({error})"
    return None


def _as_option(policy: Document) -> str:
    retries = policy.get("MaximumRetryCount")
    return f"{policy.get('Name')}:{retries}" if retries else str(policy.get("Name"))


def _check(ports: Ports, old: OldContainer, health: HealthConfig) -> HealthOutcome:
    """One that was well has to be well again, in the time that its own health check needs; one that was up has to stay up.

    From one that was in a crash loop no more is asked than it had.
    """
    if old.state.status is RuntimeStatus.EXITED:
        return HealthOutcome(Verdict.HEALTHY, "was not up before either")
    patient = dataclasses.replace(health, health_timeout=max(health.health_timeout, old.time_to_health), min_healthy_time=0)
    return wait_for_health(ports.probe, ports.clock, old.id, patient, new=False, need_health=old.state.status in _WELL)
