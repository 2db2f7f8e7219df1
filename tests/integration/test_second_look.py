# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the new container between the health gate and the end of the run."""

from __future__ import annotations

import os
import subprocess

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import run_module_here
from support.real.interference import interference
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, wait_for
from testbed import engine
from testbed.images import WebImage, reference, shell

V1 = WebImage("v1")
DIES_LATER = WebImage("v2", command=shell("sleep 4; exit 3"), health=None)
SLOW_TO_STOP = WebImage("sidecar", command=shell("trap 'sleep 6; exit 0' TERM; sleep 600 & wait"), health=None)


@pytest.mark.behaviour("F-H3")
def test_container_that_exits_while_a_dependent_is_recreated_is_rolled_back(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, DIES_LATER))
    sidecar = sandbox.container(
        "sidecar", sandbox.image("1", SLOW_TO_STOP), Cmd=None, HostConfig={"NetworkMode": f"container:{service.id}"}
    )
    image = sandbox.inspect(sidecar)["Image"]
    result = run_module_here(container_recreate, name=service.name, poll_interval=0.1, grace_period=1, stop_timeout=30)
    assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", "crashed"), result
    assert "exited with code 3 after it had passed the health gate" in result["msg"]
    assert (result["rollback"]["failure"]["exit_code"], fetch(service.port)) == (3, "v1")
    assert sandbox.inspect(service.name)["Id"] == service.id
    assert sandbox.containers == [f"{sandbox.prefix}-sidecar", service.name]
    now = sandbox.inspect(f"{sandbox.prefix}-sidecar")
    assert (now["State"]["Running"], now["Image"]) == (True, image)
    assert sandbox.ask(now["Id"], "wget", "-q", "-O", "-", "http://127.0.0.1:8080/") == "v1"
    assert run_module_here(container_recreate, name=service.name)["skip_reason"] == "rejected"


@pytest.mark.behaviour("F-H16")
def test_container_that_is_renamed_during_the_gate_is_rolled_back(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, WebImage("v2", health=None)))
    other_name = f"{service.name}-theirs"
    with interference(sandbox.client, service, lambda client, container: client.rename(container, other_name)):
        result = run_module_here(container_recreate, name=service.name, poll_interval=0.1, grace_period=2)
    assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", "interfered"), result
    assert f"was renamed to {other_name}" in result["msg"]
    assert (sandbox.containers, sandbox.journal, sandbox.memory) == ([service.name], [], [])
    assert fetch(service.port) == "v1"
    assert run_module_here(container_recreate, name=service.name, grace_period=1)["outcome"] == "recreated"


@pytest.mark.behaviour("F-H2")
@pytest.mark.parametrize("suffix", ["web", "stranger"])
def test_no_second_container_is_started_on_a_volume_that_something_else_uses(sandbox: Sandbox, suffix: str) -> None:
    """The new container goes away during the gate, and another one comes on its volume, perhaps under its name."""
    service = sandbox.service(sandbox.moved_tag(V1, WebImage("v2", health=None)), Volumes={"/data": {}})
    volume = sandbox.inspect(service.id)["Mounts"][0]["Name"]

    def take_over(client: docker.APIClient, container: str) -> None:
        stranger = sandbox.container("stranger", reference("v1"), HostConfig={"Binds": [f"{volume}:/data"]})
        client.remove_container(container, force=True)
        if suffix != "stranger":
            client.rename(stranger, service.name)

    with interference(sandbox.client, service, take_over):
        result = run_module_here(container_recreate, name=service.name, poll_interval=0.1, grace_period=5)
    stranger, archive = f"{sandbox.prefix}-{suffix}", result["archive"]
    assert (result["outcome"], result["rollback"]["reason"], result["rollback_failed"]) == ("rolled_back", "interfered", True), result
    assert (sandbox.inspect(archive)["State"]["Running"], sandbox.inspect(stranger)["State"]["Running"]) == (False, True)
    commands = result["next_step"].partition(": ")[2]
    environment = {**os.environ, "DOCKER_HOST": engine.host()}
    subprocess.run(commands, shell=True, check=True, capture_output=True, env=environment)  # noqa: S602 - the commands of the message
    wait_for(lambda: fetch(service.port) == "v1", "the page of the old container")
    assert sandbox.inspect(service.name)["Id"] == service.id
    assert run_module_here(container_recreate, name=service.name, image=reference("v1"), grace_period=1)["failed"] is False
    assert sandbox.journal == []
