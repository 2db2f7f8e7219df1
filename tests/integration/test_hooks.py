# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's commands in the container, before the stop and after the gate."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.docker_ops import SdkDockerOps
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Conflict, EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import HookRun
from support.real.ansible import play, run_module, run_playbook
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service, wait_for
from testbed.images import WebImage, reference


def recreate(service: Service, **options: Any) -> dict[str, Any]:
    return run_module("container_recreate", name=service.name, **{"poll_interval": 0.2, "image": reference("v2"), **options})


def assert_never_stopped(sandbox: Sandbox, service: Service, before: dict[str, Any], result: dict[str, Any]) -> None:
    after = sandbox.inspect(service.name)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "pre_update")
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert sandbox.containers == [service.name]
    assert sandbox.journal == []
    assert fetch(service.port) == "v1"


@pytest.fixture
def service(sandbox: Sandbox) -> Service:
    """With a volume, and a variable that only its own environment has."""
    return sandbox.service(reference("v1"), Env=["BACKUP=/data/backup"], Volumes={"/data": {}})


@pytest.mark.behaviour("C9")
def test_failed_backup_keeps_the_container_running(sandbox: Sandbox, service: Service) -> None:
    before = sandbox.inspect(service.id)
    result = recreate(service, hooks={"pre_update": "echo 'no room for a backup' >&2; exit 3", "post_update": "touch /data/updated"})
    assert_never_stopped(sandbox, service, before, result)
    assert result["hooks"]["pre_update"]["exit_code"] == 3
    assert result["hooks"]["pre_update"]["output"] == "no room for a backup\n"
    assert result["hooks"]["post_update"] is None
    assert "exit code 3" in result["msg"]
    assert "Nothing was stopped" in result["msg"]


@pytest.mark.behaviour("C9")
def test_hooks_run_before_the_stop_and_after_the_health_gate(sandbox: Sandbox, service: Service) -> None:
    """Each in its own container, with that one's files and environment; the time of the first is no downtime."""
    result = recreate(
        service,
        hooks={
            "pre_update": 'cat /www/index.html > "$BACKUP" && sleep 3 && echo saved',
            "post_update": ["cat", "/data/backup", "/www/index.html"],
        },
    )
    assert result["outcome"] == "recreated"
    before, after = result["hooks"]["pre_update"], result["hooks"]["post_update"]
    assert (before["exit_code"], before["output"], before["timed_out"]) == (0, "saved\n", False)
    assert (after["exit_code"], after["output"], after["timed_out"]) == (0, "v1\nv2\n", False)
    assert before["seconds"] >= 3
    assert result["downtime_seconds"] < 3
    names = [step["name"] for step in result["steps"]]
    assert names.index("lock") < names.index("pre_update") < names.index("stop")
    assert names.index("health_gate") < names.index("post_update") < names.index("cleanup")
    assert sandbox.journal == []


def test_hook_that_takes_too_long_fails(sandbox: Sandbox, service: Service) -> None:
    before = sandbox.inspect(service.id)
    result = recreate(service, hooks={"pre_update": "echo begun; sleep 600", "timeout": 1.5})
    assert_never_stopped(sandbox, service, before, result)
    hook = result["hooks"]["pre_update"]
    assert (hook["exit_code"], hook["timed_out"], hook["output"]) == (None, True, "begun\n")
    assert hook["seconds"] < 30
    assert "may still be running" in result["msg"]


def test_container_that_pre_update_stops_is_started_again(sandbox: Sandbox, service: Service) -> None:
    result = recreate(service, hooks={"pre_update": "kill 1; sleep 5"})
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, True, "pre_update")
    assert "was restarted" in result["msg"]
    assert (sandbox.inspect(service.name)["Id"], sandbox.containers, sandbox.journal) == (service.id, [service.name], [])
    wait_for(lambda: fetch(service.port) == "v1", "the old page")


def test_container_that_stops_shortly_after_pre_update_is_started_again(service: Service) -> None:
    """Whether it has ended when it is looked at again, or is just about to, is chance."""
    result = recreate(service, hooks={"pre_update": "kill 1"})
    version = "v1" if result["failed"] else "v2"
    wait_for(lambda: fetch(service.port) == version, f"the page of {version}")


def test_container_that_post_update_stops_is_started_again(service: Service) -> None:
    result = recreate(service, hooks={"post_update": "kill 1; sleep 5"})
    assert (result["failed"], result["outcome"]) == (False, "recreated")
    assert [warning for warning in result["warnings"] if "was restarted" in warning]
    wait_for(lambda: fetch(service.port) == "v2", "the new page")


def test_failed_post_update_keeps_the_update(sandbox: Sandbox, service: Service) -> None:
    result = recreate(service, hooks={"post_update": "echo oops; exit 4"})
    assert (result["failed"], result["outcome"]) == (False, "recreated")
    assert result["hooks"]["post_update"]["exit_code"] == 4
    assert len(result["warnings"]) == 1
    assert "The hook post_update failed" in result["warnings"][0]
    assert "The update was not undone" in result["warnings"][0]
    assert fetch(service.port) == "v2"
    assert sandbox.containers == [service.name]


def test_post_update_does_not_run_after_a_rollback(sandbox: Sandbox, service: Service) -> None:
    result = recreate(service, image=reference("v3-crashes"), hooks={"pre_update": "echo saved", "post_update": "touch /data/updated"})
    assert result["outcome"] == "rolled_back"
    assert result["hooks"]["pre_update"]["output"] == "saved\n"
    assert result["hooks"]["post_update"] is None
    assert sandbox.ask(service.name, "sh", "-c", "test -e /data/updated || echo no") == "no"


def test_hooks_do_not_run_when_nothing_is_replaced(service: Service) -> None:
    result = recreate(service, image=reference("v1"), hooks={"pre_update": "exit 1", "post_update": "exit 1"})
    assert (result["outcome"], result["hooks"]) == ("unchanged", {"pre_update": None, "post_update": None})


def test_hooks_do_not_run_in_a_stopped_container(sandbox: Sandbox, service: Service) -> None:
    sandbox.client.stop(service.id, timeout=5)
    result = recreate(service, hooks={"pre_update": "exit 1", "post_update": "exit 1"})
    assert (result["outcome"], result["hooks"]) == ("recreated", {"pre_update": None, "post_update": None})


def test_invalid_hook_is_refused(service: Service) -> None:
    assert "hooks.pre_update must be" in recreate(service, hooks={"pre_update": ["sleep", 1]})["msg"]


def test_run_killed_during_pre_update_is_started_over_by_the_next(sandbox: Sandbox, service: Service) -> None:
    """Nothing was changed, so the next run does not stop the container to bring it back; it goes on with its own hook and update."""
    before = sandbox.inspect(service.id)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_playbook, [play(task(service, pre_update="touch /data/begun; sleep 600"))])
        wait_for(lambda: sandbox.run_in(service.id, "sh", "-c", "test -e /data/begun && echo yes") == "yes", "the hook")
        os.kill(holder_of_lock(sandbox), signal.SIGKILL)
        assert first.result().status == 2
    assert sandbox.journal
    failed = recreate(service, hooks={"pre_update": "false"})
    assert_never_stopped(sandbox, service, before, failed)
    result = recreate(service, hooks={"pre_update": "true"})
    assert (result["outcome"], result.get("warnings", [])) == ("recreated", [])
    assert sandbox.journal == []


def task(service: Service, **hooks: Any) -> dict[str, Any]:
    return {"name": "Update", "evenkeel.fleet.container_recreate": {"name": service.name, "image": reference("v2"), "hooks": hooks}}


def holder_of_lock(sandbox: Sandbox) -> int:
    """The process that is at work on the container of this scene."""
    (lock,) = sandbox.journal
    entry = json.loads(sandbox.client.inspect_volume(lock)["Labels"][JOURNAL_LABEL])
    pid: int = entry["holder"]["pid"]
    return pid


@pytest.fixture(scope="module")
def container(client: docker.APIClient) -> Iterator[str]:
    """Without a shell where shells are."""
    sandbox = Sandbox(client)
    image = sandbox.image("shell-less", WebImage("v1"), push=False)
    script = "/bin/busybox rm /bin/sh; exec /bin/busybox sleep 600"
    yield sandbox.container("shell-less", image, Cmd=["/bin/busybox", "sh", "-c", script])
    sandbox.clean_up()


class TestRunIn:
    """What the edge makes of the engine's answers, without Ansible around it."""

    def run(self, client: docker.APIClient, container: str, *command: str, timeout: float = 20) -> HookRun:
        return SdkDockerOps(client, SystemClock()).run_in(container, command, timeout)

    def shell(self, client: docker.APIClient, container: str, script: str, timeout: float = 20) -> HookRun:
        return self.run(client, container, "/bin/busybox", "sh", "-c", script, timeout=timeout)

    def test_result_has_both_streams_and_the_exit_code(self, client: docker.APIClient, container: str) -> None:
        run = self.shell(client, container, "echo out; echo err >&2; exit 7")
        assert (run.exit_code, sorted(run.output.split())) == (7, ["err", "out"])

    def test_child_process_that_keeps_the_output_open_is_not_waited_for(self, client: docker.APIClient, container: str) -> None:
        began = time.monotonic()
        run = self.shell(client, container, "echo begun; /bin/busybox sleep 300 &")
        assert run == HookRun(0, "begun\n")
        assert time.monotonic() - began < 10

    def test_command_that_closes_its_output_is_waited_for(self, client: docker.APIClient, container: str) -> None:
        assert self.shell(client, container, "echo gone; exec >&- 2>&-; /bin/busybox sleep 1; exit 5") == HookRun(5, "gone\n")

    def test_end_of_a_long_output_is_kept(self, client: docker.APIClient, container: str) -> None:
        run = self.shell(client, container, "i=0; while test $i -lt 30000; do echo line $i; i=$((i+1)); done")
        assert run.exit_code == 0
        assert run.output.endswith("line 29998\nline 29999\n")
        assert 10_000 < len(run.output) <= 64 * 1024

    def test_binary_output_is_replaced(self, client: docker.APIClient, container: str) -> None:
        assert self.shell(client, container, r"/bin/busybox printf '\377ok'").output == "\N{REPLACEMENT CHARACTER}ok"

    def test_missing_program_is_an_error(self, client: docker.APIClient, container: str) -> None:
        with pytest.raises(EngineError, match="no such file or directory"):
            self.run(client, container, "/bin/sh", "-c", "true")

    def test_stopped_container_is_an_error(self, client: docker.APIClient, sandbox: Sandbox) -> None:
        with pytest.raises(Conflict):
            self.run(client, sandbox.container("created", reference("v1"), start=False), "true")


def test_hook_in_a_container_without_a_shell(sandbox: Sandbox, service: Service) -> None:
    sandbox.run_in(service.id, "/bin/busybox", "mv", "/bin/sh", "/bin/gone")
    before = sandbox.inspect(service.id)
    result = recreate(service, hooks={"pre_update": "true"})
    assert_never_stopped(sandbox, service, before, result)
    assert "/bin/sh" in result["msg"]
    assert "A hook given as a string needs /bin/sh in the container" in result["msg"]
    assert "hooks" not in result
