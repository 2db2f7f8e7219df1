# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of real hosts: each is a container with a Docker Engine, an SSH server, Python and the distribution's own Docker SDK.

They share a network with a registry. Each host publishes two ports on this machine's loopback interface: SSH and its service.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import typing as t
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors

from . import engine, images, registry
from .common import STATE, run, say, wait_until
from .containment import ROOM_FOR_AN_ENGINE, locked, outer_engine, remove_control_groups, root_image
from .packages import unpacked

LABEL = "evenkeel.testbed.fleet"
REGISTRY_THERE = "registry:5000"
"""The registry's address on the hosts."""
REGISTRY_HERE = "127.0.0.1:5872"
"""The registry's address on this machine."""
SERVICE_PORT = 8080
"""The port on a host that can be reached from this machine. Publish the service there."""

_NETWORK = "evenkeel-fleet"
_PREFIX = "10.213.58"
_FOLDER = STATE / "fleet"
_KEY = _FOLDER / "key"
_SUITES = ("bookworm", "trixie")
_PACKAGES = ("docker.io", "iptables", "openssh-server", "python3", "python3-docker", "haproxy", "socat", "curl")
_MORE_PACKAGES = {"trixie": ("docker-cli",)}
_BOOT = """\
trap 'exit 0' TERM
rm -f /var/run/docker.pid /var/run/docker/containerd/containerd.pid
cat /proc/sys/kernel/random/uuid >/run/boot_id && mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
mkdir -p /run/sshd
/usr/sbin/sshd -o StrictModes=no -o AuthorizedKeysFile=/etc/evenkeel/key.pub -o UseDNS=no
while :; do
    dockerd --host unix:///var/run/docker.sock --host unix://$1/docker.sock \
        --insecure-registry {registry} --cgroup-parent "$2" >>$1/dockerd.log 2>&1 & wait $!
    sleep 1
done
"""


@dataclass(frozen=True)
class Host:
    """A host of the fleet, by its number, which starts at 1."""

    number: int

    @property
    def name(self) -> str:
        return f"h{self.number}"

    @property
    def suite(self) -> str:
        """The Debian release. Hosts with odd numbers have the older one."""
        return _SUITES[(self.number + 1) % 2]

    @property
    def ssh_port(self) -> int:
        return 58220 + self.number

    @property
    def service_port(self) -> int:
        """The port on this machine that leads to its `SERVICE_PORT`."""
        return 58280 + self.number

    @property
    def address(self) -> str:
        """Its address in the network of the fleet."""
        return f"{_PREFIX}.{10 + self.number}"

    @property
    def container(self) -> str:
        return f"evenkeel-host-{self.name}"

    def client(self, timeout: float = 60) -> docker.APIClient:
        """A client of its engine, without SSH."""
        return docker.APIClient(base_url=f"unix://{self._folder}/docker.sock", version="auto", timeout=timeout)

    def up(self) -> None:
        """Start it, unless it is already up."""
        if self._is_up():
            return
        with locked("roots"):
            image = root_image(f"evenkeel-testbed/host:{self.suite}", self.suite, (*_PACKAGES, *_MORE_PACKAGES.get(self.suite, ())))
        self.down()
        self._folder.mkdir(parents=True)
        say(f"starting the host {self.name}, Debian {self.suite}")
        with outer_engine() as outer:
            outer.create_volume(self.container, labels={LABEL: ""})
            outer.start(outer.create_container_from_config(self._body(image), self.container))

    def wait(self) -> None:
        """Wait until its engine and its SSH server answer."""
        wait_until(f"the start of the host {self.name} (see {self._folder}/dockerd.log)", self._is_up)

    def down(self) -> None:
        """Remove it with its containers and images."""
        with outer_engine() as outer:
            with contextlib.suppress(docker.errors.NotFound):
                outer.remove_container(self.container, force=True)
            with contextlib.suppress(docker.errors.NotFound):
                outer.remove_volume(self.container)
        remove_control_groups(self._control_group)
        shutil.rmtree(self._folder, ignore_errors=True)

    def power_off(self) -> None:
        """Kill the host, like a power failure."""
        with outer_engine() as outer:
            outer.kill(self.container)

    def power_on(self) -> None:
        with outer_engine() as outer:
            outer.start(self.container)
        self.wait()

    def execute(self, command: str, standard_input: str = "") -> None:
        """Run a shell command on it."""
        run("ssh", *self._ssh_options, "-p", str(self.ssh_port), "-i", str(_KEY), "root@127.0.0.1", command, input=standard_input)

    @property
    def variables(self) -> dict[str, t.Any]:
        """Its variables in an inventory."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ssh_port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(_KEY),
            "ansible_ssh_common_args": " ".join(self._ssh_options),
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    @property
    def _ssh_options(self) -> tuple[str, ...]:
        """Do not check host keys: each new host has different ones."""
        return ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")

    @property
    def _folder(self) -> Path:
        return _FOLDER / self.name

    @property
    def _control_group(self) -> str:
        return f"/{self.container}"

    def _body(self, image: str) -> dict[str, t.Any]:
        ports = {22: self.ssh_port, SERVICE_PORT: self.service_port}
        boot = _BOOT.format(registry=REGISTRY_THERE)
        return {
            "Image": image,
            "Cmd": ["sh", "-c", boot, "boot", str(self._folder), self._control_group],
            "Hostname": self.name,
            "Labels": {LABEL: ""},
            "ExposedPorts": {f"{port}/tcp": {} for port in ports},
            "HostConfig": {
                **ROOM_FOR_AN_ENGINE,
                "Binds": [
                    f"{self._folder}:{self._folder}",
                    f"{_KEY}.pub:/etc/evenkeel/key.pub:ro",
                    f"{self.container}:/var/lib/docker",
                    "/sys/fs/cgroup:/sys/fs/cgroup:rw",
                ],
                "NetworkMode": _NETWORK,
                "ExtraHosts": [f"registry:{_PREFIX}.2"],
                "PortBindings": {f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(here)}] for port, here in ports.items()},
            },
            "NetworkingConfig": {"EndpointsConfig": {_NETWORK: {"IPAMConfig": {"IPv4Address": self.address}}}},
        }

    def _is_up(self) -> bool:
        try:
            with contextlib.closing(self.client(timeout=5)) as client:
                client.ping()
            with socket.create_connection(("127.0.0.1", self.ssh_port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except (docker.errors.DockerException, OSError):
            return False


def up(count: int = 6) -> list[Host]:
    """Start `count` hosts and the registry, unless they are already up."""
    hosts = [Host(number) for number in range(1, count + 1)]
    with locked("fleet"):
        _FOLDER.mkdir(parents=True, exist_ok=True)
        if not _KEY.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(_KEY))
        _network_up()
        _registry_up()
        for host in hosts:
            host.up()
        for host in hosts:
            host.wait()
    return hosts


def down() -> None:
    """Remove all hosts, the registry, the network and the images."""
    with outer_engine() as outer:
        for container in outer.containers(all=True, filters={"label": LABEL}):
            name = container["Names"][0].lstrip("/")
            say(f"removing {name}")
            outer.remove_container(name, force=True)
            remove_control_groups(f"/{name}")
        for volume in outer.volumes(filters={"label": LABEL})["Volumes"] or ():
            outer.remove_volume(volume["Name"])
        with contextlib.suppress(docker.errors.NotFound):
            outer.remove_network(_NETWORK)
        for suite in _SUITES:
            with contextlib.suppress(docker.errors.ImageNotFound):
                outer.remove_image(f"evenkeel-testbed/host:{suite}")
    shutil.rmtree(_FOLDER, ignore_errors=True)


def inventory(hosts: t.Iterable[Host]) -> dict[str, t.Any]:
    """An inventory of these hosts, for a JSON file that Ansible can read."""
    return {"all": {"hosts": {host.name: host.variables for host in hosts}}}


def reference(name: str) -> str:
    """The reference by which the hosts pull the image of this name."""
    return f"{REGISTRY_THERE}/{name}"


def publish(name: str, image: images.WebImage) -> str:
    """Build the image and push it to the registry as `name`, such as `shop:latest`. Return its ID."""
    here = f"{REGISTRY_HERE}/{name}"
    with contextlib.closing(engine.client()) as client:
        image_id = images.build(client, here, image)
        images.push(client, here)
        client.remove_image(here)
    return image_id


def _network_up() -> None:
    with outer_engine() as outer:
        if not outer.networks(names=[f"^{_NETWORK}$"]):
            pool = docker.types.IPAMPool(subnet=f"{_PREFIX}.0/24", gateway=f"{_PREFIX}.1")
            outer.create_network(_NETWORK, ipam=docker.types.IPAMConfig(pool_configs=[pool]), labels={LABEL: ""})


def _registry_up() -> None:
    """Start a registry in a container. The hosts cannot reach the one that the other tests use."""
    if registry.answers(REGISTRY_HERE):
        return
    with locked("roots"):
        image = root_image("evenkeel-testbed/host:trixie", "trixie", (*_PACKAGES, *_MORE_PACKAGES["trixie"]))
    (_FOLDER / "registry.json").write_text(registry.config("/var/lib/registry", ":5000"))
    body = {
        "Image": image,
        "Cmd": ["/opt/registry/usr/bin/docker-registry", "serve", "/etc/registry.json"],
        "Labels": {LABEL: ""},
        "ExposedPorts": {"5000/tcp": {}},
        "HostConfig": {
            "Binds": [f"{unpacked('docker-registry')}:/opt/registry:ro", f"{_FOLDER}/registry.json:/etc/registry.json:ro"],
            "NetworkMode": _NETWORK,
            "PortBindings": {"5000/tcp": [dict(zip(("HostIp", "HostPort"), REGISTRY_HERE.split(":"), strict=True))]},
        },
        "NetworkingConfig": {"EndpointsConfig": {_NETWORK: {"IPAMConfig": {"IPv4Address": f"{_PREFIX}.2"}}}},
    }
    with outer_engine() as outer:
        with contextlib.suppress(docker.errors.NotFound):
            outer.remove_container("evenkeel-fleet-registry", force=True)
        outer.start(outer.create_container_from_config(body, "evenkeel-fleet-registry"))
    wait_until("the start of the fleet's registry", lambda: registry.answers(REGISTRY_HERE))
