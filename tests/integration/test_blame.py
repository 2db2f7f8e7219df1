# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image is rejected only for what it did itself: containers that fail for their own reasons, and for the reasons of others."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import run_module_here
from support.real.interference import Act, interference
from support.real.sandbox import Sandbox, Service
from testbed.engines import ContainedEngine
from testbed.images import WebImage, shell

V1 = WebImage("v1")
V2 = WebImage("v2", health=None)
STUBBORN = WebImage("v2", command=shell("while :; do sleep 1; done"), health="false")


def archive_of(name: str, text: str) -> bytes:
    """A tar archive with one executable file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(text), 0o755
        archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module_here(
        container_recreate, name=service.name, **{"poll_interval": 0.1, "grace_period": 3, "health_timeout": 4, **options}
    )


@pytest.mark.behaviour("F-H7")
@pytest.mark.parametrize(
    ("act", "excuse"),
    [
        (lambda client, container: client.kill(container), "stopped or sent a signal"),
        (lambda client, container: client.stop(container, timeout=0), "stopped or sent a signal"),
        (lambda client, container: client.restart(container, timeout=0), "stopped or sent a signal"),
        (lambda client, container: client.pause(container), "paused"),
        (lambda client, container: client.remove_container(container, force=True), "was not recorded as rejected"),
    ],
    ids=["kill", "stop", "restart", "pause", "remove"],
)
def test_container_that_something_else_ended_does_not_reject_its_image(sandbox: Sandbox, act: Act, excuse: str) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, V2))
    with interference(sandbox.client, service, act):
        result = recreate(service)
    assert (result["outcome"], sandbox.memory) == ("rolled_back", []), result
    assert excuse in str(result["warnings"])
    assert recreate(service)["outcome"] == "recreated"


@pytest.mark.behaviour("F-H7")
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (WebImage("v2", command=("/no/such/program",)), "start_failed"),
        (WebImage("v2", command=("/www/index.html",)), "start_failed"),
        (WebImage("v2", command=shell("exit 3")), "crashed"),
        (WebImage("v2", command=shell("kill -9 $$; exit 137")), "crashed"),
        (STUBBORN, "health_timeout"),
    ],
    ids=["no program", "not executable", "exits", "ends by a signal of its own", "unhealthy"],
)
def test_image_is_rejected_for_what_it_did(sandbox: Sandbox, image: WebImage, reason: str) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, image))
    result = recreate(service)
    assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", reason)
    assert recreate(service)["skip_reason"] == "rejected"


@pytest.mark.behaviour("F-H7")
def test_gate_that_could_not_be_passed_rejects_nothing(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, WebImage("v2")))
    for timeout in (0, 0.2):
        assert recreate(service, health_timeout=timeout)["outcome"] == "rolled_back"
        assert sandbox.memory == []
    assert recreate(service, health_timeout=30)["outcome"] == "recreated"


@pytest.mark.behaviour("F-H7")
def test_program_of_the_operator_does_not_reject_the_image(sandbox: Sandbox) -> None:
    """The program was copied into the old container, so the new one does not have it."""
    image = sandbox.moved_tag(V1, V2)
    old = sandbox.container("web", image, start=False, Entrypoint=["/served"])
    sandbox.client.put_archive(old, "/", archive_of("served", "#!/bin/sh\nexec sleep 300\n"))
    sandbox.client.start(old)
    result = recreate(Service(f"{sandbox.prefix}-web", old, 0))
    assert (result["rollback"]["reason"], sandbox.memory) == ("start_failed", []), result
    assert "its program was set or mounted by the operator" in str(result["warnings"])


@pytest.mark.behaviour("F-H7")
def test_engine_that_restarts_during_the_gate_does_not_reject_the_image(private_engine: ContainedEngine, private_sandbox: Sandbox) -> None:
    """The container goes down with its engine, and its restart policy brings it back up."""
    image = private_sandbox.image("1", V1, push=False)
    new = private_sandbox.image("2", V2, push=False)
    service = private_sandbox.service(image, wait=False, HostConfig={"RestartPolicy": {"Name": "always"}})
    with interference(private_sandbox.client, service, lambda _client, _container: private_engine.restart()):
        result = recreate(service, image=new, pull="never", grace_period=20, docker_host=private_engine.host)
    assert (result["outcome"], private_sandbox.memory) == ("rolled_back", []), result
