# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine makes of a create body and an image's defaults, as a pure function.

It follows the observed behaviour of Engines 20.10, 26 and 28. tests/integration/test_generated_containers.py compares it with a real one.
"""

from __future__ import annotations

import posixpath
import secrets
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

PASSED_ON = ("Shell", "StopTimeout", "Domainname", "Tty", "OpenStdin", "StdinOnce", "ArgsEscaped")
"""What the engine takes only from the container, never from the image."""


class RefusedByEngine(Exception):
    """The engine would answer with status 400."""


@dataclass(frozen=True)
class Release:
    """What differs between engines. Without `mac_of_endpoint`, only the container as a whole can have a MAC address."""

    short_id_is_alias: bool
    mac_of_endpoint: bool
    random_macs: bool


RELEASES = {
    "20.10": Release(short_id_is_alias=True, mac_of_endpoint=False, random_macs=False),
    "26": Release(short_id_is_alias=False, mac_of_endpoint=True, random_macs=False),
    "28": Release(short_id_is_alias=False, mac_of_endpoint=True, random_macs=True),
}


def created(body: Document, image: Document, release: Release, *, started: bool) -> Document:
    """Return the inspect document of a container created from `body` and an image with this Config. Raise RefusedByEngine."""
    container_id = secrets.token_hex(32)
    host_config = body.get("HostConfig") or {}
    return {
        "Id": container_id,
        "Config": {**merged_config(body, image), "Hostname": body.get("Hostname") or container_id[:12], "Image": body["Image"]},
        "HostConfig": host_config,
        "Mounts": _mounts(body, image),
        "NetworkSettings": {"Networks": _networks(body, container_id, release, started=started)},
    }


def merged_config(body: Document, image: Document) -> Document:
    """Return Config without the fields that are unique to one container. Raise RefusedByEngine."""
    config = {field: body.get(field) for field in PASSED_ON}
    for field in ("User", "WorkingDir", "StopSignal"):
        config[field] = body.get(field) or image.get(field)
    for field in ("Labels", "ExposedPorts", "Volumes"):
        config[field] = {**(image.get(field) or {}), **(body.get(field) or {})}
    own = body.get("Env") or []
    variables = {entry.partition("=")[0] for entry in own}
    config["Env"] = own + [entry for entry in image.get("Env") or [] if entry.partition("=")[0] not in variables]
    config["Healthcheck"] = _health_check(body.get("Healthcheck"), image.get("Healthcheck"))
    config["Entrypoint"], config["Cmd"] = _command(body, image)
    return {**config, "MacAddress": body.get("MacAddress")}


def _health_check(own: Document | None, default: Document | None) -> Document | None:
    if own is None or default is None:
        return own if default is None else default
    return {**default, **{field: value for field, value in own.items() if value}}


def _command(body: Document, image: Document) -> tuple[list[str] | None, list[str] | None]:
    entrypoint, command = body.get("Entrypoint"), body.get("Cmd")
    if not entrypoint:
        command = command or image.get("Cmd")
        entrypoint = image.get("Entrypoint") if entrypoint is None else entrypoint
    elif entrypoint == [""]:
        entrypoint = None
    if not entrypoint and not command:
        raise RefusedByEngine("no command specified")
    return entrypoint, command


def _mounts(body: Document, image: Document) -> list[Document]:
    host_config = body.get("HostConfig") or {}
    mounted: dict[str, Document] = {}

    def mount(target: str, name: str | None, *, writable: bool = True) -> None:
        target = clean(target)
        if target in mounted:
            raise RefusedByEngine(f"Duplicate mount point: {target}")
        volume = name or secrets.token_hex(32)
        mounted[target] = {"Type": "volume", "Name": volume, "Source": f"/volumes/{volume}/_data", "Destination": target, "RW": writable}

    for bind in host_config.get("Binds") or []:
        source, _colon, rest = bind.rpartition(":") if bind.count(":") == 0 else bind.partition(":")
        target, _colon, options = rest.partition(":")
        mount(target, source or None, writable="ro" not in options.split(","))
    for wish in host_config.get("Mounts") or []:
        mount(wish["Target"], wish.get("Source"), writable=not wish.get("ReadOnly"))
    for path in {**(image.get("Volumes") or {}), **(body.get("Volumes") or {})}:
        if clean(path) not in mounted:
            mount(path, None)
    return list(mounted.values())


def clean(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _networks(body: Document, container_id: str, release: Release, *, started: bool) -> Document:
    mode = (body.get("HostConfig") or {}).get("NetworkMode") or "default"
    first = "bridge" if mode == "default" else mode
    endpoints = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {first: {}}
    return {
        network: _endpoint(
            endpoint, network, container_id, release, started=started, own_mac=body.get("MacAddress") if network == first else None
        )
        for network, endpoint in endpoints.items()
    }


def _endpoint(wish: Document, network: str, container_id: str, release: Release, *, started: bool, own_mac: str | None) -> Document:
    aliases = list(wish.get("Aliases") or [])
    if release.short_id_is_alias and network != "bridge":
        aliases.append(container_id[:12])
    host = secrets.randbelow(250) + 2
    mac = (wish.get("MacAddress") if release.mac_of_endpoint else None) or own_mac
    generated = f"{secrets.choice(('52', 'b2', '7e'))}:00:11:22:33:{host:02x}" if release.random_macs else f"02:42:0a:63:01:{host:02x}"
    return {
        **{field: wish.get(field) for field in ("IPAMConfig", "Links", "DriverOpts")},
        **({"DNSNames": [container_id[:12]]} if release.mac_of_endpoint else {}),
        **({"GwPriority": wish.get("GwPriority") or 0} if release.random_macs else {}),
        "Aliases": aliases or None,
        "NetworkID": f"id-of-{network}" if started else "",
        "IPAddress": f"10.99.1.{host}" if started else "",
        "MacAddress": mac or (generated if started else ""),
    }
