# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recover the configuration that the operator gave a container from its inspect document.

An inspect document shows the operator's configuration merged with the image's defaults. A container that is created from it unchanged would
keep the defaults of the old image. Therefore each value that equals the old image's default is removed, and the engine fills in the default
of the new image. Field names are those of https://docs.docker.com/reference/api/engine/ (ContainerCreate, ContainerInspect).
"""

from __future__ import annotations

import re
import typing as t

from ..engine.model import Document, Inspected
from .compose import labels_of_compose
from .kept_fields import kept_fields
from .mounts import storage_of

SHORT_ID = 12

# Only an image can set these fields.
_IMAGE_ONLY = ("OnBuild",)
# If the container has no value of its own, the engine uses the image's. For all other fields (Shell, StopTimeout, Hostname, Tty ...) the
# engine ignores the image.
_SCALARS = ("User", "WorkingDir", "StopSignal")
# The engine merges these with the image's values key by key.
_SETS = ("ExposedPorts", "Volumes")
_MAPPINGS = ("Labels", "Healthcheck")
# The fields of an inspected endpoint that the engine sets, and those that need a closer look. A user can set all other fields, also those
# that come with a newer engine.
_ENGINE_ENDPOINT_FIELDS = frozenset(
    (
        "DNSNames",
        "EndpointID",
        "Gateway",
        "GlobalIPv6Address",
        "GlobalIPv6PrefixLen",
        "IPAddress",
        "IPPrefixLen",
        "IPv6Gateway",
        "NetworkID",
    )
) | {"Aliases", "MacAddress"}
# Networks that every engine has. They do not support aliases.
_BUILT_IN_NETWORKS = frozenset(("bridge", "host", "none", "default"))
# With one of these network modes, alone or before a colon, a container never has endpoints. The last three are Podman's.
_MODES_WITHOUT_ENDPOINTS = frozenset(("host", "none", "container", "ns", "pasta", "private", "slirp4netns"))
_NETWORK_ID = re.compile(r"[0-9a-f]{12,64}")
_ENGINE_MAC = "02:42:"
_LOCALLY_ADMINISTERED = 0x02


class ContainerSpec(t.NamedTuple):
    """The operator's configuration: `config` without the image's defaults, the complete `host_config`, and `endpoints` by network name."""

    config: Document
    host_config: Document
    endpoints: Document

    @classmethod
    def from_inspect(
        cls, inspected: Inspected, *, keep_env: frozenset[str] = frozenset(), keep: frozenset[str] = frozenset()
    ) -> ContainerSpec:
        """Recover the configuration from the inspect documents of a container and of the image that it was created from.

        `keep_env` names variables to keep even if they have the image's default value, and `keep` other fields (see kept_fields). Without
        an image, defaults cannot be recognised, so all values of the container are kept.

        While a container is stopped, the engine does not show a MAC address that was set for any network but its first. Such an address is
        lost.
        """
        container, image = inspected.container, inspected.image
        config = _full_config(container) if image is None else _user_config(container, image.get("Config") or {}, keep_env)
        config.update(kept_fields(container["Config"], keep))
        _drop_engine_values(config, container, inspected.host_name)
        return cls(
            config={field: value for field, value in config.items() if value is not None},
            host_config={**container["HostConfig"], **storage_of(container, inspected.borrowed_mounts), **_isolation(container)},
            endpoints=_user_endpoints(container),
        )

    def create_body(self, reference: str) -> Document:
        """Return the body of a ContainerCreate call that creates this container from the image `reference`."""
        return {
            **self.config,
            "Image": reference,
            "HostConfig": self.host_config,
            "NetworkingConfig": {"EndpointsConfig": self.endpoints},
        }


def shares_network_of(host_config: Document) -> str | None:
    """Return the full ID of the container whose network namespace this host config shares, or None."""
    kind, colon, other = (host_config.get("NetworkMode") or "").partition(":")
    return other if colon and kind == "container" else None


def network_named_by(host_config: Document) -> str | None:
    """Return the user-defined network in this host config, or None. The container may have been disconnected from it since."""
    mode = host_config.get("NetworkMode") or "default"
    return None if mode in (*_BUILT_IN_NETWORKS, *_MODES_WITHOUT_ENDPOINTS) or ":" in mode else str(mode)


def _full_config(container: Document) -> dict[str, t.Any]:
    """Return all values that a create body can contain, including those that may be the image's defaults."""
    config = container["Config"]
    user_config = {field: value for field, value in config.items() if field not in _IMAGE_ONLY and value not in ({}, [])}
    if not config.get("Entrypoint") and config.get("Cmd"):
        user_config["Entrypoint"] = [""]
    return user_config


def _user_config(container: Document, defaults: Document, keep_env: frozenset[str]) -> dict[str, t.Any]:
    config = container["Config"]
    user_config = {field: value for field, value in config.items() if field not in _IMAGE_ONLY}
    for field in _SCALARS:
        if user_config.get(field) == defaults.get(field):
            user_config.pop(field, None)
    for field in _SETS + _MAPPINGS:
        user_config[field] = _without_defaults(config.get(field), defaults.get(field))
    # Compose also writes some of its labels into images that it builds. It does not find its container without them.
    user_config["Labels"].update(labels_of_compose(config.get("Labels") or {}))
    # The engine publishes only exposed ports, and the new image may no longer expose this one.
    published = container["HostConfig"].get("PortBindings") or {}
    user_config["ExposedPorts"].update((port, value) for port, value in (config.get("ExposedPorts") or {}).items() if port in published)
    user_config["Env"] = _user_env(config.get("Env") or [], defaults.get("Env") or [], keep_env)
    user_config = {field: value for field, value in user_config.items() if value not in ({}, [])}
    user_config.update(_user_command(config, defaults))
    if user_config["Entrypoint"] is None and user_config["Cmd"] is None and config.get("ArgsEscaped") == defaults.get("ArgsEscaped"):
        user_config.pop("ArgsEscaped", None)  # It describes the image's command.
    return user_config


def _drop_engine_values(user_config: dict[str, t.Any], container: Document, host_name: str) -> None:
    """Remove values that the engine set: generated host names, and values that belong to another container's network."""
    host_config = container["HostConfig"]
    if user_config.get("Hostname") == container["Id"][:SHORT_ID]:
        user_config.pop("Hostname")
    if host_config.get("NetworkMode") == "host" and user_config.get("Hostname") == host_name:
        user_config.pop("Hostname")
    if shares_network_of(host_config):
        # The engine shows the other container's values here, and refuses them in a create body.
        for field in ("Hostname", "Domainname", "ExposedPorts"):
            user_config.pop(field, None)


def _without_defaults(values: Document | None, defaults: Document | None) -> dict[str, t.Any]:
    missing = object()
    return {key: value for key, value in (values or {}).items() if (defaults or {}).get(key, missing) != value}


def _user_env(env: t.Sequence[str], defaults: t.Sequence[str], keep_env: frozenset[str]) -> list[str]:
    """Return the entries of variables that differ from the image's.

    A variable can have several entries, of which the last one counts. The engine takes all entries of a variable from the container, or all
    from the image if the container has none.
    """
    entries, default_entries = _by_variable(env), _by_variable(defaults)
    return [entry for entry in env if _variable(entry) in keep_env or entries[_variable(entry)] != default_entries.get(_variable(entry))]


def _by_variable(env: t.Sequence[str]) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = {}
    for entry in env:
        entries.setdefault(_variable(entry), []).append(entry)
    return entries


def _variable(entry: str) -> str:
    return entry.partition("=")[0]


def _user_command(config: Document, defaults: Document) -> dict[str, t.Any]:
    """Return `Entrypoint` and `Cmd`. With an entrypoint of its own, the container keeps its command, even if it equals the image's."""
    entrypoint, command = config.get("Entrypoint") or None, config.get("Cmd") or None
    default_entrypoint, default_command = defaults.get("Entrypoint") or None, defaults.get("Cmd") or None
    user_command = None if command == default_command else command
    if default_entrypoint and config.get("Entrypoint") == []:
        # An empty list is not the same as None: the engine then ignores the image's Entrypoint, but still uses its Cmd.
        return {"Entrypoint": [], "Cmd": user_command}
    # If the image has a command and the container has none, the operator set the entrypoint, even if it equals the image's.
    if entrypoint != default_entrypoint or (default_command and not command):
        # A single empty string means: no entrypoint, and not the image's command.
        return {"Entrypoint": entrypoint or [""], "Cmd": command}
    return {"Entrypoint": None, "Cmd": user_command}


def _networks(container: Document) -> Document:
    networks: Document = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return networks


def _isolation(container: Document) -> Document:
    """Return network mode `none` for a container that was disconnected from all of its networks, so that it stays disconnected."""
    mode = (container["HostConfig"].get("NetworkMode") or "default").partition(":")[0]
    isolated = not (_networks(container) or mode in _MODES_WITHOUT_ENDPOINTS or container["Config"].get("NetworkDisabled"))
    return {"NetworkMode": "none"} if isolated else {}


def _user_endpoints(container: Document) -> Document:
    """Return the endpoints by network name. The first one is the network that the container was created in."""
    mode, networks = _by_name(container["HostConfig"].get("NetworkMode") or "default", _networks(container))
    in_order = sorted(networks, key=lambda network: not _is_network_of(mode, network, networks[network]))
    own = [network for network in in_order if _is_network_of(mode, network, networks[network])]
    main_mac = container["Config"].get("MacAddress")
    endpoints = {network: _user_endpoint(networks[network], container["Id"], main_mac if network in own else None) for network in in_order}
    # The host config already names the network. An empty entry for a built-in network is redundant if it is the only one, but the engine
    # needs it beside entries for other networks.
    only_built_in = mode in _BUILT_IN_NETWORKS and own == in_order
    return {} if only_built_in and not any(endpoints.values()) else endpoints


def _by_name(mode: str, networks: Document) -> tuple[str, Document]:
    """Return the networks with one key each, and `mode` with that key if it is one of the others.

    A container that was created with the first digits of a network's ID has its endpoint twice once it was started: under these digits and
    under the network's name. The engine could not start a container again that has both.
    """
    ids = {key: endpoint.get("NetworkID") or key for key, endpoint in networks.items()}
    names = {network_id: key for key, network_id in ids.items() if not network_id.startswith(key)}
    renamed = {key: names[network_id] for key, network_id in ids.items() if network_id.startswith(key) and network_id in names}
    return renamed.get(mode, mode), {key: endpoint for key, endpoint in networks.items() if key not in renamed}


def _is_network_of(mode: str, network: str, endpoint: Document) -> bool:
    if network == mode or (network == "bridge" and mode == "default"):
        return True
    network_id: str = endpoint.get("NetworkID") or ""
    return network_id == mode or (bool(_NETWORK_ID.fullmatch(mode)) and network_id.startswith(mode))


def _user_endpoint(endpoint: Document, container_id: str, main_mac: str | None) -> Document:
    user_fields = {field: value for field, value in endpoint.items() if value and field not in _ENGINE_ENDPOINT_FIELDS}
    aliases = [alias for alias in endpoint.get("Aliases") or [] if alias != container_id[:SHORT_ID]]
    mac = main_mac or _user_mac(endpoint)
    return {**user_fields, **({"Aliases": aliases} if aliases else {}), **({"MacAddress": mac} if mac else {})}


def _user_mac(endpoint: Document) -> str | None:
    """Return the MAC address that the operator set for this endpoint, as far as the inspect document shows.

    The engine shows the configured address for the network that the container was created in (`Config.MacAddress`), and for every network
    until the first start. After that, an endpoint shows its actual address. The operator set it if the engine would not have generated it.
    Up to Engine 27, a generated address is 02:42 followed by the IPv4 address. From Engine 28 on (the first with `GwPriority`), it is
    random, with the bit for local administration set; a random address is unlikely to begin with 02:42. Before Engine 25 (the first with
    `DNSNames`), an endpoint could not have a MAC address of its own.
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
