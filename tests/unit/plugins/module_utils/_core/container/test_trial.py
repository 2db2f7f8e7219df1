# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The create body of a trial container, and what it says when the engine refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.trial import (
    TRIAL_LABEL,
    Trial,
    explain,
    plan_trial,
    trial_of,
    with_volume_paths,
)

ANONYMOUS = "ab" * 32


def trial(host_config: dict[str, Any], image: dict[str, Any] | None = None, *, runs: bool = True, **config: Any) -> Trial:
    container = {"HostConfig": host_config, "Mounts": config.pop("Mounts", [])}
    return plan_trial("web", {"Image": "shop:2", "HostConfig": host_config, **config}, image or {}, [container] if runs else [])


def checked(planned: Trial) -> list[str]:
    """The paths that the engine checks because they are mounted once more."""
    return [mount["Source"] for mount in planned.body["HostConfig"]["Mounts"] if mount["Target"].startswith("/evenkeel-trial/")]


@pytest.mark.parametrize(
    ("host_config", "paths"),
    [
        ({}, []),
        ({"Binds": ["/srv/data:/data", "/etc/app.conf:/etc/app.conf:ro"]}, ["/srv/data", "/etc/app.conf"]),
        ({"Binds": ["data:/data"]}, []),
        ({"Mounts": [{"Type": "bind", "Source": "/srv", "Target": "/x"}]}, ["/srv"]),
        ({"Mounts": [{"Type": "volume", "Source": "data", "Target": "/x"}, {"Type": "tmpfs", "Target": "/y"}]}, []),
        ({"Devices": [{"PathOnHost": "/dev/ttyUSB0"}]}, ["/dev/ttyUSB0"]),
        ({"Devices": [{"PathOnHost": "vendor.com/device=x"}]}, []),
        ({"Devices": [{"PathOnHost": "/dev/ttyUSB0"}], "Privileged": True}, []),
        ({"Binds": ["/srv:/a", "/srv:/b"]}, ["/srv"]),
    ],
)
def test_each_path_that_a_start_needs_is_checked_once(host_config: dict[str, Any], paths: list[str]) -> None:
    assert checked(trial(host_config)) == paths
    assert checked(trial(host_config, runs=False)) == [], "a container that is not started needs nothing of the host"


def test_path_that_is_borrowed_from_another_container_is_checked() -> None:
    mounts = [{"Type": "bind", "Source": "/srv", "Destination": "/x"}, {"Type": "volume", "Name": "data", "Destination": "/y"}]
    assert checked(trial({"VolumesFrom": ["lender"]}, Mounts=mounts)) == ["/srv"]


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ("data:/data", "data:/data:nocopy"),
        ("data:/data:ro", "data:/data:ro,nocopy"),
        ("data:/data:z,nocopy", "data:/data:z,nocopy"),
        ("/srv:/data:rslave", "/srv:/data:rslave"),
    ],
)
def test_nothing_is_copied_into_a_volume(bind: str, expected: str) -> None:
    assert trial({"Binds": [bind]}).body["HostConfig"]["Binds"] == [expected]


def test_nothing_is_copied_into_a_volume_of_the_long_syntax() -> None:
    mount = {"Type": "volume", "Source": "data", "Target": "/x", "VolumeOptions": {"Subpath": "a"}}
    (planned,) = trial({"Mounts": [mount]}).body["HostConfig"]["Mounts"]
    assert planned == {**mount, "VolumeOptions": {"Subpath": "a", "NoCopy": True}}


@pytest.mark.parametrize("where", ["image", "container"])
def test_no_anonymous_volume_is_created(where: str) -> None:
    """A tmpfs takes its place. Paths that are mounted anyway stay as they are."""
    volumes = {"Volumes": {"/new/": {}, "/data": {}, "/scratch": {}, "/kept/": {}}}
    host_config = {
        "Binds": [f"{ANONYMOUS}:/data"],
        "Mounts": [{"Type": "tmpfs", "Target": "/kept"}],
        "Tmpfs": {"/scratch/": "size=1m"},
    }
    planned = trial(host_config, volumes) if where == "image" else trial(host_config, **volumes)
    assert planned.body["HostConfig"]["Tmpfs"] == {"/scratch/": "size=1m", "/new": ""}


def test_no_other_tool_finds_it() -> None:
    labels = {"com.docker.compose.project": "shop", "mine": "1"}
    planned = trial({"RestartPolicy": {"Name": "always"}}, {"Labels": {"com.docker.compose.service": "web"}}, Labels=labels)
    assert planned.body["Labels"] == {"com.docker.compose.service": "", TRIAL_LABEL: "web"}
    assert planned.body["HostConfig"]["RestartPolicy"] == {"Name": "no"}
    assert trial_of({"Config": planned.body}) == "web"
    assert trial_of({"Config": {"Labels": None}}) is None


def test_folders_of_volumes_are_checked_too() -> None:
    mounts = [
        {"Type": "volume", "Name": name, "Driver": driver, "Destination": f"/{name}"}
        for name, driver in (("data", "local"), (ANONYMOUS, "local"), ("far", "nfs-plugin"))
    ]
    planned = trial({"Binds": ["/srv:/a"]}, Mounts=mounts)
    assert planned.volumes == ("data",)
    assert checked(with_volume_paths(planned, ["/srv", "/raid"])) == ["/srv", "/raid"]
    assert with_volume_paths(planned, []) is planned


@pytest.mark.parametrize(
    ("path", "what"),
    [("/srv", "which is mounted into it"), ("/dev/ttyUSB0", "one of its devices"), ("/raid", "which one of its volumes consists of")],
)
def test_missing_path_is_named_with_its_use(path: str, what: str) -> None:
    planned = with_volume_paths(trial({"Binds": ["/srv:/a"], "Devices": [{"PathOnHost": "/dev/ttyUSB0"}]}), ["/raid"])
    said = f'invalid mount config for type "bind": bind source path does not exist: {path}'
    assert explain(planned, said, said).startswith(f"{path}, {what}, does not exist on the engine's host")


def test_any_other_refusal_is_quoted() -> None:
    refusal = "unknown or invalid runtime name: gone"
    assert refusal in explain(trial({}), refusal, refusal)


def test_secret_in_a_path_stays_masked() -> None:
    text = explain(trial({"Binds": ["/srv/s3cret:/a"]}), "bind source path does not exist: /srv/***", "path does not exist: /srv/s3cret")
    assert "s3cret" not in text
    assert "/srv/***" in text
