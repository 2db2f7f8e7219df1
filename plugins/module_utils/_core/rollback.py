# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back: out with the new container, in with the old one.

Each step is tried whatever became of the one before, because a call whose answer was lost may well have been carried out. What counts is
what is true at the end.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from dataclasses import dataclass

from .errors import EngineError, NotFound
from .health import HealthConfig, Verdict, wait_for_health
from .ports import ContainerRuntimeState, DockerOps, Failure, Ports, RuntimeStatus
from .stopwatch import Stopwatch


class RollbackReason(enum.Enum):
    """Why the old container is back."""

    HEALTH_TIMEOUT = "health_timeout"
    CRASHED = "crashed"
    CREATE_FAILED = "create_failed"
    START_FAILED = "start_failed"


@dataclass(frozen=True)
class OldContainer:
    """The container to go back to. C(state) is what it was doing before anything was touched."""

    id: str
    name: str
    image_ref: str
    state: ContainerRuntimeState


@dataclass(frozen=True)
class NewContainer:
    """The container to get rid of. C(id) is None when none was made, or when the answer that would have told it was lost."""

    id: t.Optional[str]
    image_ref: str
    stop_timeout: int
    answer_lost: bool = False


@dataclass(frozen=True)
class RollbackEvent:
    """What happened to whom, and why. C(restored_from) is the archive's name."""

    container: str
    reason: RollbackReason
    old_image_ref: str
    new_image_ref: str
    restored_from: str
    failure: Failure


@dataclass(frozen=True)
class Restored:
    """Whether the old container runs under its name again.

    C(problem) is None when it does. Otherwise it says what is wrong, C(commands) put it right by hand, and C(archive) is the name that the
    old container is still under, None when it has its own.
    """

    problem: t.Optional[str] = None
    commands: t.Tuple[str, ...] = ()
    archive: t.Optional[str] = None


def rollback(
    ports: Ports,
    watch: Stopwatch,
    old: OldContainer,
    new: NewContainer,
    archive: str,
    reason: RollbackReason,
    cause: str,
    health: HealthConfig,
) -> t.Tuple[RollbackEvent, Restored]:
    """Remove C(new) and put C(old) back from C(archive).

    C(cause) says in words what C(reason) says in one. Never raises EngineError: what could not be done is in the result.
    """
    watch.still_down()
    with watch.step("discard"):
        failure = _failure_of(ports, new, cause)
        discard_problem = _discard(ports.ops, old.name, new)
    restored = restore(ports, watch, old, archive, health)
    if restored.problem and discard_problem:
        restored = dataclasses.replace(
            restored,
            problem=f"{discard_problem}; {restored.problem}",
            commands=(f"docker rm --force {new.id or old.name}", *restored.commands),
        )
    return RollbackEvent(old.name, reason, old.image_ref, new.image_ref, archive, failure), restored


def restore(ports: Ports, watch: Stopwatch, old: OldContainer, archive: t.Optional[str], health: HealthConfig) -> Restored:
    """Give C(old) its name back from C(archive) (None: it still has it), start it and check it. Never raises EngineError."""
    with watch.step("restore"):
        name_problem = _rename_back(ports.ops, old) if archive else None
        start_problem = _start(ports.ops, old)
        if not start_problem:
            watch.came_up()
    with watch.step("check"):
        state_problem = _state_problem(ports, old, start_problem, health)
    problem = "; ".join(problem for problem in (name_problem, state_problem) if problem)
    if not problem:
        return Restored()
    rename_command = (f"docker rename {archive} {old.name}",) if name_problem else ()
    return Restored(problem, (*rename_command, f"docker start {old.name}"), archive if name_problem else None)


def _failure_of(ports: Ports, new: NewContainer, cause: str) -> Failure:
    """Has to come first: it is gone with the container."""
    if new.id is None:
        return Failure(error=cause)
    try:
        failure = ports.probe.failure(new.id)
    except EngineError:
        return Failure(error=cause)
    return dataclasses.replace(failure, error=failure.error or cause)


def _discard(ops: DockerOps, name: str, new: NewContainer) -> t.Optional[str]:
    """Has to come before the start of the old one: the new one holds its ports and addresses."""
    try:
        new_id = new.id or (_id_behind(ops, name) if new.answer_lost else None)
        if new_id is None:
            return None
        _stop_gently(ops, new_id, new.stop_timeout)
        ops.remove(new_id, force=True)
    except NotFound:
        return None
    except EngineError as error:
        return f"the new container could not be removed ({error})"
    return None


def _id_behind(ops: DockerOps, name: str) -> str:
    found: str = ops.inspect(name).container["Id"]
    return found


def _stop_gently(ops: DockerOps, container: str, timeout: int) -> None:
    try:
        ops.stop(container, timeout)
    except EngineError:
        return  # It is removed by force next.


def _rename_back(ops: DockerOps, old: OldContainer) -> t.Optional[str]:
    try:
        ops.rename(old.id, old.name)
    except EngineError as error:
        return None if _has_its_name(ops, old) else f"{old.name} could not be given its name back ({error})"
    return None


def _has_its_name(ops: DockerOps, old: OldContainer) -> bool:
    try:
        return bool(ops.inspect(old.name).container["Id"] == old.id)
    except EngineError:
        return False


def _start(ops: DockerOps, old: OldContainer) -> t.Optional[str]:
    try:
        ops.start(old.id)
    except EngineError as error:
        return f"{old.name} could not be started ({error})"
    return None


def _state_problem(ports: Ports, old: OldContainer, start_problem: t.Optional[str], health: HealthConfig) -> t.Optional[str]:
    """One that was up and well has to pass the gate again; from one that was not, no more is asked than it had."""
    if old.state.status not in (RuntimeStatus.HEALTHY, RuntimeStatus.RUNNING):
        return start_problem
    outcome = wait_for_health(ports.probe, ports.clock, old.id, health, restarts_before=old.state.restarts)
    if outcome.verdict is Verdict.HEALTHY:
        return None
    return start_problem or f"{old.name} {outcome.why}"
