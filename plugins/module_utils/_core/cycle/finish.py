# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left to do once the successor has passed its gate, in the run itself or in a later one that recovers it."""

from __future__ import annotations

import typing as t

from ..container.dependents import RepairResult
from ..engine.errors import Conflict, EngineError, NotFound
from ..engine.image_reference import parse_if_possible
from ..engine.interfaces import Context, DockerOps
from ..engine.lookup import find_container
from ..engine.model import ImageIdentity
from ..image.identity import is_same_image
from ..image.tags import point_tag_back
from ..plan.decision import Replacement
from ..plan.requests import Cleanup
from ..state.archives import ArchiveRecord, ArchiveStore
from ..state.journal import JournalEntry
from ..state.rejections import Rejections, reject
from .blame import Evidence, Stage, excuse_for
from .repair import recreate_dependents


def repair_dependents(context: Context, entry: JournalEntry, new_id: str) -> tuple[RepairResult, ...]:
    """Recreate the dependents for the successor. What they were stays, for a rollback. It can be repeated. Never raise EngineError."""
    return recreate_dependents(context, entry.old.dependents, entry.old.id, new_id, entry.archive)


def remember(context: Context, entry: JournalEntry, new_id: str) -> tuple[str, ...]:
    """Update what later runs remember. Return warnings. It can be repeated. Never raise EngineError."""
    if not isinstance(entry.successor, ArchiveRecord):
        warnings = Rejections(context.memory).forget(entry.container)
    elif not excuse_for(Stage.OPERATOR, Evidence(rejects=entry.rejects)):
        warnings = reject(context, entry.container, new_id, entry.new_image, entry.old_image, "the operator rolled it back")
    else:
        warnings = point_tag_back(context.ops, new_id, entry.new_image, entry.old_image, "replaced")
    return (*warnings, *_remember_archives(context, entry))


def forget_archive(context: Context, container: str, archive_id: str) -> tuple[str, ...]:
    """Forget an archive that no longer is one. Return a warning if that fails."""
    try:
        ArchiveStore(context.memory).drop(container, archive_id)
    except EngineError as error:
        return (_not_remembered(container, error),)
    return ()


def _remember_archives(context: Context, entry: JournalEntry) -> tuple[str, ...]:
    archives = ArchiveStore(context.memory)
    old = entry.old
    try:
        if isinstance(entry.successor, ArchiveRecord):
            archives.drop(entry.container, entry.successor.id)
        if entry.keep_archive:
            archives.add(entry.container, ArchiveRecord(old.id, entry.archive, old.runs, old.restart_policy, entry.rollout))
    except EngineError as error:
        return (_not_remembered(entry.container, error),)
    return ()


def _not_remembered(container: str, error: EngineError) -> str:
    return f"The archives of {container} could not be recorded, so container_rollback may not find them: {error}"


def clean_up(ops: DockerOps, plan: Replacement, cleanup: Cleanup) -> tuple[str | None, tuple[str, ...]]:
    """Remove the archive, then images as requested, dangling images last.

    Return the name of the archive if it still exists, and a warning for each thing that could not be done.
    """
    # By name: a container that was renamed since is no longer an archive, and stays.
    archive_warning = remove_archive(ops, plan.archive, plan.archive)
    warnings: list[str | None] = [archive_warning]
    if cleanup.remove_replaced and not archive_warning:
        warnings += _remove_replaced(ops, plan)
    if cleanup.prune_dangling:
        warnings.append(prune(ops))
    return plan.archive if archive_warning else None, tuple(warning for warning in warnings if warning)


def remove_archive(ops: DockerOps, archive: str, name: str) -> str | None:
    """Remove an archive without force, so that a running container stays. Return a warning if it still exists.

    `archive` is its name or ID for the engine, `name` its name for the operator.
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
        return find_container(ops, container) is None
    except EngineError:
        return False


def _remove_replaced(ops: DockerOps, plan: Replacement) -> t.Sequence[str]:
    image = plan.old_image
    if not image.id or image.id == plan.new_image.id or plan.old_image_has_other_tags:
        return ()
    return remove_replaced_image(ops, image, plan.new_image.id)[1]


def remove_replaced_image(ops: DockerOps, image: ImageIdentity, in_use: str) -> tuple[list[str], list[str]]:
    """Remove a replaced image, and its twins: the containerd store keeps an image of its own for each index in which it was pulled.

    The image with the ID `in_use` stays. Return the IDs of the removed images, and a warning for each that could not be removed.
    """
    removed, warnings = [], []
    for image_id in (image.id, *_twins_of(ops, image)):
        is_gone, warning = remove_image(ops, image_id) if image_id != in_use else (False, None)
        removed += [image_id] if is_gone else []
        warnings += [warning] if warning else []
    return removed, warnings


def _twins_of(ops: DockerOps, image: ImageIdentity) -> tuple[str, ...]:
    """Return the IDs of the same image without a tag. Only the containerd store, which reports manifests, has such images."""
    reference = parse_if_possible(image.reference)
    if not image.manifest or reference is None:
        return ()
    try:
        untagged = ops.untagged_images(reference.repository)
        return tuple(other.id for other in untagged if other.id != image.id and is_same_image(other, image))
    except EngineError:
        return ()


def remove_image(ops: DockerOps, image_id: str) -> tuple[bool, str | None]:
    """Remove a replaced image. Return whether it was removed, and a warning if that failed. An image in use stays without a warning."""
    try:
        ops.remove_image(image_id)
    except (Conflict, NotFound):
        return False, None
    except EngineError as error:
        return False, f"The replaced image {image_id} could not be removed: {error}"
    return True, None


def prune(ops: DockerOps) -> str | None:
    """Remove every dangling image. Return a warning if that fails."""
    try:
        ops.prune_dangling()
    except EngineError as error:
        return f"Dangling images could not be pruned: {error}"
    return None
