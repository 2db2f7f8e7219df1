# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out before anything is changed whether a container must not be stopped."""

from __future__ import annotations

import re
import typing as t

from ..container.api_fields import is_older, newer_settings
from ..container.compose import is_one_off
from ..container.create_body import ContainerSpec, network_named_by
from ..container.dependents import links_of, namespaces_of
from ..container.lost_files import LostFile, describe_lost_files
from ..container.managed_by import manager_of
from ..engine.errors import Refused
from ..engine.model import Document, Inspected, Surroundings, is_active, name_of
from .decision import Related
from .name_length import why_name_too_long

_HEX = re.compile(r"[0-9a-f]+")


class Candidate(t.NamedTuple):
    """A container that an update would replace, with its surroundings, its dependents and the reference of its new image.

    `networks` are the networks of the new container. `lost_files` are files that would be lost, if that is a reason to refuse. `related`
    are the containers that depend on it, or that it depends on. With
    `verbatim`, the old image is not needed, because the values that equal its defaults are kept.
    """

    inspected: Inspected
    surroundings: Surroundings
    dependents: tuple[Inspected, ...]
    new_image: str
    networks: tuple[str, ...] = ()
    lost_files: tuple[LostFile, ...] = ()
    related: frozenset[Related] = frozenset()
    verbatim: bool = False


def run_checks(name: str, candidate: Candidate) -> None:
    """Raise Refused, with the reason and what to do, if the replacement could not be undone or would cut off other containers."""
    for check in CHECKS:
        reason = check(candidate)
        if reason:
            raise Refused(f"Container {name} was not changed: {reason}")


def why_managed_elsewhere(container: Document) -> str | None:
    """Say why another tool has to update this container, according to its labels. Return None if no other tool manages it."""
    candidate = _candidate_alone(container, image_is_here=True)
    return _managed_by_other_tool(candidate) or _one_off(candidate)


def update_blocker(container: Document, *, image_is_here: bool) -> str | None:
    """Say what prevents an update, according to the container's own inspect document. Return None if nothing does.

    `image_is_here` is whether its current image is on this host.
    """
    candidate = _candidate_alone(container, image_is_here=image_is_here)
    checks = (_auto_remove, _wrong_state, _name_too_long, _image_gone)
    return why_managed_elsewhere(container) or next(filter(None, (check(candidate) for check in checks)), None)


def _candidate_alone(container: Document, *, image_is_here: bool) -> Candidate:
    """Return a candidate whose surroundings, dependents and new image are unknown."""
    return Candidate(Inspected(container, {} if image_is_here else None), Surroundings(), (), "")


def _runs_this_task(candidate: Candidate) -> str | None:
    own_container = candidate.surroundings.own_container
    if own_container == candidate.inspected.container["Id"]:
        return "this task runs inside it and would be killed with it. Run the task on the host or in another container."
    if own_container in {dependent.container["Id"] for dependent in candidate.dependents}:
        return "this task runs inside a container that depends on it and would be killed with that container. Run the task on the host."
    return None


def _is_engine_gateway(candidate: Candidate) -> str | None:
    dependents = (dependent.container for dependent in candidate.dependents)
    gateway = candidate.surroundings.gateway
    if _listens_at(gateway, candidate.inspected.container):
        through = "it, and the update would stop it"
    else:
        through = next(
            (f"{name_of(other)}, which depends on it and would be stopped too" for other in dependents if _listens_at(gateway, other)), ""
        )
    if not through:
        return None
    return f"this task reaches the engine through {through}. Set docker_host to the engine's own socket."


def _listens_at(gateway: tuple[str, int] | None, container: Document) -> bool:
    """Whether the gateway is this container: it publishes the port, or one of its addresses or names is the host."""
    if gateway is None:
        return False
    host, port = gateway
    settings = container.get("NetworkSettings") or {}
    published = {binding["HostPort"] for bindings in (settings.get("Ports") or {}).values() for binding in bindings or ()}
    endpoints = (settings.get("Networks") or {}).values()
    names = {
        name_of(container),
        *(name for endpoint in endpoints for name in (endpoint.get("IPAddress"), *(endpoint.get("Aliases") or ()))),
    }
    return str(port) in published or host in names


def _auto_remove(candidate: Candidate) -> str | None:
    if not candidate.inspected.container["HostConfig"].get("AutoRemove"):
        return None
    return (
        "it was started with --rm, so the engine would delete it when it stops, and no rollback would be possible. Create it without --rm."
    )


def _managed_by_other_tool(candidate: Candidate) -> str | None:
    manager = manager_of(candidate.inspected.container)
    return f"it is managed by {manager.name} ({manager.sign}), which would replace it again. {manager.advice}" if manager else None


def _one_off(candidate: Candidate) -> str | None:
    if not is_one_off(candidate.inspected.container):
        return None
    return "'docker compose run' created it for one job, so it is not a service. Run the job again with the new image."


def _wrong_state(candidate: Candidate) -> str | None:
    status = candidate.inspected.container["State"].get("Status")
    if status == "paused":
        return "it is paused, and what its processes hold in memory would be lost. Unpause it and run the task again."
    if status in ("dead", "removing"):
        return f"it is {status}: the engine is removing it, or failed to remove it. Finish the removal by hand."
    return None


def _name_too_long(candidate: Candidate) -> str | None:
    return why_name_too_long(name_of(candidate.inspected.container), candidate.related)


def _image_gone(candidate: Candidate) -> str | None:
    if candidate.inspected.image is not None or candidate.verbatim:
        return None
    return (
        f"the image that it runs ({candidate.inspected.container['Image']}) is no longer on this host, or incomplete, so its own "
        "configuration cannot be told apart from the image's defaults. Pull or load that image again, or set verbatim to keep the defaults "
        "of the old image."
    )


def _wrong_platform(candidate: Candidate) -> str | None:
    new, old = (image.get("Architecture") for image in (candidate.surroundings.new_image, candidate.inspected.image or {}))
    if not new or new in (old, candidate.surroundings.architecture):
        return None
    return (
        f"{candidate.new_image} is built for {new}, but this engine runs {candidate.surroundings.architecture}. "
        "Choose an image that supports this platform."
    )


def _network_gone(candidate: Candidate) -> str | None:
    configured = network_named_by(candidate.inspected.container["HostConfig"])
    required = dict.fromkeys((*candidate.networks, *filter(None, (configured,))))
    gone = [network for network in required if not _network_exists(network, candidate.surroundings.networks)]
    if not gone:
        return None
    return (
        f"its network {', '.join(gone)} no longer exists, so a new container could not be connected to it. "
        "Create the network, or disconnect the container from it."
    )


def _network_exists(network: str, networks: t.AbstractSet[str]) -> bool:
    """Whether `networks` has this name, this ID, or an ID that begins like this."""
    return network in networks or bool(_HEX.fullmatch(network) and any(known.startswith(network) for known in networks))


def _dependency_missing(candidate: Candidate) -> str | None:
    """Without its dependencies, neither the new container nor the old one can be started."""
    problem = _missing_dependency(candidate.inspected.container, candidate.surroundings.others)
    return f"it {problem}" if problem else None


def _missing_dependency(container: Document, others: t.Sequence[Document]) -> str | None:
    """Describe the missing or stopped container that this one depends on, or return None. A stopped container needs no running ones."""
    by_id = {other["Id"]: other for other in others}
    for provider in namespaces_of(container):
        if provider not in by_id:
            return f"shares a namespace of a container ({provider[:12]}) that no longer exists. Recreate it with another container."
        if is_active(container) and not _can_provide(by_id[provider]):
            return f"shares a namespace of {name_of(by_id[provider])}, which is not running. Start {name_of(by_id[provider])} first."
    stopped = _stopped_link_target(container, others) if is_active(container) else None
    if stopped:
        return f"links to {stopped}, which is not running, so the engine could not start it again. Start {stopped} first."
    for source in container["HostConfig"].get("VolumesFrom") or ():
        name = source.partition(":")[0]
        if not any(name == name_of(other) or other["Id"].startswith(name) for other in others):
            return (
                f"uses volumes of the container {name}, which no longer exists. "
                f"Create {name} again, or recreate this container without its volumes."
            )
    return None


def _stopped_link_target(container: Document, others: t.Iterable[Document]) -> str | None:
    """Return a link target that is not running. The engine does not start a container with such a link."""
    running = {name_of(other) for other in others if _can_provide(other)}
    return next((target for target, _alias in links_of(container) if target not in running), None)


def _can_provide(container: Document) -> bool:
    """Whether the engine starts containers that depend on this one. It also does while this one is paused."""
    return is_active(container) or container["State"].get("Status") == "paused"


def _setting_would_be_lost(candidate: Candidate) -> str | None:
    """The engine would ignore or refuse settings that the API version of this task does not have."""
    in_use, newest = candidate.surroundings.api_version, candidate.surroundings.newest_api_version
    if not is_older(in_use, newest):
        return None
    for inspected in (candidate.inspected, *candidate.dependents):
        lost = newer_settings(ContainerSpec.from_inspect(inspected), in_use)
        if lost:
            name = "it" if inspected is candidate.inspected else f"{name_of(inspected.container)}, which depends on it,"
            return (
                f"{name} uses {', '.join(lost)}, and API {in_use}, which this task uses, does not have that. The engine could drop it "
                f"silently. Set api_version to {newest}, the newest version of this engine."
            )
    return None


def _files_would_be_lost(candidate: Candidate) -> str | None:
    if not candidate.lost_files:
        return None
    return (
        f"files in it were added, changed or deleted after it was created, and that would be lost: "
        f"{describe_lost_files(candidate.lost_files)}. "
        "Make these changes in a volume or in the image, or set lost_files to warn."
    )


def _dependent_would_be_lost(candidate: Candidate) -> str | None:
    """Dependents are recreated, so what they depend on must exist too.

    The container and its dependents count as running: if one is stopped at the moment, this update may be what brings it back.
    """
    to_replace = {
        inspected.container["Id"]: _with_status_running(inspected.container) for inspected in (candidate.inspected, *candidate.dependents)
    }
    others = (*to_replace.values(), *(other for other in candidate.surroundings.others if other["Id"] not in to_replace))
    for dependent in candidate.dependents:
        reason = _dependent_blocker(dependent) or _missing_dependency(dependent.container, others)
        if reason:
            return f"{name_of(dependent.container)} depends on it (by a link, or by its network, pid or ipc namespace) and {reason}"
    return None


def _with_status_running(container: Document) -> Document:
    return {**container, "State": {**container["State"], "Status": "running"}}


def _dependent_blocker(dependent: Inspected) -> str | None:
    """Say why a dependent could not be recreated, or return None."""
    manager = manager_of(dependent.container)
    if manager:
        return f"is managed by {manager.name} ({manager.sign}). {manager.advice}"
    if dependent.container["HostConfig"].get("AutoRemove"):
        return "was started with --rm, so the engine would delete it when it stops. Stop it before the update, and run it again afterwards."
    if dependent.container["State"].get("Status") == "paused":
        return "is paused, and its state could not be restored. Unpause it first."
    if dependent.image is None:
        return (
            "its image is no longer on this host, or incomplete, so it could not be recreated. Pull or load that image again, or remove "
            "the container."
        )
    return None


CHECKS: tuple[t.Callable[[Candidate], str | None], ...] = (
    _runs_this_task,
    _is_engine_gateway,
    _managed_by_other_tool,
    _auto_remove,
    _one_off,
    _wrong_state,
    _name_too_long,
    _image_gone,
    _wrong_platform,
    _network_gone,
    _dependency_missing,
    _setting_would_be_lost,
    _files_would_be_lost,
    _dependent_would_be_lost,
)
