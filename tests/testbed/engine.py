# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's Docker Engine: the running one, or one that is installed and started here (on Debian, as root)."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import docker
import docker.errors

from .common import STATE, Daemon, TestbedError, run, say, wait_until

PACKAGES = ("docker.io", "iptables")
DATA = Path("/var/lib/docker")

_DAEMON = Daemon("dockerd")
_INSTALLED = STATE / "packages"
_OUR_DATA = STATE / "data-is-ours"


def client(timeout: float = 60) -> docker.APIClient:
    return docker.APIClient(**docker.utils.kwargs_from_env(), version="auto", timeout=timeout)


def host() -> str:
    """The address of the engine."""
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def has_containerd_store(client: docker.APIClient) -> bool:
    """Whether the engine of a client keeps its images in the containerd store."""
    return any("io.containerd" in value for _name, value in client.info().get("DriverStatus") or ())


def release() -> str:
    """The version of the engine, such as 20.10.24."""
    with contextlib.closing(client()) as connected:
        return str(connected.version()["Version"]).partition("+")[0]


def up() -> None:
    if _answers():
        return
    _refuse_where_we_cannot()
    if not shutil.which("dockerd"):
        _install()
    if not _answers():  # If there is an init system, the package has already started it.
        say("starting a Docker Engine")
        _DAEMON.start("dockerd")
        wait_until(f"the start of the engine (see {_DAEMON.log})", _answers)


def down() -> None:
    if _INSTALLED.exists() and _answers() and client().containers(all=True):
        raise TestbedError("The engine has containers that the test bed did not make. Remove them first, or keep the engine.")
    _DAEMON.stop()
    if _INSTALLED.exists():
        packages = _INSTALLED.read_text().split()
        say(f"removing the packages {' '.join(packages)}")
        run("apt-get", "purge", "--yes", *packages, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if _OUR_DATA.exists():
            shutil.rmtree(DATA, ignore_errors=True)


def _answers() -> bool:
    try:
        client().ping()
    except (docker.errors.DockerException, OSError):
        return False
    return True


def _refuse_where_we_cannot() -> None:
    host = os.environ.get("DOCKER_HOST")
    if host:
        raise TestbedError(f"No Docker Engine answers at DOCKER_HOST={host}. Start it, or unset DOCKER_HOST.")
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        raise TestbedError(
            "No Docker Engine answers. One can be installed automatically only on Debian, as root. Start one, or set DOCKER_HOST."
        )


def _install() -> None:
    say(f"installing {' '.join(PACKAGES)}")
    STATE.mkdir(parents=True, exist_ok=True)
    if not DATA.exists() or not any(DATA.iterdir()):
        _OUR_DATA.touch()
    before = _packages()
    run("apt-get", "update")
    run("apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    _INSTALLED.write_text("\n".join(sorted(_packages() - before)))


def _packages() -> set[str]:
    return set(subprocess.check_output(("dpkg-query", "--show", "--showformat=${Package}\n"), text=True).split())
