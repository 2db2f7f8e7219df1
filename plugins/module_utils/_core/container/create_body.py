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
import re
import typing as t

from ..engine.model import Document, Inspected

SHORT_ID = 12

# Set by the image alone; a container cannot ask for it.
_IMAGE_ONLY = ("OnBuild",)
# The image's value stands in for one that the container was not given. All other fields (Shell, StopTimeout, Hostname, Tty ...) are the
# container's own, whatever the image says there: the engine does not look.
_SCALARS = ("User", "WorkingDir", "StopSignal")
# The default that the image gives is merged key by key.
_SETS = ("ExposedPorts", "Volumes")
_MAPPINGS = ("Labels", "Healthcheck")
# The label that compose gives to each of its containers, and to nothing else.
_OF_COMPOSE = "com.docker.compose.container-number"
# What an endpoint is asked for. The rest of an inspected endpoint is what the engine answered.
_USER_ENDPOINT_FIELDS = ("IPAMConfig", "Links", "DriverOpts", "GwPriority")
# Networks that every engine has. Aliases do not exist there.
_BUILT_IN_NETWORKS = frozenset(("bridge", "host", "none", "default"))
# With these, before a colon or alone, a container has no endpoint that it could be disconnected from. The last three are Podman's.
_MODES_WITHOUT_ENDPOINTS = frozenset(("host", "none", "container", "ns", "pasta", "private", "slirp4netns"))
_NETWORK_ID = re.compile(r"[0-9a-f]{12,64}")
_ENGINE_MAC = "02:42:"
_LOCALLY_ADMINISTERED = 0x02


class ContainerSpec(t.NamedTuple):
    """The operator's wishes: `config` without the image's defaults, `host_config` whole, `endpoints` by network name."""

    config: Document
    host_config: Document
    endpoints: Document

    @classmethod
    def from_inspect(cls, inspected: Inspected, *, keep_env: frozenset[str] = frozenset()) -> ContainerSpec:
        """Take the wishes out of the inspect documents of a container and of the image it was created from.

        `keep_env` names the variables that are the operator's even if they have the image's default value. Without
        an image, nothing is told from the image's defaults: all that the container has is a wish.

        A container that is stopped no longer shows a MAC address that was given to it on another network than its first.
        """
        container, image = inspected.container, inspected.image
        if image is None:
            config = _everything(container, inspected.host_name)
        else:
            config = _user_config(container, image.get("Config") or {}, keep_env, inspected.host_name)
        return cls(
            config={field: value for field, value in config.items() if value is not None},
            host_config={**container["HostConfig"], **_storage(container, inspected.borrowed_mounts), **_isolation(container)},
            endpoints=_user_endpoints(container),
        )

    def create_body(self, reference: str) -> Document:
        """The body of a ContainerCreate call that makes this container from the image `reference`."""
        return {
            **self.config,
            "Image": reference,
            "HostConfig": self.host_config,
            "NetworkingConfig": {"EndpointsConfig": self.endpoints},
        }


def shares_network_of(host_config: Document) -> str | None:
    """The container (a full ID, as the engine stores it) whose network namespace this host config asks for, if any."""
    kind, colon, other = (host_config.get("NetworkMode") or "").partition(":")
    return other if colon and kind == "container" else None


def network_named_by(host_config: Document) -> str | None:
    """The network of somebody's own making that this host config names. The container need not be connected to it any more."""
    mode = host_config.get("NetworkMode") or "default"
    return None if mode in (*_BUILT_IN_NETWORKS, *_MODES_WITHOUT_ENDPOINTS) or ":" in mode else str(mode)


def _everything(container: Document, host_name: str) -> dict[str, t.Any]:
    """All that the container can be asked to have."""
    config = container["Config"]
    asked = {field: value for field, value in config.items() if field not in _IMAGE_ONLY and value not in ({}, [])}
    if not config.get("Entrypoint") and config.get("Cmd"):
        asked["Entrypoint"] = [""]
    _drop_engine_values(asked, container, host_name)
    return asked


def _user_config(container: Document, defaults: Document, keep_env: frozenset[str], host_name: str) -> dict[str, t.Any]:
    config = container["Config"]
    asked = {field: value for field, value in config.items() if field not in _IMAGE_ONLY}
    for field in _SCALARS:
        if asked.get(field) == defaults.get(field):
            asked.pop(field, None)
    for field in _SETS + _MAPPINGS:
        asked[field] = _without_defaults(config.get(field), defaults.get(field))
    labels = config.get("Labels") or {}
    if _OF_COMPOSE in labels:
        # Compose writes some of its labels into the images that it builds too, and does not find its container without them.
        asked["Labels"].update((label, value) for label, value in labels.items() if label.startswith("com.docker.compose."))
    # The engine publishes a port only if it is exposed too, and the new image may no longer expose it.
    published = container["HostConfig"].get("PortBindings") or {}
    asked["ExposedPorts"].update((port, value) for port, value in (config.get("ExposedPorts") or {}).items() if port in published)
    asked["Env"] = _user_env(config.get("Env") or [], defaults.get("Env") or [], keep_env)
    asked = {field: value for field, value in asked.items() if value not in ({}, [])}
    asked.update(_user_command(config, defaults))
    if asked["Entrypoint"] is None and asked["Cmd"] is None and config.get("ArgsEscaped") == defaults.get("ArgsEscaped"):
        asked.pop("ArgsEscaped", None)  # It says how the image's command is written.
    _drop_engine_values(asked, container, host_name)
    return asked


def _drop_engine_values(asked: dict[str, t.Any], container: Document, host_name: str) -> None:
    """Take out what nobody asked for: the names that the engine gives, and what goes with another container's network."""
    host_config = container["HostConfig"]
    if asked.get("Hostname") == container["Id"][:SHORT_ID]:
        asked.pop("Hostname")
    if host_config.get("NetworkMode") == "host" and asked.get("Hostname") == host_name:
        asked.pop("Hostname")
    if shares_network_of(host_config):
        # The engine shows the other container's names here, and refuses to be asked for one.
        for field in ("Hostname", "Domainname", "ExposedPorts"):
            asked.pop(field, None)


def _without_defaults(values: Document | None, defaults: Document | None) -> dict[str, t.Any]:
    missing = object()
    return {key: value for key, value in (values or {}).items() if (defaults or {}).get(key, missing) != value}


def _user_env(env: t.Sequence[str], defaults: t.Sequence[str], keep_env: frozenset[str]) -> list[str]:
    """The engine takes all entries of a variable from the container, or if it has none, all from the image. The last one counts."""
    ours, theirs = _by_variable(env), _by_variable(defaults)
    return [entry for entry in env if _variable(entry) in keep_env or ours[_variable(entry)] != theirs.get(_variable(entry))]


def _by_variable(env: t.Sequence[str]) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = {}
    for entry in env:
        entries.setdefault(_variable(entry), []).append(entry)
    return entries


def _variable(entry: str) -> str:
    return entry.partition("=")[0]


def _user_command(config: Document, defaults: Document) -> dict[str, t.Any]:
    """Entrypoint and Cmd. An image's Cmd is made for its Entrypoint: under another one, the Cmd is the operator's."""
    entrypoint, command = config.get("Entrypoint") or None, config.get("Cmd") or None
    default_entrypoint, default_command = defaults.get("Entrypoint") or None, defaults.get("Cmd") or None
    own_command = None if command == default_command else command
    if default_entrypoint and config.get("Entrypoint") == []:
        # Not the same as none: this way the engine leaves out the image's Entrypoint, and takes its Cmd all the same.
        return {"Entrypoint": [], "Cmd": own_command}
    # Without a command where the image has one, the entrypoint was given too, even if it is the image's.
    if entrypoint != default_entrypoint or (default_command and not command):
        # A single empty string is how one asks for no entrypoint and none of the image's command.
        return {"Entrypoint": entrypoint or [""], "Cmd": command}
    return {"Entrypoint": None, "Cmd": own_command}


def _storage(container: Document, borrowed: frozenset[str]) -> Document:
    """Binds and mounts that keep anonymous volumes attached: a container's inspect document names them in Mounts only."""
    host_config = container["HostConfig"]
    volumes = {_clean(mount["Destination"]): mount for mount in container.get("Mounts") or [] if mount.get("Type") == "volume"}
    # What asked for a fresh volume (a bind or mount without a source) has got one, and is given it again.
    binds = [bind for bind in host_config.get("Binds") or [] if _source(bind) or _clean(bind) not in volumes]
    mounts = [_with_source(mount, volumes) for mount in host_config.get("Mounts") or []]
    covered = {_target(bind) for bind in binds} | {_clean(mount["Target"]) for mount in mounts} | {_clean(path) for path in borrowed}
    adopted = [_bind(mount) for path, mount in volumes.items() if path not in covered]
    return {
        **({"Binds": binds + adopted} if adopted else {}),
        **({"Mounts": mounts} if mounts else {}),
    }


def _with_source(mount: Document, volumes: t.Mapping[str, Document]) -> Document:
    volume = volumes.get(_clean(mount["Target"]))
    if mount.get("Type") != "volume" or mount.get("Source") or volume is None:
        return mount
    return {**mount, "Source": _volume_name(volume)}


def _bind(mount: Document) -> str:
    bind = f"{_volume_name(mount)}:{mount['Destination']}"
    return bind if mount.get("RW", True) else f"{bind}:ro"


def _volume_name(mount: Document) -> str:
    """Engine 28 leaves it out for a bind without a source. The path, .../<name>/_data, has it still."""
    name: str = mount.get("Name") or posixpath.basename(posixpath.dirname(mount["Source"]))
    return name


def _source(bind: str) -> str | None:
    """None for a bind that is a path in the container alone."""
    source, colon, _target_and_options = bind.partition(":")
    return source if colon else None


def _target(bind: str) -> str:
    return _clean(bind.split(":")[1] if _source(bind) else bind)


def _clean(path: str) -> str:
    """As the engine compares mount points."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _networks(container: Document) -> Document:
    networks: Document = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return networks


def _isolation(container: Document) -> Document:
    """A container that was disconnected from all of its networks must not get one back."""
    mode = (container["HostConfig"].get("NetworkMode") or "default").partition(":")[0]
    isolated = not (_networks(container) or mode in _MODES_WITHOUT_ENDPOINTS or container["Config"].get("NetworkDisabled"))
    return {"NetworkMode": "none"} if isolated else {}


def _user_endpoints(container: Document) -> Document:
    """By network name, the one that the container was created in first."""
    mode = container["HostConfig"].get("NetworkMode") or "default"
    networks = _networks(container)
    in_order = sorted(networks, key=lambda network: not _is_network_of(mode, network, networks[network]))
    own = [network for network in in_order if _is_network_of(mode, network, networks[network])]
    main_mac = container["Config"].get("MacAddress")
    asked = {network: _user_endpoint(networks[network], container["Id"], main_mac if network in own else None) for network in in_order}
    # The host config names the network too. An entry for a built-in network says nothing more, but among others it must not be missing.
    names_itself = mode in _BUILT_IN_NETWORKS and own == in_order
    return {} if names_itself and not any(asked.values()) else asked


def _is_network_of(mode: str, network: str, endpoint: Document) -> bool:
    if network == mode or (network == "bridge" and mode == "default"):
        return True
    network_id: str = endpoint.get("NetworkID") or ""
    return network_id == mode or (bool(_NETWORK_ID.fullmatch(mode)) and network_id.startswith(mode))


def _user_endpoint(endpoint: Document, container_id: str, main_mac: str | None) -> Document:
    asked = {field: endpoint[field] for field in _USER_ENDPOINT_FIELDS if endpoint.get(field)}
    aliases = [alias for alias in endpoint.get("Aliases") or [] if alias != container_id[:SHORT_ID]]
    mac = main_mac or _user_mac(endpoint)
    return {**asked, **({"Aliases": aliases} if aliases else {}), **({"MacAddress": mac} if mac else {})}


def _user_mac(endpoint: Document) -> str | None:
    """The MAC address that this endpoint was asked to have, as far as can be told.

    Engines tell it outright for the network that the container was created in (`Config.MacAddress`) and until the first start. Afterwards
    an endpoint shows the address that it has, and what gives away a wish is that the engine would not have made it: up to Engine 27 that is
    02:42 and the IPv4 address, from Engine 28 on (the first to show `GwPriority`) a random one with the bit for local administration. One
    that begins with 02:42 is in all likelihood no random one. Before Engine 25 (the first to show `DNSNames`) there were no such wishes.
    """
    mac: str = endpoint.get("MacAddress") or ""
    if not mac or "DNSNames" not in endpoint:
        return None
    if not endpoint.get("NetworkID"):
        return mac
    address: str = endpoint.get("IPAddress") or ""
    if mac.startswith(_ENGINE_MAC):
        from_address = _ENGINE_MAC + ":".join(f"{int(octet):02x}" for octet in address.split(".")) if address else mac
        return None if mac == from_address else mac
    is_random = "GwPriority" in endpoint and int(mac[:2], 16) & _LOCALLY_ADMINISTERED
    return None if is_random else mac
