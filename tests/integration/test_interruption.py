# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted run leaves, concurrent runs, and an archive that must not be started."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.faulty_proxy import Fault
from support.real.matrix import CRASH, OLD, SUCCESS, MatrixRunner, UpdatePath, another_caller
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, wait_for
from testbed import engine
from testbed.images import WebImage, reference


def index_of_rename(runner: MatrixRunner) -> int:
    return next(at for at, call in enumerate(runner.calls(SUCCESS)) if call.path.endswith("/rename"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_caller_is_another_user() -> None:
    """Otherwise the kill matrix would not show that anybody can bring to its end what somebody began."""
    caller = another_caller(engine.host())
    identity = subprocess.run((*caller.prefix, "id", "--user", "--name"), cwd=caller.cwd, capture_output=True, text=True, check=True)
    assert identity.stdout == "nobody\n"


def test_outcome_is_recovered_when_nothing_else_had_to_be_done(runner: MatrixRunner) -> None:
    """The image is the one that runs already, so the run that brings the old container back has nothing else to do."""
    with runner.container_under_test() as subject:
        runner.kill(subject, SUCCESS, index_of_rename(runner), Fault.KILL_AFTER)
        assert subject.state_or_none() is None
        result = runner.run(subject, UpdatePath("same image", OLD, "v1"))
        assert (result["outcome"], result["changed"]) == ("recovered", True)
        subject.assert_intact("v1")


def test_container_given_by_id_is_recovered_under_its_own_name(runner: MatrixRunner) -> None:
    with runner.container_under_test() as subject:
        container = subject.state().id
        runner.kill(subject, SUCCESS, index_of_rename(runner), Fault.KILL_AFTER)
        result = run_module("container_recreate", name=container, image=runner.image(SUCCESS.new), pull="never", poll_interval=0.2)
        assert (result["failed"], result["container"]["name"]) == (False, subject.name), result
        subject.assert_intact(SUCCESS.serves)


@pytest.mark.behaviour("F-N2")
def test_run_that_judges_the_bad_image_of_an_interrupted_run_fails(runner: MatrixRunner) -> None:
    """The first run was killed during the gate. The second one finds out that the image is bad."""
    start = next(at for at, call in enumerate(runner.calls(SUCCESS)) if call.path.endswith("/start"))
    with runner.container_under_test() as subject:
        runner.kill(subject, CRASH, start, Fault.KILL_AFTER)
        result = runner.run(subject, CRASH)
        assert (result["failed"], result["outcome"], result["error_class"]) == (True, "skipped", "crashed"), result
        interrupted = result["interrupted_run"]
        assert (interrupted["outcome"], interrupted["rollback"]["failure"]["exit_code"]) == ("rolled_back", 3)
        assert "An earlier run on" in result["msg"]
        subject.assert_intact("v1")
        assert runner.run(subject, CRASH)["failed"] is False, "from now on, a warning is enough"


@pytest.mark.behaviour("F-H4")
def test_new_container_is_started_when_there_is_no_archive_any_more(runner: MatrixRunner) -> None:
    """The run was killed between the create and the start, and the archive was pruned."""
    create = next(at for at, call in enumerate(runner.calls(SUCCESS)) if call.path.endswith("/containers/create"))
    with runner.container_under_test() as subject:
        runner.kill(subject, SUCCESS, create, Fault.KILL_AFTER)
        archive = next(name for name in subject.names if name != subject.name)
        runner.client.remove_container(archive)
        result = runner.run(subject, SUCCESS)
        assert (result["failed"], result["outcome"]) == (False, "recovered"), result
        subject.assert_intact("v2")


def test_foreign_container_with_the_name_is_left_alone(runner: MatrixRunner) -> None:
    with runner.container_under_test(check_overlap=False) as subject:
        runner.kill(subject, SUCCESS, index_of_rename(runner), Fault.KILL_AFTER)
        stranger = runner.client.create_container_from_config({"Image": runner.image(SUCCESS.new)}, subject.name)["Id"]
        runner.client.start(stranger)
        result = runner.run(subject, SUCCESS)
        assert result["failed_step"] == "recover"
        assert f"has taken the name {subject.name}" in result["msg"]
        assert subject.state().id == stranger
        assert subject.state().status == "running"


@pytest.mark.behaviour("A18")
def test_one_of_many_concurrent_runs_recreates(sandbox: Sandbox) -> None:
    """Exactly one recreates. The others wait, and find nothing left to do."""
    service = sandbox.service(sandbox.moved_tag(WebImage("v1"), WebImage("v2")))

    def update(_run: int) -> dict[str, Any]:
        return run_module("container_recreate", name=service.name, poll_interval=0.2)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(update, range(20)))
    outcomes = sorted(result["outcome"] for result in results)
    assert outcomes == ["recreated"] + ["unchanged"] * 19
    assert sandbox.containers == [service.name]
    assert sandbox.journal == []
    assert fetch(service.port) == "v2"


@pytest.mark.parametrize("by", ["name", "id"])
def test_lock_timeout_names_the_holder(sandbox: Sandbox, by: str) -> None:
    service = sandbox.service(sandbox.image("1", WebImage("v1")))
    sick = sandbox.image("2", WebImage("v3", health="false"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_module, "container_recreate", name=service.name, image=sick, health_timeout=8)
        wait_for(lambda: bool(sandbox.journal), "the lock")
        second = run_module("container_recreate", name=getattr(service, by), image=sick, lock_timeout=1)
        assert second["failed_step"] == "lock"
        assert "another run is working on it (process" in second["msg"]
        assert first.result()["outcome"] == "rolled_back"
    assert sandbox.journal == []


def test_kept_archive_has_no_restart_policy(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"), HostConfig={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}})
    result = run_module("container_recreate", name=service.name, image=reference("v2"), keep_archive=True)
    assert sandbox.inspect(result["archive"])["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert sandbox.inspect(service.name)["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 5}
