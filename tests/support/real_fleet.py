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
from typing import Any, NamedTuple

import docker

from testbed import fleet, images
from testbed.fleet import Host
from testbed.images import WebImage

from .rollout import Rollout
from .scene import wait_for
from .visitor import fetch


class Truth(NamedTuple):
    """One container, as its engine has it."""

    id: str
    status: str
    started_at: str
    image: str


@dataclass
class RealFleet:
    """Hosts with a web container each, C(web) of the image C(latest). C(folder) is where the rollout is run."""

    hosts: list[Host]
    folder: Path
    prefix: str = field(default_factory=lambda: f"evenkeel-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        patient = {"name": "web", "poll_interval": 0.2, "health_timeout": 60}
        self.rollout = Rollout(self.folder, {"containers": [patient]})
        self.write_inventory(fleet.inventory(self.hosts))

    def write_inventory(self, inventory: dict[str, Any]) -> None:
        self.rollout.inventory.write_text(json.dumps(inventory))

    def publish(self, image: WebImage, tag: str = "latest") -> str:
        """Have it in the registry. Returns its ID."""
        return fleet.publish(f"{self.prefix}/shop:{tag}", image)

    def image(self, tag: str = "latest") -> str:
        """As the hosts call it."""
        return fleet.reference(f"{self.prefix}/shop:{tag}")

    def serve(self, host: Host, name: str = "web", tag: str = "latest", **create: Any) -> None:
        """Pull and run a container, whose page is reached from here if its name is C(web)."""
        with contextlib.closing(host.client()) as client:
            for line in client.pull(self.image(tag), stream=True, decode=True):
                assert "error" not in line, line
            host_config: dict[str, Any] = {"RestartPolicy": {"Name": "always"}}
            if name == "web":
                host_config["PortBindings"] = {f"{images.PORT}/tcp": [{"HostPort": str(fleet.SERVICE_PORT)}]}
            body = {"Image": self.image(tag), "ExposedPorts": {f"{images.PORT}/tcp": {}}, "HostConfig": host_config, **create}
            client.start(client.create_container_from_config(body, name))

    def serve_everywhere(self, image: WebImage) -> None:
        """And wait until all of them answer."""
        self.publish(image)
        for host in self.hosts:
            self.serve(host)
        for host in self.hosts:
            wait_for(lambda host=host: fetch(host.service_port) == image.page, f"the page of {host.name}")

    def truth(self, host: Host, name: str = "web") -> Truth:
        with contextlib.closing(host.client()) as client:
            found = client.inspect_container(name)
        return Truth(found["Id"], found["State"]["Status"], found["State"]["StartedAt"], found["Image"])

    def is_up(self, host: Host, image_id: str) -> bool:
        """Whether the container that has the name now is one of that image, and runs."""
        with contextlib.suppress(docker.errors.NotFound):
            now = self.truth(host)
            return (now.image, now.status) == (image_id, "running")
        return False

    def truths(self) -> dict[str, Truth]:
        return {host.name: self.truth(host) for host in self.hosts}

    def names(self, host: Host) -> list[str]:
        """Of all its containers."""
        with contextlib.closing(host.client()) as client:
            return sorted(container["Names"][0].lstrip("/") for container in client.containers(all=True))

    def pages(self) -> dict[str, str | None]:
        return {host.name: fetch(host.service_port) for host in self.hosts}

    def assert_all_serve(self, page: str) -> None:
        """With nothing left over."""
        for host in self.hosts:
            wait_for(lambda host=host: fetch(host.service_port) == page, f"the page {page} of {host.name}")
        for host in self.hosts:
            assert self.names(host) == ["web"], host.name
            with contextlib.closing(host.client()) as client:
                left = [volume["Name"] for volume in client.volumes()["Volumes"] or () if volume["Name"].startswith("evenkeel-lock")]
            assert left == [], host.name

    def put(self, name: str, tasks: list[dict[str, Any]]) -> str:
        """A file with tasks for the rollout."""
        (self.folder / name).write_text(json.dumps(tasks))
        return name

    def clean_up(self) -> None:
        """Remove every container, volume and image of the hosts. They are the test's own."""
        for host in self.hosts:
            with contextlib.closing(host.client()) as client:
                _remove_all(client)


def _remove_all(client: docker.APIClient) -> None:
    for container in client.containers(all=True):
        client.remove_container(container["Id"], force=True, v=True)
    for volume in client.volumes()["Volumes"] or ():
        client.remove_volume(volume["Name"])
    for image in client.images():
        with contextlib.suppress(docker.errors.NotFound):
            client.remove_image(image["Id"], force=True)
