# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left to do once the new container has passed its gate, whichever run gets to do it."""

from __future__ import annotations

import typing as t

from ..container.dependents import RepairResult, repair_warnings
from ..engine.errors import Conflict, EngineError, NotFound
from ..engine.interfaces import Context, DockerOps
from ..engine.model import ImageIdentity
from ..plan.decision import Replacement
from ..plan.requests import Cleanup
from ..state.archives import ArchiveRecord, ArchiveStore
from ..state.journal import JournalEntry
from ..state.rejections import Rejections, reject
from .repair import recreate_dependents


class Completion(t.NamedTuple):
    """What became of the dependents, and a warning for each thing that could not be done."""

    dependents: tuple[RepairResult, ...] = ()
    warnings: tuple[str, ...] = ()


def complete(context: Context, entry: JournalEntry, new_id: str) -> Completion:
    """Repair the dependents and bring what is remembered up to date. Can be repeated. Never raises EngineError."""
    dependents = recreate_dependents(context, entry.dependents, entry.old_id, new_id, entry.archive)
    if entry.returning:
        warnings = reject(context, entry.container, new_id, new_image_of(entry), old_image_of(entry), "the operator went back from it")
    else:
        warnings = Rejections(context.memory).forget(entry.container)
    return Completion(dependents, (*repair_warnings(dependents), *warnings, *_remember_archives(context, entry)))


def old_image_of(entry: JournalEntry) -> ImageIdentity:
    return ImageIdentity(entry.old_image_ref, entry.old_image_id)


def new_image_of(entry: JournalEntry) -> ImageIdentity:
    return ImageIdentity(entry.new_image_ref, entry.new_image_id)


def forget_archive(context: Context, container: str, archive_id: str) -> tuple[str, ...]:
    """For an archive that is none any more. Returns a warning when it could not be forgotten."""
    try:
        ArchiveStore(context.memory).drop(container, archive_id)
    except EngineError as error:
        return (_not_remembered(container, error),)
    return ()


def _remember_archives(context: Context, entry: JournalEntry) -> tuple[str, ...]:
    archives = ArchiveStore(context.memory)
    try:
        if entry.returning:
            archives.drop(entry.container, entry.returning.id)
        if entry.keep_archive:
            archives.add(entry.container, ArchiveRecord(entry.old_id, entry.archive, entry.runs, entry.restart_policy, entry.rollout))
    except EngineError as error:
        return (_not_remembered(entry.container, error),)
    return ()


def _not_remembered(container: str, error: EngineError) -> str:
    return f"It could not be remembered which archives {container} has, so container_rollback may not find them: {error}"


def clean_up(ops: DockerOps, replacement: Replacement, cleanup: Cleanup) -> tuple[str | None, tuple[str, ...]]:
    """Remove the archive, then images as asked, the prune last.

    Returns the name of the archive if it is still there, and a warning for each thing that could not be done.
    """
    # By name: should somebody have renamed it since, it is no archive any more and stays.
    archive_warning = remove_archive(ops, replacement.archive, replacement.archive)
    warnings = [archive_warning]
    if cleanup.remove_replaced and not archive_warning:
        warnings.append(_remove_replaced(ops, replacement))
    if cleanup.prune_dangling:
        warnings.append(prune(ops))
    return replacement.archive if archive_warning else None, tuple(warning for warning in warnings if warning)


def remove_archive(ops: DockerOps, archive: str, name: str) -> str | None:
    """Without force: one that runs stays. `archive` is what to call it by to the engine, `name` to the operator.

    Returns a warning if it is still there. That it was gone already is none.
    """
    try:
        ops.remove(archive)
    except NotFound:
        return None
    except EngineError as error:
        if _is_gone(ops, archive):
            return None
        return f"The archive {name} could not be removed ({error}). Remove it with: docker rm {name}"
    return None


def _is_gone(ops: DockerOps, container: str) -> bool:
    try:
        ops.inspect(container)
    except NotFound:
        return True
    except EngineError:
        return False
    return False


def _remove_replaced(ops: DockerOps, replacement: Replacement) -> str | None:
    image = replacement.old_image
    if not image.id or image.id == replacement.new_image.id or replacement.old_image_has_other_tags:
        return None
    return remove_image(ops, image.id)[1]


def remove_image(ops: DockerOps, image_id: str) -> tuple[bool, str | None]:
    """Whether a replaced image was removed, and a warning where it could not be. One that something uses stays, without a warning."""
    try:
        ops.remove_image(image_id)
    except (Conflict, NotFound):
        return False, None
    except EngineError as error:
        return False, f"The replaced image {image_id} could not be removed: {error}"
    return True, None


def prune(ops: DockerOps) -> str | None:
    """Remove every dangling image. Returns a warning when that could not be done."""
    try:
        ops.prune_dangling()
    except EngineError as error:
        return f"Dangling images could not be pruned: {error}"
    return None
