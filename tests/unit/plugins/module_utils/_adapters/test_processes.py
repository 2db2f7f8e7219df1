# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell live processes from dead ones. The processes are real."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters import processes
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.processes import LocalProcesses
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Holder

ME = LocalProcesses("unix:///var/run/docker.sock")


def holder_for(pid: int, **differs: object) -> Holder:
    stat = processes._stat(pid)
    assert stat is not None
    return ME.me()._replace(pid=pid, pid_started=stat.started, **differs)


def test_each_run_has_its_own_token() -> None:
    assert LocalProcesses("tcp://127.0.0.1:1").me().token != ME.me().token


@pytest.mark.parametrize(("docker_host", "local"), [("unix:///x.sock", True), ("/x.sock", True), ("tcp://10.0.0.1:2376", False)])
def test_engine_behind_a_socket_is_local(docker_host: str, local: bool) -> None:
    assert LocalProcesses(docker_host).me().local is local


def test_this_process_is_not_dead() -> None:
    assert ME.is_dead(ME.me()) is False


def test_killed_process_is_dead() -> None:
    with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as child:
        holder = holder_for(child.pid)
        assert ME.is_dead(holder) is False
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert ME.is_dead(holder) is True, "a zombie is dead"
    assert ME.is_dead(holder) is True


def test_process_with_a_reused_pid_does_not_count() -> None:
    assert ME.is_dead(ME.me()._replace(pid_started="1")) is True


def test_process_hidden_by_proc_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc can be mounted so that it hides processes of other users."""
    monkeypatch.setattr(processes, "_read", lambda _path: "")
    assert ME.is_dead(ME.me()) is False


@pytest.mark.parametrize(
    ("differs", "dead"),
    [
        ({"boot": "another"}, True),
        ({"boot": "another", "local": False}, None),
        ({"boot": ""}, None),
        ({"pid_namespace": "another"}, None),
    ],
)
def test_process_of_another_boot_or_namespace(differs: dict[str, object], dead: bool | None) -> None:
    """On the engine's machine, another boot ID means a reboot. Otherwise it is unknown whether the process is dead."""
    assert ME.is_dead(holder_for(os.getpid(), **differs)) is dead
