# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a Docker Engine in a container of the machine's own engine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

import docker

from . import engine
from .common import STATE, run, say
from .packages import debian_mirror, unpacked

OUTER = "EVENKEEL_OUTER_ENGINE"
"""The environment variable with the DOCKER_HOST of the machine's engine, for processes that run with a contained engine."""

_ROOTS = STATE / "roots"
# The capabilities that an engine needs. Some machines do not allow all the capabilities of --privileged.
_CAPABILITIES = [
    "AUDIT_CONTROL",
    "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE",
    "MKNOD",
    "NET_ADMIN",
    "NET_RAW",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
]

ROOM_FOR_AN_ENGINE: dict[str, t.Any] = {
    "CapAdd": _CAPABILITIES,
    "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
    "MaskedPaths": [],
    "ReadonlyPaths": [],
    "DeviceCgroupRules": ["a *:* rwm"],
}
"""The HostConfig that a container needs to run an engine."""


def outer_host() -> str:
    """The DOCKER_HOST of the machine's own engine."""
    return os.environ.get(OUTER) or engine.host()


@contextlib.contextmanager
def outer_engine() -> Iterator[docker.APIClient]:
    """A client of the machine's own engine, also for processes that run with a contained engine."""
    with contextlib.closing(docker.APIClient(base_url=outer_host(), version="auto")) as client:
        yield client


@contextlib.contextmanager
def locked(what: str) -> Iterator[None]:
    """Let one process at a time use `what`."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that uses {what}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def root_image(image: str, suite: str, packages: tuple[str, ...]) -> str:
    """Return `image`, a Debian root file system with these packages. Build it if it does not exist."""
    with outer_engine() as outer:
        if not outer.images(image):
            root = _root(image.rpartition("/")[2].replace(":", "-"), suite, packages)
            say(f"importing {root.name}")
            outer.import_image_from_file(str(root), *image.rsplit(":", 1))
    return image


def _root(name: str, suite: str, packages: tuple[str, ...]) -> Path:
    root = _ROOTS / f"{name}.tar"
    if not root.exists():
        say(f"building a root file system of Debian {suite}; this takes about a minute, once")
        _ROOTS.mkdir(parents=True, exist_ok=True)
        partial = root.with_suffix(".partial.tar")
        run(
            str(unpacked("mmdebstrap") / "usr/bin/mmdebstrap"),
            "--variant=minbase",
            f"--include={','.join(packages)}",
            # The Release file of an unreleased suite may have expired on a mirror.
            '--aptopt=Acquire::Check-Valid-Until "false"',
            suite,
            str(partial),
            debian_mirror(),
        )
        partial.rename(root)
    return root


def remove_control_groups(group: str) -> None:
    """Remove the empty control groups that an engine leaves behind when it is killed."""
    for hierarchy in Path("/sys/fs/cgroup").glob(f"*{group}"):
        for folder, _folders, _files in os.walk(hierarchy, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
