# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Diff mode tells what changes, as a person reads it, and nothing else changes."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.diff import with_defaults
from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import play, run_module_here, run_playbook
from support.real.sandbox import Sandbox
from testbed import engine
from testbed.images import WebImage, shell

OLD = WebImage(
    "v1", health=None, changes=("ENV VERSION=first-value GONE=gone-value", "LABEL version=1 same=same", "USER 1000", "EXPOSE 81")
)
NEW = WebImage(
    "v2",
    command=shell("trap 'exit 0' TERM; sleep 601 & wait"),
    health="true",
    changes=(
        "ENV VERSION=second-value ADDED=added-value",
        "LABEL version=2 same=same",
        "USER 1001",
        "VOLUME /new",
        "WORKDIR /www",
        'ENTRYPOINT ["/bin/sh", "-c"]',
    ),
)


@pytest.fixture
def secret() -> str:
    return secrets.token_hex()


@pytest.fixture
def settings(secret: str) -> dict[str, Any]:
    """What an operator sets, all of which stays."""
    return {
        "Env": [f"TOKEN={secret}", "MODE=fast"],
        "Labels": {"owner": "me"},
        "Cmd": None,
        "Healthcheck": None,
        "StopTimeout": 3,
        "HostConfig": {
            "Memory": 64 * 2**20,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "ExtraHosts": ["peer:10.0.0.1"],
        },
    }


def playbook(sandbox: Sandbox, *arguments: str, **options: Any) -> tuple[str, dict[str, Any]]:
    task = {"name": "Update", "evenkeel.fleet.container_recreate": {"name": f"{sandbox.prefix}-web", **options}}
    run = run_playbook([play(task)], *arguments)
    assert len(run.results) == 1, run.output
    return run.output, run.results[0]


@pytest.mark.behaviour("J2")
def test_diff_for_a_local_image_shows_every_change(sandbox: Sandbox, settings: dict[str, Any], secret: str) -> None:
    """All that will change is printed, and it is what a run then prints, too."""
    old, new = sandbox.image("old", OLD), sandbox.image("new", NEW)
    sandbox.container("web", old, start=False, **settings)
    output, foretold = playbook(sandbox, "--check", "--diff", image=new)
    assert f"--- before: container {sandbox.prefix}-web\n+++ after: container {sandbox.prefix}-web\n" in output
    for line in (
        f"-        reference: {old}",
        f"+        reference: {new}",
        f"-        id: {sandbox.client.inspect_image(old)['Id']}",
        f"+        id: {sandbox.client.inspect_image(new)['Id']}",
        f"+        digest: {foretold['image']['new']['digest']}",
        "-        GONE: (old value)",
        "-        VERSION: (old value)",
        "+        ADDED: (new value)",
        "+        VERSION: (new value)",
        "-        version: '1'",
        "+        version: '2'",
        "-    user: '1000'",
        "+    user: '1001'",
        "+    working_dir: /www",
        "+    - /new",
    ):
        assert f"\n{line}\n" in output, output
    for value in (secret, "first-value", "second-value", "gone-value", "added-value"):
        assert value not in output
        assert value not in str(foretold)
    for what_stays in ("owner", "same", "TOKEN", "MODE"):
        assert what_stays not in str(foretold["diff"])
    _output, done = playbook(sandbox, "--diff", image=new)
    assert done["diff"] == foretold["diff"]


@pytest.mark.behaviour("J2")
def test_diff_for_a_remote_image_shows_the_reference(sandbox: Sandbox) -> None:
    sandbox.container("web", sandbox.moved_tag(OLD, NEW), start=False)
    output, foretold = playbook(sandbox, "--check", "--diff")
    assert "\n+        id: (not known before the pull)\n" in output, output
    assert "\n+    image_defaults: (not known before the pull)\n" in output
    assert f"\n+        digest: {foretold['image']['new']['digest']}\n" in output
    _output, done = playbook(sandbox, "--diff")
    assert "VERSION" in done["diff"]["after"]["environment"]


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_diff_of_an_unchanged_container_is_empty(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    sandbox.container("web", sandbox.image("same", OLD), start=False)
    output, result = playbook(sandbox, "--diff", *arguments)
    assert (result["outcome"], result["diff"]["before"], result["diff"]["after"]) == ("unchanged", "", "")
    assert "+++" not in output


def test_diff_after_a_rollback_is_empty(sandbox: Sandbox) -> None:
    old, broken = sandbox.image("old", OLD), sandbox.image("broken", WebImage("v3", command=shell("exit 3"), health=None))
    sandbox.container("web", old, Cmd=None)
    output, result = playbook(sandbox, "--diff", image=broken, poll_interval=0.2, stop_timeout=1)
    assert (result["outcome"], result["diff"]["before"], result["diff"]["after"]) == ("rolled_back", "", "")
    assert "+++" not in output


def test_no_diff_without_diff_mode(sandbox: Sandbox) -> None:
    sandbox.container("web", sandbox.moved_tag(OLD, NEW), start=False)
    assert "diff" not in playbook(sandbox, "--check")[1]


@pytest.mark.behaviour("J4")
@pytest.mark.parametrize("own", [{}, {"Cmd": ["mine"]}, {"Entrypoint": ["/bin/sh"]}, {"Entrypoint": [""], "Cmd": ["/bin/sh"]}], ids=str)
def test_diff_shows_every_change_of_the_inspect_document(sandbox: Sandbox, settings: dict[str, Any], own: dict[str, Any]) -> None:
    """The image's defaults give way to those of the new one, as the diff tells. What the operator set stays."""
    old, new = sandbox.image("old", OLD), sandbox.image("new", NEW)
    sandbox.container("web", old, start=False, **{**settings, **own})
    before = sandbox.inspect(f"{sandbox.prefix}-web")
    inspected = Inspected(before, sandbox.client.inspect_image(old))
    told = with_defaults(ContainerSpec.from_inspect(inspected).create_body(new), sandbox.client.inspect_image(new)["Config"])
    assert run_module_here(container_recreate, name=f"{sandbox.prefix}-web", image=new, docker_host=engine.host())["outcome"] == "recreated"
    after = sandbox.inspect(f"{sandbox.prefix}-web")

    assert normal({field: after["Config"].get(field) for field in told}) == normal(told)
    not_told = set(before["Config"]) - set(told) - {"Image", "Hostname"}
    assert {field: after["Config"].get(field) for field in not_told} == {field: before["Config"].get(field) for field in not_told}
    assert after["HostConfig"] == {**before["HostConfig"], "Binds": after["HostConfig"]["Binds"]}
    assert set(settings["Env"]) <= set(after["Config"]["Env"])
    assert settings["Labels"].items() <= after["Config"]["Labels"].items()


def normal(config: dict[str, Any]) -> dict[str, Any]:
    """Without the order of variables, and with one way to say nothing."""
    return {field: (sorted(value) if field == "Env" else value) or None for field, value in config.items()}
