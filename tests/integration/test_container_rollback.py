# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to the container that was there before the update."""

from __future__ import annotations

from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.polling_client import PollingClient, fetch
from support.real.sandbox import Sandbox, Service, wait_for
from testbed.images import WebImage, reference

V1, V2 = WebImage("v1", changes=("VOLUME /data",)), WebImage("v2", changes=("VOLUME /data",))
POLICY = {"RestartPolicy": {"Name": "always"}}


def rollback_to_archive(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_rollback", name=service.name, poll_interval=0.2, **options)


def updated(sandbox: Sandbox, image: str | None = None, **create: Any) -> Service:
    """A service on v1 that was moved to v2, with the archive kept."""
    service = sandbox.service(image or sandbox.moved_tag(V1, V2), **create)
    result = run_module("container_recreate", name=service.name, poll_interval=0.2, keep_archive=True)
    assert (result["outcome"], fetch(service.port)) == ("recreated", "v2")
    return service


def test_rollback_restores_the_same_container(sandbox: Sandbox) -> None:
    service = updated(sandbox, HostConfig=POLICY)
    newer = sandbox.inspect(service.name)["Id"]
    with PollingClient(service.port) as polling_client:
        result = rollback_to_archive(service)
    assert polling_client.distinct_pages == ["v2", None, "v1"]
    assert (result["outcome"], result["changed"], result["failed"]) == ("restored", True, False)
    assert result["container"] == {"id": service.id, "name": service.name}
    assert result["archive"] is None
    assert result["downtime_seconds"] > 0
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["HostConfig"]["RestartPolicy"]["Name"]) == (service.id, "always")
    assert sandbox.containers == [service.name]
    assert sandbox.journal == []
    assert newer != service.id


@pytest.mark.behaviour("A21", "A22")
def test_next_update_does_not_undo_the_rollback(sandbox: Sandbox) -> None:
    """The operator has gone back from that image, so a scheduled run must not bring it in again, nor anything that takes the tag."""
    service = updated(sandbox)
    result = rollback_to_archive(service)
    assert sandbox.client.inspect_image(result["image"]["new"]["reference"])["Id"] == result["image"]["new"]["id"]
    again = run_module("container_recreate", name=service.name, poll_interval=0.2)
    assert again["outcome"] == "skipped"
    assert "the operator rolled it back" in again["msg"]


def test_rollback_with_keep_archive_can_be_rolled_back(sandbox: Sandbox) -> None:
    service = updated(sandbox, HostConfig=POLICY)
    newer = sandbox.inspect(service.name)["Id"]
    result = rollback_to_archive(service, keep_archive=True)
    archive = sandbox.inspect(result["archive"])
    assert (archive["Id"], archive["State"]["Running"], archive["HostConfig"]["RestartPolicy"]["Name"]) == (newer, False, "no")
    assert rollback_to_archive(service)["outcome"] == "restored"
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["HostConfig"]["RestartPolicy"]["Name"]) == (newer, "always")
    assert fetch(service.port) == "v2"
    assert sandbox.containers == [service.name]


def test_rollback_keeps_the_data(sandbox: Sandbox) -> None:
    service = updated(sandbox)
    sandbox.run_in(service.name, "sh", "-c", "echo dear >/data/letter")
    rollback_to_archive(service)
    assert sandbox.ask(service.name, "cat", "/data/letter") == "dear"


def test_archive_that_does_not_become_healthy_is_an_archive_again(sandbox: Sandbox) -> None:
    """Its data was spoilt in the meantime. The newer one runs on, and the archive can be tried again."""
    picky = ("VOLUME /data", "HEALTHCHECK --interval=1s --retries=1 CMD ! test -f /data/spoilt")
    before = WebImage("v1", health=None, changes=picky)
    service = updated(sandbox, sandbox.moved_tag(before, V2), HostConfig=POLICY)
    newer = sandbox.inspect(service.name)["Id"]
    sandbox.run_in(service.name, "touch", "/data/spoilt")
    result = rollback_to_archive(service, health_timeout=3)
    assert (result["failed"], result["outcome"], result["rollback_failed"]) == (True, "rolled_back", False)
    assert result["rollback"]["reason"] == "health_timeout"
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["HostConfig"]["RestartPolicy"]["Name"]) == (newer, "always")
    archive = next(name for name in sandbox.containers if name != service.name)
    asleep = sandbox.inspect(archive)
    assert (asleep["Id"], asleep["HostConfig"]["RestartPolicy"]["Name"]) == (service.id, "no")
    wait_for(lambda: fetch(service.port) == "v2", "the newer page")
    sandbox.run_in(service.name, "busybox", "rm", "/data/spoilt")
    assert rollback_to_archive(service)["outcome"] == "restored"
    assert sandbox.inspect(service.name)["Id"] == service.id


@pytest.mark.behaviour("D8")
def test_rollback_restarts_dependents(sandbox: Sandbox) -> None:
    service = updated(sandbox)
    sandbox.container("sidecar", reference("v1"), HostConfig={"NetworkMode": f"container:{service.name}"})
    result = rollback_to_archive(service)
    assert [dependent["repair"] for dependent in result["dependents"]] == ["recreated"]
    assert sandbox.ask(f"{sandbox.prefix}-sidecar", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/") == "v1"


def test_crashed_container_can_be_rolled_back(sandbox: Sandbox) -> None:
    """That it does not run any more is why somebody goes back. The one that comes back ran, so it runs again."""
    service = updated(sandbox)
    sandbox.client.kill(service.name)
    result = rollback_to_archive(service)
    assert (result["outcome"], result["container"]["id"]) == ("restored", service.id)
    assert fetch(service.port) == "v1"
    assert sandbox.containers == [service.name]


def test_removed_container_can_be_rolled_back(sandbox: Sandbox) -> None:
    service = updated(sandbox, HostConfig=POLICY)
    sandbox.client.remove_container(service.name, force=True)
    assert rollback_to_archive(service)["outcome"] == "restored"
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["HostConfig"]["RestartPolicy"]["Name"]) == (service.id, "always")
    assert fetch(service.port) == "v1"


class TestNothingToGoBackTo:
    def refused(self, sandbox: Sandbox, service: Service) -> str:
        before = sandbox.inspect(service.name)
        result = rollback_to_archive(service)
        after = sandbox.inspect(service.name)
        assert (result["failed"], result["changed"]) == (True, False)
        assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
        message: str = result["msg"]
        return message

    def test_container_without_an_archive_has_nothing_to_go_back_to(self, sandbox: Sandbox) -> None:
        assert "There is no archive of" in self.refused(sandbox, sandbox.service(reference("v1")))

    def test_container_with_the_name_of_an_archive_is_not_restored(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"))
        stranger = sandbox.container("web-old-1790000000", reference("v1"), start=False)
        assert "There is no archive of" in self.refused(sandbox, service)
        assert sandbox.inspect(stranger)["Name"] == f"/{service.name}-old-1790000000"

    def test_removed_archive_leaves_nothing_to_go_back_to(self, sandbox: Sandbox) -> None:
        service = updated(sandbox)
        sandbox.client.remove_container(service.id)
        assert "There is no archive of" in self.refused(sandbox, service)

    def test_missing_container_is_an_error(self, sandbox: Sandbox) -> None:
        result = run_module("container_rollback", name=f"{sandbox.prefix}-nobody")
        assert (result["failed"], result["changed"]) == (True, False)
        assert "There is no archive of" in result["msg"]
