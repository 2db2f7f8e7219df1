# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.lost_files import lost_files

CHANGED, ADDED, DELETED = 0, 1, 2


def lost(
    *changes: tuple[str, int], mounts: tuple[str, ...] = (), tmpfs: dict[str, str] | None = None, working_folder: str = ""
) -> tuple[str, ...]:
    container: dict[str, Any] = {
        "Mounts": [{"Destination": path} for path in mounts],
        "HostConfig": {"Tmpfs": tmpfs},
        "Config": {"WorkingDir": working_folder},
    }
    return lost_files([{"Path": path, "Kind": kind} for path, kind in changes], container)


def test_a_container_without_changes_loses_no_files() -> None:
    assert lost() == ()
    assert lost_files([], {"Mounts": None, "HostConfig": {}}) == ()


def test_added_and_changed_files_are_listed_in_order() -> None:
    assert lost(("/srv", CHANGED), ("/srv/b", ADDED), ("/srv/a", CHANGED), ("/etc/gone", DELETED)) == ("/srv/a", "/srv/b")


def test_only_empty_folders_are_listed() -> None:
    assert lost(("/a", ADDED), ("/a/b", ADDED), ("/a/b/c", ADDED), ("/d", ADDED)) == ("/a/b/c", "/d")


@pytest.mark.parametrize("destination", ["/data", "/data/"])
def test_a_mount_point_is_not_listed(destination: str) -> None:
    assert lost(("/data", ADDED), mounts=(destination,)) == ()
    assert lost(("/data", ADDED), tmpfs={destination: "rw"}) == ()


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/run", "/var/run", "/var/log", "/var/cache", "/var/lock", "/dev", "/proc", "/sys"])
def test_ephemeral_folders_are_not_listed(folder: str) -> None:
    assert lost((folder, CHANGED), (f"{folder}/x/y", ADDED), (f"{folder}-not", ADDED)) == (f"{folder}-not",)


@pytest.mark.parametrize("folder", ["bin", "lib", "lib64", "sbin"])
def test_a_mount_point_behind_a_link_to_usr_is_not_listed(folder: str) -> None:
    assert lost((f"/usr/{folder}/modules", ADDED), mounts=(f"/{folder}/modules",)) == ()
    assert lost((f"/usr/{folder}/modules", ADDED), mounts=(f"/{folder}ry/modules",)) == (f"/usr/{folder}/modules",)


@pytest.mark.parametrize("working_folder", ["/srv/app", "/srv/app/", "/srv/./app"])
def test_a_working_folder_that_the_engine_created_is_not_listed(working_folder: str) -> None:
    assert lost(("/srv", CHANGED), ("/srv/app", ADDED), working_folder=working_folder) == ()
    assert lost(("/srv/app", ADDED), ("/srv/app/data", ADDED), working_folder=working_folder) == ("/srv/app/data",)
    assert lost(("/srv/app", CHANGED), working_folder=working_folder) == ("/srv/app",)
