# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide before anything is touched: what runs, what it should run, and how to get there."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .archive import archive_name
from .errors import EngineError, InspectFailed, InvalidImageReference, InvalidInput, NotFound, PullFailed
from .health import LONGEST
from .image_reference import ImageReference, digest_in, parse_if_possible
from .ports import ContainerRuntimeState, DockerOps, Document, ImageIdentity, Inspected, Ports, PullPolicy, name_of
from .preflight import refuse_if_unsafe
from .rollback import OldContainer
from .spec import ContainerSpec
from .stopwatch import Stopwatch

ENGINE_STOP_TIMEOUT = 10
"""Seconds that the engine gives a container which names no stop timeout of its own."""

_FULL_ID = re.compile(r"[0-9a-f]{64}")
_CONTAINER_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


@dataclass(frozen=True)
class RecreateRequest:
    """What the operator wants done.

    C(container) is an exact name or a full ID. C(image) None means the reference that the container was created from. C(force) recreates
    a container that runs the right image already. C(stop_timeout) in seconds; None means the container's own. Raises InvalidInput.
    """

    container: str
    image: t.Optional[str] = None
    pull: PullPolicy = PullPolicy.ALWAYS
    force: bool = False
    stop_timeout: t.Optional[int] = None

    @property
    def is_by_id(self) -> bool:
        return bool(_FULL_ID.fullmatch(self.container))

    def __post_init__(self) -> None:
        if not _CONTAINER_NAME.fullmatch(self.container):
            raise InvalidInput(f"'{self.container}' is not the name of a container (letters, digits, '_', '.', '-').")
        if self.stop_timeout is not None and not 0 <= self.stop_timeout <= LONGEST:
            raise InvalidInput(f"stop_timeout must be a number of seconds from 0 to {LONGEST}, not {self.stop_timeout}.")
        if self.image is not None:
            ImageReference.parse(self.image)


@dataclass(frozen=True)
class Unchanged:
    """The container runs the right image already."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity


@dataclass(frozen=True)
class Replacement:
    """Everything that the calls after the stop need. C(stop_timeout) in seconds, for the old container and for the new one."""

    old: OldContainer
    old_image: ImageIdentity
    new_image: ImageIdentity
    body: Document
    archive: str
    stop_timeout: int
    old_image_has_other_tags: bool = False


def plan_replacement(ports: Ports, watch: Stopwatch, request: RecreateRequest) -> t.Union[Unchanged, Replacement]:
    """Inspect, pull and decide. Whatever this raises (InvalidInput or StepFailed), the container was not touched."""
    with watch.step("inspect"):
        inspected = _inspect(ports.ops, request.container)
    container = inspected.container
    old = OldContainer(
        id=container["Id"],
        name=name_of(container),
        image_ref=container["Config"]["Image"],
        state=ContainerRuntimeState.from_inspect(container),
        time_to_health=_time_to_health(container["Config"].get("Healthcheck") or {}),
        restart_policy=container["HostConfig"].get("RestartPolicy") or {},
    )
    reference = _wanted(request, old, container["Image"])
    with watch.step("pull"):
        new_image = _pull(ports.ops, reference, request.pull, old)
    old_image = _old_image(inspected, old)
    if new_image.id == old_image.id and not request.force:
        return Unchanged(old, old_image, new_image)
    refuse_if_unsafe(old.name, inspected)
    return Replacement(
        old=old,
        old_image=old_image,
        new_image=new_image,
        body=ContainerSpec.from_inspect(inspected).create_body(reference.as_written),
        archive=archive_name(old.name, ports.clock.unix_seconds(), inspected.names),
        stop_timeout=_stop_timeout(request, container),
        old_image_has_other_tags=_has_other_tags(inspected, old),
    )


def _inspect(ops: DockerOps, container: str) -> Inspected:
    try:
        inspected = ops.inspect(container)
    except NotFound:
        raise InspectFailed(_no_such(container)) from None
    except EngineError as error:
        raise InspectFailed(f"Container {container} could not be inspected, and was not touched: {error}") from error
    # The engine also answers to the first digits of an ID. To update whatever happens to match would be a guess.
    if container not in (name_of(inspected.container), inspected.container["Id"]):
        raise InspectFailed(_no_such(container))
    return inspected


def _no_such(container: str) -> str:
    return f"There is no container with the full name or full ID {container} on this engine, so there is nothing to update."


def _wanted(request: RecreateRequest, old: OldContainer, image_id: str) -> ImageReference:
    if request.image is not None:
        return ImageReference.parse(request.image)
    followed = parse_if_possible(old.image_ref)
    if followed is None or image_id.startswith((old.image_ref, f"sha256:{old.image_ref}")):
        raise InvalidImageReference(
            f"Container {old.name} was not touched: it was created from an image ID ({old.image_ref}), which no registry knows. "
            "Name the image to move it to."
        )
    return followed


def _pull(ops: DockerOps, reference: ImageReference, policy: PullPolicy, old: OldContainer) -> ImageIdentity:
    try:
        return ops.pull(reference, policy)
    except EngineError as error:
        raise PullFailed(f"Image {reference.as_written} could not be had, and container {old.name} was not touched: {error}") from error


def _old_image(inspected: Inspected, old: OldContainer) -> ImageIdentity:
    followed = parse_if_possible(old.image_ref)
    digest = digest_in((inspected.image or {}).get("RepoDigests"), followed) if followed else None
    return ImageIdentity(reference=old.image_ref, id=inspected.container["Image"], digest=digest)


def _has_other_tags(inspected: Inspected, old: OldContainer) -> bool:
    """Whether somebody calls the old image by another name than the one that the container follows."""
    followed = parse_if_possible(old.image_ref)
    tags = [parse_if_possible(tag) for tag in (inspected.image or {}).get("RepoTags") or ()]
    return any(followed is None or not tag.names_same_image_as(followed) for tag in tags if tag)


def _stop_timeout(request: RecreateRequest, container: Document) -> int:
    if request.stop_timeout is not None:
        return request.stop_timeout
    own: t.Optional[int] = container["Config"].get("StopTimeout")
    return ENGINE_STOP_TIMEOUT if own is None else own


def _time_to_health(check: Document) -> float:
    """Seconds that its own health check gives a container, at the least, until it can report healthy. The defaults are the engine's."""
    start_period, interval, timeout = (
        (check.get(field) or default) / 1e9 for field, default in (("StartPeriod", 0), ("Interval", 30e9), ("Timeout", 30e9))
    )
    return float(start_period + 2 * (interval + timeout))
