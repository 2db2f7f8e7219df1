# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dropping the archives of a container on a real engine."""

from __future__ import annotations

from typing import Any

import pytest

from support.ansible import play, run_module, run_playbook
from support.scene import Scene, Service
from support.visitor import Visitor, fetch
from testbed.images import WebImage

V1, V2, V3 = (WebImage(page, changes=("VOLUME /data",)) for page in ("v1", "v2", "v3"))


def finalize(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_finalize", name=service.name, **options)


@pytest.fixture
def service(scene: Scene) -> Service:
    """On v2, with its archive of v1 kept, and beside it a container that merely looks like an archive."""
    service = scene.service(scene.moved_tag(V1, V2))
    scene.container("web-old-2", scene.inspect(service.name)["Image"], start=False)
    result = run_module("container_recreate", name=service.name, poll_interval=0.2, keep_archive=True, rollout="monday")
    assert (result["outcome"], fetch(service.port)) == ("recreated", "v2")
    return service


def test_the_archive_goes_and_nothing_else(scene: Scene, service: Service) -> None:
    running = scene.inspect(service.name)
    volumes = {mount["Name"] for mount in running["Mounts"]}
    with Visitor(service.port) as visitor:
        result = finalize(service)
    assert visitor.story == ["v2"]
    assert (result["changed"], len(result["dropped"]), result["images_removed"]) == (True, 1, [])
    assert scene.containers == [service.name, f"{service.name}-old-2"]
    now = scene.inspect(service.name)
    assert (now["Id"], now["State"]["StartedAt"]) == (running["Id"], running["State"]["StartedAt"])
    assert volumes
    assert volumes <= {volume["Name"] for volume in scene.client.volumes()["Volumes"]}
    assert scene.journal == []
    again = finalize(service)
    assert (again["changed"], again["dropped"]) == (False, [])


def test_its_image_goes_on_request(scene: Scene, service: Service) -> None:
    scene.client.remove_container(f"{service.name}-old-2")
    [archive] = [name for name in scene.containers if name != service.name]
    image = scene.inspect(archive)["Image"]
    result = finalize(service, cleanup={"remove_replaced": True})
    assert result["images_removed"] == [image]
    assert not scene.image_exists(image)


def test_there_is_nothing_to_go_back_to_then(service: Service) -> None:
    finalize(service)
    result = run_module("container_rollback", name=service.name)
    assert result["failed"]
    assert "There is nothing to go back to" in result["msg"]


def test_only_of_the_rollout_and_of_those_before_it(service: Service) -> None:
    assert finalize(service, rollout="friday")["dropped"] == [], "it is before monday, by its name"
    assert len(finalize(service, rollout="monday")["dropped"]) == 1


def test_not_behind_one_that_is_down(scene: Scene, service: Service) -> None:
    scene.client.stop(service.name, timeout=1)
    before = scene.containers
    result = finalize(service)
    assert (result["failed"], result["changed"], result["error_class"]) == (True, False, "refused")
    assert "it is exited now, so you may want to go back" in result["msg"]
    assert scene.containers == before
    assert run_module("container_rollback", name=service.name, poll_interval=0.2)["outcome"] == "restored"


def test_check_and_diff_mode(scene: Scene, service: Service) -> None:
    before = scene.containers
    result = run_playbook([play({"evenkeel.fleet.container_finalize": {"name": service.name}})], "--check", "--diff").results[0]
    assert (result["changed"], len(result["dropped"]), scene.containers) == (True, 1, before)
    assert result["diff"]["before"] == f"{result['dropped'][0]}\n"
