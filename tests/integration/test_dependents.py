# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that live in the namespaces of the one that is replaced, or link to it: they work again afterwards, whatever came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.sandbox import Sandbox, Service
from testbed.images import WebImage, reference


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, poll_interval=0.2, **options)


def page_through(sandbox: Sandbox, container: str) -> str:
    """What a container sees on its own loopback interface."""
    return sandbox.ask(container, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/")


def namespace(sandbox: Sandbox, container: str, kind: str) -> str:
    return sandbox.ask(container, "busybox", "readlink", f"/proc/self/ns/{kind}")


@pytest.fixture
def app(sandbox: Sandbox) -> Service:
    return sandbox.service(reference("v1"), HostConfig={"IpcMode": "shareable"})


class TestSuccess:
    @pytest.mark.behaviour("D8")
    def test_update_recreates_a_dependent_in_its_network(self, sandbox: Sandbox, app: Service) -> None:
        """The one that ran runs and sees the new page; the one that was stopped is still stopped, and can be started."""
        mode = {"NetworkMode": f"container:{app.name}"}
        running = sandbox.container("running", reference("v1"), HostConfig=mode)
        sandbox.container("stopped", reference("v1"), start=False, HostConfig=mode)
        image = sandbox.inspect(running)["Image"]
        result = recreate(app, image=reference("v2"))
        assert result["outcome"] == "recreated"
        assert {(dependent["name"], dependent["repair"]) for dependent in result["dependents"]} == {
            (f"{sandbox.prefix}-running", "recreated"),
            (f"{sandbox.prefix}-stopped", "recreated"),
        }
        assert result.get("warnings", []) == []
        assert sandbox.containers == [f"{sandbox.prefix}-running", f"{sandbox.prefix}-stopped", app.name]
        now = sandbox.inspect(f"{sandbox.prefix}-running")
        assert (now["Image"], now["Config"]["Image"], now["State"]["Running"]) == (image, reference("v1"), True)
        assert page_through(sandbox, now["Id"]) == "v2"
        stopped = sandbox.inspect(f"{sandbox.prefix}-stopped")
        assert stopped["State"]["Status"] == "created"
        sandbox.client.start(stopped["Id"])
        assert page_through(sandbox, stopped["Id"]) == "v2"

    @pytest.mark.behaviour("D12")
    @pytest.mark.parametrize("kind", ["pid", "ipc"])
    def test_update_recreates_a_dependent_in_its_pid_and_ipc_namespaces(self, sandbox: Sandbox, app: Service, kind: str) -> None:
        sandbox.container("helper", reference("v1"), HostConfig={f"{kind.title()}Mode": f"container:{app.name}"})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated"]
        helper = sandbox.inspect(f"{sandbox.prefix}-helper")
        assert helper["State"]["Running"]
        assert namespace(sandbox, helper["Id"], kind) == namespace(sandbox, app.name, kind)

    @pytest.mark.behaviour("D13")
    def test_update_recreates_a_linked_dependent(self, sandbox: Sandbox, app: Service) -> None:
        sandbox.container("client", reference("v1"), HostConfig={"Links": [f"{app.name}:shop"]})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated"]
        client = sandbox.inspect(f"{sandbox.prefix}-client")
        assert client["HostConfig"]["Links"] == [f"/{app.name}:/{sandbox.prefix}-client/shop"]
        sandbox.client.restart(client["Id"], timeout=1)
        assert sandbox.ask(client["Id"], "wget", "-q", "-O", "-", "http://shop:8080/") == "v2"

    def test_update_recreates_a_dependent_of_a_dependent(self, sandbox: Sandbox, app: Service) -> None:
        first = sandbox.container("first", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        sandbox.container("second", reference("v1"), HostConfig={"PidMode": f"container:{first}"})
        result = recreate(app, image=reference("v2"))
        assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated", "recreated"]
        assert namespace(sandbox, f"{sandbox.prefix}-second", "pid") == namespace(sandbox, f"{sandbox.prefix}-first", "pid")
        assert page_through(sandbox, f"{sandbox.prefix}-first") == "v2"

    def test_dependent_keeps_its_image_although_its_tag_moved(self, sandbox: Sandbox) -> None:
        """The pull has moved the tag that the dependent follows too. It keeps its image, and the tag goes on meaning the new one."""
        image = sandbox.moved_tag(WebImage("v1"), WebImage("v2"))
        app = sandbox.service(image)
        old_image = sandbox.inspect(app.id)["Image"]
        sandbox.container("sidecar", image, HostConfig={"NetworkMode": f"container:{app.name}"})
        result = recreate(app)
        assert result["outcome"] == "recreated"
        sidecar = sandbox.inspect(f"{sandbox.prefix}-sidecar")
        assert (sidecar["Image"], sidecar["Config"]["Image"]) == (old_image, image)
        assert sandbox.client.inspect_image(image)["Id"] == result["image"]["new"]["id"]

    @pytest.mark.behaviour("F-H13")
    @pytest.mark.parametrize("other_tag", [False, True])
    def test_removed_tag_of_a_dependent_stays_removed(self, sandbox: Sandbox, app: Service, other_tag: bool) -> None:
        image = sandbox.image("tool", WebImage("tool", health=None), push=False)
        sidecar = sandbox.container("sidecar", image, HostConfig={"NetworkMode": f"container:{app.name}"})
        image_id = sandbox.inspect(sidecar)["Image"]
        if other_tag:
            sandbox.client.tag(image, image.rsplit(":", 1)[0], "other")
        sandbox.client.remove_image(image, force=True)
        result = recreate(app, image=reference("v2"))
        assert (result.get("outcome"), result.get("warnings", [])) == ("recreated", []), result
        now = sandbox.inspect(f"{sandbox.prefix}-sidecar")
        assert now["Id"] != sidecar
        assert (now["Image"], now["Config"]["Image"], now["State"]["Running"]) == (image_id, image, True)
        tags = sandbox.client.inspect_image(image_id)["RepoTags"]
        assert tags == ([image.rsplit(":", 1)[0] + ":other"] if other_tag else [])

    def test_dependent_keeps_its_data(self, sandbox: Sandbox, app: Service) -> None:
        sidecar = sandbox.container("sidecar", reference("v1"), Volumes={"/data": {}}, HostConfig={"NetworkMode": f"container:{app.name}"})
        sandbox.run_in(sidecar, "sh", "-c", "echo dear >/data/letter")
        sandbox.inspect(sidecar)
        recreate(app, image=reference("v2"))
        assert sandbox.ask(f"{sandbox.prefix}-sidecar", "cat", "/data/letter") == "dear"

    def test_dependent_that_cannot_be_recreated_is_named(self, sandbox: Sandbox, app: Service, tmp_path: Path) -> None:
        """A folder that it needs is gone. The update stands, and the dependent is still there under its name."""
        folder = tmp_path / "data"
        folder.mkdir()
        mounts = [{"Type": "bind", "Source": str(folder), "Target": "/data"}]
        sidecar = sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}", "Mounts": mounts})
        folder.rmdir()
        result = recreate(app, image=reference("v2"))
        assert (result["outcome"], result["failed"]) == ("recreated", False)
        assert [(dependent["id"], dependent["repair"]) for dependent in result["dependents"]] == [(sidecar, "needs_attention")]
        assert "bind source path does not exist" in result["warnings"][0]
        assert sandbox.inspect(f"{sandbox.prefix}-sidecar")["Id"] == sidecar


class TestRollback:
    @pytest.mark.behaviour("D9")
    def test_rollback_restarts_a_dependent_in_its_network(self, sandbox: Sandbox, app: Service) -> None:
        """The same container, in the network of the same container as before."""
        mode = {"NetworkMode": f"container:{app.name}"}
        running = sandbox.container("running", reference("v1"), HostConfig=mode)
        stopped = sandbox.container("stopped", reference("v1"), start=False, HostConfig=mode)
        result = recreate(app, image=reference("v3-crashes"))
        assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False)
        assert result["dependents"] == [{"id": running, "name": f"{sandbox.prefix}-running", "repair": "restarted", "problem": ""}]
        assert page_through(sandbox, running) == "v1"
        assert namespace(sandbox, running, "net") == namespace(sandbox, app.id, "net")
        assert sandbox.inspect(stopped)["State"]["Status"] == "created"

    @pytest.mark.behaviour("D12")
    @pytest.mark.parametrize("kind", ["pid", "ipc"])
    def test_rollback_restarts_a_dependent_in_its_pid_and_ipc_namespaces(self, sandbox: Sandbox, app: Service, kind: str) -> None:
        helper = sandbox.container("helper", reference("v1"), HostConfig={f"{kind.title()}Mode": f"container:{app.name}"})
        recreate(app, image=reference("v3-crashes"))
        assert sandbox.inspect(helper)["State"]["Running"]
        assert namespace(sandbox, helper, kind) == namespace(sandbox, app.id, kind)

    @pytest.mark.behaviour("D13")
    def test_rollback_restarts_a_linked_dependent(self, sandbox: Sandbox, app: Service) -> None:
        client = sandbox.container("client", reference("v1"), HostConfig={"Links": [f"{app.name}:shop"]})
        started = sandbox.inspect(client)["State"]["StartedAt"]
        recreate(app, image=reference("v3-crashes"))
        assert sandbox.inspect(client)["State"]["StartedAt"] == started
        assert sandbox.ask(client, "wget", "-q", "-O", "-", "http://shop:8080/") == "v1"
        sandbox.client.restart(client, timeout=1)
        assert sandbox.ask(client, "wget", "-q", "-O", "-", "http://shop:8080/") == "v1"


class TestArchives:
    def test_archives_of_provider_and_dependent_can_both_be_restored(self, sandbox: Sandbox, app: Service) -> None:
        """The archive of the one lives in the network of the archive of the other."""
        inner = sandbox.container("inner", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        names = [f"{sandbox.prefix}-inner", app.name]
        for name in names:
            updated = run_module("container_recreate", name=name, image=reference("v2"), keep_archive=True, poll_interval=0.2)
            assert updated["outcome"] == "recreated"
        assert [warning for warning in updated["warnings"] if f"restore {app.name} first" in warning]
        for name in reversed(names):
            assert run_module("container_rollback", name=name, poll_interval=0.2)["outcome"] == "restored"
        assert (sandbox.inspect(names[0])["Id"], sandbox.inspect(names[1])["Id"]) == (inner, app.id)
        assert sandbox.containers == sorted(names)
        assert page_through(sandbox, inner) == "v1"


class TestUpdateOfADependent:
    @pytest.mark.behaviour("D10")
    def test_dependent_can_be_updated(self, sandbox: Sandbox, app: Service) -> None:
        """No conflict over the host name or the ports that the engine shows for it."""
        image = sandbox.image("exposing", WebImage("v1", changes=("EXPOSE 9",)))
        sandbox.container("sidecar", image, HostConfig={"NetworkMode": f"container:{app.name}"})
        result = run_module(
            "container_recreate", name=f"{sandbox.prefix}-sidecar", image=reference("v2"), grace_period=1, poll_interval=0.2
        )
        assert result["outcome"] == "recreated"
        assert page_through(sandbox, f"{sandbox.prefix}-sidecar") == "v1"


class TestRefused:
    """Before anything is touched: a dependent that could not be brought back, or what it depends on itself."""

    def assert_untouched(self, sandbox: Sandbox, app: Service, says: str) -> None:
        before = sandbox.inspect(app.id)["State"]["StartedAt"]
        result = recreate(app, image=reference("v2"))
        assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
        assert says in result["msg"]
        assert sandbox.inspect(app.name)["State"]["StartedAt"] == before

    @pytest.mark.behaviour("C8")
    def test_lost_files_of_a_dependent_prevent_the_update(self, sandbox: Sandbox, app: Service) -> None:
        sidecar = sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        sandbox.run_in(sidecar, "sh", "-c", "echo dear >/www/letter")
        result = recreate(app, image=reference("v2"), lost_files="refuse")
        assert (result["failed"], result["changed"]) == (True, False)
        assert f"{sandbox.prefix}-sidecar:/www/letter" in result["msg"]

    def test_missing_provider_of_the_container_prevents_the_update(self, sandbox: Sandbox, app: Service) -> None:
        sidecar = sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        sandbox.client.remove_container(app.id, force=True)
        started = sandbox.inspect(sidecar)["State"]["StartedAt"]
        result = run_module("container_recreate", name=f"{sandbox.prefix}-sidecar", image=reference("v2"))
        assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
        assert "shares a namespace of a container" in result["msg"]
        assert sandbox.inspect(f"{sandbox.prefix}-sidecar")["State"]["StartedAt"] == started

    def test_dependent_with_auto_remove_prevents_the_update(self, sandbox: Sandbox, app: Service) -> None:
        sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}", "AutoRemove": True})
        self.assert_untouched(sandbox, app, f"{sandbox.prefix}-sidecar depends on it")

    def test_paused_dependent_prevents_the_update(self, sandbox: Sandbox, app: Service) -> None:
        sidecar = sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{app.name}"})
        sandbox.client.pause(sidecar)
        self.assert_untouched(sandbox, app, "is paused")
