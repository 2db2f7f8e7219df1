# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a failed successor out of the way, so that the old container can be restored."""

from __future__ import annotations

import contextlib
import typing as t

from ..container.old_container import NO_RESTART, OldContainer
from ..engine.errors import Conflict, EngineError, NotFound
from ..engine.interfaces import Context, DockerOps, HealthProbe
from ..engine.model import NO_EVENTS, EventLog, Failure, RuntimeStatus
from ..engine.retry import retry_on_no_answer
from ..state.archives import ArchiveRecord
from .result import RestoreResult

MAX_STOP_GRACE = 10
"""Seconds that a failed container gets to stop, however long its stop timeout is: the old container is waiting."""


class FailedContainer(t.NamedTuple):
    """A new container to remove. `id` is None if none was created, or if the engine's answer, which has the ID, was lost.

    `stop_timeout` is in seconds.
    """

    id: str | None
    image_ref: str
    image_id: str
    stop_timeout: int
    answer_lost: bool = False


class FailedArchive(t.NamedTuple):
    """An archive that was restored and failed. It becomes an archive again. `stop_timeout` is in seconds."""

    record: ArchiveRecord
    image_ref: str
    stop_timeout: int

    @property
    def id(self) -> str:
        return self.record.id


ToDiscard = t.Union[FailedContainer, FailedArchive]


def collect_evidence(probe: HealthProbe, failed: ToDiscard, cause: str, log: EventLog = NO_EVENTS) -> Failure:
    """Read what the failed container left. This comes first, because the container takes it along. Never raise EngineError.

    `log` has its events. They still show the process that failed when the restart policy has started the next one.
    """
    failure = Failure()
    if failed.id is not None:
        with contextlib.suppress(EngineError):
            failure = probe.failure(failed.id)
    return failure._replace(
        error=failure.error or cause,
        exit_code=failure.exit_code if log.exit_code is None else log.exit_code,
        oom_killed=failure.oom_killed or log.was_out_of_memory,
    )


def discard(context: Context, old: OldContainer, failed: ToDiscard, archive: str | None) -> RestoreResult | None:
    """Remove the failed successor, or make it an archive again. Never raise EngineError.

    This comes before the start of the old container, because the successor holds its ports, its addresses and its data. `archive` is the
    name that the old container has now, or None if it has its own. Return what is wrong if the old container must not be started.
    """
    try:
        container_id = failed.id or _find_unreported(context, old.name, failed)
        if container_id is None:
            return None
        _stop(context.ops, container_id, failed.stop_timeout)
        if isinstance(failed, FailedArchive):
            _archive_again(context, failed.record)
        else:
            retry_on_no_answer(context.clock, lambda: context.ops.remove(container_id, force=True), also=Conflict)
    except NotFound:
        return None
    except EngineError as error:
        if failed.id is None or _has_ended(context.probe, failed.id):
            return None  # It may still have the name, but it does not run.
        return _both_would_run(old, failed, failed.id, archive, error)
    return None


def unless_archive_is_gone(probe: HealthProbe, old: OldContainer, failed: ToDiscard, archive: str | None) -> RestoreResult | None:
    """Keep a failed container if there is nothing to restore: it is better than none. Return what is wrong then."""
    try:
        probe.probe(old.id)
    except NotFound:
        problem = f"its archive {archive} was removed, so the new container was left as it is"
        return RestoreResult(problem, kept=failed.id, is_in_place=False)
    except EngineError:
        return None
    return None


def with_name_freed(probe: HealthProbe, failed: ToDiscard, restored: RestoreResult) -> RestoreResult:
    """Add the command that removes a failed container which has ended but still has the name that another command gives back."""
    if restored.archive is None or failed.id is None or isinstance(failed, FailedArchive):
        return restored
    try:
        probe.probe(failed.id)
    except EngineError:
        return restored
    return restored._replace(commands=(f"docker rm --force {failed.id}", *restored.commands))


def _both_would_run(old: OldContainer, failed: ToDiscard, failed_id: str, archive: str | None, error: EngineError) -> RestoreResult:
    problem = f"the new container could not be removed ({error}), and the two must not run at the same time"
    get_rid_of_it = (
        f"docker stop {failed_id} && docker rename {failed_id} {failed.record.name}"
        if isinstance(failed, FailedArchive)
        else f"docker rm --force {failed_id}"
    )
    rename = (f"docker rename {archive} {old.name}",) if archive else ()
    return RestoreResult(problem, (get_rid_of_it, *rename, f"docker start {old.name}"), archive, kept=failed_id, is_in_place=False)


def _archive_again(context: Context, record: ArchiveRecord) -> None:
    retry_on_no_answer(context.clock, lambda: context.ops.set_restart_policy(record.id, NO_RESTART))
    now = retry_on_no_answer(context.clock, lambda: context.probe.probe(record.id))
    if now.status is not RuntimeStatus.EXITED:
        raise EngineError("it does not stop")
    if now.name != record.name:
        retry_on_no_answer(context.clock, lambda: context.ops.rename(record.id, record.name))


def _find_unreported(context: Context, name: str, failed: ToDiscard) -> str | None:
    """Return the ID of the container that was created although the answer was lost. A container that was ever started is not ours."""
    if isinstance(failed, FailedArchive) or not failed.answer_lost:
        return None
    found = retry_on_no_answer(context.clock, lambda: context.ops.inspect(name)).container
    is_ours = found["State"]["Status"] == "created" and found["Image"] == failed.image_id
    return found["Id"] if is_ours else None


def _stop(ops: DockerOps, container: str, timeout: int) -> None:
    try:
        ops.stop(container, MAX_STOP_GRACE if timeout < 0 else min(timeout, MAX_STOP_GRACE))
    except EngineError:
        return  # The next step removes it by force.


def _has_ended(probe: HealthProbe, container: str) -> bool:
    try:
        return probe.probe(container).status is RuntimeStatus.EXITED
    except NotFound:
        return True
    except EngineError:
        return False
