# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the containers of a scenario on the engine, with a marker in each of their volumes, and remove everything afterwards."""

from __future__ import annotations

import contextlib
import random
import secrets
from pathlib import Path
from typing import Any

import docker
import docker.errors
from docker.types import IPAMConfig, IPAMPool

from support.real.sandbox import wait_for
from testbed.images import PORT

from . import images
from .ground import Ground
from .scenario import LINK, NETWORK, OLD, PID, VOLUMES, Scenario, Service

SERVICE = "chaos.service"
"""The label with the service that a container belongs to."""
Body = dict[str, Any]


class World:
    """The containers of one scenario. Their names have a random prefix; `secret` is in the environment of each."""

    def __init__(self, ground: Ground, scenario: Scenario) -> None:
        self.ground = ground
        self.client = ground.client
        self.scenario = scenario
        self.prefix = f"evenkeel-chaos-{secrets.token_hex(4)}-"
        self.secret = secrets.token_hex(12)
        self.bodies: dict[str, Body] = {}

    def name(self, service: str) -> str:
        return self.prefix + service

    def short(self, name: str) -> str:
        """A name without the slash and the prefix."""
        return name.removeprefix("/").removeprefix(self.prefix)

    def create(self) -> None:
        for network in sorted({network for service in self.scenario.services for network in service.networks}):
            self._create_network(network)
        for service in self.scenario.services:
            self.bodies[service.name] = self._body(service)
            self._create_container(service)
        for service in self.scenario.services:
            if service.running:
                self.client.start(self.name(service.name))
        self._mark()
        for service in self.scenario.services:
            if service.running:
                wait_for(lambda name=self.name(service.name): self._is_up(name), f"the start of {service.name}")

    def start_second(self, service: str, instead_of: str | None) -> str:
        """Start a container under the name of a service and on its volumes, as another tool would. Return its ID.

        Remove the container `instead_of` first.
        """
        old = self._any_container_of(service)
        mounts = [f"{source_of(mount)}:{mount['Destination']}" for mount in old["Mounts"] if mount["Type"] == "volume"] if old else []
        body = {"Image": images.reference(OLD), "Labels": {SERVICE: service}, "HostConfig": {"Binds": mounts}}
        if instead_of:
            self.client.remove_container(instead_of, force=True)
        container: str = self.client.create_container_from_config(body, self.name(service))["Id"]
        self.client.start(container)
        return container

    def remove(self) -> None:
        """Remove all containers, volumes and networks of the engine, which belongs to this world alone."""
        for container in self.client.containers(all=True):
            with contextlib.suppress(docker.errors.NotFound):
                self.client.remove_container(container["Id"], force=True, v=True)
        for volume in self.client.volumes()["Volumes"] or ():
            with contextlib.suppress(docker.errors.NotFound):
                self.client.remove_volume(volume["Name"])
        for network in self.client.networks():
            if network["Name"].startswith(self.prefix):
                self.client.remove_network(network["Id"])

    def _create_network(self, network: str) -> None:
        # The engine's networks are its own, so the addresses only have to differ from each other.
        place = 1 + sorted({name for service in self.scenario.services for name in service.networks}).index(network)
        pool = IPAMPool(subnet=f"10.{100 + random.Random(self.prefix).randrange(100)}.{place}.0/24")  # noqa: S311
        self.client.create_network(self.name(network), ipam=IPAMConfig(pool_configs=[pool]))

    def _create_container(self, service: Service) -> None:
        container = self.client.create_container_from_config(self.bodies[service.name], self.name(service.name))["Id"]
        for network in service.networks[1:]:
            self.client.connect_container_to_network(container, self.name(network), aliases=[service.name])

    def _body(self, service: Service) -> Body:
        labels = {SERVICE: service.name}
        if service.project:
            labels |= self._compose_labels(service)
        body: Body = {
            "Image": images.reference(OLD),
            "Env": [f"CHAOS_SECRET={self.secret}", f"{images.PORT_VARIABLE}={PORT + len(self.bodies)}"],
            "Labels": labels,
            "StopTimeout": 3,
            "HostConfig": self._host_config(service),
        }
        if service.anonymous:
            body["Volumes"] = {path: {} for path in service.anonymous}
        if not service.health:
            body["Healthcheck"] = {"Test": ["NONE"]}
        if service.networks:
            first = service.networks[0]
            endpoint: Body = {"Aliases": [service.name]}
            if service.fixed_address:
                subnet = self.client.inspect_network(self.name(first))["IPAM"]["Config"][0]["Subnet"]
                endpoint["IPAMConfig"] = {"IPv4Address": subnet.replace(".0/24", ".99")}
            key = self.client.inspect_network(self.name(first))["Id"] if service.by_network_id else self.name(first)
            body["HostConfig"]["NetworkMode"] = key
            body["NetworkingConfig"] = {"EndpointsConfig": {key: endpoint}}
        return body

    def _host_config(self, service: Service) -> Body:
        retries = 3 if service.restart == "on-failure" else 0
        config: Body = {"RestartPolicy": {"Name": service.restart, "MaximumRetryCount": retries}}
        binds = [f"{self.name(service.name)}{path.replace('/', '-')}:{path}" for path in service.named]
        if service.shared:
            binds.append(f"{self.name('shared')}:/shared")
        if service.bind:
            folder = self.bind_folder(service.name)
            folder.mkdir(parents=True, exist_ok=True)
        mounts = [{"Type": "bind", "Source": str(self.bind_folder(service.name)), "Target": "/bind"}] if service.bind else []
        config |= {"Binds": binds, "Mounts": mounts}
        if service.published:
            config["PortBindings"] = {
                f"{PORT + len(self.bodies)}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(20000 + len(self.bodies))}]
            }
        provider = self.name(service.uses)
        if service.how == NETWORK:
            config["NetworkMode"] = f"container:{provider}"
        elif service.how == PID:
            config["PidMode"] = f"container:{provider}"
        elif service.how == VOLUMES:
            config["VolumesFrom"] = [provider]
        elif service.how == LINK:
            config["Links"] = [f"{provider}:other"]
        return config

    def lose_bind_source(self, service: str) -> None:
        folder = self.bind_folder(service)
        if folder.exists():
            folder.rename(f"{folder}.lost")

    def return_bind_sources(self) -> None:
        """Put lost folders back, in place of the empty ones that an engine may have created."""
        for lost in self.ground.folder.glob("*.lost"):
            with contextlib.suppress(FileNotFoundError):
                lost.with_suffix("").rmdir()
            lost.rename(lost.with_suffix(""))

    def bind_folder(self, service: str) -> Path:
        return self.ground.folder / self.name(service)

    def _compose_labels(self, service: Service) -> dict[str, str]:
        compose = {
            "project": self.name(service.project),
            "service": service.name,
            "container-number": "1",
            "oneoff": "False",
            "config-hash": secrets.token_hex(32),
        }
        return {f"com.docker.compose.{key}": value for key, value in compose.items()}

    def _mark(self) -> None:
        """Write a marker into each volume and folder that a container mounts."""
        for container in self.client.containers(all=True):
            for mount in self.client.inspect_container(container["Id"])["Mounts"]:
                marker = self.ground.marker_in(source_of(mount))
                if not marker.exists():
                    marker.write_text(secrets.token_hex(8))

    def _is_up(self, name: str) -> bool:
        state = self.client.inspect_container(name)["State"]
        return bool(state["Running"]) and (state.get("Health") or {"Status": "healthy"})["Status"] == "healthy"

    def _any_container_of(self, service: str) -> Body | None:
        found = self.client.containers(all=True, filters={"label": f"{SERVICE}={service}"})
        with contextlib.suppress(docker.errors.NotFound, IndexError):
            document: Body = self.client.inspect_container(found[0]["Id"])
            return document
        return None


def source_of(mount: Body) -> str:
    """The name of a mounted volume, or the path of a folder. Engine 28 omits the name of some volumes, but their path contains it."""
    if mount["Type"] != "volume":
        return str(mount["Source"])
    return str(mount.get("Name") or mount["Source"].split("/")[-2])
