# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.own_container import gateway, own_container

ID = "0123456789abcdef" * 4
OTHER = "f" * 64
ENGINE = "/var/lib/docker/containers"

HOST = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
24 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:2 - sysfs sysfs rw
"""
HOST_WITH_CONTAINERS = (
    HOST
    + f"""\
400 22 0:50 / /var/lib/docker/overlay2/{OTHER}/merged rw,relatime - overlay overlay rw
401 22 0:51 / {ENGINE}/{OTHER}/mounts/shm rw,nosuid,nodev,noexec,relatime shared:200 - tmpfs shm rw,size=65536k
"""
)
IN_A_CONTAINER = f"""\
800 700 0:60 / / rw,relatime master:300 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/X
801 800 0:63 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
810 800 254:1 {ENGINE}/{ID}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw
811 800 254:1 {ENGINE}/{ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw
812 800 254:1 {ENGINE}/{ID}/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw
"""
CGROUP_V1 = f"820 801 0:30 /docker/{ID} /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,memory\n"
CGROUP_V2 = "820 801 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n"
WITH_OWN_HOSTS_FILE = IN_A_CONTAINER.replace(f"{ENGINE}/{ID}/hosts", "/srv/hosts")
WITH_DIRECTORY_OF_ANOTHER = f"790 800 254:1 {ENGINE}/{OTHER}/config /mnt/config ro - ext4 /dev/vda1 rw\n" + IN_A_CONTAINER
DOCKER_ROOT_ON_OWN_DISK = IN_A_CONTAINER.replace("/var/lib/docker", "")


@pytest.mark.parametrize(
    ("mounts", "container"),
    [
        (HOST, None),
        (HOST_WITH_CONTAINERS, None),
        (IN_A_CONTAINER + CGROUP_V1, ID),
        (IN_A_CONTAINER + CGROUP_V2, ID),
        (WITH_OWN_HOSTS_FILE, ID),
        (WITH_DIRECTORY_OF_ANOTHER, ID),
        (DOCKER_ROOT_ON_OWN_DISK, ID),
        ("", None),
        ("no such\n\nformat\n", None),
    ],
    ids=[
        "host",
        "host with containers",
        "cgroup v1",
        "cgroup v2",
        "own hosts file",
        "directory of another container",
        "own disk",
        "empty",
        "noise",
    ],
)
def test_container_is_found_in_mountinfo(tmp_path: Path, mounts: str, container: str | None) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(mounts)
    assert own_container(str(file)) == container


def test_machine_without_mountinfo(tmp_path: Path) -> None:
    assert own_container(str(tmp_path / "mountinfo")) is None


@pytest.mark.parametrize(
    ("base_url", "found"),
    [
        ("http://127.0.0.1:2375", ("127.0.0.1", 2375)),
        ("https://socket-proxy:2376", ("socket-proxy", 2376)),
        ("http+docker://localhost", None),
        ("http+docker://ssh", None),
        ("http://without-port", None),
    ],
)
def test_host_and_port_of_the_connection(base_url: str, found: tuple[str, int] | None) -> None:
    assert gateway(base_url) == found
