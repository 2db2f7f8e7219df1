# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read containers from inspect documents."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ContainerRuntimeState,
    EventLog,
    HookResult,
    RuntimeStatus,
    exit_code_of,
    is_active,
    name_of,
    stop_timeout_of,
)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"Status": "running"}, RuntimeStatus.RUNNING),
        ({"Status": "running", "Health": None}, RuntimeStatus.RUNNING),
        ({"Status": "running", "Health": {"Status": "none"}}, RuntimeStatus.RUNNING),
        ({"Status": "running", "Health": {"Status": "starting"}}, RuntimeStatus.STARTING),
        ({"Status": "running", "Health": {"Status": "healthy"}}, RuntimeStatus.HEALTHY),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, RuntimeStatus.UNHEALTHY),
        ({"Status": "running", "Health": {"Status": "from the future"}}, RuntimeStatus.STARTING),
        ({"Status": "paused", "Health": {"Status": "healthy"}}, RuntimeStatus.PAUSED),
        ({"Status": "restarting", "Running": True}, RuntimeStatus.EXITED),
        ({"Status": "exited"}, RuntimeStatus.EXITED),
        ({"Status": "created"}, RuntimeStatus.EXITED),
        ({"Status": "dead"}, RuntimeStatus.EXITED),
    ],
)
def test_status(state: dict[str, Any], status: RuntimeStatus) -> None:
    assert ContainerRuntimeState.from_inspect({"State": state}).status is status


def test_state_from_an_inspect_document() -> None:
    document = {"Name": "/web", "Image": "image", "RestartCount": 2, "State": {"Status": "exited", "ExitCode": 3, "StartedAt": "then"}}
    assert ContainerRuntimeState.from_inspect(document) == ContainerRuntimeState(RuntimeStatus.EXITED, 3, 2, "then", "web", "image")


@pytest.mark.parametrize(("configured", "seconds"), [(None, 10), (0, 0), (-1, -1), (30, 30)])
def test_stop_timeout(configured: int | None, seconds: int) -> None:
    assert stop_timeout_of({"Config": {"StopTimeout": configured}}) == seconds
    assert stop_timeout_of({"Config": {}}) == 10


@pytest.mark.parametrize(("status", "active"), [("running", True), ("restarting", True), ("paused", False), ("exited", False)])
def test_active_container(status: str, active: bool) -> None:
    assert is_active({"State": {"Status": status}}) is active


@pytest.mark.parametrize(("written", "name"), [("/web", "web"), ("web", "web"), (None, "")])
def test_name(written: str | None, name: str) -> None:
    assert name_of({"Name": written}) == name


@pytest.mark.parametrize(("exit_code", "timed_out", "killed"), [(None, True, False), (137, False, True), (1, False, False)])
def test_end_of_a_hook(exit_code: int | None, timed_out: bool, killed: bool) -> None:
    result = HookResult(exit_code, "", 1.0)
    assert (result.timed_out, result.was_killed) == (timed_out, killed)


@pytest.mark.parametrize(
    ("state", "exit_code"),
    [
        ({"Status": "exited", "ExitCode": 3}, 3),
        ({"Status": "exited", "ExitCode": 0}, 0),
        ({"Status": "dead", "ExitCode": 3}, 3),
        ({"Status": "restarting", "Running": True, "ExitCode": 3}, 3),
        ({"Status": "running", "ExitCode": 0}, None),
        ({"Status": "paused", "ExitCode": 0}, None),
        ({"Status": "created", "ExitCode": 0}, None),
        ({"Status": "created", "ExitCode": 127}, 127),
        ({"Status": "exited"}, None),
    ],
)
def test_exit_code_is_that_of_a_process_that_has_ended(state: dict[str, Any], exit_code: int | None) -> None:
    """F-N8"""
    assert exit_code_of(state) == exit_code


@pytest.mark.parametrize(
    ("actions", "was_out_of_memory"),
    [
        (("start", "oom", "die", "start"), True),
        (("start", "oom"), True),
        (("start", "die", "start", "oom", "die"), False),
        (("start", "die"), False),
        ((), False),
    ],
)
def test_only_the_first_process_counts_as_out_of_memory(actions: tuple[str, ...], was_out_of_memory: bool) -> None:
    assert EventLog(actions).was_out_of_memory is was_out_of_memory
