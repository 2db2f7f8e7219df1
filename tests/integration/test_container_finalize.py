# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dropping the archives of a container on a real engine."""

from __future__ import annotations

from typing import Any

import pytest

from support.real.ansible import play, run_module, run_playbook
from support.real.polling_client import PollingClient, fetch
from support.real.sandbox import Sandbox, Service
from testbed.images import WebImage

V1, V2, V3 = (WebImage(page, changes=("VOLUME /data",)) for page in ("v1", "v2", "v3"))


def finalize(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_finalize", name=service.name, **options)


@pytest.fixture
def service(sandbox: Sandbox) -> Service:
    """On v2, with its archive of v1 kept, and beside it a container that merely looks like an archive."""
    service = sandbox.service(sandbox.moved_tag(V1, V2))
    sandbox.container("web-old-2", sandbox.inspect(service.name)["Image"], start=False)
    result = run_module("container_recreate", name=service.name, poll_interval=0.2, keep_archive=True, rollout="monday")
    assert (result["outcome"], fetch(service.port)) == ("recreated", "v2")
    return service


def test_finalize_removes_only_the_archive(sandbox: Sandbox, service: Service) -> None:
    running = sandbox.inspect(service.name)
    volumes = {mount["Name"] for mount in running["Mounts"]}
    with PollingClient(service.port) as polling_client:
        result = finalize(service)
    assert polling_client.distinct_pages == ["v2"]
    assert (result["changed"], len(result["dropped"]), result["images_removed"]) == (True, 1, [])
    assert sandbox.containers == [service.name, f"{service.name}-old-2"]
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["State"]["StartedAt"]) == (running["Id"], running["State"]["StartedAt"])
    assert volumes
    assert volumes <= {volume["Name"] for volume in sandbox.client.volumes()["Volumes"]}
    assert sandbox.journal == []
    again = finalize(service)
    assert (again["changed"], again["dropped"]) == (False, [])


def test_image_of_the_archive_is_removed_on_request(sandbox: Sandbox, service: Service) -> None:
    sandbox.client.remove_container(f"{service.name}-old-2", v=True)
    [archive] = [name for name in sandbox.containers if name != service.name]
    image = sandbox.inspect(archive)["Image"]
    result = finalize(service, cleanup={"remove_replaced": True})
    assert result["images_removed"] == [image]
    assert not sandbox.image_exists(image)


def test_finalized_container_cannot_be_rolled_back(service: Service) -> None:
    finalize(service)
    result = run_module("container_rollback", name=service.name)
    assert result["failed"]
    assert "There is no archive of" in result["msg"]


def test_rollout_limits_which_archives_are_removed(service: Service) -> None:
    assert finalize(service, rollout="friday")["dropped"] == [], "it is before monday, by its name"
    assert len(finalize(service, rollout="monday")["dropped"]) == 1


def test_stopped_container_is_refused(sandbox: Sandbox, service: Service) -> None:
    sandbox.client.stop(service.name, timeout=1)
    before = sandbox.containers
    result = finalize(service)
    assert (result["failed"], result["changed"], result["error_class"]) == (True, False, "refused")
    assert "it is exited now, so you may want to go back" in result["msg"]
    assert sandbox.containers == before
    assert run_module("container_rollback", name=service.name, poll_interval=0.2)["outcome"] == "restored"


def test_check_mode_changes_nothing(sandbox: Sandbox, service: Service) -> None:
    before = sandbox.containers
    result = run_playbook([play({"evenkeel.fleet.container_finalize": {"name": service.name}})], "--check", "--diff").results[0]
    assert (result["changed"], len(result["dropped"]), sandbox.containers) == (True, 1, before)
    assert result["diff"]["before"] == f"{result['dropped'][0]}\n"
