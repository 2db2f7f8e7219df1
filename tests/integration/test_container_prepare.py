# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preparing an update on a real engine: the image is there, and the container goes on as if nothing were."""

from __future__ import annotations

from typing import Any

from support.real.ansible import run_module
from support.real.polling_client import PollingClient, fetch
from support.real.sandbox import Sandbox, Service
from testbed import registry
from testbed.images import WebImage

V1, V2 = WebImage("v1"), WebImage("v2")


def prepare(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_prepare", name=service.name, **options)


def digest_of(sandbox: Sandbox, image: str) -> str:
    digest: str = sandbox.client.inspect_distribution(image)["Descriptor"]["digest"]
    return digest


def test_prepared_update_needs_no_registry(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, V2)
    service, digest = sandbox.service(image), digest_of(sandbox, image)
    before = sandbox.inspect(service.name)
    with PollingClient(service.port) as polling_client:
        result = prepare(service, image_digest=digest, pull="missing")
    assert polling_client.distinct_pages == ["v1"]
    assert (result["changed"], result["outcome"], result["doubt"]) == (True, "recreated", None)
    assert result["image"]["new"]["digest"] == digest
    now = sandbox.inspect(service.name)
    assert (now["Id"], now["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert sandbox.client.inspect_image(image)["Id"] == before["Image"], "no tag was moved"
    again = prepare(service, image_digest=digest, pull="missing")
    assert (again["changed"], again["outcome"]) == (False, "recreated")
    updated = run_module("container_recreate", name=service.name, image_digest=digest, pull="never", poll_interval=0.2)
    assert (updated["outcome"], fetch(service.port)) == ("recreated", "v2")


def test_prepare_fails_where_the_update_would_be_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, V2), HostConfig={"AutoRemove": True})
    result = prepare(service)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "preflight")
    assert fetch(service.port) == "v1"
    assert "not found" in prepare(service, image=f"{registry.ADDRESS}/evenkeel/nothing-here:1")["msg"].lower()
