# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_finalize: remove the archives of a container that works, and clean up."""

from __future__ import annotations

import enum
import typing as t

from ..container.old_container import old_container
from ..cycle.finish import forget_archive, prune, remove_archive, remove_replaced_image
from ..cycle.job import name_to_lock
from ..cycle.message import message_of_finalize
from ..cycle.run import ATTEMPTS
from ..engine.errors import EngineError, FinalizeFailed, InspectFailed, Refused
from ..engine.interfaces import Context
from ..engine.lookup import find_container, require_container
from ..engine.model import Inspected, ReturnValues, RuntimeStatus, is_active, name_of
from ..image.resolve import has_other_tags, image_of
from ..plan.requests import Cleanup, ContainerRequest
from ..state.archives import ArchiveRecord, ArchiveStore
from ..state.journal import Created, JournalEntry
from ..state.lock import LockHolder, RunLock

_WELL = (RuntimeStatus.HEALTHY, RuntimeStatus.RUNNING)

_LONGEST = 600
"""Seconds after which a run on another machine counts this run as dead."""


class FinalizeRequest(t.NamedTuple):
    """The container whose archives to remove. With `rollout`, only those of this rollout and of earlier ones, by name."""

    container: ContainerRequest
    rollout: str = ""
    cleanup: Cleanup = Cleanup()


class Finalized(t.NamedTuple):
    """The container, the names of the removed archives, and the IDs of the removed images."""

    container_id: str
    container_name: str
    dropped: tuple[str, ...] = ()
    images_removed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class _State(enum.Enum):
    """What an archive is now."""

    WAITING = "waiting"
    GONE = "gone"
    RENAMED = "renamed"
    STARTED = "started"


class _DropCandidate(t.NamedTuple):
    kept: ArchiveRecord
    state: _State
    inspected: Inspected | None = None


class _FinalizePlan(t.NamedTuple):
    """The container as it is now, and the requested ones of its archives."""

    current: Inspected
    archives: tuple[_DropCandidate, ...]

    @property
    def name(self) -> str:
        return name_of(self.current.container)

    @property
    def to_drop(self) -> tuple[_DropCandidate, ...]:
        return tuple(archive for archive in self.archives if archive.state is _State.WAITING)

    def result(self, **more: t.Any) -> Finalized:
        return Finalized(self.current.container["Id"], self.name, **more)


def finalize(context: Context, lock: RunLock, request: FinalizeRequest) -> Finalized:
    """Remove the archives of a healthy container by their IDs. If any was removed, clean up as requested.

    Wait for another run on the container. Raise StepFailed if nothing was changed, and FinalizeFailed if an archive could not be removed.
    """
    for _attempt in range(ATTEMPTS):
        name = name_to_lock(context, lock, request.container)
        lock.wait_and_recover(name, _refuse_after, lambda entry: _remove_trial(context, entry))
        plan = _plan(context, request)
        if plan.name != name:
            continue
        if not plan.archives:
            return plan.result()
        if lock.acquire(_entry_for(context, plan, lock)):
            try:
                return _drop(context, _plan(context, request), request.cleanup)
            finally:
                lock.release()
    raise Refused(
        f"The archives of {request.container.container} were left as they are: another run was working on it on each of {ATTEMPTS} "
        "attempts. Try again later."
    )


def check_finalize(context: Context, lock: RunLock, request: FinalizeRequest) -> Finalized:
    """Return what `finalize` would return if all went well. Raise what it would raise before it touches anything."""
    name = name_to_lock(context, lock, request.container)
    other = lock.holder(name)
    if other and not other.may_live:
        _refuse_after(other.entry, other.new_id)
    plan = _plan(context, request)
    names = tuple(archive.kept.name for archive in plan.to_drop)
    return plan.result(dropped=names, warnings=(*_warnings_of(plan), *_is_at_work(name, other)))


def _is_at_work(name: str, other: LockHolder | None) -> tuple[str, ...]:
    if other is None:
        return ()
    return (f"Another run is working on {name} (process {other.holder.pid} on {other.holder.host}), and may leave another archive.",)


def _refuse_after(entry: JournalEntry, _new_id: str | None) -> t.NoReturn:
    raise Refused(
        f"The archives of {entry.container} were left as they are: an earlier run on it was interrupted, and may need one of them. "
        "Recover it first: run container_recreate or container_rollback on it."
    )


def _remove_trial(context: Context, entry: JournalEntry) -> None:
    from ..cycle.trial import remove_trial_of

    remove_trial_of(context, entry)


def _plan(context: Context, request: FinalizeRequest) -> _FinalizePlan:
    current = require_container(context.ops, request.container.container)
    name = name_of(current.container)
    try:
        remembered = ArchiveStore(context.memory).of(name)
        archives = tuple(_look_at(context, kept) for kept in remembered if _is_of(request.rollout, kept))
    except EngineError as error:
        raise InspectFailed(f"The archives of {name} could not be inspected, and were left as they are: {error}") from error
    plan = _FinalizePlan(current, archives)
    _refuse_if_unwell(context, plan)
    return plan


def _is_of(rollout: str, kept: ArchiveRecord) -> bool:
    """Whether to remove it: an archive of an earlier rollout is of no use any longer; one without a rollout was kept by hand."""
    return not rollout or "" < kept.rollout <= rollout


def _look_at(context: Context, kept: ArchiveRecord) -> _DropCandidate:
    inspected = find_container(context.ops, kept.id)
    if inspected is None:
        return _DropCandidate(kept, _State.GONE)
    if name_of(inspected.container) != kept.name:
        return _DropCandidate(kept, _State.RENAMED, inspected)
    return _DropCandidate(kept, _State.STARTED if is_active(inspected.container) else _State.WAITING, inspected)


def _refuse_if_unwell(context: Context, plan: _FinalizePlan) -> None:
    """Refuse to remove an archive that ran if the container that replaced it is not well."""
    now = old_container(plan.current.container, context.memory).state.status
    if now in _WELL or not any(archive.kept.runs for archive in plan.to_drop):
        return
    raise Refused(
        f"The archives of {plan.name} were left as they are: it is {now.value} now, so you may want to go back to one of them. "
        "Run this again when it works, or restore an archive with container_rollback."
    )


def _entry_for(context: Context, plan: _FinalizePlan, lock: RunLock) -> JournalEntry:
    """An entry that only keeps other runs away. The run touches no container in it, so no run has to recover it."""
    current = old_container(plan.current.container, context.memory)
    image = image_of(plan.current)
    return JournalEntry(
        old=current,
        old_image=image,
        new_image=image,
        successor=Created(current.runs),
        archive="",
        stop_timeout=0,
        keep_archive=True,
        lease=_LONGEST,
        holder=lock.me,
        announces_touch=True,
    )


def _drop(context: Context, plan: _FinalizePlan, cleanup: Cleanup) -> Finalized:
    dropped: list[_DropCandidate] = []
    left: list[str] = []
    warnings = list(_warnings_of(plan))
    for archive in plan.archives:
        if archive.state is _State.WAITING:
            problem = remove_archive(context.ops, archive.kept.id, archive.kept.name)
            if problem:
                left.append(problem)
                continue
            dropped.append(archive)
        warnings += forget_archive(context, plan.name, archive.kept.id)
    if left:
        raise FinalizeFailed(" ".join(left), touched=bool(dropped))
    removed: list[str] = []
    if cleanup.remove_replaced:
        removed, more = _remove_images(context, plan, dropped)
        warnings += more
    if dropped and cleanup.prune_dangling:
        warnings += filter(None, [prune(context.ops)])
    names = tuple(archive.kept.name for archive in dropped)
    return plan.result(dropped=names, images_removed=tuple(removed), warnings=tuple(warnings))


def _warnings_of(plan: _FinalizePlan) -> tuple[str, ...]:
    return tuple(_stays(archive) for archive in plan.archives if archive.state in (_State.RENAMED, _State.STARTED))


def _stays(archive: _DropCandidate) -> str:
    name = name_of(archive.inspected.container) if archive.inspected else ""
    why = f"was renamed to {name}" if archive.state is _State.RENAMED else "is running"
    return f"The archive {archive.kept.name} {why}, so it no longer counts as an archive. It stays; remove it if you do not need it."


def _remove_images(context: Context, plan: _FinalizePlan, dropped: t.Iterable[_DropCandidate]) -> tuple[list[str], list[str]]:
    """Remove the images of removed archives, except the one that the container runs. Return the IDs of the removed images, and warnings."""
    removed: list[str] = []
    warnings: list[str] = []
    images = {
        image.id: image
        for image in (
            image_of(archive.inspected)
            for archive in dropped
            if archive.inspected and archive.inspected.image and not has_other_tags(archive.inspected)
        )
    }
    in_use = plan.current.container["Image"]
    for image in images.values():
        if image.id != in_use:
            more_removed, more_warnings = remove_replaced_image(context.ops, image, in_use)
            removed += more_removed
            warnings += more_warnings
    return removed, warnings


def finalize_report(done: Finalized, *, predicted: bool = False) -> ReturnValues:
    """The return values of container_finalize."""
    return {
        "changed": bool(done.dropped or done.images_removed),
        "container": {"id": done.container_id, "name": done.container_name},
        "dropped": list(done.dropped),
        "images_removed": list(done.images_removed),
        **message_of_finalize(done.container_name, done.dropped, done.images_removed, predicted=predicted),
    }


def finalize_diff(done: Finalized) -> ReturnValues:
    """The diff of container_finalize: the archives before and after."""
    header = f"archives of {done.container_name}"
    return {"before": "".join(f"{name}\n" for name in done.dropped), "after": "", "before_header": header, "after_header": header}
