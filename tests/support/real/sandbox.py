# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test creates on a real engine: all under one random prefix, and all removed afterwards."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL, MEMORY_LABEL
from testbed import images, registry

from .polling_client import fetch


@dataclass(frozen=True)
class Service:
    """A container that serves a page on a port of this machine."""

    name: str
    id: str
    port: int


class Sandbox:
    """Everything that one test creates on the engine."""

    def __init__(self, client: docker.APIClient) -> None:
        self.client = client
        self.prefix = f"evenkeel-{secrets.token_hex(4)}"
        self._networks: list[str] = []
        self._images: set[str] = set()
        self._volumes: set[str] = set()

    def image(self, tag: str, like: images.WebImage, *, push: bool = True, architecture: str | None = None) -> str:
        """Build an image, push it with `push`, and return its reference. `architecture` is the platform that it claims."""
        reference = f"{registry.ADDRESS}/{self.prefix}/shop:{tag}"
        self._images.add(images.build(self.client, reference, like))
        if architecture:
            images.pretend(self.client, reference, architecture=architecture)
            self._images.add(self.client.inspect_image(reference)["Id"])
        if push:
            images.push(self.client, reference)
        return reference

    def moved_tag(self, before: images.WebImage, after: images.WebImage) -> str:
        """Return a reference that points to `before` on this host and to `after` in the registry."""
        reference = self.image("latest", after)
        self.client.remove_image(reference)
        return self.image("latest", before, push=False)

    def break_layer(self, reference: str) -> None:
        """Make the registry serve the manifest of an image but fail on its layer."""
        registry.break_layer(*reference.split("/", 1)[1].rsplit(":", 1))

    def service(self, image: str, suffix: str = "web", *, wait: bool = True, **create: Any) -> Service:
        """Run a container of `image` that serves its page on a loopback port, and wait for the page."""
        port = free_port()
        host_config = {
            "PortBindings": {f"{images.PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]},
            **create.pop("HostConfig", {}),
        }
        body = {"Image": image, "HostConfig": host_config, "ExposedPorts": {f"{images.PORT}/tcp": {}}, **create}
        name = f"{self.prefix}-{suffix}"
        container_id = self.client.create_container_from_config(body, name)["Id"]
        self.client.start(container_id)
        service = Service(name, container_id, port)
        if wait:
            wait_for(lambda: fetch(port) is not None and not self.is_starting(container_id), "the page")
        return service

    def container(self, suffix: str, image: str, *, start: bool = True, **create: Any) -> str:
        """Create a container of `image` that only waits, and return its ID."""
        body = {
            "Image": image,
            "Cmd": list(images.shell("trap 'exit 0' TERM; sleep 600 & wait")),
            "Healthcheck": {"Test": ["NONE"]},
            **create,
        }
        container_id: str = self.client.create_container_from_config(body, f"{self.prefix}-{suffix}")["Id"]
        if start:
            self.client.start(container_id)
        return container_id

    def run_in(self, container: str, *command: str) -> str:
        """Return the output of a command in a running container."""
        output: bytes = self.client.exec_start(self.client.exec_create(container, list(command)))
        return output.decode().strip()

    def ask(self, container: str, *command: str) -> str:
        """Return the output of a command that prints something. Retry: a busy engine sometimes loses the output of a short command."""
        outputs: list[str] = []

        def is_printed() -> bool:
            outputs.append(self.run_in(container, *command))
            return bool(outputs[-1])

        wait_for(is_printed, f"the output of {command} in {container}")
        return outputs[-1]

    def is_starting(self, container: str) -> bool:
        state = self.client.inspect_container(container)["State"]
        return bool((state.get("Health") or {}).get("Status") == "starting")

    def network(self, suffix: str, **options: Any) -> str:
        name = f"{self.prefix}-{suffix}"
        self.client.create_network(name, **options)
        self._networks.append(name)
        return name

    def volume(self, suffix: str, **options: Any) -> str:
        name = f"{self.prefix}-{suffix}"
        self.client.create_volume(name, **options)
        self._volumes.add(name)
        return name

    @staticmethod
    def subnet() -> docker.types.IPAMConfig:
        """Return a random subnet that is unlikely to be in use."""
        subnet = f"10.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}.0/24"
        return docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet=subnet)])

    def connect_at_address(self, container: str, network: str) -> str:
        """Connect a container to a network of `subnet` at a fixed address, and return the address."""
        subnet = self.client.inspect_network(network)["IPAM"]["Config"][0]["Subnet"]
        address = subnet.replace(".0/24", ".99")
        self.client.connect_container_to_network(container, network, ipv4_address=address)
        return address

    @property
    def containers(self) -> list[str]:
        """The names of all containers of this sandbox, archives and leftovers included."""
        found = self.client.containers(all=True, filters={"name": self.prefix})
        return sorted(container["Names"][0].lstrip("/") for container in found)

    def inspect(self, container: str) -> dict[str, Any]:
        document: dict[str, Any] = self.client.inspect_container(container)
        # Engine 28 omits the name of some mounts, but their source path contains it.
        mounted = (mount for mount in document["Mounts"] if mount["Type"] == "volume")
        self._volumes.update(mount.get("Name") or Path(mount["Source"]).parent.name for mount in mounted)
        return document

    def volume_exists(self, volume: str) -> bool:
        try:
            self.client.inspect_volume(volume)
        except docker.errors.NotFound:
            return False
        return True

    def image_exists(self, image_id: str) -> bool:
        try:
            self.client.inspect_image(image_id)
        except docker.errors.ImageNotFound:
            return False
        return True

    @property
    def journal(self) -> list[str]:
        """The names of the volumes that the module keeps notes in, for containers of this sandbox."""
        return self._notes(JOURNAL_LABEL)

    @property
    def memory(self) -> list[str]:
        """The names of the volumes in which the module remembers things about containers of this sandbox."""
        return self._notes(MEMORY_LABEL)

    def _notes(self, label: str) -> list[str]:
        found = self.client.volumes(filters={"label": label})["Volumes"] or ()
        return sorted(volume["Name"] for volume in found if self.prefix in volume["Name"])

    def _tags(self) -> list[str]:
        """The tags of images under the prefix of this sandbox, also of pulled images with another ID."""
        found = images.listed(self.client, filters={"reference": f"{registry.ADDRESS}/{self.prefix}/*"})
        return [tag for image in found for tag in image["RepoTags"] or () if self.prefix in tag]

    def clean_up(self) -> None:
        """Remove everything that was created here, including volumes that outlive their container."""
        for name in self.containers:
            self.inspect(name)
        with contextlib.ExitStack() as stack:  # A failed removal does not prevent the others.
            for image in [*self._images, *self._tags()]:
                stack.callback(self._gone, self.client.remove_image, image, force=True)
            for volume in [*self._volumes, *self.journal, *self.memory]:
                stack.callback(self._gone, self.client.remove_volume, volume)
            for network in self._networks:
                stack.callback(self._gone, self.client.remove_network, network)
            for name in self.containers:
                stack.callback(self._gone, self.client.remove_container, name, force=True, v=True)

    @staticmethod
    def _gone(remove: Callable[..., None], thing: str, **options: Any) -> None:
        with contextlib.suppress(docker.errors.NotFound):
            remove(thing, **options)


# As many workers as may run at once without two that share ports.
_SHARES = 16
_share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _SHARES
# Outside the range from which the kernel takes ports for outgoing connections.
_ports = range(20000 + _share, 30000, _SHARES)
_turns = itertools.count(random.randrange(len(_ports)))  # noqa: S311


def free_port() -> int:
    """Return a port that nothing listens on.

    Each worker has its own ports and hands them out in turn, so a port stays free while its container is not started yet or is stopped.
    """
    while True:
        port = _ports[next(_turns) % len(_ports)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)
