# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user meets: the documentation, its examples, and the habits that work with every other module."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from support.real.ansible import CHECKOUT, COLLECTIONS, Run, ansible_doc, documentation, play, run_playbook
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox
from testbed.images import STANDARD, WebImage, reference
from testbed.secured_registry import SecuredRegistry

pytestmark = pytest.mark.installed

MODULES = ["container_finalize", "container_prepare", "container_recreate", "container_rollback", "container_update_info"]
RUN_ELSEWHERE = ("what_is_outdated.md", "rolling_update.md")
"""Guides whose examples test_update_info.py and the tests of rollouts run."""


def documented_tasks() -> list[Any]:
    """The examples of container_recreate, and the tasks in the guides to it."""
    texts = [documentation("container_recreate")["examples"]]
    for guide in sorted((CHECKOUT / "docs").glob("*.md")):
        if guide.name in RUN_ELSEWHERE:
            continue
        texts += re.findall(r"^```yaml\n(.*?)^```", guide.read_text(), re.MULTILINE | re.DOTALL)
    return [pytest.param(task, id=task["name"]) for text in texts for task in yaml.safe_load(text)]


def run_documented(sandbox: Sandbox, task: dict[str, Any], image: str, registry: SecuredRegistry) -> Run:
    """Run it with containers of this test in place of those in the text, on `image`, which has moved in the registry.

    `registry` stands in for the one that wants credentials.
    """
    text = json.dumps(task).replace("nginx:1.29-alpine", image)
    digest = sandbox.client.inspect_distribution(image)["Descriptor"]["digest"]
    if "registry.example.com/shop/web:2" in text:
        text = text.replace("registry.example.com/shop/web:2", published_there(sandbox, image.rsplit(":", 1)[0], digest, registry))
    for suffix in ("web", "cache"):
        service = sandbox.service(image, suffix)
        text = text.replace(f'"{suffix}"', f'"{service.name}"')
        if suffix == "web":
            text = text.replace("http://127.0.0.1:8080/", f"http://127.0.0.1:{service.port}/")
    known = registry.credentials
    assert known
    variables = {"tested_digest": digest, "registry_username": known.username, "registry_password": known.password}
    return run_playbook([{**play(json.loads(text)), "vars": variables}])


def published_there(sandbox: Sandbox, repository: str, digest: str, registry: SecuredRegistry) -> str:
    """Copy an image to another registry, and give its reference there."""
    sandbox.client.pull(repository, tag=digest)
    sandbox._images.add(f"{repository}@{digest}")
    reference = registry.publish(sandbox.client, f"{repository}@{digest}", f"{sandbox.prefix}/web:2")
    sandbox._images.add(reference)
    return reference


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_listed_and_can_be_read(module: str) -> None:
    assert f"evenkeel.fleet.{module}" in ansible_doc("--list", "evenkeel.fleet")
    assert documentation(module)["doc"]["filename"].startswith(COLLECTIONS)
    text = ansible_doc(f"evenkeel.fleet.{module}")
    for part in ("OPTIONS", "EXAMPLES", "RETURN VALUES", "ATTRIBUTES", "SEE ALSO", "REQUIREMENTS"):
        assert part in text


@pytest.mark.parametrize("task", documented_tasks())
def test_every_example_runs(sandbox: Sandbox, task: dict[str, Any], password_registry: SecuredRegistry) -> None:
    run = run_documented(sandbox, task, sandbox.moved_tag(WebImage("v1"), WebImage("v2")), password_registry)
    assert run.status == 0, run.output
    assert run.results
    assert any(result["changed"] for result in run.results)
    assert "The hook" not in run.output, "a hook that fails is only a warning"
    assert [name for name in sandbox.containers if "-old-" not in name] == [f"{sandbox.prefix}-cache", f"{sandbox.prefix}-web"]


def test_the_examples_of_container_rollback_run(sandbox: Sandbox) -> None:
    """An image that is not rejected is tried again."""
    update, rollback_to_archive, without_rejecting, and_keep = yaml.safe_load(documentation("container_rollback")["examples"])
    service = sandbox.service(reference("v1"))
    updates = [json.loads(json.dumps(update).replace("nginx:1.29-alpine", reference(tag))) for tag in ("v2", "v2", "v3-late")]
    pairs = zip(updates, (without_rejecting, rollback_to_archive, and_keep), strict=True)
    tasks = json.loads(json.dumps([task for pair in pairs for task in pair]).replace('"web"', f'"{service.name}"'))
    run = run_playbook([play(*tasks)])
    assert [result["outcome"] for result in run.results] == ["recreated", "restored"] * 3, run.output
    assert sandbox.inspect(service.name)["Id"] == service.id


@pytest.mark.parametrize("task", [task for task in documented_tasks() if "check_mode" not in json.dumps(task.values)])
def test_no_example_ignores_a_failure(sandbox: Sandbox, task: dict[str, Any], password_registry: SecuredRegistry) -> None:
    run = run_documented(sandbox, task, sandbox.moved_tag(WebImage("v1"), STANDARD["v3-crashes"]), password_registry)
    assert run.status == 2, run.output
    assert "cannot read /etc/web.conf" in run.output


def test_module_defaults_of_the_action_group_apply(sandbox: Sandbox) -> None:
    tasks = play({"evenkeel.fleet.container_recreate": {"name": sandbox.prefix}})
    run = run_playbook([{**tasks, "module_defaults": {"group/evenkeel.fleet.docker": {"docker_host": "unix:///from/the/defaults.sock"}}}])
    assert "unix:///from/the/defaults.sock" in run.results[0]["msg"]


def test_environment_of_the_task_applies(sandbox: Sandbox) -> None:
    tasks = play({"evenkeel.fleet.container_recreate": {"name": sandbox.prefix}})
    run = run_playbook([{**tasks, "environment": {"DOCKER_HOST": "unix:///from/the/environment.sock"}}])
    assert "unix:///from/the/environment.sock" in run.results[0]["msg"]


@pytest.mark.behaviour("J1")
def test_check_mode_of_a_playbook_changes_nothing(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    tasks = play({"evenkeel.fleet.container_recreate": {"name": service.name, "image": reference("v2")}})
    run = run_playbook([{**tasks, "check_mode": True}])
    assert run.status == 0
    assert (run.results[0]["changed"], run.results[0]["outcome"]) == (True, "recreated")
    assert sandbox.inspect(service.name)["Id"] == service.id
    assert fetch(service.port) == "v1"


def test_failure_is_printed_legibly(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    run = run_playbook([play({"evenkeel.fleet.container_recreate": {"name": service.name, "image": reference("v3-crashes")}})])
    assert run.status == 2
    assert "was rolled back and runs" in run.output
    assert "cannot read /etc/web.conf" in run.output
    assert "Traceback" not in run.output
