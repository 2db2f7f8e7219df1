# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job, through Ansible, on a real engine, with a client that asks for the page all the while."""

from __future__ import annotations

import dataclasses
import itertools
import socket
import subprocess
import threading
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker.utils
import pytest

from support.real.ansible import run_module
from support.real.faulty_proxy import Call, Proxy, socket_of
from support.real.polling_client import PollingClient, fetch
from support.real.sandbox import Sandbox, Service, free_port, wait_for
from testbed import engine, images, registry
from testbed.images import WebImage, reference, serve_after, shell

V1, V2 = WebImage("v1"), WebImage("v2")
AFTER_THE_TRIAL = 2
"""The first create call is that of the trial container."""
OLD_IS_STARTED_AGAIN = 3
"""Which start it is when the new container's was the first, the old one's the second, and the second was refused."""


def recreate(service: Service | str, **options: Any) -> dict[str, Any]:
    name = service.name if isinstance(service, Service) else service
    return run_module("container_recreate", name=name, poll_interval=0.2, **options)


def assert_back_as_before(sandbox: Sandbox, service: Service, result: dict[str, Any], reason: str, page: str = "v1") -> None:
    """A failed task, and the old container under its own name and ID, serving its page; nothing left behind."""
    assert result["failed"]
    assert result["changed"]
    assert result["outcome"] == "rolled_back"
    assert result["rollback"]["reason"] == reason
    assert result["rollback_failed"] is False
    assert result["container"] == {"id": service.id, "name": service.name}
    assert result["archive"] is None
    assert "was rolled back and runs" in result["msg"]
    assert sandbox.containers == [service.name]
    now = sandbox.inspect(service.name)
    assert now["Id"] == service.id
    assert now["State"]["Running"]
    wait_for(lambda: fetch(service.port) == page, "the old page")


def names_in(endpoint: dict[str, Any]) -> set[str]:
    """What a container is known as in a network. From API 1.44 on, an engine tells what it added apart from what it was asked for."""
    return {*endpoint["Aliases"], *(endpoint.get("DNSNames") or ())}


class TestSuccess:
    @pytest.mark.floor
    @pytest.mark.behaviour("H3")
    def test_moved_tag_recreates_the_container(self, sandbox: Sandbox) -> None:
        image = sandbox.moved_tag(V1, V2)
        service = sandbox.service(image)
        with PollingClient(service.port) as polling_client:
            result = recreate(service)
        assert polling_client.distinct_pages == ["v1", None, "v2"]
        assert (result["outcome"], result["changed"], result["failed"]) == ("recreated", True, False)
        assert sandbox.containers == [service.name]
        now = sandbox.inspect(service.name)
        assert now["Id"] == result["container"]["id"] != service.id
        assert now["Config"]["Image"] == image
        assert now["Image"] == result["image"]["new"]["id"] != result["image"]["old"]["id"]
        assert result["image"]["new"]["digest"].startswith("sha256:")
        assert (result["archive"], result["rollback"], result["rollback_failed"]) == (None, None, False)
        assert 0 < result["downtime_seconds"] < 30
        assert [step["name"] for step in result["steps"]] == [
            "lock",
            "inspect",
            "pull",
            "preflight",
            "stop",
            "rename",
            "create",
            "start",
            "health_gate",
            "complete",
            "cleanup",
        ]

    def test_container_given_by_full_id_moves_to_another_reference(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        result = recreate(service.id, image=reference("v2"))
        assert result["outcome"] == "recreated"
        assert result["image"]["old"]["reference"] == reference("v1")
        assert result["image"]["new"]["reference"] == reference("v2")
        assert fetch(service.port) == "v2"

    def test_container_that_becomes_healthy_late_is_kept(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        result = recreate(service, image=reference("v3-late"))
        assert result["outcome"] == "recreated"
        assert fetch(service.port) == "v3"

    def test_container_without_a_health_check_has_to_stay_up_for_the_grace_period(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(V1, WebImage("v2", health=None)))
        result = recreate(service, grace_period=2)
        assert result["outcome"] == "recreated"
        assert {step["name"]: step["seconds"] for step in result["steps"]}["health_gate"] >= 2

    @pytest.mark.behaviour("A14")
    def test_second_run_changes_nothing(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(V1, V2))
        recreate(service)
        before = sandbox.inspect(service.name)
        result = recreate(service)
        assert (result["outcome"], result["changed"], result["downtime_seconds"]) == ("unchanged", False, None)
        after = sandbox.inspect(service.name)
        assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])

    @pytest.mark.behaviour("A13")
    def test_same_image_under_another_reference_changes_nothing(self, sandbox: Sandbox) -> None:
        image = sandbox.image("1", V1)
        service = sandbox.service(image)
        sandbox.client.tag(image, image.rsplit(":", 1)[0], "again")
        images.push(sandbox.client, f"{image.rsplit(':', 1)[0]}:again")
        result = recreate(service, image=f"{image.rsplit(':', 1)[0]}:again")
        assert (result["outcome"], result["changed"]) == ("unchanged", False)
        assert sandbox.inspect(service.name)["State"]["StartedAt"] == sandbox.inspect(service.id)["State"]["StartedAt"]

    @pytest.mark.behaviour("A7")
    def test_archive_name_that_is_taken_is_avoided(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        now = int(time.time())
        strangers = {sandbox.container(f"web-old-{second}", reference("v1"), start=False) for second in range(now, now + 60)}
        result = recreate(service, image=reference("v2"), keep_archive=True)
        assert sandbox.inspect(result["archive"])["Id"] == service.id
        assert {sandbox.inspect(name)["Id"] for name in sandbox.containers} >= strangers

    def test_force_recreates_an_unchanged_container(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        result = recreate(service, force=True)
        assert result["outcome"] == "recreated"
        assert sandbox.inspect(service.name)["Id"] != service.id

    @pytest.mark.behaviour("A14")
    def test_repeated_recreation_adds_no_settings(self, sandbox: Sandbox) -> None:
        """Recreating again and again leaves the wishes as they were: no alias, bind or label more."""
        network = sandbox.network("net")
        service = sandbox.service(
            reference("v1"),
            HostConfig={"NetworkMode": network},
            NetworkingConfig={"EndpointsConfig": {network: {"Aliases": ["shop"]}}},
            Volumes={"/data": {}},
        )
        seen = []
        for _run in range(2):
            recreate(service, force=True)
            now = sandbox.inspect(service.name)
            aliases = [alias for alias in now["NetworkSettings"]["Networks"][network]["Aliases"] if alias != now["Id"][:12]]
            seen.append((now["HostConfig"], {**now["Config"], "Hostname": ""}, aliases, [mount["Name"] for mount in now["Mounts"]]))
        assert seen[0] == seen[1]
        assert seen[0][2] == ["shop"]

    def test_keep_archive_keeps_the_old_container(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        result = recreate(service, image=reference("v2"), keep_archive=True)
        assert result["archive"].startswith(f"{service.name}-old-")
        archive = sandbox.inspect(result["archive"])
        assert (archive["Id"], archive["State"]["Running"]) == (service.id, False)

    def test_pull_never_uses_the_local_image(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.image("1", V1, push=False))
        moved = sandbox.image("2", V2, push=False)
        assert recreate(service, image=moved, pull="never")["outcome"] == "recreated"

    def test_pull_missing_pulls_only_a_missing_image(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(V1, V2))
        assert recreate(service, pull="missing")["outcome"] == "unchanged"
        assert recreate(service, image=reference("v2"), pull="missing")["outcome"] == "recreated"


class TestCleanup:
    def test_replaced_image_is_removed_on_request(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(V1, V2))
        result = recreate(service, cleanup={"remove_replaced": True})
        assert not sandbox.image_exists(result["image"]["old"]["id"])

    def test_replaced_image_is_kept_by_default(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(V1, V2))
        assert sandbox.image_exists(recreate(service)["image"]["old"]["id"])

    @pytest.mark.behaviour("G14")
    def test_replaced_image_of_another_container_is_kept(self, sandbox: Sandbox) -> None:
        image = sandbox.moved_tag(V1, V2)
        service, other = sandbox.service(image), sandbox.service(image, "other")
        result = recreate(service, cleanup={"remove_replaced": True})
        assert (result["outcome"], result.get("warnings", [])) == ("recreated", [])
        assert sandbox.image_exists(result["image"]["old"]["id"])
        assert fetch(other.port) == "v1"

    @pytest.mark.behaviour("G14")
    def test_replaced_image_with_another_tag_is_kept(self, sandbox: Sandbox) -> None:
        image = sandbox.moved_tag(V1, V2)
        service = sandbox.service(image)
        sandbox.client.tag(image, f"{registry.ADDRESS}/{sandbox.prefix}/shop", "release")
        result = recreate(service, cleanup={"remove_replaced": True})
        assert sandbox.image_exists(result["image"]["old"]["id"])


class TestRollback:
    @pytest.mark.behaviour("A11", "F14")
    @pytest.mark.floor
    def test_immediate_crash_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        with PollingClient(service.port) as polling_client:
            result = recreate(service, image=reference("v3-crashes"))
        assert_back_as_before(sandbox, service, result, "crashed")
        assert polling_client.distinct_pages == ["v1", None, "v1"]
        failure = result["rollback"]["failure"]
        assert failure["exit_code"] == 1
        assert failure["logs"] == ["v3: cannot read /etc/web.conf"]
        assert f"{service.name} exited with code 1" in result["msg"]
        assert result["downtime_seconds"] > 0

    def test_crash_within_the_grace_period_is_rolled_back(self, sandbox: Sandbox) -> None:
        broken = sandbox.image("broken", WebImage("v3", command=shell("sleep 2; exit 7"), health=None))
        service = sandbox.service(sandbox.image("1", WebImage("v1", health=None)))
        result = recreate(service, image=broken, grace_period=4)
        assert_back_as_before(sandbox, service, result, "crashed")
        assert result["rollback"]["failure"]["exit_code"] == 7

    @pytest.mark.behaviour("F8")
    def test_exit_with_code_0_is_a_crash(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        broken = sandbox.image("broken", WebImage("v3", command=shell("sleep 1"), health=None))
        assert_back_as_before(sandbox, service, recreate(service, image=broken), "crashed")

    @pytest.mark.behaviour("E4", "F1", "F-N8")
    def test_crash_loop_under_a_restart_policy_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"), HostConfig={"RestartPolicy": {"Name": "always"}})
        broken = sandbox.image("broken", WebImage("v3", command=shell("sleep 1; exit 1"), health=None))
        result = recreate(service, image=broken, grace_period=8)
        assert_back_as_before(sandbox, service, result, "crashed")
        assert result["rollback"]["failure"]["exit_code"] == 1, "F-N8: of the process that failed, not of the one that was started again"
        assert sandbox.inspect(service.name)["HostConfig"]["RestartPolicy"]["Name"] == "always"
        assert sandbox.journal == []

    def test_out_of_memory_under_a_restart_policy_is_reported(self, sandbox: Sandbox) -> None:
        """F-N8: when the gate notices, the engine no longer says why the first process ended."""
        limits = {"Memory": 16 * 2**20, "MemorySwap": 16 * 2**20, "RestartPolicy": {"Name": "always"}}
        service = sandbox.service(reference("v1"), HostConfig=limits)
        greedy = sandbox.image("greedy", WebImage("v3", command=shell("sleep 1; x=xxxxxxxx; while :; do x=$x$x; done"), health=None))
        result = recreate(service, image=greedy, grace_period=8)
        assert_back_as_before(sandbox, service, result, "crashed")
        failure = result["rollback"]["failure"]
        assert (failure["exit_code"], failure["oom_killed"]) == (137, True)

    @pytest.mark.behaviour("F5", "F14")
    def test_health_check_that_never_passes_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        with PollingClient(service.port) as polling_client:
            result = recreate(service, image=reference("v3-sick"), health_timeout=3)
        assert_back_as_before(sandbox, service, result, "health_timeout")
        assert polling_client.distinct_pages == ["v1", None, "v3", None, "v1"]
        assert "v3: database unreachable" in result["rollback"]["failure"]["health_log"][0]["output"]
        assert result["rollback"]["failure"]["exit_code"] is None, "F-N8: its process did not exit"
        assert "after 3 s" in result["msg"]

    @pytest.mark.behaviour("F6")
    def test_flapping_within_min_healthy_time_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        flapping = sandbox.image(
            "flapping", WebImage("v3", command=serve_after("(sleep 3; touch /tmp/broken) &"), health="! test -f /tmp/broken")
        )
        result = recreate(service, image=flapping, min_healthy_time=15)
        assert_back_as_before(sandbox, service, result, "health_timeout")

    @pytest.mark.behaviour("A3")
    def test_missing_entry_point_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        broken = sandbox.image("broken", WebImage("v3", command=("/no/such/program",)))
        result = recreate(service, image=broken)
        assert_back_as_before(sandbox, service, result, "start_failed")
        assert "/no/such/program" in result["rollback"]["failure"]["error"]
        assert recreate(service, image=broken)["outcome"] == "skipped", "it is tried again"

    @pytest.mark.behaviour("A4")
    def test_refused_create_is_rolled_back(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        volume_on_a_file = sandbox.image("broken", WebImage("v3", changes=("VOLUME /www/index.html",)))
        result = recreate(service, image=volume_on_a_file)
        assert_back_as_before(sandbox, service, result, "create_failed")
        assert "cannot mount volume over existing file" in result["msg"].lower()

    def test_taken_port_is_rolled_back(self, sandbox: Sandbox) -> None:
        """Somebody takes the port while nobody serves on it, and lets go of it when the new container is removed."""
        service = sandbox.service(reference("v1"))
        with PortThief(service.port) as thief, Bystander(sandbox, service, stop=thief.take, destroy=thief.let_go):
            result = recreate(service, image=reference("v2"))
        assert_back_as_before(sandbox, service, result, "start_failed")
        assert "address already in use" in result["msg"]
        assert recreate(service, image=reference("v2"))["outcome"] == "recreated", "the image is not to be blamed"

    @pytest.mark.oldest_engine
    @pytest.mark.behaviour("A5", "A10", "D3")
    def test_taken_address_is_rolled_back(self, sandbox: Sandbox) -> None:
        """Somebody has the address on the second network while nobody else does, and lets go of it only when the old one wants it back."""
        networks = [sandbox.network(name, ipam=sandbox.subnet()) for name in ("a", "b")]
        service = sandbox.service(reference("v1"), HostConfig={"NetworkMode": networks[0]})
        address = sandbox.connect_at_address(service.id, networks[1])
        squatter = sandbox.container("squatter", reference("v1"), start=False, HostConfig={"NetworkMode": networks[1]})
        sandbox.client.disconnect_container_from_network(squatter, networks[1])
        sandbox.client.connect_container_to_network(squatter, networks[1], ipv4_address=address)
        creates, starts = itertools.count(1), itertools.count(1)

        def squat(call: Call) -> None:
            if call == ("POST", "/containers/create") and next(creates) == AFTER_THE_TRIAL:
                sandbox.client.start(squatter)
            elif call == ("POST", "/containers/*/start") and next(starts) == OLD_IS_STARTED_AGAIN:
                sandbox.client.remove_container(squatter, force=True)

        with Proxy(socket_of(engine.host()), before=squat) as proxy:
            result = recreate(service, image=reference("v2"), docker_host=proxy.url)
        assert_back_as_before(sandbox, service, result, "start_failed")
        assert "address already in use" in result["msg"].lower()
        assert sandbox.inspect(service.name)["NetworkSettings"]["Networks"][networks[1]]["IPAddress"] == address

    @pytest.mark.oldest_engine
    @pytest.mark.behaviour("A5")
    def test_failed_network_connection_is_rolled_back(self, sandbox: Sandbox) -> None:
        """Older engines are asked for all networks but the first when the new container is there already, newer ones when it is created."""
        service = sandbox.service(reference("v1"), HostConfig={"NetworkMode": sandbox.network("a")})
        sandbox.client.connect_container_to_network(service.id, sandbox.network("b"))
        connects = docker.utils.version_lt(sandbox.client.api_version, "1.44")
        with Proxy(socket_of(engine.host())) as proxy:
            assert recreate(service, image=reference("v2"), docker_host=proxy.url)["changed"]
        call = Call("POST", "/networks/*/connect" if connects else "/containers/create")
        at = proxy.calls.index(call, proxy.calls.index(call) + 1)  # The first one is that of the trial.
        service = dataclasses.replace(service, id=sandbox.inspect(service.name)["Id"])
        with Proxy(socket_of(engine.host()), at) as proxy:
            result = recreate(service, image=reference("v1"), docker_host=proxy.url)
        assert proxy.hit
        assert_back_as_before(sandbox, service, result, "create_failed", page="v2")
        assert sandbox.containers == [service.name], "the incomplete one is gone"

    @pytest.mark.oldest_engine
    @pytest.mark.behaviour("A10", "D3")
    def test_rollback_restores_the_static_address(self, sandbox: Sandbox) -> None:
        """The old one has it again: the failed one is gone before it is started."""
        network = sandbox.network("net", ipam=sandbox.subnet())
        service = sandbox.service(reference("v1"))
        address = sandbox.connect_at_address(service.id, network)
        assert_back_as_before(sandbox, service, recreate(service, image=reference("v3-sick"), health_timeout=2), "health_timeout")
        assert sandbox.inspect(service.name)["NetworkSettings"]["Networks"][network]["IPAddress"] == address

    @pytest.mark.behaviour("A9")
    def test_unhealthy_old_container_is_a_failed_rollback(self, sandbox: Sandbox) -> None:
        """The new one spoils the data that the old one cannot live without. That is no success, and is not called one."""
        volume = ("VOLUME /data",)
        old = sandbox.image("1", WebImage("v1", health="! test -f /data/spoilt", changes=volume))
        new = sandbox.image("2", WebImage("v3", command=shell("touch /data/spoilt; exit 1"), changes=volume))
        result = recreate(sandbox.service(old), image=new, health_timeout=3)
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", True)
        assert "THE ROLLBACK FAILED TOO" in result["msg"]

    @pytest.mark.behaviour("C2")
    def test_rollback_keeps_the_anonymous_volume_of_the_old_container(self, sandbox: Sandbox) -> None:
        """The old one's stays, with its data; what the failed one brought goes with it."""
        service = sandbox.service(sandbox.image("1", WebImage("v1", changes=("VOLUME /data",))))
        volume = sandbox.inspect(service.name)["Mounts"][0]["Name"]
        broken = sandbox.image("2", WebImage("v3", health="false", changes=("VOLUME /data", "VOLUME /more")))
        mounts: dict[str, str] = {}

        def look(new: str) -> None:
            mounts.update({mount["Destination"]: mount["Name"] for mount in sandbox.inspect(new)["Mounts"]})

        with Bystander(sandbox, service, start=look):
            result = recreate(service, image=broken, health_timeout=3)
        assert_back_as_before(sandbox, service, result, "health_timeout")
        assert [mount["Name"] for mount in sandbox.inspect(service.name)["Mounts"]] == [volume]
        assert mounts["/data"] == volume
        assert not sandbox.volume_exists(mounts["/more"])


class Bystander:
    """Does something, given the container's ID, whenever the engine says that such a thing happened to a container of the service's name.

    Only containers other than the first one count, except for its stop.
    """

    def __init__(self, sandbox: Sandbox, service: Service, **reactions: Callable[[str], None]) -> None:
        self._service = service
        self._reactions = reactions
        # The engine may open the stream before it listens for the client. `since` covers the time between.
        self._events = sandbox.client.events(since=f"{time.time():.6f}", decode=True, filters={"type": "container"})
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exception: object) -> None:
        self._events.close()

    def _watch(self) -> None:
        for event in self._events:
            container, action = event["Actor"]["ID"], event["Action"]
            ours = container == self._service.id if action == "stop" else container != self._service.id
            if ours and event["Actor"]["Attributes"]["name"] == self._service.name and action in self._reactions:
                self._reactions[action](container)


class PortThief:
    """Listens on a port."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._taken = False

    def __enter__(self) -> PortThief:  # noqa: PYI034 - typing.Self came with Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def take(self, _container: str) -> None:
        if not self._taken:
            self._taken = True
            self._socket.bind(("127.0.0.1", self._port))
            self._socket.listen()

    def let_go(self, _container: str) -> None:
        self._socket.close()


class TestFailedRollback:
    @pytest.mark.behaviour("A8")
    def test_commands_of_a_failed_rollback_restore_the_service(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        with PortThief(service.port) as thief, Bystander(sandbox, service, stop=thief.take):
            result = recreate(service, image=reference("v2"))
        assert (result["failed"], result["outcome"], result["rollback_failed"]) == (True, "rolled_back", True)
        assert "THE ROLLBACK FAILED TOO" in result["msg"]
        assert "address already in use" in result["msg"]
        commands = result["msg"].rsplit("Bring it back with: ", 1)[1]
        subprocess.run(commands, shell=True, check=True, capture_output=True)  # noqa: S602
        wait_for(lambda: fetch(service.port) == "v1", "the old page")
        assert sandbox.inspect(service.name)["Id"] == service.id

    def test_failed_container_is_kept_when_the_archive_was_pruned(self, sandbox: Sandbox) -> None:
        """While the new one was on trial. There is nothing to go back to, so it is kept."""
        service = sandbox.service(reference("v1"))
        with Bystander(sandbox, service, start=lambda _new: sandbox.client.remove_container(service.id)):
            result = recreate(service, image=reference("v3-sick"), health_timeout=3)
        assert (result["failed"], result["rollback_failed"], result["archive"]) == (True, True, None)
        assert f"its archive {result['rollback']['restored_from']} was removed" in result["msg"]
        assert fetch(service.port) == "v3"
        assert sandbox.inspect(service.name)["Id"] == result["container"]["id"] != service.id


@pytest.mark.oldest_engine
class TestKeptSettings:
    @pytest.mark.parametrize("first", ["bridge", "own"])
    def test_every_network_is_kept(self, sandbox: Sandbox, first: str) -> None:
        networks = ["bridge" if first == "bridge" else sandbox.network("a"), sandbox.network("b"), sandbox.network("c")]
        service = sandbox.service(reference("v1"), HostConfig={"NetworkMode": networks[0]})
        sandbox.client.connect_container_to_network(service.id, networks[1])
        sandbox.client.connect_container_to_network(service.id, networks[2], aliases=["shop"])
        assert recreate(service, image=reference("v2"))["outcome"] == "recreated"
        assert set(sandbox.inspect(service.name)["NetworkSettings"]["Networks"]) == set(networks)
        assert fetch(service.port) == "v2"

    def test_volumes_from_another_container_are_kept(self, sandbox: Sandbox) -> None:
        lender = sandbox.service(reference("v1"), "lender", Volumes={"/data": {}})
        service = sandbox.service(reference("v1"), HostConfig={"VolumesFrom": [lender.name]})
        was = sandbox.inspect(service.name)
        assert recreate(service, image=reference("v2"))["outcome"] == "recreated"
        now = sandbox.inspect(service.name)
        assert now["HostConfig"] == was["HostConfig"]
        assert now["Mounts"] == was["Mounts"]

    def test_user_settings_are_kept_and_defaults_follow_the_image(self, sandbox: Sandbox) -> None:
        front, back = sandbox.network("front"), sandbox.network("back")
        before = WebImage("v1", changes=("ENV VERSION=1 MODE=plain", "LABEL version=1", "WORKDIR /www"))
        after = WebImage("v2", changes=("ENV VERSION=2 MODE=plain", "LABEL version=2", "WORKDIR /tmp"))
        host_config = {
            "NetworkMode": front,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
            "Memory": 64 * 1024 * 1024,
            "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
            "ShmSize": 8 * 1024 * 1024,
            "Tmpfs": {"/scratch": "size=1m"},
            "ExtraHosts": ["db:10.0.0.9"],
            "CapDrop": ["NET_RAW"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "Init": True,
        }
        service = sandbox.service(
            sandbox.moved_tag(before, after),
            HostConfig=host_config,
            Env=["A=b", "MODE=fast"],
            Labels={"owner": "me"},
            Hostname="shop.example",
            NetworkingConfig={"EndpointsConfig": {front: {"Aliases": ["shop"]}}},
        )
        sandbox.client.connect_container_to_network(service.id, back, aliases=["shop-back"])
        was = sandbox.inspect(service.name)
        assert recreate(service)["outcome"] == "recreated"
        now = sandbox.inspect(service.name)
        assert now["HostConfig"] == was["HostConfig"]
        assert set(now["Config"]["Env"]) >= {"A=b", "MODE=fast", "VERSION=2"}
        assert now["Config"]["Labels"] == {"owner": "me", "version": "2"}
        assert (now["Config"]["WorkingDir"], now["Config"]["Hostname"]) == ("/tmp", "shop.example")
        networks = now["NetworkSettings"]["Networks"]
        assert set(networks) == {front, back}
        assert names_in(networks[front]) - {service.name} == {"shop", "shop.example", now["Id"][:12]}
        assert names_in(networks[back]) - {service.name} == {"shop-back", "shop.example", now["Id"][:12]}

    @pytest.mark.behaviour("C1", "C3")
    def test_data_of_an_anonymous_volume_are_kept(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.moved_tag(WebImage("v1", changes=("VOLUME /data",)), WebImage("v2", changes=("VOLUME /data",))))
        volume = sandbox.inspect(service.name)["Mounts"][0]["Name"]
        assert recreate(service)["outcome"] == "recreated"
        assert [mount["Name"] for mount in sandbox.inspect(service.name)["Mounts"]] == [volume]
        assert sandbox.volume_exists(volume)

    @pytest.mark.behaviour("A19")
    def test_stop_timeout_of_the_container_is_used(self, sandbox: Sandbox) -> None:
        """Also when the client's own timeout is shorter."""
        stubborn = WebImage("v1", command=shell("trap '' TERM; httpd -f -p 8080 -h /www"))
        service = sandbox.service(sandbox.image("1", stubborn), StopTimeout=7)
        result = recreate(service, image=reference("v2"), timeout=5)
        assert result["outcome"] == "recreated"
        assert 6.5 < {step["name"]: step["seconds"] for step in result["steps"]}["stop"] < 30


class TestErrorsBeforeTheStop:
    """A clear message, and the container as it was: same ID, same start time."""

    @pytest.fixture
    def service(self, sandbox: Sandbox) -> Service:
        return sandbox.service(reference("v1"), wait=False)

    def failing(self, sandbox: Sandbox, service: Service, **options: Any) -> str:
        before = sandbox.inspect(service.id)
        result = recreate(service, **options)
        after = sandbox.inspect(service.id)
        assert result["failed"]
        assert result["changed"] is False
        assert "outcome" not in result
        assert (after["Name"], after["State"]["StartedAt"]) == (before["Name"], before["State"]["StartedAt"])
        assert sandbox.containers == [service.name]
        assert "Traceback" not in result["msg"]
        message: str = result["msg"]
        return message

    def test_missing_container_is_an_error(self, sandbox: Sandbox) -> None:
        result = recreate(f"{sandbox.prefix}-nobody")
        assert result["failed"]
        assert f"There is no container with the full name or full ID {sandbox.prefix}-nobody on this engine" in result["msg"]

    @pytest.mark.behaviour("A1")
    def test_missing_tag_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        message = self.failing(sandbox, service, image=f"{registry.ADDRESS}/evenkeel/web:v99")
        assert f"container {service.name} was not changed" in message
        assert "v99" in message

    def test_invalid_reference_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        assert "'Web:V2' is not an image reference" in self.failing(sandbox, service, image="Web:V2")

    def test_missing_local_image_with_pull_never_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        message = self.failing(sandbox, service, image=f"{registry.ADDRESS}/evenkeel/web:v99", pull="never")
        assert "not on this host" in message

    @pytest.mark.behaviour("A2")
    def test_broken_layer_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        image = sandbox.image("broken", WebImage(sandbox.prefix))
        sandbox.client.remove_image(image)
        sandbox.break_layer(image)
        assert "could not be obtained" in self.failing(sandbox, service, image=image)

    def test_missing_engine_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        message = self.failing(sandbox, service, docker_host="unix:///nobody/listens.sock")
        assert "Cannot connect to a Docker engine at unix:///nobody/listens.sock" in message

    def test_engine_that_refuses_the_client_is_an_error(self, sandbox: Sandbox, service: Service) -> None:
        assert "1.99" in self.failing(sandbox, service, api_version="1.99")

    def test_missing_sdk_is_an_error(self, service: Service, tmp_path: Path) -> None:
        venv.create(tmp_path, symlinks=True)
        result = run_module("container_recreate", python=str(tmp_path / "bin/python"), name=service.name)
        assert result["failed"]
        assert "Docker SDK for Python" in result["msg"]

    @pytest.mark.parametrize(
        "option", [{"poll_interval": 0}, {"health_timeout": -1}, {"lock_timeout": -2}, {"stop_timeout": -1}, {"name": "../web"}]
    )
    def test_invalid_options_are_an_error(self, service: Service, option: dict[str, Any]) -> None:
        result = run_module("container_recreate", **{"name": service.name, **option})
        assert result["failed"]
        assert str(next(iter(option.values()))) in result["msg"]


def test_connection_of_a_free_port_is_refused() -> None:
    """The visitor's word for silence is None."""
    assert fetch(free_port()) is None
