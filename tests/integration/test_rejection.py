# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a rollback the same image is not tried again, and nobody else picks it up by accident."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import MEMORY_LABEL
from ansible_collections.evenkeel.fleet.plugins.modules import (
    container_prepare,
    container_recreate,
    container_rollback,
    container_update_info,
)
from support.real.ansible import run_module, run_module_here
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed import images
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


@pytest.mark.behaviour("F-N1")
def test_each_run_warns_about_a_rejected_image_or_fails_if_asked_to(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    here = {"name": service.name, "poll_interval": 0.2}
    run_module_here(container_recreate, **here)
    started = sandbox.inspect(service.id)["State"]["StartedAt"]
    for check_mode in (False, False, True):
        skipped = run_module_here(container_recreate, check_mode=check_mode, **here)
        assert (skipped["outcome"], skipped["failed"]) == ("skipped", False)
        assert "set force: true" in str(skipped["warnings"])
        refused = run_module_here(container_recreate, check_mode=check_mode, fail_on_rejected=True, **here)
        assert (refused["failed"], refused["error_class"], refused["changed"]) == (True, "image_rejected", False)
    prepared = run_module_here(container_prepare, name=service.name)
    assert "set force: true" in str(prepared["warnings"])
    assert run_module_here(container_prepare, name=service.name, fail_on_rejected=True)["error_class"] == "image_rejected"
    info = run_module_here(container_update_info, name=[service.name])
    assert (info["containers"][0]["status"], info["failed"]) == ("rejected", False)
    assert "set force: true" in str(info["warnings"])
    assert run_module_here(container_update_info, name=[service.name], fail_on_rejected=True)["failed"]
    assert run_module_here(container_update_info, name=[service.name], fail_on_unknown=True)["failed"] is False
    assert sandbox.inspect(service.id)["State"]["StartedAt"] == started


@pytest.mark.behaviour("F-H7b")
def test_container_with_another_environment_tries_a_rejected_image(sandbox: Sandbox) -> None:
    """The image works once its variable is set. No stored record shows the variable, or a fingerprint that confirms a guess."""
    picky = WebImage("v2", command=shell('test "$MODE" = good || exit 3; httpd -f -p 8080 -h /www'))
    service = sandbox.service(sandbox.moved_tag(V1, picky), Env=["MODE=hunter2"])
    update = {"poll_interval": 0.2, "name": service.name}
    assert run_module_here(container_recreate, **update)["outcome"] == "rolled_back"
    assert run_module_here(container_recreate, **update)["outcome"] == "skipped"
    label = sandbox.client.inspect_volume(sandbox.memory[0])["Labels"][MEMORY_LABEL]
    assert "hunter2" not in label
    assert len(json.loads(label)["configuration"]) == 4
    image = sandbox.inspect(service.id)["Image"]
    sandbox.client.remove_container(service.id, force=True)
    again = sandbox.client.create_container_from_config({"Image": sandbox.client.inspect_image(image)["RepoTags"][0]}, service.name)["Id"]
    sandbox.client.start(again)
    other = sandbox.inspect(again)
    assert run_module_here(container_update_info, name=[service.name])["outdated"] == [service.name]
    assert run_module_here(container_recreate, check_mode=True, **update)["outcome"] == "recreated", other["Config"]["Env"]


@pytest.mark.behaviour("F-H7b")
def test_another_reference_to_a_rejected_image_is_tried(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    run_module_here(container_recreate, name=service.name, poll_interval=0.2)
    other = sandbox.image("other", BROKEN)
    assert run_module_here(container_recreate, name=service.name, image=other, poll_interval=0.2)["outcome"] == "rolled_back"


@pytest.mark.behaviour("F-N3")
def test_rollback_for_another_reason_does_not_reject_the_image(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, WebImage("v2"))
    service = sandbox.service(image)
    old_image = sandbox.inspect(service.id)["Image"]
    update = {"poll_interval": 0.2, "name": service.name}
    assert run_module_here(container_recreate, keep_archive=True, **update)["outcome"] == "recreated"
    assert run_module_here(container_rollback, reject=False, **update)["outcome"] == "restored"
    assert sandbox.memory == []
    assert sandbox.client.inspect_image(image)["Id"] == old_image
    assert run_module_here(container_recreate, **update)["outcome"] == "recreated"


@pytest.mark.behaviour("F-N6")
def test_tag_that_moves_to_an_image_that_another_container_rejected_is_a_warning(sandbox: Sandbox) -> None:
    """The first container fails with the new image, its sidecar takes it under the same tag."""
    service = sandbox.service(sandbox.moved_tag(V1, BROKEN))
    sidecar = sandbox.service(sandbox.inspect(service.id)["Config"]["Image"], "sidecar", Cmd=["sleep", "600"], wait=False)
    assert run_module_here(container_recreate, name=service.name, poll_interval=0.2)["outcome"] == "rolled_back"
    for check_mode in (True, False):
        options = {"poll_interval": 0.2, "grace_period": 1, "stop_timeout": 0, "health_timeout": 1}
        updated = run_module_here(container_recreate, check_mode=check_mode, name=sidecar.name, **options)
        assert f"an image on this host that {service.name} was rolled back from (crashed)" in str(updated["warnings"]), updated


@pytest.mark.behaviour("F-H8")
def test_image_from_the_future_is_used(sandbox: Sandbox) -> None:
    service = sandbox.service(sandbox.image("1", V1, push=False))
    new = sandbox.image("2", WebImage("v2"), push=False)
    images.pretend(sandbox.client, new, created="2099-01-01T00:00:00Z")
    options = {"name": service.name, "image": new, "pull": "never", "poll_interval": 0.2}
    warned = run_module_here(container_recreate, check_mode=True, min_image_age="7d", **options)
    assert (warned["outcome"], "in the future" in str(warned["warnings"])) == ("recreated", True)
    updated = run_module_here(container_recreate, **options)
    assert (updated["outcome"], "future" in str(updated.get("warnings"))) == ("recreated", False)
    assert fetch(service.port) == "v2"
