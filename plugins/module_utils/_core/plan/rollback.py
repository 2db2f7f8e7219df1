# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which archive a container goes back to, while nothing is touched."""

from __future__ import annotations

from ..container.archive_name import archive_name
from ..container.old_container import old_container
from ..engine.errors import EngineError, InspectFailed, NoArchive, NotFound
from ..engine.interfaces import Context, DockerOps
from ..engine.model import ContainerRuntimeState, ImageIdentity, Inspected, RuntimeStatus, name_of
from ..engine.timing import Stopwatch
from ..image.resolve import image_of
from ..state.archives import ArchiveRecord, ArchiveStore
from .decision import Replacement, Unchanged
from .preflight import Candidate, run_checks
from .recreate import inspect_exactly
from .replacement import inspect_surroundings
from .requests import ContainerRequest


def plan_rollback(context: Context, rolled_back_to: str | None, watch: Stopwatch, request: ContainerRequest) -> Unchanged | Replacement:
    """What `rollback_to_archive` is to do, once no other run is at it.

    `rolled_back_to` is the container that an interrupted run would have brought back. Raises StepFailed.
    """
    if _is_missing(context.ops, request):
        return _plan_restore_missing(context, request)
    return _plan(context, rolled_back_to, watch, request)


def _plan(context: Context, rolled_back_to: str | None, watch: Stopwatch, request: ContainerRequest) -> Unchanged | Replacement:
    with watch.step("inspect"):
        inspected = inspect_exactly(context.ops, request.container)
        old = old_container(inspected.container, context.clock.unix_seconds())
        if rolled_back_to == old.id:
            # To go on would be to go back once more, or to the very one that was gone back from.
            return Unchanged(old, image_of(inspected), image_of(inspected))
        kept, previous = _newest_archive(context, old.name, beside=old.id)
    with watch.step("preflight"):
        surroundings, dependents, inspected_dependents, warnings = inspect_surroundings(
            context, old, inspected.container, previous.container["Image"]
        )
        candidate = Candidate(
            inspected=inspected,
            surroundings=surroundings,
            dependents=inspected_dependents,
            new_image=previous.container["Config"]["Image"],
            networks=tuple((previous.container.get("NetworkSettings") or {}).get("Networks") or ()),
            verbatim=True,
        )
        run_checks(old.name, candidate)
    return Replacement(
        old=old._replace(dependents=dependents),
        old_image=image_of(inspected),
        new_image=image_of(previous),
        body={},
        archive=archive_name(old.name, context.clock.unix_seconds(), {name_of(other) for other in surroundings.others}),
        stop_timeout=request.stop_timeout_for(inspected.container),
        seen=inspected.container,
        returning=kept,
        warnings=warnings,
    )


def _newest_archive(context: Context, container: str, *, beside: str = "") -> tuple[ArchiveRecord, Inspected]:
    """The newest that is still there under its archive's name. One that was renamed is no archive any more."""
    try:
        for kept in ArchiveStore(context.memory).of(container):
            try:
                found = context.ops.inspect(kept.id)
            except NotFound:
                continue
            if kept.id != beside and name_of(found.container) == kept.name:
                return kept, found
    except EngineError as error:
        raise InspectFailed(f"The archives of {container} could not be looked at, and nothing was touched: {error}") from error
    raise NoArchive(
        f"There is nothing to go back to: no archive of {container} is left. Nothing was touched. Check the name. "
        "container_recreate keeps an archive with keep_archive. To run an older image, name it to container_recreate."
    )


def _is_missing(ops: DockerOps, request: ContainerRequest) -> bool:
    if request.is_by_id:
        return False
    try:
        ops.inspect(request.container)
    except NotFound:
        return True
    except EngineError:
        return False  # The plan will say what is wrong.
    return False


def _plan_restore_missing(context: Context, request: ContainerRequest) -> Replacement:
    """The archive is the container to go back to, should this be interrupted; there is no new one."""
    kept, found = _newest_archive(context, request.container)
    image = image_of(found)
    old = old_container(found.container, context.clock.unix_seconds())._replace(
        name=request.container,
        state=ContainerRuntimeState(RuntimeStatus.HEALTHY if kept.runs else RuntimeStatus.EXITED),
        runs=kept.runs,
        restart_policy=kept.restart_policy,
    )
    return Replacement(
        old=old,
        old_image=image,
        new_image=ImageIdentity(image.reference, ""),
        body={},
        archive=kept.name,
        stop_timeout=request.stop_timeout_for(found.container),
        seen=found.container,
        returning=kept,
    )
