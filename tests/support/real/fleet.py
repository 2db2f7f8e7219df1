# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers on real hosts, and a rollout over them."""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from support.playbook.rollout import Rollout
from testbed import fleet, images
from testbed.fleet import Host
from testbed.images import WebImage

from .polling_client import fetch
from .sandbox import wait_for


@dataclass
class RealFleet:
    """Hosts that each run a container `web` of the image `latest`. The rollout runs in `folder`."""

    hosts: list[Host]
    folder: Path
    prefix: str = field(default_factory=lambda: f"evenkeel-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        container = {"name": "web", "poll_interval": 0.2, "health_timeout": 60}
        self.rollout = Rollout(self.folder, {"containers": [container]})
        self.write_inventory(fleet.inventory(self.hosts))

    def write_inventory(self, inventory: dict[str, Any]) -> None:
        self.rollout.inventory.write_text(json.dumps(inventory))

    def publish(self, image: WebImage) -> str:
        """Push the image to the registry, and return its ID."""
        return fleet.publish(self._image, image)

    def serve(self, host: Host, **create: Any) -> None:
        """Pull and run the container, with its page reachable from here."""
        reference = fleet.reference(self._image)
        with contextlib.closing(host.client()) as client:
            for line in client.pull(reference, stream=True, decode=True):
                assert "error" not in line, line
            host_config = {
                "RestartPolicy": {"Name": "always"},
                "PortBindings": {f"{images.PORT}/tcp": [{"HostPort": str(fleet.SERVICE_PORT)}]},
            }
            body = {"Image": reference, "ExposedPorts": {f"{images.PORT}/tcp": {}}, "HostConfig": host_config, **create}
            client.start(client.create_container_from_config(body, "web"))

    def serve_everywhere(self, image: WebImage) -> None:
        """Publish the image, run it on all hosts, and wait until all of them answer."""
        self.publish(image)
        for host in self.hosts:
            self.serve(host)
        for host in self.hosts:
            wait_for(lambda host=host: fetch(host.service_port) == image.page, f"the page of {host.name}")

    def ids(self) -> dict[str, str]:
        """The container IDs by host."""
        ids = {}
        for host in self.hosts:
            with contextlib.closing(host.client()) as client:
                ids[host.name] = client.inspect_container("web")["Id"]
        return ids

    def names(self, host: Host) -> list[str]:
        """The names of all containers of a host."""
        with contextlib.closing(host.client()) as client:
            return sorted(container["Names"][0].lstrip("/") for container in client.containers(all=True))

    def pages(self) -> dict[str, str | None]:
        return {host.name: fetch(host.service_port) for host in self.hosts}

    def assert_all_serve(self, page: str) -> None:
        """All hosts serve the page, and nothing is left over."""
        for host in self.hosts:
            wait_for(lambda host=host: fetch(host.service_port) == page, f"the page {page} of {host.name}")
        for host in self.hosts:
            assert self.names(host) == ["web"], host.name
            with contextlib.closing(host.client()) as client:
                left = [volume["Name"] for volume in client.volumes()["Volumes"] or () if volume["Name"].startswith("evenkeel-lock")]
            assert left == [], host.name

    def clean_up(self) -> None:
        """Remove every container, volume and image of the hosts, which belong to the test."""
        for host in self.hosts:
            with contextlib.closing(host.client()) as client:
                _remove_all(client)

    @property
    def _image(self) -> str:
        return f"{self.prefix}/shop:latest"


def _remove_all(client: docker.APIClient) -> None:
    for container in client.containers(all=True):
        client.remove_container(container["Id"], force=True, v=True)
    for volume in client.volumes()["Volumes"] or ():
        client.remove_volume(volume["Name"])
    for image in client.images():
        with contextlib.suppress(docker.errors.NotFound):
            client.remove_image(image["Id"], force=True)
