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

import pytest

from support.ansible import run_module
from support.proxy import Proxy, socket_of
from support.scene import Scene, Service
from support.visitor import fetch
from testbed import engine
from testbed.images import WebImage, reference


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, **{"poll_interval": 0.2, "image": reference("v2"), **options})


def refusal(scene: Scene, service: Service, **options: Any) -> str:
    """The message of a run that has to leave the container as it is: same ID, same start time, nothing beside it."""
    before, containers = scene.inspect(service.id), scene.containers
    result = recreate(service, **options)
    after = scene.inspect(service.name)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert scene.containers == containers
    assert scene.journal == []
    message: str = result["msg"]
    assert message.startswith(f"Container {service.name} was not touched: ")
    return message


@pytest.mark.behaviour("A12")
def test_auto_remove(scene: Scene) -> None:
    service = scene.service(reference("v1"), wait=False, HostConfig={"AutoRemove": True})
    assert "--rm" in refusal(scene, service)


@pytest.mark.behaviour("H7")
@pytest.mark.parametrize(
    ("label", "says"),
    [
        ({"com.docker.swarm.task.id": "x"}, "Docker Swarm"),
        ({"io.kubernetes.pod.name": "x"}, "Kubernetes"),
        ({"com.docker.compose.oneoff": "True"}, "made it for one job"),
    ],
    ids=["swarm", "kubernetes", "compose run"],
)
def test_somebody_elses(scene: Scene, label: dict[str, str], says: str) -> None:
    assert says in refusal(scene, scene.service(reference("v1"), wait=False, Labels=label))


@pytest.mark.behaviour("A23")
def test_the_container_that_this_runs_in(scene: Scene, tmp_path: Path) -> None:
    """The engine mounts a file from a folder with the container's ID into each. The module sees it, so it takes itself to be in there."""
    service = scene.service(reference("v1"), wait=False)
    hostname = scene.inspect(service.id)["HostnamePath"]
    inside = tmp_path / "python"
    inside.write_text(f"""#!/bin/sh
exec unshare --mount sh -c 'mount --bind {hostname} /etc/hostname && exec {sys.executable} "$@"' sh "$@"
""")
    inside.chmod(0o755)
    assert "this task runs inside it" in refusal(scene, service, python=str(inside))


@pytest.mark.behaviour("A23")
def test_the_container_through_which_it_reaches_the_engine(scene: Scene) -> None:
    """A proxy before the engine's socket: the container has its port, although it is this test that answers there."""
    with Proxy(socket_of(engine.host()), tcp=True) as proxy:
        binding = {"HostIp": "127.0.0.1", "HostPort": proxy.url.rpartition(":")[2]}
        service = scene.service(reference("v1"), wait=False, ExposedPorts={"9/udp": {}}, HostConfig={"PortBindings": {"9/udp": [binding]}})
        assert "reaches the engine through it" in refusal(scene, service, docker_host=proxy.url)


@pytest.mark.behaviour("G6")
def test_an_image_for_another_platform(scene: Scene) -> None:
    service = scene.service(reference("v1"), wait=False)
    foreign = scene.image("foreign", WebImage("v2"), push=False, architecture="s390x")
    message = refusal(scene, service, image=foreign, pull="never")
    assert "is made for s390x" in message


def test_a_network_that_is_gone(scene: Scene) -> None:
    """Only that of a container which does not run can be: the engine keeps a network that is in use."""
    network = scene.network("net")
    service = scene.service(reference("v1"), wait=False, HostConfig={"NetworkMode": network})
    scene.client.stop(service.id, timeout=5)
    scene.client.remove_network(network)
    assert f"its network {network} is gone" in refusal(scene, service)


def test_the_network_that_it_was_created_in_is_gone(scene: Scene) -> None:
    """It lives on another one. Newer engines could not start it again, once it is stopped."""
    gone, here = scene.network("gone"), scene.network("here")
    service = scene.service(reference("v1"), wait=False, HostConfig={"NetworkMode": gone})
    scene.client.connect_container_to_network(service.id, here)
    scene.client.disconnect_container_from_network(service.id, gone)
    scene.client.remove_network(gone)
    assert f"its network {gone} is gone" in refusal(scene, service)


class TestSomebodyWhomTheEngineAsksFor:
    """It starts no container that links to one that does not run."""

    @pytest.fixture
    def db(self, scene: Scene) -> str:
        return scene.container("db", reference("v1"))

    @pytest.fixture
    def service(self, scene: Scene, db: str) -> Service:
        return scene.service(reference("v1"), wait=False, HostConfig={"Links": [f"{db}:db"]})

    def test_down(self, scene: Scene, service: Service, db: str) -> None:
        scene.client.stop(db, timeout=1)
        assert f"it links to {scene.prefix}-db, which does not run" in refusal(scene, service)

    def test_paused(self, scene: Scene, service: Service, db: str) -> None:
        scene.client.pause(db)
        assert recreate(service)["outcome"] == "recreated"
        scene.client.unpause(db)

    def test_down_and_needed_by_one_that_depends_on_it(self, scene: Scene, service: Service) -> None:
        cache = scene.container("cache", reference("v1"))
        scene.container("client", reference("v1"), HostConfig={"Links": [f"{service.name}:shop", f"{cache}:cache"]})
        scene.client.stop(cache, timeout=1)
        message = refusal(scene, service)
        assert f"{scene.prefix}-client depends on it" in message
        assert f"links to {scene.prefix}-cache, which does not run" in message


class TestFilesThatWouldBeLost:
    @pytest.fixture
    def service(self, scene: Scene) -> Service:
        """With files put into it, into a volume, and where it does not matter."""
        service = scene.service(reference("v1"), Volumes={"/data": {}}, HostConfig={"Tmpfs": {"/scratch": ""}})
        scene.client.put_archive(service.id, "/www", archive_of("app.conf"))
        scene.client.put_archive(service.id, "/data", archive_of("kept"))
        scene.client.put_archive(service.id, "/tmp", archive_of("fleeting"))
        return service

    @pytest.mark.behaviour("C8")
    def test_warned_of(self, scene: Scene, service: Service) -> None:
        result = recreate(service)
        assert (result["outcome"], result["lost_files"]) == ("recreated", ["/www/app.conf"])
        assert result["warnings"][0].endswith("the new one does not have them: /www/app.conf")
        assert scene.ask(service.name, "cat", "/data/kept") == "kept"

    def test_what_the_engine_made_itself_is_none_of_them(self, scene: Scene) -> None:
        """A working folder that the image does not have, and where something is mounted."""
        service = scene.service(reference("v1"), WorkingDir="/srv/app", HostConfig={"Tmpfs": {"/lib/scratch": "", "/srv/mounted/here": ""}})
        result = recreate(service)
        assert (result["outcome"], result["lost_files"], result.get("warnings", [])) == ("recreated", [], [])

    @pytest.mark.behaviour("C8")
    def test_refused(self, scene: Scene, service: Service) -> None:
        assert "/www/app.conf" in refusal(scene, service, lost_files="refuse")

    def test_ignored(self, service: Service) -> None:
        result = recreate(service, lost_files="ignore")
        assert (result["outcome"], result["lost_files"], result.get("warnings", [])) == ("recreated", [], [])

    def test_nothing_is_lost_by_a_rollback(self, scene: Scene, service: Service) -> None:
        result = recreate(service, image=reference("v3-crashes"))
        assert (result["outcome"], result["lost_files"]) == ("rolled_back", [])
        assert scene.ask(service.name, "cat", "/www/app.conf") == "app.conf"


@pytest.mark.behaviour("B9")
class TestImageGone:
    @pytest.fixture
    def service(self, scene: Scene) -> Service:
        image = scene.image("1", WebImage("v1", changes=("ENV OLD=1",)))
        service = scene.service(image, Env=["MINE=1"])
        scene.client.stop(service.id, timeout=5)
        scene.client.remove_image(scene.inspect(service.id)["Image"], force=True)
        scene.client.start(service.id)
        return service

    def test_refused(self, scene: Scene, service: Service) -> None:
        assert "set verbatim" in refusal(scene, service)

    def test_verbatim(self, scene: Scene, service: Service) -> None:
        result = recreate(service, verbatim=True)
        assert result["outcome"] == "recreated"
        assert {"OLD=1", "MINE=1"} <= set(scene.inspect(service.name)["Config"]["Env"])
        assert fetch(service.port) == "v2"

    def test_verbatim_and_back(self, scene: Scene, service: Service) -> None:
        """What is needed to run it is in the container, so there is a way back without the image."""
        result = recreate(service, image=scene.image("2", WebImage("v2")), verbatim=True, stop_timeout=1, health_timeout=0)
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
        assert scene.inspect(service.name)["Id"] == service.id


def archive_of(name: str) -> bytes:
    """A tar archive with one file that contains its own name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(name)
        tar.addfile(entry, io.BytesIO(name.encode()))
    return buffer.getvalue()
