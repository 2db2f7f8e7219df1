# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.lost_files import (
    LostFile,
    lost_files,
    lost_files_warnings,
)

CHANGED, ADDED, DELETED = 0, 1, 2


def lost(
    *changes: tuple[str, int],
    mounts: tuple[str, ...] = (),
    tmpfs: dict[str, str] | None = None,
    working_folder: str = "",
    devices: tuple[dict[str, str], ...] | None = None,
) -> tuple[str, ...]:
    """The paths of the lost files that are not deleted."""
    container: dict[str, Any] = {
        "Mounts": [{"Destination": path} for path in mounts],
        "HostConfig": {"Tmpfs": tmpfs, "Devices": devices},
        "Config": {"WorkingDir": working_folder},
    }
    found = lost_files([{"Path": path, "Kind": kind} for path, kind in changes], container)
    return tuple(file.path for file in found if not file.is_deleted)


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


@pytest.mark.parametrize(
    "path",
    ["/data/a", "/data/sub/mounted/here", "/a:b/c", "/opt/dev/null", "/opt/folder/sub/node", "/lib/z", "/usr/lib/z", "/dev/null", "/same"],
)
def test_what_is_mounted_or_below_it_is_not_listed(path: str) -> None:
    """F-H10"""
    devices = (
        {"PathOnHost": "/dev/null", "PathInContainer": "/opt/dev/null"},
        {"PathOnHost": "/dev/folder", "PathInContainer": "/opt/folder/"},
        {"PathOnHost": "/dev/z", "PathInContainer": "/lib/z"},
        {"PathOnHost": "/same", "PathInContainer": ""},
    )
    assert lost((path, ADDED), mounts=("/data", "/a:b/"), devices=devices) == ()
    assert lost((f"{path}-not", ADDED)) == (() if path == "/dev/null" else (f"{path}-not",))


@pytest.mark.parametrize("folder", ["/sbin", "/bin", "/usr/sbin", "/usr/bin"])
def test_the_init_process_of_the_engine_is_not_listed(folder: str) -> None:
    """F-H10. The engine may use it for every container, so the host config need not ask for it."""
    assert lost((folder, ADDED), (f"{folder}/docker-init", ADDED)) == ()
    assert lost((f"{folder}/docker-init", ADDED), (f"{folder}/tool", ADDED)) == (f"{folder}/tool",)
    assert lost(("/srv/docker-init", ADDED)) == ("/srv/docker-init",)


def test_parents_that_the_engine_made_for_a_mount_are_not_listed() -> None:
    """F-H10"""
    assert lost(("/a", ADDED), ("/a/b", ADDED), ("/a/b/c", ADDED), mounts=("/a/b/c",)) == ()
    assert lost(("/a", ADDED), ("/a/b", ADDED), ("/a/b/c", ADDED), ("/a/mine", ADDED), mounts=("/a/b/c",)) == ("/a/mine",)


def test_deleted_files_are_listed_as_deleted() -> None:
    """F-H21"""
    changes = [
        {"Path": path, "Kind": kind} for path, kind in (("/etc", CHANGED), ("/etc/gone", DELETED), ("/srv", ADDED), ("/tmp/x", DELETED))
    ]
    assert lost_files(changes, {"HostConfig": {}}) == (LostFile("/etc/gone", is_deleted=True), LostFile("/srv"))


def test_lost_and_deleted_files_have_a_warning_each() -> None:
    added, deleted = LostFile("/a"), LostFile("/d", is_deleted=True)
    assert lost_files_warnings("web", (added, deleted), predicted=False) == (
        "Files were added or changed in web after it was created, and the new container does not have them: /a",
        "Files were deleted in web after it was created, and the new container has those that are in its image: /d",
    )
    assert lost_files_warnings("web", (deleted,), predicted=True) == (
        "Files were deleted in web after it was created, and the new container will have those that are in its image: /d",
    )
    assert lost_files_warnings("web", (), predicted=True) == ()
