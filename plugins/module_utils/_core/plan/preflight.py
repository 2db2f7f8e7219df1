# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that must not be stopped, found out while nothing is touched yet."""

from __future__ import annotations

import re
import typing as t

from ..container.create_body import network_named_by
from ..container.dependents import links_of, namespaces_of
from ..engine.errors import Refused
from ..engine.model import Document, Inspected, Surroundings, is_active, name_of

_HEX = re.compile(r"[0-9a-f]+")
_ORCHESTRATOR_LABELS = {
    "com.docker.swarm.task.id": "Docker Swarm",
    "io.kubernetes.pod.name": "Kubernetes",
    "com.hashicorp.nomad.alloc_id": "Nomad",
    "com.amazonaws.ecs.task-arn": "Amazon ECS",
    "io.rancher.container.uuid": "Rancher",
}


class Candidate(t.NamedTuple):
    """A container that is to be replaced: what it is, what lies around it, the containers that depend on it, and the image to come.

    `lost_files` are the files that would be lost, where that is a reason to refuse. `verbatim` says that nothing has to be told from the
    image's defaults.
    """

    inspected: Inspected
    surroundings: Surroundings
    dependents: tuple[Inspected, ...]
    new_image: str
    networks: tuple[str, ...] = ()
    lost_files: tuple[str, ...] = ()
    verbatim: bool = False


def run_checks(name: str, candidate: Candidate) -> None:
    """Raise Refused, with the reason and the way out, when replacing this container could not be undone or would cut off others."""
    for check in CHECKS:
        reason = check(candidate)
        if reason:
            raise Refused(f"Container {name} was not touched: {reason}")


def why_managed_elsewhere(container: Document) -> str | None:
    """Why it is not for us to replace this container, as far as its labels tell. None when it is."""
    candidate = _alone(container, image_is_here=True)
    return _managed_elsewhere(candidate) or _one_off(candidate)


def update_blocker(container: Document, *, image_is_here: bool) -> str | None:
    """What is in the way of replacing this container, as far as it tells by itself. None when nothing is.

    `image_is_here` tells whether the image that it runs is on this host.
    """
    candidate = _alone(container, image_is_here=image_is_here)
    return why_managed_elsewhere(container) or _auto_remove(candidate) or _wrong_state(candidate) or _image_gone(candidate)


def _alone(container: Document, *, image_is_here: bool) -> Candidate:
    return Candidate(Inspected(container, {} if image_is_here else None), Surroundings(), (), "")


def _runs_this(candidate: Candidate) -> str | None:
    own = candidate.surroundings.own_container
    if own == candidate.inspected.container["Id"]:
        return "this task runs inside it, and would end with it. Run it from the host, or from another container."
    if own in {dependent.container["Id"] for dependent in candidate.dependents}:
        return "this task runs inside a container that depends on it, and would end with that. Run it from the host."
    return None


def _is_the_gateway(candidate: Candidate) -> str | None:
    going = (candidate.inspected, *candidate.dependents)
    if not any(_answers_at(candidate.surroundings.gateway, inspected.container) for inspected in going):
        return None
    return "this task reaches the engine through it, and would be cut off by its stop. Set docker_host to the engine's own socket."


def _answers_at(gateway: tuple[str, int] | None, container: Document) -> bool:
    """Whether this is who answers there: it publishes the port, or the host is its address or a name of it."""
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
    return "it was started with --rm, so the engine deletes it as soon as it stops and there would be no way back. Create it without --rm."


def _managed_elsewhere(candidate: Candidate) -> str | None:
    label, orchestrator = _orchestrator_of(candidate.inspected.container)
    return f"it belongs to {orchestrator} (label {label}), which would replace it again. Update it there." if orchestrator else None


def _one_off(candidate: Candidate) -> str | None:
    labels = candidate.inspected.container["Config"].get("Labels") or {}
    if labels.get("com.docker.compose.oneoff") != "True":
        return None
    return "'docker compose run' made it for one job, and it is no service. Start the job again with the new image."


def _wrong_state(candidate: Candidate) -> str | None:
    status = candidate.inspected.container["State"].get("Status")
    if status == "paused":
        return "it is paused. What its processes hold in memory would be lost. Unpause it and run this again."
    if status in ("dead", "removing"):
        return f"it is {status}: the engine is removing it, or failed to. Finish that by hand."
    return None


def _image_gone(candidate: Candidate) -> str | None:
    if candidate.inspected.image is not None or candidate.verbatim:
        return None
    return (
        f"the image that it runs ({candidate.inspected.container['Image']}) is no longer on this host, so what the operator asked for "
        "cannot be told from that image's defaults. Pull or load that image again, or set verbatim to keep the old image's defaults "
        "as they are."
    )


def _wrong_platform(candidate: Candidate) -> str | None:
    wanted, old = (image.get("Architecture") for image in (candidate.surroundings.new_image, candidate.inspected.image or {}))
    if not wanted or wanted in (old, candidate.surroundings.architecture):
        return None
    return (
        f"{candidate.new_image} is made for {wanted}, and this engine runs {candidate.surroundings.architecture}. "
        "Name an image that has this platform."
    )


def _network_gone(candidate: Candidate) -> str | None:
    named = tuple(filter(None, (network_named_by(candidate.inspected.container["HostConfig"]),)))
    gone = [network for network in dict.fromkeys((*candidate.networks, *named)) if not _is_there(network, candidate.surroundings.networks)]
    if not gone:
        return None
    return (
        f"its network {', '.join(gone)} is gone, and a new container could not be connected to it. Create it, or disconnect the container."
    )


def _is_there(network: str, networks: t.AbstractSet[str]) -> bool:
    """By its name or its ID, or the beginning of that."""
    return network in networks or bool(_HEX.fullmatch(network) and any(known.startswith(network) for known in networks))


def _provider_gone(candidate: Candidate) -> str | None:
    """What it needs of other containers has to be there, or neither a new one nor the old one can be started."""
    lack = _lack_of(candidate.inspected.container, candidate.surroundings.others)
    return f"it {lack}" if lack else None


def _lack_of(container: Document, others: t.Sequence[Document]) -> str | None:
    """What a container needs of others to be created, and started when it is up, and does not find there. None when it finds all."""
    by_id = {other["Id"]: other for other in others}
    for provider in namespaces_of(container):
        if provider not in by_id:
            return f"lives in the namespace of a container ({provider[:12]}) that is gone. Create it anew, with one that is there."
        if is_active(container) and not _is_up(by_id[provider]):
            return f"lives in the namespace of {name_of(by_id[provider])}, which does not run. Start that first."
    asleep = _linked_and_asleep(container, others) if is_active(container) else None
    if asleep:
        return f"links to {asleep}, which does not run, and could not be started again. Start that first."
    for lender in container["HostConfig"].get("VolumesFrom") or ():
        name = lender.partition(":")[0]
        if not any(name == name_of(other) or other["Id"].startswith(name) for other in others):
            return f"has volumes of the container {name}, which is gone. Create that again, or this one without it."
    return None


def _linked_and_asleep(container: Document, others: t.Iterable[Document]) -> str | None:
    """Somebody whom it links to and who does not run. The engine starts no container without those."""
    up = {name_of(other) for other in others if _is_up(other)}
    return next((target for target, _alias in links_of(container) if target not in up), None)


def _is_up(container: Document) -> bool:
    """Whether the engine lets others start that need it: also while it is paused."""
    return is_active(container) or container["State"].get("Status") == "paused"


def _files_would_be_lost(candidate: Candidate) -> str | None:
    if not candidate.lost_files:
        return None
    return (
        f"files were put into it or changed after it was created, and would be lost: {shortened(candidate.lost_files)}. "
        "Move them to a volume or into the image, or set lost_files to warn."
    )


def _dependent_would_be_lost(candidate: Candidate) -> str | None:
    household = {inspected.container["Id"]: _as_running(inspected.container) for inspected in (candidate.inspected, *candidate.dependents)}
    others = (*household.values(), *(other for other in candidate.surroundings.others if other["Id"] not in household))
    for dependent in candidate.dependents:
        name, reason = name_of(dependent.container), _why_it_would_be_lost(dependent) or _lack_of(dependent.container, others)
        if reason:
            return f"{name} depends on it (it uses its network, pid or ipc namespace, or links to it) and {reason}"
    return None


def _as_running(container: Document) -> Document:
    """One that is down now may be what this run is to mend."""
    return {**container, "State": {**container["State"], "Status": "running"}}


def _why_it_would_be_lost(dependent: Inspected) -> str | None:
    if dependent.container["HostConfig"].get("AutoRemove"):
        return "was started with --rm, so it would be deleted with the first stop. Stop it first, and start it again afterwards."
    if dependent.container["State"].get("Status") == "paused":
        return "is paused, and could not be brought back as it is. Unpause it first."
    if dependent.image is None:
        return "its image is no longer on this host, so it could not be created anew. Pull or load that image again, or remove it."
    label, orchestrator = _orchestrator_of(dependent.container)
    return f"belongs to {orchestrator} (label {label}). Update it there." if orchestrator else None


def _orchestrator_of(container: Document) -> tuple[str, str]:
    """The label that tells, and who it is. Empty when nobody is."""
    labels = container["Config"].get("Labels") or {}
    return next(((label, orchestrator) for label, orchestrator in _ORCHESTRATOR_LABELS.items() if label in labels), ("", ""))


def shortened(paths: t.Sequence[str], most: int = 10) -> str:
    """The paths in one line, the first of them when there are many."""
    more = len(paths) - most
    return ", ".join(paths[:most]) + (f" and {more} more" if more > 0 else "")


CHECKS: tuple[t.Callable[[Candidate], str | None], ...] = (
    _runs_this,
    _is_the_gateway,
    _auto_remove,
    _managed_elsewhere,
    _one_off,
    _wrong_state,
    _image_gone,
    _wrong_platform,
    _network_gone,
    _provider_gone,
    _files_would_be_lost,
    _dependent_would_be_lost,
)
