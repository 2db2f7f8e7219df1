# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout writes no secret: neither on the screen nor into a file.

The rollout runs on this machine. Its image prints every variable that it got, and crashes.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from support.playbook.rollout import Ended, Rollout
from support.real.sandbox import Sandbox
from testbed.images import WebImage, shell

PRINTS_ALL_AND_CRASHES = WebImage("v2", command=shell("/bin/busybox env; exit 3"), health=None)


@pytest.fixture
def rollout(sandbox: Sandbox, tmp_path: Path) -> Rollout:
    Path(tmp_path, "inventory.json").write_text(json.dumps({"all": {"hosts": {"here": {"ansible_connection": "local"}}}}))
    return Rollout(tmp_path, {"containers": [{"name": f"{sandbox.prefix}-web", "poll_interval": 0.2, "min_healthy_time": 1}]})


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables of a container whose image was replaced by one that prints them."""
    variables = {"TOKEN": f"token-{secrets.token_hex(6)}", "DATABASE": f"postgres://shop:inurl-{secrets.token_hex(6)}@nowhere/shop"}
    tag = sandbox.moved_tag(WebImage("v1", health=None), PRINTS_ALL_AND_CRASHES)
    sandbox.service(tag, Env=[f"{name}={value}" for name, value in variables.items()])
    return variables


def written_in(folder: Path) -> str:
    """All that a run left in its folder, but for what it was given."""
    return "\n".join(file.read_text() for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith("given"))


@pytest.mark.cores
def test_variables_of_a_container_and_the_registry_password(rollout: Rollout, environment: dict[str, str]) -> None:
    password = f"password-{secrets.token_hex(6)}"
    login = {"rolling_update_registry_username": "robot", "rolling_update_registry_password": password}
    Path(rollout.folder, "given.json").write_text(json.dumps(login))
    log = {"ANSIBLE_LOG_PATH": str(rollout.folder / "ansible.log")}
    run = rollout.run("-vvvv", "--diff", "--extra-vars", "@given.json", environment=log)
    assert run.returncode == Ended.HOSTS_FAILED, run.stdout + run.stderr
    assert rollout.outcomes() == {"here": "rolled_back"}, "the image crashed, so its logs are in the report"
    found = run.stdout + run.stderr + written_in(rollout.folder)
    assert "TOKEN=****" in found, "the image printed its variables"
    planted = (environment["TOKEN"], environment["DATABASE"].split(":")[2].split("@")[0], password)
    assert [secret for secret in planted if secret in found] == []


@pytest.mark.cores
@pytest.mark.parametrize("when", ["pre_tasks", "verify_tasks"])
def test_credentials_in_what_a_task_of_the_user_returned(rollout: Rollout, sandbox: Sandbox, when: str) -> None:
    """On the screen, Ansible shows what the task returned. The report masks it."""
    sandbox.container("web", sandbox.moved_tag(WebImage("v1"), WebImage("v2")))
    in_url = f"inurl-{secrets.token_hex(6)}"
    refusal = f"No answer from https://robot:{in_url}@drain.example/."
    tasks = Path(rollout.folder, "given.yml")
    tasks.write_text(json.dumps([{"name": "Ask", "ansible.builtin.fail": {"msg": refusal}}]))
    run = rollout.run(**{when: str(tasks)})
    assert run.returncode == Ended.HOSTS_FAILED, run.stdout + run.stderr
    written = written_in(rollout.folder)
    assert "No answer from https://" in written
    assert in_url not in written
