# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a rollback the same image is not tried again, and nobody else picks it up by accident."""

from __future__ import annotations

from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed.images import WebImage, shell

V1 = WebImage("v1")
BROKEN = WebImage("v3", command=shell("exit 3"))


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, poll_interval=0.2, **options)


@pytest.mark.behaviour("A21", "A22")
def test_rejected_image_is_skipped_until_there_is_a_newer_one(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, BROKEN)
    service = sandbox.service(image)
    old_image = sandbox.inspect(service.id)["Image"]
    assert recreate(service)["outcome"] == "rolled_back"
    assert sandbox.client.inspect_image(image)["Id"] == old_image
    started = sandbox.inspect(service.id)["State"]["StartedAt"]

    again = recreate(service)
    assert (again["outcome"], again["changed"], again["failed"]) == ("skipped", False, False)
    assert again["rejected"]["reason"].startswith("crashed: ")
    assert again["rejected"]["digest"] == again["image"]["new"]["digest"]
    assert "was not updated" in again["msg"]
    assert sandbox.inspect(service.id)["State"]["StartedAt"] == started
    assert sandbox.client.inspect_image(image)["Id"] == old_image

    sandbox.image("latest", WebImage("v4"))
    newer = recreate(service)
    assert newer["outcome"] == "recreated"
    assert fetch(service.port) == "v4"
    assert sandbox.memory == []


@pytest.mark.behaviour("A21")
def test_force_tries_a_rejected_image_again(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    recreate(service)
    assert recreate(service, force=True)["outcome"] == "rolled_back"
    assert recreate(service)["outcome"] == "skipped"


def test_command_in_the_message_forgets_the_rejection(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    recreate(service)
    command = recreate(service)["msg"].rsplit(": ", 1)[1].split()
    assert command[:3] == ["docker", "volume", "rm"]
    sandbox.client.remove_volume(command[3])
    assert recreate(service)["outcome"] == "rolled_back"


@pytest.mark.behaviour("A22")
def test_other_tag_of_the_rejected_image_is_kept(sandbox: Sandbox) -> None:
    """The container follows shop:1. That shop:2 is bad does not make it another image."""
    old, bad = sandbox.image("1", V1), sandbox.image("2", BROKEN)
    service = sandbox.service(old)
    before = {tag: sandbox.client.inspect_image(tag)["Id"] for tag in (old, bad)}
    assert recreate(service, image=bad)["outcome"] == "rolled_back"
    assert {tag: sandbox.client.inspect_image(tag)["Id"] for tag in (old, bad)} == before
    assert recreate(service, image=bad)["outcome"] == "skipped"


@pytest.mark.behaviour("A22")
def test_tag_that_another_container_uses_is_kept(sandbox: Sandbox) -> None:
    """The image is bad for one container only. To give the tag back would take the other one back with it."""
    image = sandbox.moved_tag(V1, WebImage("v2"))
    picky = sandbox.service(
        image, "picky", wait=False, Healthcheck={"Test": ["CMD-SHELL", "test $(cat /www/index.html) = v1"], "Interval": 10**9}
    )
    content = sandbox.service(image, "content")
    assert recreate(content)["outcome"] == "recreated"
    result = recreate(picky, health_timeout=3)
    assert result["outcome"] == "rolled_back"
    assert f"because {content.name} runs that image under it" in result["warnings"][0]
    assert recreate(content, pull="never")["outcome"] == "unchanged"
    assert recreate(picky)["outcome"] == "skipped"


def test_successful_update_forgets_the_rejection(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    recreate(service)
    assert sandbox.memory == [f"evenkeel-rejected.{service.name}"]
    sandbox.image("latest", WebImage("v4"))
    recreate(service)
    assert sandbox.memory == []
