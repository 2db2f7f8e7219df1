# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would make the create or the start call fail is known before the stop, and to find out leaves nothing behind (F-H5).

The paths of these tests are below the machine's folder for temporary files, which contained engines share with the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.trial import plan_trial
from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate, container_rollback
from support.real.ansible import run_module_here
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed import engine
from testbed.images import WebImage, reference


def run(module: Any, service: Service, **options: Any) -> dict[str, Any]:
    return run_module_here(module, docker_host=engine.host(), name=service.name, grace_period=0.5, poll_interval=0.1, **options)


def update(service: Service, **options: Any) -> dict[str, Any]:
    return run(container_recreate, service, image=options.pop("image", reference("v2")), **options)


def assert_untouched(sandbox: Sandbox, service: Service, started_at: str) -> None:
    """The same process serves, and neither a container nor a record is left."""
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["State"]["Status"], now["State"]["StartedAt"]) == (service.id, "running", started_at)
    assert sandbox.containers == [service.name]
    assert sandbox.journal == []
    assert fetch(service.port) == "v1"


Gone = tuple[dict[str, Any], Callable[[], object], str]
"""The host config of a container, what takes away what it needs, and what the error says."""


def mounted_folder(_sandbox: Sandbox, folder: Path) -> Gone:
    (folder / "data").mkdir()
    mount = {"Type": "bind", "Source": f"{folder}/data", "Target": "/data"}
    return {"Mounts": [mount]}, (folder / "data").rmdir, f"{folder}/data, which is mounted into it, does not exist"


def bound_folder(_sandbox: Sandbox, folder: Path) -> Gone:
    """The engine would create an empty one at the start."""
    (folder / "data").mkdir()
    return {"Binds": [f"{folder}/data:/data:ro"]}, (folder / "data").rmdir, f"{folder}/data, which is mounted into it, does not exist"


def bound_file(_sandbox: Sandbox, folder: Path) -> Gone:
    """The engine would create a folder at the start, and could not mount it on a file."""
    (folder / "app.conf").write_text("")
    return {"Binds": [f"{folder}/app.conf:/etc/app.conf"]}, (folder / "app.conf").unlink, f"{folder}/app.conf, which is mounted into it"


def folder_of_a_volume(sandbox: Sandbox, folder: Path) -> Gone:
    (folder / "data").mkdir()
    name = sandbox.volume("data", driver_opts={"type": "none", "o": "bind", "device": f"{folder}/data"})
    return {"Binds": [f"{name}:/data"]}, (folder / "data").rmdir, f"{folder}/data, which one of its volumes consists of"


def device(_sandbox: Sandbox, folder: Path) -> Gone:
    (folder / "null").symlink_to("/dev/null")
    host_config = {"Devices": [{"PathOnHost": f"{folder}/null", "PathInContainer": "/dev/own", "CgroupPermissions": "rw"}]}
    return host_config, (folder / "null").unlink, f"{folder}/null, one of its devices, does not exist"


@pytest.mark.parametrize("what", [mounted_folder, bound_folder, bound_file, folder_of_a_volume, device], ids=lambda what: what.__name__)
def test_container_whose_host_lacks_something_is_left_alone(sandbox: Sandbox, tmp_path: Path, what: Callable[..., Gone]) -> None:
    """F-H5, and its neighbours."""
    host_config, take_away, says = what(sandbox, tmp_path)
    service = sandbox.service(reference("v1"), HostConfig=host_config)
    started_at = sandbox.inspect(service.id)["State"]["StartedAt"]
    take_away()
    result = update(service)
    assert (result["failed"], result["changed"], result["error_class"]) == (True, False, "refused")
    assert says in result["msg"]
    assert_untouched(sandbox, service, started_at)
    assert sandbox.memory == [], "the image is not rejected"


def test_image_of_which_no_container_can_be_created_is_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    started_at = sandbox.inspect(service.id)["State"]["StartedAt"]
    result = update(service, image=sandbox.image("empty", WebImage("v2", ())))
    assert "no command specified" in result["msg"].lower()
    assert_untouched(sandbox, service, started_at)


def test_archive_whose_folder_is_gone_is_not_restored(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    service = sandbox.service(reference("v1"), HostConfig={"Binds": [f"{tmp_path}/data:/data"]})
    newer = update(service, keep_archive=True)["container"]["id"]
    (tmp_path / "data").rmdir()
    result = run(container_rollback, service)
    assert f"{tmp_path}/data, which is mounted into it, does not exist" in result["msg"]
    assert sandbox.inspect(service.name)["Id"] == newer
    assert fetch(service.port) == "v2"


class EventsDuring:
    """The events of containers while the `with` block runs."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> list[dict[str, Any]]:
        self._since = f"{time.time():.6f}"
        return self.events

    def __exit__(self, *_exception: object) -> None:
        until = f"{time.time():.6f}"
        self.events += list(self._client.events(since=self._since, until=until, filters={"type": "container"}, decode=True))
        assert self.events, "the engine shows no events"


def test_trial_leaves_no_trace(sandbox: Sandbox) -> None:
    """It starts nothing, fills no volume, creates none, and shows no labels but its own."""
    name = sandbox.volume("empty")
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "mine": "1"}
    service = sandbox.service(reference("v1"), HostConfig={"Binds": [f"{name}:/mnt"], "RestartPolicy": {"Name": "always"}}, Labels=labels)
    image = WebImage("v2", changes=("VOLUME /www", "LABEL com.docker.compose.service=web", "LABEL theirs=1"))
    with EventsDuring(sandbox.client) as events:
        assert update(service, image=sandbox.image("2", image))["outcome"] == "recreated"
    trial = [event for event in events if "-trial-" in event["Actor"]["Attributes"]["name"] and sandbox.prefix in str(event)]
    assert [event["Action"] for event in trial] == ["create", "destroy"]
    shown = trial[0]["Actor"]["Attributes"]
    assert shown["fleet.evenkeel.trial"] == service.name
    assert {label: shown.get(label) for label in (*labels, "theirs")} == {
        "com.docker.compose.project": None,
        "com.docker.compose.service": "",
        "mine": None,
        "theirs": "",
    }
    mounted = {mount["Destination"]: mount["Name"] for mount in sandbox.inspect(service.name)["Mounts"]}
    assert mounted["/mnt"] == name
    assert sandbox.journal == []


def test_engine_fills_and_creates_no_volume_for_a_trial(sandbox: Sandbox) -> None:
    """The image has files in /www, where one of the volumes is mounted, and declares another volume with files."""
    name = sandbox.volume("empty")
    body = {"Image": reference("v1"), "HostConfig": {"Binds": [f"{name}:/www"]}, "Volumes": {"/bin": {}}}
    tried = sandbox.client.create_container_from_config(plan_trial("web", body, {}, ()).body, f"{sandbox.prefix}-web-trial-x")["Id"]
    mounts = [mount.get("Name") for mount in sandbox.inspect(tried)["Mounts"] if mount["Type"] == "volume"]
    assert mounts == [name]
    look = sandbox.container("look", reference("v1"), HostConfig={"Binds": [f"{name}:/look:nocopy"]})
    assert sandbox.ask(look, "sh", "-c", "echo /look/*") == "/look/*"


def test_check_mode_tries_nothing(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    with EventsDuring(sandbox.client) as events:
        assert update(service, check_mode=True)["outcome"] == "recreated"
        sandbox.client.rename(service.id, f"{service.name}-2")
    assert not [event for event in events if sandbox.prefix in str(event) and event["Action"] == "create"]
