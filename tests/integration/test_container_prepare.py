# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preparing an update on a real engine: the image is there, and the container goes on as if nothing were."""

from __future__ import annotations

from typing import Any

from support.ansible import run_module
from support.scene import Scene, Service
from support.visitor import Visitor, fetch
from testbed import registry
from testbed.images import WebImage

V1, V2 = WebImage("v1"), WebImage("v2")


def prepare(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_prepare", name=service.name, **options)


def digest_of(scene: Scene, image: str) -> str:
    digest: str = scene.client.inspect_distribution(image)["Descriptor"]["digest"]
    return digest


def test_the_update_then_needs_no_registry(scene: Scene) -> None:
    image = scene.moved_tag(V1, V2)
    service, digest = scene.service(image), digest_of(scene, image)
    before = scene.inspect(service.name)
    with Visitor(service.port) as visitor:
        result = prepare(service, image_digest=digest, pull="missing")
    assert visitor.story == ["v1"]
    assert (result["changed"], result["outcome"], result["doubt"]) == (True, "recreated", None)
    assert result["image"]["new"]["digest"] == digest
    now = scene.inspect(service.name)
    assert (now["Id"], now["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert scene.client.inspect_image(image)["Id"] == before["Image"], "no tag was moved"
    again = prepare(service, image_digest=digest, pull="missing")
    assert (again["changed"], again["outcome"]) == (False, "recreated")
    updated = run_module("container_recreate", name=service.name, image_digest=digest, pull="never", poll_interval=0.2)
    assert (updated["outcome"], fetch(service.port)) == ("recreated", "v2")


def test_what_would_refuse_the_update_is_met_before_it(scene: Scene) -> None:
    service = scene.service(scene.moved_tag(V1, V2), HostConfig={"AutoRemove": True})
    result = prepare(service)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
    assert fetch(service.port) == "v1"
    assert "not found" in prepare(service, image=f"{registry.ADDRESS}/evenkeel/nothing-here:1")["msg"].lower()
