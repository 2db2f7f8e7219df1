# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever state a container is in: it comes back in that state, or is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service, wait_for
from testbed.images import WebImage, reference, serve_after, shell


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, poll_interval=0.2, **options)


@pytest.mark.behaviour("F9")
@pytest.mark.parametrize("status", ["exited", "created"])
def test_stopped_container_is_recreated_stopped(sandbox: Sandbox, status: str) -> None:
    """It is not started, and what was asked of it is kept, also what shows only while it runs."""
    network = sandbox.network("net")
    body = {
        "Image": reference("v1"),
        "Volumes": {"/data": {}},
        "HostConfig": {"NetworkMode": network, "RestartPolicy": {"Name": "always"}},
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": ["shop"]}}},
    }
    name = f"{sandbox.prefix}-web"
    container = sandbox.client.create_container_from_config(body, name)["Id"]
    if status == "exited":
        sandbox.client.start(container)
        sandbox.client.stop(container, timeout=5)
    before = sandbox.inspect(container)
    result = run_module("container_recreate", name=name, image=reference("v2"))
    assert (result["outcome"], result["downtime_seconds"]) == ("recreated", None)
    now = sandbox.inspect(name)
    assert now["State"]["Status"] == "created"
    assert now["HostConfig"]["RestartPolicy"]["Name"] == "always"
    if status == "exited":
        assert [mount["Name"] for mount in now["Mounts"]] == [mount["Name"] for mount in before["Mounts"]]
    assert "shop" in now["NetworkSettings"]["Networks"][network]["Aliases"]
    assert sandbox.containers == [name]
    sandbox.client.start(now["Id"])
    wait_for(lambda: sandbox.inspect(name)["State"]["Health"]["Status"] == "healthy", "the new one")


def test_stopped_container_is_rolled_back_stopped(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"), HostConfig={"RestartPolicy": {"Name": "always"}})
    sandbox.client.stop(service.id, timeout=5)
    started = sandbox.inspect(service.id)["State"]["StartedAt"]
    result = recreate(service, image=sandbox.image("broken", WebImage("v3", changes=("VOLUME /www/index.html",))))
    assert (result["outcome"], result["rollback"]["reason"], result["rollback_failed"]) == ("rolled_back", "create_failed", False)
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["State"]["Status"], now["State"]["StartedAt"]) == (service.id, "exited", started)
    assert now["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert sandbox.containers == [service.name]


def test_paused_container_is_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    sandbox.client.pause(service.id)
    result = recreate(service, image=reference("v2"))
    assert (result["failed"], result["changed"]) == (True, False)
    assert "it is paused" in result["msg"]
    assert sandbox.inspect(service.name)["State"]["Status"] == "paused"


@pytest.mark.behaviour("F11")
class TestCrashLoop:
    POLICY = {"RestartPolicy": {"Name": "always"}}  # noqa: RUF012

    def looping(self, sandbox: Sandbox) -> Service:
        broken = sandbox.image("broken", WebImage("v1", command=shell("exit 1"), health=None))
        service = sandbox.service(broken, wait=False, HostConfig=self.POLICY)
        wait_for(lambda: sandbox.inspect(service.id)["RestartCount"] > 1, "a crash loop")
        return service

    def test_crash_looping_container_can_be_repaired(self, sandbox: Sandbox) -> None:
        service = self.looping(sandbox)
        assert recreate(service, image=reference("v2"))["outcome"] == "recreated"
        assert fetch(service.port) == "v2"

    def test_crash_looping_container_is_rolled_back_to_its_loop(self, sandbox: Sandbox) -> None:
        service = self.looping(sandbox)
        result = recreate(service, image=reference("v3-crashes"))
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
        now = sandbox.inspect(service.name)
        assert (now["Id"], now["HostConfig"]["RestartPolicy"]["Name"]) == (service.id, "always")
        wait_for(lambda: sandbox.inspect(service.id)["RestartCount"] > 1, "the loop")


@pytest.mark.behaviour("F7")
def test_rollback_to_a_container_that_was_unhealthy_before_succeeds(sandbox: Sandbox) -> None:
    sick = sandbox.image("sick", WebImage("v1", health="false"))
    service = sandbox.service(sick, wait=False)
    wait_for(lambda: sandbox.inspect(service.id)["State"]["Health"]["Status"] == "unhealthy", "the illness")
    result = recreate(service, image=reference("v3-crashes"))
    assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
    assert fetch(service.port) == "v1"


class TestHealthGate:
    @pytest.mark.behaviour("F3")
    def test_slow_start_within_the_start_period_passes(self, sandbox: Sandbox) -> None:
        """Probes that fail in the start period count for nothing."""
        slow = sandbox.image(
            "slow",
            WebImage(
                "v2",
                command=serve_after("(sleep 5; touch /tmp/ready) &"),
                health=None,
                changes=("HEALTHCHECK --interval=1s --start-period=60s --retries=1 CMD test -f /tmp/ready",),
            ),
        )
        service = sandbox.service(reference("v1"))
        assert recreate(service, image=slow)["outcome"] == "recreated"

    @pytest.mark.behaviour("F4")
    def test_single_failed_health_check_passes(self, sandbox: Sandbox) -> None:
        once = sandbox.image("once", WebImage("v2", health="test -f /tmp/probed || { touch /tmp/probed; false; }"))
        service = sandbox.service(reference("v1"))
        assert recreate(service, image=once)["outcome"] == "recreated"

    @pytest.mark.behaviour("F2")
    def test_late_crash_under_a_restart_policy_is_rolled_back(self, sandbox: Sandbox) -> None:
        """It is up again within the same second. What gives it away is that it was started twice."""
        late = sandbox.image("late", WebImage("v2", command=shell("sleep 4; exit 1"), health=None))
        service = sandbox.service(sandbox.image("1", WebImage("v1", health=None)), HostConfig={"RestartPolicy": {"Name": "always"}})
        result = recreate(service, image=late, grace_period=8)
        assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", "crashed")

    def test_disabled_health_check_of_the_image_is_ignored(self, sandbox: Sandbox) -> None:
        """The new image's health check never passes, and nobody asks it."""
        service = sandbox.service(reference("v1"), Healthcheck={"Test": ["NONE"]})
        result = recreate(service, image=reference("v3-sick"), grace_period=2)
        assert result["outcome"] == "recreated"
        assert sandbox.inspect(service.name)["Config"]["Healthcheck"]["Test"] == ["NONE"]
