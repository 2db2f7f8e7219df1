# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker Engines of other releases. Each runs in a container of the machine's own engine, together with a registry.

Such an engine has its own loopback interface, containers and images. It listens on a socket on the machine. Only processes in its network
namespace can reach its registry and the ports that it publishes on `127.0.0.1`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors

from . import compose, engine, registry
from .common import STATE, TestbedError, run, say, wait_until
from .containment import OUTER, ROOM_FOR_AN_ENGINE, locked, outer_engine, outer_host, remove_control_groups, root_image
from .packages import unpacked

LABEL = "evenkeel.testbed.engine"

# Environment variables of processes in the namespace of such an engine: the kind of the engine, and its folder of trusted certificates.
_BESIDE = "EVENKEEL_BESIDE_ENGINE"
_CERTIFICATES = "EVENKEEL_ENGINE_CERTIFICATES"
MACHINES_CERTIFICATES = Path("/etc/docker/certs.d")

_FOLDERS = STATE / "engines"
# Process 1 reaps the processes that dockerd leaves behind when it is stopped.
_PROCESS_1 = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"]


@dataclass(frozen=True)
class Kind:
    """A kind of engine: the Debian suite that has its packages, and how dockerd is started."""

    suite: str
    packages: tuple[str, ...] = ("docker.io", "iptables", "docker-cli")
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


KINDS = {
    "20.10": Kind("bookworm", ("docker.io", "iptables")),
    "26": Kind("trixie"),
    "28": Kind("forky"),
    # The newest engine in Debian, configured as Engine 29 is by default.
    "29-like": Kind("forky", environment={"DOCKER_MIN_API_VERSION": "1.44"}, options=("--feature", "containerd-snapshotter=true")),
}


class ContainedEngine:
    """One of the `KINDS`, in a container. `name` distinguishes it from others of its kind.

    `disk` is the size in MiB of a file system for its images and containers. By default, it uses the machine's file system.
    `options` are additional options of dockerd.
    """

    def __init__(self, kind: str, name: str | None = None, *, disk: int | None = None, options: tuple[str, ...] = ()) -> None:
        if kind not in KINDS:
            raise TestbedError(f"There is no engine {kind}. Choose one of {', '.join(KINDS)}.")
        self.kind = kind
        self.name = name or kind
        self.container = f"evenkeel-engine-{self.name}"
        self._folder = _FOLDERS / self.name
        self._socket = self._folder / "docker.sock"
        self._certificates = self._folder / "certificates"
        self._disk = disk
        self._options = options

    @property
    def host(self) -> str:
        """Its DOCKER_HOST, for processes on this machine."""
        return f"unix://{self._socket}"

    @property
    def data(self) -> Path:
        """The folder of its images and containers."""
        return self._folder / "data"

    def client(self, timeout: float = 60) -> docker.APIClient:
        return docker.APIClient(base_url=self.host, version="auto", timeout=timeout)

    def up(self) -> None:
        """Start it, unless it already answers. Raise TestbedError."""
        if self._answers():
            return
        if os.geteuid() != 0:
            raise TestbedError("Only root can start an engine in a container.")
        suite = KINDS[self.kind].suite
        with locked("roots"):
            image = root_image(_image(suite), suite, KINDS[self.kind].packages)
        self.down()
        self._certificates.mkdir(parents=True)
        self._mount_disk()
        say(f"starting an Engine {self.kind} in a container")
        self._create(image)
        self.start()
        self._start_registry()

    def down(self) -> None:
        """Remove it with its containers and images."""
        with outer_engine() as outer, contextlib.suppress(docker.errors.NotFound):
            outer.remove_container(self.container, force=True)
        remove_control_groups(self._control_group)
        if self.data.is_mount():
            run("umount", "--lazy", str(self.data))
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        kind = KINDS[self.kind]
        log = self._folder / "dockerd.log"
        places = (f"--host={self.host}", "--host=unix:///var/run/docker.sock", f"--data-root={self.data}")
        dockerd = " ".join(("dockerd", *places, f"--cgroup-parent={self._control_group}", *kind.options, *self._options))
        self._execute(["sh", "-c", f"exec {dockerd} >>{log} 2>&1"], kind.environment)
        wait_until(f"the start of Engine {self.kind} (see {log})", self._answers)

    def stop(self, signal: str = "TERM") -> None:
        """Stop dockerd. On TERM, it stops its containers first. On KILL, they keep running."""
        pid_file = "/var/run/docker.pid"
        say(f"stopping the Engine {self.name}")
        script = f"pid=$(cat {pid_file}) && kill -{signal} $pid && while kill -0 $pid 2>/dev/null; do sleep 0.1; done"
        with outer_engine() as outer:
            execution = outer.exec_create(self.container, ["sh", "-c", script])["Id"]
            printed = outer.exec_start(execution)
            if outer.exec_inspect(execution)["ExitCode"]:
                raise TestbedError(f"The Engine {self.name} cannot be stopped: {printed.decode().strip()}")

    def set_options(self, *options: str) -> None:
        """Restart dockerd with other additional options."""
        self.stop()
        self._options = options
        self.start()

    def restart(self, signal: str = "TERM") -> None:
        self.stop(signal)
        self.start()

    def run(self, *command: str) -> int:
        """Run a command in this engine's network namespace, with this engine as DOCKER_HOST. Return the exit status."""
        enter = ("nsenter", f"--net=/proc/{self._inspect()['State']['Pid']}/ns/net", "--", *command)
        environment = {"DOCKER_HOST": self.host, OUTER: outer_host(), _BESIDE: self.kind, _CERTIFICATES: str(self._certificates)}
        return subprocess.run(enter, env={**os.environ, **environment}, check=False).returncode

    def require_entrance(self) -> None:
        """Raise TestbedError if `run` cannot work here."""
        if self.run("true"):
            raise TestbedError(f"The network namespace of {self.container} cannot be entered.")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Start the engine for the `with` block, for one process at a time. Remove it afterwards unless it ran before."""
        with locked(self.name):
            was_up = self._answers()
            try:
                self.up()
                yield
            finally:
                if not was_up:
                    self.down()

    @property
    def _control_group(self) -> str:
        """The parent of its containers' control groups, which are removed with it."""
        return f"/{self.container}"

    def _create(self, image: str) -> None:
        host_config = {
            **ROOM_FOR_AN_ENGINE,
            "Binds": [
                # The same paths inside and outside, so that the machine and the engine can exchange paths.
                *(f"{folder}:{folder}" for folder in (self._folder, tempfile.gettempdir())),
                f"{self._certificates}:{MACHINES_CERTIFICATES}",
                f"{unpacked('docker-registry')}:/opt/registry:ro",
                "/sys/fs/cgroup:/sys/fs/cgroup:rw",
            ],
        }
        body = {
            "Image": image,
            "Cmd": _PROCESS_1,
            "Hostname": "engine",
            "Labels": {LABEL: self.kind},
            "HostConfig": host_config,
        }
        with outer_engine() as outer:
            outer.start(outer.create_container_from_config(body, self.container))

    def _mount_disk(self) -> None:
        if self._disk is None:
            return
        file = self._folder / "disk.img"
        with file.open("wb") as disk:
            disk.truncate(self._disk << 20)
        run("mkfs.ext4", "-q", str(file))
        self.data.mkdir()
        run("mount", "-o", "loop", str(file), str(self.data))

    def _start_registry(self) -> None:
        config = self._folder / "registry.json"
        config.write_text(registry.config("/var/lib/registry"))
        self._execute(["/opt/registry/usr/bin/docker-registry", "serve", str(config)])

    def _execute(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a process in the container, and leave it running."""
        with outer_engine() as outer:
            outer.exec_start(outer.exec_create(self.container, command, environment=dict(environment or {}))["Id"], detach=True)

    def _inspect(self) -> dict[str, t.Any]:
        with outer_engine() as outer:
            document: dict[str, t.Any] = outer.inspect_container(self.container)
            return document

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        try:
            with contextlib.closing(self.client()) as client:
                client.ping()
        except (docker.errors.DockerException, OSError):
            return False
        return True


def beside() -> str:
    """The kind of the contained engine that this process runs with. On the machine itself, the oldest supported engine."""
    return os.environ.get(_BESIDE, "20.10")


def run_with(kind: str, *command: str) -> int:
    """Run a command with an engine of this kind if possible, otherwise with the machine's engine. Return the exit status.

    The machine's engine is also used if it is of this kind.
    """
    here = engine.release()
    contained = ContainedEngine(kind)
    with contextlib.ExitStack() as stack:
        if here.startswith(f"{kind}."):
            say(f"using the machine's Engine {here}")
            return subprocess.run(command, check=False).returncode
        try:
            compose.program()  # Download it here: the command has no access to Debian's mirror.
            stack.enter_context(contained.alone())
            contained.require_entrance()
        except (TestbedError, docker.errors.DockerException, OSError) as error:
            say(f"there is no Engine {kind} here: {error} The machine's Engine {here} is used instead.")
            return subprocess.run(command, check=False).returncode
        return contained.run(*command)


def certificates() -> Path:
    """The folder in which the engine looks for trusted certificates, in one subfolder per registry."""
    return Path(os.environ.get(_CERTIFICATES, MACHINES_CERTIFICATES))


def down() -> None:
    """Remove all contained engines and their images."""
    with outer_engine() as outer:
        for container in outer.containers(all=True, filters={"label": LABEL}):
            say(f"removing {container['Names'][0].lstrip('/')}")
            outer.remove_container(container["Id"], force=True)
            remove_control_groups(container["Names"][0])
        for kind in KINDS.values():
            with contextlib.suppress(docker.errors.ImageNotFound):
                outer.remove_image(_image(kind.suite))


def _image(suite: str) -> str:
    return f"evenkeel-testbed/engine:{suite}"
