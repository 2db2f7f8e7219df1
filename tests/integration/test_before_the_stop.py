# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found out before the stop: refused with the reason and the way out, nothing touched."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import run_module, run_module_here
from support.real.faulty_proxy import Proxy, socket_of
from support.real.newer_engine_proxy import ENDPOINT_SETTING, HOST_SETTING, NewerEngineProxy
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed import engine
from testbed.images import WebImage, reference


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, **{"poll_interval": 0.2, "image": reference("v2"), **options})


def refusal(sandbox: Sandbox, service: Service, **options: Any) -> str:
    """The message of a run that has to leave the container as it is: same ID, same start time, nothing beside it."""
    before, containers = sandbox.inspect(service.id), sandbox.containers
    result = recreate(service, **options)
    after = sandbox.inspect(service.name)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert sandbox.containers == containers
    assert sandbox.journal == []
    message: str = result["msg"]
    assert message.startswith(f"Container {service.name} was not changed: ")
    return message


@pytest.mark.behaviour("A12")
def test_container_with_auto_remove_is_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"), wait=False, HostConfig={"AutoRemove": True})
    assert "--rm" in refusal(sandbox, service)


@pytest.mark.behaviour("H7")
@pytest.mark.parametrize(
    ("label", "says"),
    [
        ({"com.docker.swarm.task.id": "x"}, "Docker Swarm"),
        ({"io.kubernetes.pod.name": "x"}, "Kubernetes"),
        ({"com.docker.compose.oneoff": "True"}, "created it for one job"),
    ],
    ids=["swarm", "kubernetes", "compose run"],
)
def test_container_managed_by_another_tool_is_refused(sandbox: Sandbox, label: dict[str, str], says: str) -> None:
    assert says in refusal(sandbox, sandbox.service(reference("v1"), wait=False, Labels=label))


@pytest.mark.behaviour("A23")
def test_container_that_runs_the_module_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """The engine mounts a file from a folder with the container's ID into each. The module sees it, so it takes itself to be in there."""
    service = sandbox.service(reference("v1"), wait=False)
    hostname = sandbox.inspect(service.id)["HostnamePath"]
    inside = tmp_path / "python"
    inside.write_text(f"""#!/bin/sh
exec unshare --mount sh -c 'mount --bind {hostname} /etc/hostname && exec {sys.executable} "$@"' sh "$@"
""")
    inside.chmod(0o755)
    assert "this task runs inside it" in refusal(sandbox, service, python=str(inside))


@pytest.mark.behaviour("A23")
def test_proxy_to_the_engine_is_refused(sandbox: Sandbox) -> None:
    """A proxy before the engine's socket: the container has its port, although it is this test that answers there."""
    with Proxy(socket_of(engine.host()), tcp=True) as proxy:
        binding = {"HostIp": "127.0.0.1", "HostPort": proxy.url.rpartition(":")[2]}
        service = sandbox.service(
            reference("v1"), wait=False, ExposedPorts={"9/udp": {}}, HostConfig={"PortBindings": {"9/udp": [binding]}}
        )
        assert "reaches the engine through it" in refusal(sandbox, service, docker_host=proxy.url)


@pytest.mark.behaviour("G6")
def test_image_for_another_platform_is_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"), wait=False)
    foreign = sandbox.image("foreign", WebImage("v2"), push=False, architecture="s390x")
    message = refusal(sandbox, service, image=foreign, pull="never")
    assert "is built for s390x" in message


def test_container_whose_network_is_gone_is_refused(sandbox: Sandbox) -> None:
    """Only that of a container which does not run can be: the engine keeps a network that is in use."""
    network = sandbox.network("net")
    service = sandbox.service(reference("v1"), wait=False, HostConfig={"NetworkMode": network})
    sandbox.client.stop(service.id, timeout=5)
    sandbox.client.remove_network(network)
    assert f"its network {network} no longer exists" in refusal(sandbox, service)


def test_container_whose_first_network_is_gone_is_refused(sandbox: Sandbox) -> None:
    """It lives on another one. Newer engines could not start it again, once it is stopped."""
    gone, here = sandbox.network("gone"), sandbox.network("here")
    service = sandbox.service(reference("v1"), wait=False, HostConfig={"NetworkMode": gone})
    sandbox.client.connect_container_to_network(service.id, here)
    sandbox.client.disconnect_container_from_network(service.id, gone)
    sandbox.client.remove_network(gone)
    assert f"its network {gone} no longer exists" in refusal(sandbox, service)


class TestSettingsOfANewerEngine:
    """Settings that came with an API version after those that this collection knows, or after the one that the task uses."""

    @pytest.fixture
    def service(self, sandbox: Sandbox) -> Service:
        return sandbox.service(reference("v1"), wait=False, HostConfig={"NetworkMode": sandbox.network("net")})

    @pytest.mark.behaviour("H8")
    def test_unknown_settings_are_passed_on_as_they_are(self, service: Service) -> None:
        with NewerEngineProxy(socket_of(engine.host())) as proxy:
            assert recreate(service, docker_host=proxy.url)["outcome"] == "recreated"
        (body,) = proxy.created
        (endpoint,) = body["NetworkingConfig"]["EndpointsConfig"].values()
        assert (HOST_SETTING in body["HostConfig"].items(), ENDPOINT_SETTING in endpoint.items()) == (True, True)

    @pytest.mark.behaviour("H8")
    def test_unknown_setting_of_a_newer_api_version_prevents_the_update(self, sandbox: Sandbox, service: Service) -> None:
        with NewerEngineProxy(socket_of(engine.host()), newest_api_version="1.99") as proxy:
            used = str(docker.APIClient(base_url=engine.host(), version="auto").api_version)
            message = refusal(sandbox, service, docker_host=proxy.url, api_version=used)
        assert f"it uses HostConfig.{HOST_SETTING[0]}, and API {used}, which this task uses, does not have that" in message
        assert "Set api_version to 1.99, the newest version of this engine." in message
        assert proxy.created == []

    @pytest.mark.behaviour("H8")
    def test_setting_that_the_api_version_of_the_task_does_not_have_prevents_the_update(self, sandbox: Sandbox) -> None:
        """Observed on Engine 28: it ignores such settings without a word."""
        newest = sandbox.client.version()["ApiVersion"]
        if docker.utils.version_lt(newest, "1.48"):
            pytest.skip(f"an engine with API {newest} has no such setting")
        network = sandbox.network("net")
        endpoints = {network: {"GwPriority": 5}}
        service = sandbox.service(
            reference("v1"), wait=False, HostConfig={"NetworkMode": network}, NetworkingConfig={"EndpointsConfig": endpoints}
        )
        assert f"it uses GwPriority of the network {network}, and API 1.45" in refusal(sandbox, service, api_version="1.45")
        assert recreate(service)["outcome"] == "recreated"
        assert sandbox.inspect(service.name)["NetworkSettings"]["Networks"][network]["GwPriority"] == 5


class TestLinkedContainer:
    """It starts no container that links to one that does not run."""

    @pytest.fixture
    def db(self, sandbox: Sandbox) -> str:
        return sandbox.container("db", reference("v1"))

    @pytest.fixture
    def service(self, sandbox: Sandbox, db: str) -> Service:
        return sandbox.service(reference("v1"), wait=False, HostConfig={"Links": [f"{db}:db"]})

    def test_stopped_linked_container_prevents_the_update(self, sandbox: Sandbox, service: Service, db: str) -> None:
        sandbox.client.stop(db, timeout=1)
        assert f"it links to {sandbox.prefix}-db, which is not running" in refusal(sandbox, service)

    def test_paused_linked_container_prevents_the_update(self, sandbox: Sandbox, service: Service, db: str) -> None:
        sandbox.client.pause(db)
        assert recreate(service)["outcome"] == "recreated"
        sandbox.client.unpause(db)

    def test_stopped_container_that_a_dependent_links_to_prevents_the_update(self, sandbox: Sandbox, service: Service) -> None:
        cache = sandbox.container("cache", reference("v1"))
        sandbox.container("client", reference("v1"), HostConfig={"Links": [f"{service.name}:shop", f"{cache}:cache"]})
        sandbox.client.stop(cache, timeout=1)
        message = refusal(sandbox, service)
        assert f"{sandbox.prefix}-client depends on it" in message
        assert f"links to {sandbox.prefix}-cache, which is not running" in message


class TestNames:
    @pytest.mark.behaviour("F-H12")
    @pytest.mark.parametrize("length", [223, 235, 250, 400])
    def test_name_that_is_too_long_for_records_is_refused(self, sandbox: Sandbox, length: int) -> None:
        service = sandbox.service(reference("v1"), "x" * (length - len(sandbox.prefix) - 1))
        options = {"name": service.name, "image": reference("v2")}
        predicted = run_module_here(container_recreate, check_mode=True, **options)
        message = refusal(sandbox, service)
        assert f"its name has {length} characters" in message
        assert (predicted["failed"], predicted["error_class"]) == (True, "refused")
        assert sandbox.journal == []

    @pytest.mark.behaviour("F-H12")
    def test_container_with_the_longest_name_is_updated_and_restored(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"), "x" * (222 - len(sandbox.prefix) - 1))
        assert recreate(service, image=reference("v3-crashes"))["outcome"] == "rolled_back"
        assert recreate(service)["outcome"] == "recreated"
        assert sandbox.containers == [service.name]


class TestLostFiles:
    @pytest.fixture
    def service(self, sandbox: Sandbox) -> Service:
        """With files put into it, into a volume, and where it does not matter."""
        service = sandbox.service(reference("v1"), Volumes={"/data": {}}, HostConfig={"Tmpfs": {"/scratch": ""}})
        sandbox.client.put_archive(service.id, "/www", archive_of("app.conf"))
        sandbox.client.put_archive(service.id, "/data", archive_of("kept"))
        sandbox.client.put_archive(service.id, "/tmp", archive_of("fleeting"))
        return service

    @pytest.mark.behaviour("C8")
    def test_lost_files_are_a_warning(self, sandbox: Sandbox, service: Service) -> None:
        result = recreate(service)
        assert (result["outcome"], result["lost_files"]) == ("recreated", ["/www/app.conf"])
        assert result["warnings"][0].endswith("the new container does not have them: /www/app.conf")
        assert sandbox.ask(service.name, "cat", "/data/kept") == "kept"

    def test_folders_created_by_the_engine_are_not_lost_files(self, sandbox: Sandbox) -> None:
        """A working folder that the image does not have, and where something is mounted."""
        service = sandbox.service(
            reference("v1"), WorkingDir="/srv/app", HostConfig={"Tmpfs": {"/lib/scratch": "", "/srv/mounted/here": ""}}
        )
        result = recreate(service)
        assert (result["outcome"], result["lost_files"], result.get("warnings", [])) == ("recreated", [], [])

    @pytest.mark.behaviour("F-H10")
    def test_what_the_engine_creates_is_no_lost_file(self, sandbox: Sandbox) -> None:
        host_config = {
            "Init": True,
            "Binds": ["/etc/hostname:/opt/app/host", "/srv/outer", "/srv/outer/inner", "/etc/hostname:/srv/outer/file"],
            "Mounts": [{"Type": "tmpfs", "Target": "/opt/scratch/here"}],
            "Devices": [
                {"PathOnHost": "/dev/null", "PathInContainer": path, "CgroupPermissions": "rw"} for path in ("/opt/dev/null", "/lib/null")
            ],
            "ExtraHosts": ["db:10.0.0.2"],
            "Dns": ["10.0.0.53"],
        }
        service = sandbox.service(reference("v1"), HostConfig=host_config, Hostname="shop")
        result = recreate(service, lost_files="refuse")
        assert (result["outcome"], result["lost_files"], result.get("warnings", [])) == ("recreated", [], [])

    @pytest.mark.behaviour("F-H21")
    def test_deleted_files_are_lost_files(self, sandbox: Sandbox, service: Service) -> None:
        sandbox.run_in(service.id, "busybox", "rm", "/www/index.html")
        assert "/www/index.html (deleted)" in refusal(sandbox, service, lost_files="refuse")
        predicted = run_module_here(container_recreate, check_mode=True, name=service.name, image=reference("v2"))
        result = recreate(service)
        assert predicted["lost_files"] == result["lost_files"] == ["/www/app.conf", "/www/index.html"]
        assert result["warnings"][1].endswith("the new container has those that are in its image: /www/index.html")
        assert sandbox.ask(service.name, "cat", "/www/index.html") == "v2"

    @pytest.mark.behaviour("C8")
    def test_lost_files_refuse_prevents_the_update(self, sandbox: Sandbox, service: Service) -> None:
        assert "/www/app.conf" in refusal(sandbox, service, lost_files="refuse")

    def test_lost_files_ignore_reports_nothing(self, service: Service) -> None:
        result = recreate(service, lost_files="ignore")
        assert (result["outcome"], result["lost_files"], result.get("warnings", [])) == ("recreated", [], [])

    def test_rollback_loses_no_files(self, sandbox: Sandbox, service: Service) -> None:
        result = recreate(service, image=reference("v3-crashes"))
        assert (result["outcome"], result["lost_files"]) == ("rolled_back", [])
        assert sandbox.ask(service.name, "cat", "/www/app.conf") == "app.conf"


@pytest.mark.behaviour("B9")
class TestImageGone:
    @pytest.fixture
    def service(self, sandbox: Sandbox) -> Service:
        image = sandbox.image("1", WebImage("v1", changes=("ENV OLD=1",)))
        service = sandbox.service(image, Env=["MINE=1"])
        sandbox.client.stop(service.id, timeout=5)
        sandbox.client.remove_image(sandbox.inspect(service.id)["Image"], force=True)
        sandbox.client.start(service.id)
        return service

    def test_container_whose_image_is_gone_is_refused(self, sandbox: Sandbox, service: Service) -> None:
        assert "set verbatim" in refusal(sandbox, service)

    def test_verbatim_updates_a_container_whose_image_is_gone(self, sandbox: Sandbox, service: Service) -> None:
        result = recreate(service, verbatim=True)
        assert result["outcome"] == "recreated"
        assert {"OLD=1", "MINE=1"} <= set(sandbox.inspect(service.name)["Config"]["Env"])
        assert fetch(service.port) == "v2"

    def test_verbatim_update_can_be_rolled_back(self, sandbox: Sandbox, service: Service) -> None:
        """What is needed to run it is in the container, so there is a way back without the image."""
        result = recreate(service, image=sandbox.image("2", WebImage("v2")), verbatim=True, stop_timeout=1, health_timeout=0)
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
        assert sandbox.inspect(service.name)["Id"] == service.id


def archive_of(name: str) -> bytes:
    """A tar archive with one file that contains its own name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(name)
        tar.addfile(entry, io.BytesIO(name.encode()))
    return buffer.getvalue()
