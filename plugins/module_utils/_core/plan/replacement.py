# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide how to replace a container: inspect its surroundings, build the create body, and run the preflight checks."""

from __future__ import annotations

import typing as t

from ..container.archive_name import archive_name
from ..container.compose import next_up_recreates, with_image_label
from ..container.create_body import ContainerSpec
from ..container.engine_defaults import warn_after_upgrade
from ..container.lost_files import LostFile, lost_files
from ..container.old_container import OldContainer
from ..container.shared_data import sharers_of
from ..engine.errors import EngineError, InspectFailed, NotFound, PlanOutdated
from ..engine.image_reference import ImageReference
from ..engine.interfaces import Context
from ..engine.model import Document, ImageIdentity, Inspected, name_of
from ..engine.timing import unix_seconds_of
from ..image.pull import with_platform
from ..image.resolve import ResolvedImage, has_other_tags
from .consequences import compose_consequences
from .decision import NewContainer, Replacement
from .preflight import Candidate, run_checks
from .relations import related_to
from .requests import LostFiles, RecreateRequest
from .surroundings import inspect_surroundings
from .wider_access import warn_of_wider_access


def build_replacement(
    context: Context,
    request: RecreateRequest,
    inspected: Inspected,
    old: OldContainer,
    reference: ImageReference,
    old_image: ImageIdentity,
    resolved: ResolvedImage,
    warnings: tuple[str, ...] = (),
) -> Replacement:
    """Plan the replacement by a container of the image `resolved`, which the container follows as `reference`.

    `warnings` are those of earlier steps. Raise InspectFailed, PullFailed or Refused. Nothing is touched.
    """
    container, new_image = inspected.container, resolved.image
    surroundings, dependents, inspected_dependents, stranded = inspect_surroundings(context, old, container, new_image.id)
    surroundings = with_platform(context.ops, surroundings, resolved, reference, old.name)
    spec = ContainerSpec.from_inspect(inspected, keep_env=request.keep_env, keep=request.keep)
    body, label_problem = with_image_label(spec.create_body(reference.as_written), old_image, new_image)
    files = _files_at_stake(context, old, request, (inspected, *inspected_dependents))
    related = related_to(container, [dependent.container for dependent in inspected_dependents], surroundings.others)
    candidate = Candidate(
        inspected=inspected,
        surroundings=surroundings,
        dependents=inspected_dependents,
        new_image=reference.as_written,
        networks=tuple(body["NetworkingConfig"]["EndpointsConfig"]),
        lost_files=files if request.lost_files is LostFiles.REFUSE else (),
        related=related,
        verbatim=request.verbatim,
    )
    run_checks(old.name, candidate)
    successor = NewContainer(
        body=body,
        runs=old.runs,
        tag=reference if request.image_digest and not reference.digest else None,
        image_defaults=(surroundings.new_image.get("Config") or {}) if new_image.id else None,
    )
    return Replacement(
        old=old._replace(dependents=dependents, sharers=sharers_of(container, surroundings.others)),
        old_image=old_image,
        new_image=new_image,
        successor=successor,
        new_image_created=unix_seconds_of(surroundings.new_image.get("Created")),
        archive=archive_name(old.name, context.clock.unix_seconds(), {name_of(other) for other in surroundings.others}),
        stop_timeout=request.stop_timeout_for(container),
        old_image_has_other_tags=has_other_tags(inspected),
        lost_files=files,
        seen=container,
        related=related,
        warnings=(
            *warnings,
            *stranded,
            *warn_of_wider_access(inspected, successor),
            *_moves_to_another_platform(old, inspected, surroundings.new_image),
            *warn_after_upgrade(container, surroundings.engine_built),
        ),
        consequences=(
            *((next_up_recreates(old.name, label_problem),) if label_problem else ()),
            *compose_consequences(context.compose, container, inspected_dependents, surroundings.others),
        ),
        doubt=resolved.doubt,
    )


def _files_at_stake(context: Context, old: OldContainer, request: RecreateRequest, going: t.Iterable[Inspected]) -> tuple[LostFile, ...]:
    """List the files that exist only in the containers to be removed. For dependents, the container's name precedes the path."""
    if request.lost_files is LostFiles.IGNORE:
        return ()
    try:
        return tuple(
            file if container["Id"] == old.id else file._replace(path=f"{name_of(container)}:{file.path}")
            for container in (inspected.container for inspected in going)
            for file in lost_files(context.ops.changes(container["Id"]), container)
        )
    except NotFound as error:
        raise PlanOutdated(
            f"Container {old.name} was not changed: a container was removed while the update was planned: {error}"
        ) from error
    except EngineError as error:
        raise InspectFailed(
            f"Container {old.name} was not changed: the engine could not list the files that would be lost with it: {error}. "
            "Set lost_files to ignore to skip this check."
        ) from error


def _moves_to_another_platform(old: OldContainer, inspected: Inspected, new_image: Document) -> t.Iterator[str]:
    before, after = ((image or {}).get("Architecture") for image in (inspected.image, new_image))
    if before and after and before != after:
        yield (
            f"{old.name} runs an image for {before}, and the new image is for {after}. To stay with {before}, "
            "name an image that has only this platform."
        )
