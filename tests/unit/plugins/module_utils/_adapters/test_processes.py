# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who lives, told from real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters import processes as runs
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.processes import LocalProcesses
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Holder

ME = LocalProcesses("unix:///var/run/docker.sock")


def process(pid: int, **differs: object) -> Holder:
    stat = runs._stat(pid)
    assert stat is not None
    return ME.me()._replace(pid=pid, pid_started=stat.started, **differs)


def test_every_run_has_a_token_of_its_own() -> None:
    assert LocalProcesses("tcp://127.0.0.1:1").me().token != ME.me().token


@pytest.mark.parametrize(("docker_host", "local"), [("unix:///x.sock", True), ("/x.sock", True), ("tcp://10.0.0.1:2376", False)])
def test_where_the_engine_is(docker_host: str, local: bool) -> None:
    assert LocalProcesses(docker_host).me().local is local


def test_the_living() -> None:
    assert ME.is_dead(ME.me()) is False


def test_the_dead() -> None:
    with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as child:
        holder = process(child.pid)
        assert ME.is_dead(holder) is False
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert ME.is_dead(holder) is True, "a zombie is dead"
    assert ME.is_dead(holder) is True


def test_a_process_with_the_number_of_a_dead_one() -> None:
    assert ME.is_dead(ME.me()._replace(pid_started="1")) is True


def test_a_process_that_is_hidden_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """/proc can be mounted so that it shows nobody else's."""
    monkeypatch.setattr(runs, "_read", lambda _path: "")
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
def test_of_another_boot_or_name_space(differs: dict[str, object], dead: bool | None) -> None:
    """Next to the same engine, another boot means that the machine was started anew. Otherwise nobody can tell."""
    assert ME.is_dead(process(os.getpid(), **differs)) is dead
