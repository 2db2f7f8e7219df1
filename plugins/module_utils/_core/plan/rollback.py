# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which archive to restore. Nothing is touched."""

from __future__ import annotations

from ..container.archive_name import archive_name
from ..container.old_container import old_container
from ..container.shared_data import sharers_of
from ..engine.errors import EngineError, InspectFailed, NoArchive
from ..engine.interfaces import Context, DockerOps
from ..engine.lookup import find_container, require_container
from ..engine.model import ContainerRuntimeState, Document, Inspected, RuntimeStatus, name_of
from ..engine.timing import Stopwatch, unix_seconds_of
from ..image.resolve import image_of
from ..state.archives import ArchiveRecord, ArchiveStore
from .consequences import compose_consequences
from .decision import MissingContainer, Replacement, Unchanged
from .preflight import Candidate, run_checks
from .relations import related_to
from .requests import ContainerRequest
from .surroundings import inspect_surroundings


def plan_rollback(
    context: Context, rolled_back_to: str | None, stopwatch: Stopwatch, request: ContainerRequest
) -> Unchanged | Replacement | MissingContainer:
    """Decide what container_rollback does. Raise StepFailed.

    `rolled_back_to` is the ID of the container that an interrupted run was to restore, or None.
    """
    if is_missing(context.ops, request):
        return plan_missing(context, request)
    return plan_return(context, rolled_back_to, stopwatch, request)


def plan_return(context: Context, rolled_back_to: str | None, stopwatch: Stopwatch, request: ContainerRequest) -> Unchanged | Replacement:
    """Replace the container with its newest archive. Raise StepFailed."""
    with stopwatch.step("inspect"):
        inspected = require_container(context.ops, request.container)
        old = old_container(inspected.container, context.memory)
        if rolled_back_to == old.id:
            # The interrupted run has restored it. Another rollback would go back one archive too far, or forward again.
            return Unchanged(old, image_of(inspected), image_of(inspected))
        record, archive = _newest_archive(context, old.name, other_than=old.id)
    with stopwatch.step("preflight"):
        surroundings, dependents, inspected_dependents, warnings = inspect_surroundings(
            context, old, inspected.container, archive.container["Image"]
        )
        candidate = Candidate(
            inspected=inspected,
            surroundings=surroundings,
            dependents=inspected_dependents,
            new_image=archive.container["Config"]["Image"],
            networks=tuple((archive.container.get("NetworkSettings") or {}).get("Networks") or ()),
            verbatim=True,
        )
        run_checks(old.name, candidate)
    return Replacement(
        old=old._replace(dependents=dependents, sharers=sharers_of(inspected.container, surroundings.others)),
        old_image=image_of(inspected),
        new_image=image_of(archive),
        successor=record,
        archive=archive_name(old.name, context.clock.unix_seconds(), {name_of(other) for other in surroundings.others}),
        stop_timeout=request.stop_timeout_for(inspected.container),
        seen=inspected.container,
        related=related_to(
            inspected.container, [dependent.container for dependent in inspected_dependents], surroundings.others, record.id
        ),
        warnings=warnings,
        consequences=compose_consequences(context.compose, inspected.container, inspected_dependents, surroundings.others),
    )


def plan_missing(context: Context, request: ContainerRequest) -> MissingContainer:
    """Restore the newest archive of a container that is gone. Raise StepFailed."""
    record, archive = _newest_archive(context, request.container)
    old = old_container(archive.container, context.memory)._replace(
        name=request.container,
        state=ContainerRuntimeState(RuntimeStatus.HEALTHY if record.runs else RuntimeStatus.EXITED),
        runs=record.runs,
        restart_policy=record.restart_policy,
        sharers=_sharers_before(context, archive.container),
    )
    return MissingContainer(old, image_of(archive), record, request.stop_timeout_for(archive.container))


def _sharers_before(context: Context, archive: Document) -> tuple[str, ...]:
    """The containers that use the data of an archive and have done so since it ran. Both times are the engine's. Raise InspectFailed."""
    stopped = unix_seconds_of(archive["State"].get("FinishedAt")) or 0
    try:
        others = context.ops.surroundings(archive["Id"], "").others
    except EngineError as error:
        raise InspectFailed(f"The containers beside {name_of(archive)} could not be inspected, and nothing was changed: {error}") from error
    return sharers_of(archive, (other for other in others if (unix_seconds_of(other["State"].get("StartedAt")) or 0) <= stopped))


def is_missing(ops: DockerOps, request: ContainerRequest) -> bool:
    """Whether no container has the requested name."""
    try:
        return not request.is_by_id and find_container(ops, request.container) is None
    except EngineError:
        return False  # The plan reports the error.


def _newest_archive(context: Context, container: str, *, other_than: str = "") -> tuple[ArchiveRecord, Inspected]:
    """Find the newest archive that exists under its name: a container that was renamed is no longer an archive."""
    try:
        for record in ArchiveStore(context.memory).of(container):
            found = find_container(context.ops, record.id)
            if found and record.id != other_than and name_of(found.container) == record.name:
                return record, found
    except EngineError as error:
        raise InspectFailed(f"The archives of {container} could not be inspected, and nothing was changed: {error}") from error
    raise NoArchive(
        f"There is no archive of {container} to restore. Nothing was changed. Check the name. "
        "container_recreate keeps an archive if keep_archive is set. To run an older image, set image in container_recreate."
    )
