# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator asked for, got back from inspect.

An inspect document shows the operator's wishes and the image's defaults merged. Creating a container from it as it stands would freeze the
defaults of the old image into the new container. So what equals the old image's default is taken out again, field by field, and the engine
fills in the new image's. Field names are those of https://docs.docker.com/reference/api/engine/ (ContainerCreate, ContainerInspect).
"""

from __future__ import annotations

import posixpath
import typing as t
from dataclasses import dataclass

from .ports import Document, Inspected

SHORT_ID = 12

# Set by the image alone; a container cannot ask for it.
_IMAGE_ONLY = ("OnBuild",)
# The default that the image gives is the whole value.
_SCALARS = ("User", "WorkingDir", "StopSignal", "StopTimeout", "Shell", "ArgsEscaped")
# The default that the image gives is merged key by key.
_SETS = ("ExposedPorts", "Volumes")
_MAPPINGS = ("Labels", "Healthcheck")
# What an endpoint is asked for. The rest of an inspected endpoint is what the engine answered.
_ENDPOINT_WISHES = ("IPAMConfig", "Links", "DriverOpts", "GwPriority")
# Networks that every engine has. Aliases do not exist there.
_BUILT_IN_NETWORKS = frozenset(("bridge", "host", "none", "default"))


@dataclass(frozen=True)
class ContainerSpec:
    """The operator's wishes: C(config) without the image's defaults, C(host_config) whole, C(endpoints) by network name."""

    config: Document
    host_config: Document
    endpoints: Document

    @classmethod
    def from_inspect(cls, inspected: Inspected) -> ContainerSpec:
        """Take the wishes out of the inspect documents of a container and of the image it was created from.

        The container has to be running: a stopped one no longer shows all of its endpoints.
        """
        container, image = inspected.container, inspected.image or {}
        return cls(
            config=_config_wishes(container, image.get("Config") or {}),
            host_config={**container["HostConfig"], **_adopted_volumes(container, inspected.borrowed_mounts)},
            endpoints=_endpoint_wishes(container),
        )

    def create_body(self, reference: str) -> Document:
        """The body of a ContainerCreate call that makes this container from the image C(reference)."""
        return {
            **self.config,
            "Image": reference,
            "HostConfig": self.host_config,
            "NetworkingConfig": {"EndpointsConfig": self.endpoints},
        }


def shares_network_of(host_config: Document) -> t.Optional[str]:
    """The container (a full ID, as the engine stores it) whose network namespace this host config asks for, if any."""
    kind, colon, other = (host_config.get("NetworkMode") or "").partition(":")
    return other if colon and kind == "container" else None


def _config_wishes(container: Document, defaults: Document) -> Document:
    config = container["Config"]
    wishes = {field: value for field, value in config.items() if field not in _IMAGE_ONLY}
    for field in _SCALARS:
        if wishes.get(field) == defaults.get(field):
            wishes.pop(field, None)
    for field in _SETS + _MAPPINGS:
        wishes[field] = _without_defaults(config.get(field), defaults.get(field))
    wishes["Env"] = [entry for entry in config.get("Env") or [] if entry not in (defaults.get("Env") or [])]
    wishes.update(_command_wishes(config, defaults))
    if config.get("Hostname") == container["Id"][:SHORT_ID]:
        wishes.pop("Hostname")
    if shares_network_of(container["HostConfig"]):
        # The engine shows the other container's host name here, and refuses to be asked for one.
        wishes.pop("Hostname", None)
        wishes.pop("ExposedPorts")
    return {field: value for field, value in wishes.items() if value not in (None, {}, [])}


def _without_defaults(values: t.Optional[Document], defaults: t.Optional[Document]) -> Document:
    missing = object()
    return {key: value for key, value in (values or {}).items() if (defaults or {}).get(key, missing) != value}


def _command_wishes(config: Document, defaults: Document) -> Document:
    """Entrypoint and Cmd. An image's Cmd is made for its Entrypoint: under another one, the Cmd is the operator's."""
    entrypoint, command = config.get("Entrypoint") or None, config.get("Cmd") or None
    default_entrypoint, default_command = defaults.get("Entrypoint") or None, defaults.get("Cmd") or None
    # Without a command where the image has one, the entrypoint was given too, even if it is the image's.
    if entrypoint != default_entrypoint or (default_command and not command):
        # An empty list means "none given" to the engine; a single empty string is how one asks for no entrypoint.
        return {"Entrypoint": entrypoint or [""], "Cmd": command}
    return {"Entrypoint": None, "Cmd": None if command == default_command else command}


def _adopted_volumes(container: Document, borrowed: t.FrozenSet[str]) -> Document:
    """Binds that keep anonymous volumes attached: a container's inspect document names them in Mounts only."""
    host_config = container["HostConfig"]
    binds = [bind for bind in host_config.get("Binds") or [] if _source(bind)]
    mounts = [mount for mount in host_config.get("Mounts") or [] if mount.get("Type") != "volume" or mount.get("Source")]
    covered = {_target(bind) for bind in binds} | {_clean(mount["Target"]) for mount in mounts} | {_clean(path) for path in borrowed}
    adopted = [
        _bind(mount)
        for mount in container.get("Mounts") or []
        if mount.get("Type") == "volume" and _clean(mount["Destination"]) not in covered
    ]
    if not adopted:
        return {}
    # What asked for a fresh volume (a bind or mount without a source) has got one, and its place is taken by it.
    return {"Binds": binds + adopted, **({"Mounts": mounts} if host_config.get("Mounts") else {})}


def _bind(mount: Document) -> str:
    bind = f"{mount['Name']}:{mount['Destination']}"
    return bind if mount.get("RW", True) else f"{bind}:ro"


def _source(bind: str) -> t.Optional[str]:
    """None for a bind that is a path in the container alone."""
    source, colon, _target_and_options = bind.partition(":")
    return source if colon else None


def _target(bind: str) -> str:
    return _clean(bind.split(":")[1])


def _clean(path: str) -> str:
    """As the engine compares mount points."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _endpoint_wishes(container: Document) -> Document:
    """By network name, the one that the container was created in first."""
    mode = container["HostConfig"].get("NetworkMode") or "default"
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    in_order = sorted(networks, key=lambda network: not _is_network_of(mode, network, networks[network]))
    wishes = {network: _one_endpoint(networks[network], container["Id"]) for network in in_order}
    # The host config names the network too. An entry for a built-in network says nothing more, but among others it must not be missing.
    names_itself = mode in _BUILT_IN_NETWORKS and all(_is_network_of(mode, network, networks[network]) for network in wishes)
    return {} if names_itself and not any(wishes.values()) else wishes


def _is_network_of(mode: str, network: str, endpoint: Document) -> bool:
    return network == mode or (network == "bridge" and mode == "default") or (endpoint.get("NetworkID") or "") == mode


def _one_endpoint(endpoint: Document, container_id: str) -> Document:
    wishes = {field: endpoint[field] for field in _ENDPOINT_WISHES if endpoint.get(field)}
    aliases = [alias for alias in endpoint.get("Aliases") or [] if alias != container_id[:SHORT_ID]]
    return {**wishes, "Aliases": aliases} if aliases else wishes
