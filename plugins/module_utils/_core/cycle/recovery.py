# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way out of what an interrupted run left."""

from __future__ import annotations

import enum
import typing as t

from ..container.dependents import Repaired
from ..container.old_container import OldContainer
from ..engine.errors import EngineError, NotFound, RecoveryFailed, StillUnwell
from ..engine.interfaces import Ports
from ..engine.model import ContainerRuntimeState, Document, RuntimeStatus, is_active, name_of
from ..engine.timing import Stopwatch
from ..state.archives import Archives
from ..state.journal import Entry, lock_of, new_container_of
from ..state.rejections import reject
from .finish import complete, forget_archive, new_image_of, old_image_of
from .health import HealthConfig, HealthOutcome, Verdict, wait_for_health
from .restore import NewContainer, let_stop_end, put_back


class Remains(t.NamedTuple):
    """What is there now: the old container, whoever has its name, and the ID of the new container as far as it was written down.

    C(old) and C(occupant) are inspect documents, None where there is no such container. C(archive_is_remembered) is true when a run came
    so far that the old container counts as a kept archive.
    """

    old: Document | None
    occupant: Document | None
    new_id: str | None
    archive_is_remembered: bool = False


class WayOut(enum.Enum):
    """What is to be done about it."""

    FORGET = "forget"
    """The run had come to its end, or what it was about is gone. Only the journal is left."""
    RESTORE = "restore"
    """The old container comes back."""
    JUDGE = "judge"
    """The new container was started. The health gate decides between it and the old one."""
    STUCK = "stuck"
    """Somebody else has had a hand in it. Nobody but a human can tell what is meant."""


class Finding(t.NamedTuple):
    """The way out, the new container that is to go or to be judged, and for a human: what is in the way.

    C(has_its_name) is true when the old container is under its own name, not that of the archive.
    """

    way_out: WayOut
    new_id: str | None = None
    obstacle: str = ""
    has_its_name: bool = False


def find_way_out(entry: Entry, remains: Remains) -> Finding:
    """Decide from what is there, not from what the run may have done last."""
    new_id = entry.returning.id if entry.returning else remains.new_id
    if new_id == entry.old_id:
        new_id = None  # An archive was to fill a gap, and there is no other container.
    if remains.old is None:
        return Finding(WayOut.FORGET)
    name = name_of(remains.old)
    if name == entry.container:
        return Finding(WayOut.RESTORE, new_id, has_its_name=True)
    if name != entry.archive:
        return Finding(WayOut.STUCK, obstacle=f"its old container is now called {name}, which no run of this module does")
    if remains.occupant is None:
        return Finding(WayOut.RESTORE)
    occupant_id = remains.occupant["Id"]
    if occupant_id == new_id:
        # One that was never started has not shown anything that its image could be rejected for.
        never_started = entry.starts and remains.occupant["State"]["Status"] == "created"
        return Finding(WayOut.RESTORE if never_started else WayOut.JUDGE, occupant_id)
    came_up = remains.occupant["State"]["Status"] == "running" if entry.starts else remains.archive_is_remembered
    if entry.keep_archive and remains.occupant["Image"] == entry.new_image_id and came_up:
        # The run had come to its end, and was erasing its notes.
        return Finding(WayOut.FORGET)
    if _is_ours(entry, remains.occupant):
        return Finding(WayOut.RESTORE, occupant_id)
    return Finding(WayOut.STUCK, obstacle=f"the name {entry.container} was taken by another container ({occupant_id[:12]}) in the meantime")


def _is_ours(entry: Entry, occupant: Document) -> bool:
    """A new container whose ID was not written down yet. It is written down before the start, so ours was never started."""
    return bool(occupant["State"]["Status"] == "created" and occupant["Image"] == entry.new_image_id)


def recover(ports: Ports, watch: Stopwatch, entry: Entry, new_id: str | None, health: HealthConfig) -> tuple[Repaired, ...]:
    """Bring to its end what the run of C(entry) left: the new container, if it passes the gate, or the old one.

    C(new_id) is the new container as far as it was written down. Returns the dependents for which something was done. Raises
    RecoveryFailed, with what to do by hand.
    """
    image_is_bad = False
    with watch.step("recover"):
        finding = foresee_recovery(ports, entry, new_id)
        if finding.way_out is WayOut.FORGET:
            return ()
        on_trial = finding.new_id if finding.way_out is WayOut.JUDGE else None
        if on_trial:
            gate = _judge(ports, entry, on_trial, health)
            if gate.verdict is Verdict.HEALTHY:
                return _see_through(ports, entry, on_trial)
            # One that was down at the first look may have gone down with the engine.
            image_is_bad = gate.seen_up and not gate.blind
    dependents = _bring_back(ports, watch, entry, finding, health)
    if entry.returning and entry.returning.id == entry.old_id:
        forget_archive(ports, entry.container, entry.old_id)
    if image_is_bad:
        reject(ports, entry.container, entry.old_id, old_image_of(entry), new_image_of(entry), "it did not pass the health gate")
    return dependents


def foresee_recovery(ports: Ports, entry: Entry, new_id: str | None) -> Finding:
    """Which way out there is. Raises RecoveryFailed, with what to do by hand, where there is none."""
    finding = find_way_out(entry, _look_around(ports, entry, new_id))
    if finding.way_out is WayOut.STUCK:
        raise _stuck(entry, finding.obstacle)
    return finding


def _look_around(ports: Ports, entry: Entry, new_id: str | None) -> Remains:
    return Remains(_look(ports, entry, entry.old_id), _look(ports, entry, entry.container), new_id, _is_remembered(ports, entry))


def _is_remembered(ports: Ports, entry: Entry) -> bool:
    try:
        return any(kept.id == entry.old_id for kept in Archives(ports.memory).of(entry.container))
    except EngineError:
        return False


def _look(ports: Ports, entry: Entry, container: str) -> Document | None:
    try:
        return ports.ops.inspect(container).container
    except NotFound:
        return None
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and what it left cannot be looked at: {error}"
        ) from error


def _judge(ports: Ports, entry: Entry, new_id: str, health: HealthConfig) -> HealthOutcome:
    if not entry.starts:
        return HealthOutcome(Verdict.HEALTHY, "is not meant to run")
    return wait_for_health(ports.probe, ports.clock, new_id, health)


def _see_through(ports: Ports, entry: Entry, new_id: str) -> tuple[Repaired, ...]:
    """What is left to do for a new container that passed the gate."""
    dependents = complete(ports, entry, new_id).dependents
    if entry.keep_archive:
        return dependents
    try:
        ports.ops.remove(entry.archive)
    except NotFound:
        pass
    except EngineError as error:
        raise RecoveryFailed(
            f"Container {entry.container} is up to date, but an interrupted run left its archive {entry.archive}, "
            f"which could not be removed: {error}. Remove it with: docker rm {entry.archive}"
        ) from error
    return dependents


def _bring_back(ports: Ports, watch: Stopwatch, entry: Entry, finding: Finding, health: HealthConfig) -> tuple[Repaired, ...]:
    old = OldContainer(
        id=entry.old_id,
        name=entry.container,
        image_ref=entry.old_image_ref,
        state=ContainerRuntimeState(RuntimeStatus(entry.old_status), started_at=entry.old_started_at),
        runs=entry.runs,
        time_to_health=entry.time_to_health,
        restart_policy=entry.restart_policy,
        dependents=entry.dependents,
    )
    archive = entry.returning.name if entry.returning else None
    new = NewContainer(finding.new_id, entry.new_image_ref, entry.new_image_id, entry.stop_timeout, archive=archive)
    if finding.has_its_name:
        _wait_for_a_stop_under_way(ports, entry)
    restored = put_back(ports, watch, old, new, None if finding.has_its_name else entry.archive, health)
    if restored.problem is None:
        return restored.dependents
    problem = f"An earlier run on {entry.container} was interrupted, and the old container could not be brought back: {restored.problem}."
    if restored.is_in_place and _is_up(ports, entry.old_id):
        raise StillUnwell(f"{problem}{restored.remedy}", touched=True)
    forget = f"To leave it as it is, make this module forget the interrupted run with: {_forget(entry)}."
    raise RecoveryFailed(f"{problem} {forget}{restored.remedy}", touched=True)


def _is_up(ports: Ports, container: str) -> bool:
    try:
        return is_active(ports.ops.inspect(container).container)
    except EngineError:
        return False


def _wait_for_a_stop_under_way(ports: Ports, entry: Entry) -> None:
    try:
        let_stop_end(ports, entry.old_id, entry.old_started_at, entry.stop_timeout)
    except EngineError as error:
        raise RecoveryFailed(
            f"An earlier run on {entry.container} was interrupted, and it cannot be told whether the engine is still stopping it: {error}. "
            "Run this again."
        ) from error


def _stuck(entry: Entry, obstacle: str) -> RecoveryFailed:
    return RecoveryFailed(
        f"An earlier run on {entry.container} was interrupted, and only you can tell how it is meant to go on: {obstacle}. "
        f"Nothing was touched. Its old container has the ID {entry.old_id}. Put things right, then make this module forget "
        f"the interrupted run with: {_forget(entry)}"
    )


def _forget(entry: Entry) -> str:
    return f"docker volume rm {lock_of(entry.container)} (and docker volume rm {new_container_of(entry)}, if it is there)"
