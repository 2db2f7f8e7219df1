# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that serves a page, in the form that each contender needs to create it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import docker

from testbed.images import PORT

Document = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """A container's configuration. `networks` are names. `volumes` is the number of its own volumes."""

    image: str
    networks: tuple[str, ...] = ()
    volumes: int = 0
    stop_timeout: int | None = None

    def make(self, client: docker.APIClient, name: str, port: int) -> str:
        """Create it with as few engine calls as possible. Return its ID."""
        endpoints: dict[str, Document] = {network: {} for network in self.networks}
        later = self.networks[1:] if docker.utils.version_lt(client.api_version, "1.44") else ()
        body = {
            "Image": self.image,
            "ExposedPorts": {f"{PORT}/tcp": {}},
            "HostConfig": {
                "Binds": self._binds(name),
                "NetworkMode": (*self.networks, "default")[0],
                "PortBindings": {f"{PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
            },
            "NetworkingConfig": {"EndpointsConfig": {network: endpoints[network] for network in endpoints if network not in later}},
            **({"StopTimeout": self.stop_timeout} if self.stop_timeout else {}),
        }
        container: str = client.create_container_from_config(body, name)["Id"]
        for network in later:
            client.connect_container_to_network(container, network)
        return container

    def task(self, name: str, port: int) -> Document:
        """The options of community.docker.docker_container."""
        return {
            "name": name,
            "image": self.image,
            "published_ports": [f"127.0.0.1:{port}:{PORT}"],
            "volumes": self._binds(name),
            **({"networks": [{"name": network} for network in self.networks]} if self.networks else {}),
            **({"stop_timeout": self.stop_timeout} if self.stop_timeout else {}),
        }

    def composition(self, name: str, port: int) -> Document:
        """A compose file with the service `web`."""
        service = {
            "image": self.image,
            "container_name": name,
            "ports": [f"127.0.0.1:{port}:{PORT}"],
            "volumes": self._binds(name),
            **({"networks": list(self.networks)} if self.networks else {"network_mode": "bridge"}),
            **({"stop_grace_period": f"{self.stop_timeout}s"} if self.stop_timeout else {}),
        }
        volumes = {bind.partition(":")[0] for bind in self._binds(name)}
        return {
            "services": {"web": service},
            "networks": {network: {"external": True} for network in self.networks},
            "volumes": {volume: {"name": volume} for volume in volumes},
        }

    def _binds(self, name: str) -> list[str]:
        return [f"{name}-{number}:/volumes/{number}" for number in range(self.volumes)]
