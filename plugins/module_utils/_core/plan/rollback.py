# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which archive a container goes back to, while nothing is touched."""

from __future__ import annotations

from ..container.archive_name import archive_name
from ..container.old_container import old_container
from ..engine.errors import EngineError, InspectFailed, NotFound, NothingToGoBackTo
from ..engine.interfaces import DockerOps, Ports
from ..engine.model import ContainerRuntimeState, ImageIdentity, Inspected, RuntimeStatus, name_of
from ..engine.timing import Stopwatch
from ..image.resolve import image_of
from ..state.archives import Archives, Kept
from .decision import Replacement, Unchanged
from .preflight import Case, refuse_if_unsafe
from .recreate import inspect_exactly
from .replacement import look_around
from .requests import ContainerRequest


def plan_comeback(ports: Ports, went_back_to: str | None, watch: Stopwatch, request: ContainerRequest) -> Unchanged | Replacement:
    """What C(go_back) is to do, once no other run is at it.

    C(went_back_to) is the container that an interrupted run would have brought back. Raises StepFailed.
    """
    if _is_missing(ports.ops, request):
        return _plan_for_gap(ports, request)
    return _plan(ports, went_back_to, watch, request)


def _plan(ports: Ports, went_back_to: str | None, watch: Stopwatch, request: ContainerRequest) -> Unchanged | Replacement:
    with watch.step("inspect"):
        inspected = inspect_exactly(ports.ops, request.container)
        old = old_container(inspected.container, ports.clock.unix_seconds())
        if went_back_to == old.id:
            # To go on would be to go back once more, or to the very one that was gone back from.
            return Unchanged(old, image_of(inspected), image_of(inspected))
        kept, previous = _newest_archive(ports, old.name, beside=old.id)
    with watch.step("preflight"):
        surroundings, dependents, inspected_dependents, warnings = look_around(ports, old, inspected.container, previous.container["Image"])
        case = Case(
            inspected=inspected,
            surroundings=surroundings,
            dependents=inspected_dependents,
            new_image=previous.container["Config"]["Image"],
            networks=tuple((previous.container.get("NetworkSettings") or {}).get("Networks") or ()),
            verbatim=True,
        )
        refuse_if_unsafe(old.name, case)
    return Replacement(
        old=old._replace(dependents=dependents),
        old_image=image_of(inspected),
        new_image=image_of(previous),
        body={},
        archive=archive_name(old.name, ports.clock.unix_seconds(), {name_of(other) for other in surroundings.others}),
        stop_timeout=request.stop_timeout_for(inspected.container),
        seen=inspected.container,
        returning=kept,
        warnings=warnings,
    )


def _newest_archive(ports: Ports, container: str, *, beside: str = "") -> tuple[Kept, Inspected]:
    """The newest that is still there under its archive's name. One that was renamed is no archive any more."""
    try:
        for kept in Archives(ports.memory).of(container):
            try:
                found = ports.ops.inspect(kept.id)
            except NotFound:
                continue
            if kept.id != beside and name_of(found.container) == kept.name:
                return kept, found
    except EngineError as error:
        raise InspectFailed(f"The archives of {container} could not be looked at, and nothing was touched: {error}") from error
    raise NothingToGoBackTo(
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


def _plan_for_gap(ports: Ports, request: ContainerRequest) -> Replacement:
    """The archive is the container to go back to, should this be interrupted; there is no new one."""
    kept, found = _newest_archive(ports, request.container)
    image = image_of(found)
    old = old_container(found.container, ports.clock.unix_seconds())._replace(
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
