# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that live in the namespaces of the one that is replaced, or link to it: they work again afterwards, whatever came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.ansible import run_module
from support.scene import Scene, Service
from testbed.images import WebImage, reference


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, poll_interval=0.2, **options)


def page_through(scene: Scene, container: str) -> str:
    """What a container sees on its own loopback interface."""
    return scene.ask(container, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/")


def namespace(scene: Scene, container: str, kind: str) -> str:
    return scene.ask(container, "busybox", "readlink", f"/proc/self/ns/{kind}")


@pytest.fixture
def app(scene: Scene) -> Service:
    return scene.service(reference("v1"), HostConfig={"IpcMode": "shareable"})


class TestSuccess:
    @pytest.mark.behaviour("D8")
    def test_network(self, scene: Scene, app: Service) -> None:
        """The one that ran runs and sees the new page; the one that was stopped is still stopped, and can be started."""
        mode = {"NetworkMode": f"container:{app.name}"}
        running = scene.container("running", reference("v1"), HostConfig=mode)
        scene.container("stopped", reference("v1"), start=False, HostConfig=mode)
        image = scene.inspect(running)["Image"]
        result = recreate(app, image=reference("v2"))
        assert result["outcome"] == "recreated"
        assert {(dependent["name"], dependent["repair"]) for dependent in result["dependents"]} == {
            (f"{scene.prefix}-running", "recreated"),
            (f"{scene.prefix}-stopped", "recreated"),
        }
        assert result.get("warnings", []) == []
        assert scene.containers == [f"{scene.prefix}-running", f"{scene.prefix}-stopped", app.name]
        now = scene.inspect(f"{scene.prefix}-running")
        assert (now["Image"], now["Config"]["Image"], now["State"]["Running"]) == (image, reference("v1"), True)
        assert page_through(scene, now["Id"]) == "v2"
        stopped = scene.inspect(f"{scene.prefix}-stopped")
        assert stopped["State"]["Status"] == "created"
        scene.client.start(stopped["Id"])
        assert page_through(scene, stopped["Id"]) == "v2"

    @pytest.mark.behaviour("D12")
    @pytest.mark.parametrize("kind", ["pid", "ipc"])
    def test_pid_and_ipc(self, scene: Scene, app: Service, kind: str) -> None:
        scene.container("helper", reference("v1"), HostConfig={f"{kind.title()}Mode": f"container:{app.name}"})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated"]
        helper = scene.inspect(f"{scene.prefix}-helper")
        assert helper["State"]["Running"]
        assert namespace(scene, helper["Id"], kind) == namespace(scene, app.name, kind)

    @pytest.mark.behaviour("D13")
    def test_link(self, scene: Scene, app: Service) -> None:
        scene.container("client", reference("v1"), HostConfig={"Links": [f"{app.name}:shop"]})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated"]
        client = scene.inspect(f"{scene.prefix}-client")
        assert client["HostConfig"]["Links"] == [f"/{app.name}:/{scene.prefix}-client/shop"]
        scene.client.restart(client["Id"], timeout=1)
        assert scene.ask(client["Id"], "wget", "-q", "-O", "-", "http://shop:8080/") == "v2"

    def test_a_dependent_of_a_dependent(self, scene: Scene, app: Service) -> None:
        first = scene.container("first", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        scene.container("second", reference("v1"), HostConfig={"PidMode": f"container:{first}"})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated", "recreated"]
        assert namespace(scene, f"{scene.prefix}-second", "pid") == namespace(scene, f"{scene.prefix}-first", "pid")
        assert page_through(scene, f"{scene.prefix}-first") == "v2"

    def test_no_upgrade_by_the_back_door(self, scene: Scene) -> None:
        """The pull has moved the tag that the dependent follows too. It keeps its image, and the tag goes on meaning the new one."""
        image = scene.moved_tag(WebImage("v1"), WebImage("v2"))
        app = scene.service(image)
        old_image = scene.inspect(app.id)["Image"]
        scene.container("sidecar", image, HostConfig={"NetworkMode": f"container:{app.name}"})
        result = recreate(app)
        assert result["outcome"] == "recreated"
        sidecar = scene.inspect(f"{scene.prefix}-sidecar")
        assert (sidecar["Image"], sidecar["Config"]["Image"]) == (old_image, image)
        assert scene.client.inspect_image(image)["Id"] == result["image"]["new"]["id"]

    def test_its_data_stays_with_it(self, scene: Scene, app: Service) -> None:
        sidecar = scene.container("sidecar", reference("v1"), Volumes={"/data": {}}, HostConfig={"NetworkMode": f"container:{app.name}"})
        scene.run_in(sidecar, "sh", "-c", "echo dear >/data/letter")
        scene.inspect(sidecar)
        recreate(app, image=reference("v2"))
        assert scene.ask(f"{scene.prefix}-sidecar", "cat", "/data/letter") == "dear"

    def test_one_that_cannot_be_given_back_is_named(self, scene: Scene, app: Service, tmp_path: Path) -> None:
        """A folder that it needs is gone. The update stands, and the dependent is still there under its name."""
        folder = tmp_path / "data"
        folder.mkdir()
        mounts = [{"Type": "bind", "Source": str(folder), "Target": "/data"}]
        sidecar = scene.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}", "Mounts": mounts})
        folder.rmdir()
        result = recreate(app, image=reference("v2"))
        assert (result["outcome"], result["failed"]) == ("recreated", False)
        assert [(dependent["id"], dependent["repair"]) for dependent in result["dependents"]] == [(sidecar, "needs_attention")]
        assert "bind source path does not exist" in result["warnings"][0]
        assert scene.inspect(f"{scene.prefix}-sidecar")["Id"] == sidecar


class TestRollback:
    @pytest.mark.behaviour("D9")
    def test_network(self, scene: Scene, app: Service) -> None:
        """The same container, in the network of the same container as before."""
        mode = {"NetworkMode": f"container:{app.name}"}
        running = scene.container("running", reference("v1"), HostConfig=mode)
        stopped = scene.container("stopped", reference("v1"), start=False, HostConfig=mode)
        result = recreate(app, image=reference("v3-crashes"))
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
        assert result["dependents"] == [{"id": running, "name": f"{scene.prefix}-running", "repair": "restarted", "problem": ""}]
        assert page_through(scene, running) == "v1"
        assert namespace(scene, running, "net") == namespace(scene, app.id, "net")
        assert scene.inspect(stopped)["State"]["Status"] == "created"

    @pytest.mark.behaviour("D12")
    @pytest.mark.parametrize("kind", ["pid", "ipc"])
    def test_pid_and_ipc(self, scene: Scene, app: Service, kind: str) -> None:
        helper = scene.container("helper", reference("v1"), HostConfig={f"{kind.title()}Mode": f"container:{app.name}"})
        recreate(app, image=reference("v3-crashes"))
        assert scene.inspect(helper)["State"]["Running"]
        assert namespace(scene, helper, kind) == namespace(scene, app.id, kind)

    @pytest.mark.behaviour("D13")
    def test_link(self, scene: Scene, app: Service) -> None:
        client = scene.container("client", reference("v1"), HostConfig={"Links": [f"{app.name}:shop"]})
        started = scene.inspect(client)["State"]["StartedAt"]
        recreate(app, image=reference("v3-crashes"))
        assert scene.inspect(client)["State"]["StartedAt"] == started
        assert scene.ask(client, "wget", "-q", "-O", "-", "http://shop:8080/") == "v1"
        scene.client.restart(client, timeout=1)
        assert scene.ask(client, "wget", "-q", "-O", "-", "http://shop:8080/") == "v1"


class TestArchives:
    def test_those_of_two_that_are_updated_in_turn_can_both_go_back(self, scene: Scene, app: Service) -> None:
        """The archive of the one lives in the network of the archive of the other."""
        inner = scene.container("inner", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        names = [f"{scene.prefix}-inner", app.name]
        for name in names:
            updated = run_module("container_recreate", name=name, image=reference("v2"), keep_archive=True, poll_interval=0.2)
            assert updated["outcome"] == "recreated"
        assert [warning for warning in updated["warnings"] if f"let {app.name} go back first" in warning]
        for name in reversed(names):
            assert run_module("container_rollback", name=name, poll_interval=0.2)["outcome"] == "restored"
        assert (scene.inspect(names[0])["Id"], scene.inspect(names[1])["Id"]) == (inner, app.id)
        assert scene.containers == sorted(names)
        assert page_through(scene, inner) == "v1"


class TestTheDependentItself:
    @pytest.mark.behaviour("D10")
    def test_it_can_be_updated(self, scene: Scene, app: Service) -> None:
        """No conflict over the host name or the ports that the engine shows for it."""
        image = scene.image("exposing", WebImage("v1", changes=("EXPOSE 9",)))
        scene.container("sidecar", image, HostConfig={"NetworkMode": f"container:{app.name}"})
        result = run_module("container_recreate", name=f"{scene.prefix}-sidecar", image=reference("v2"), grace_period=1, poll_interval=0.2)
        assert result["outcome"] == "recreated"
        assert page_through(scene, f"{scene.prefix}-sidecar") == "v1"


class TestRefused:
    """Before anything is touched: a dependent that could not be brought back, or what it depends on itself."""

    def assert_untouched(self, scene: Scene, app: Service, says: str) -> None:
        before = scene.inspect(app.id)["State"]["StartedAt"]
        result = recreate(app, image=reference("v2"))
        assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
        assert says in result["msg"]
        assert scene.inspect(app.name)["State"]["StartedAt"] == before

    @pytest.mark.behaviour("C8")
    def test_files_of_a_dependent(self, scene: Scene, app: Service) -> None:
        sidecar = scene.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        scene.run_in(sidecar, "sh", "-c", "echo dear >/www/letter")
        result = recreate(app, image=reference("v2"), lost_files="refuse")
        assert (result["failed"], result["changed"]) == (True, False)
        assert f"{scene.prefix}-sidecar:/www/letter" in result["msg"]

    def test_its_own_provider_is_gone(self, scene: Scene, app: Service) -> None:
        sidecar = scene.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        scene.client.remove_container(app.id, force=True)
        started = scene.inspect(sidecar)["State"]["StartedAt"]
        result = run_module("container_recreate", name=f"{scene.prefix}-sidecar", image=reference("v2"))
        assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
        assert "lives in the namespace of a container" in result["msg"]
        assert scene.inspect(f"{scene.prefix}-sidecar")["State"]["StartedAt"] == started

    def test_auto_remove(self, scene: Scene, app: Service) -> None:
        scene.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}", "AutoRemove": True})
        self.assert_untouched(scene, app, f"{scene.prefix}-sidecar depends on it")

    def test_paused(self, scene: Scene, app: Service) -> None:
        sidecar = scene.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        scene.client.pause(sidecar)
        self.assert_untouched(scene, app, "is paused")
