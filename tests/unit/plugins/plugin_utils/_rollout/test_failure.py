# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a module failed on a host."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.last_words import WHAT_FAILED
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import RollbackReason
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.failure import failure_of, why, words_of

FAILED = {"error": "web exited with code 3", "exit_code": 3, "oom_killed": False, "health_log": [], "logs": ["boom"]}


@pytest.mark.parametrize(
    ("rc", "words"),
    [
        (137, ("killed", "SIGKILL", "out of memory", "dmesg", "next run")),
        (-9, ("killed", "out of memory")),
        (143, ("ended by SIGTERM", "exit status 143", "next run")),
        (139, ("ended by SIGSEGV",)),
        (1, ("ended without a result", "exit status 1", "-vvv")),
        (255, ("ended without a result",)),
        (None, ("ended without a result",)),
    ],
)
def test_module_that_died_is_explained(rc: int | None, words: tuple[str, ...]) -> None:
    """F-N10: Ansible only says that it found no JSON."""
    died = {"failed": True, "rc": rc, "module_stdout": "", "module_stderr": "Killed", "msg": "No start of json char found\nSee stdout"}
    assert all(word in why(died) for word in words)
    assert "json" not in why(died)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"msg": "no\n route"}, "no route"),
        ({}, ""),
        ({"msg": "long", "rollback": {"reason": "crashed", "failure": FAILED}}, "it did not stay up: web exited with code 3"),
        ({"msg": "long", "rollback": {"reason": "from the future", "failure": FAILED}}, "it failed: web exited with code 3"),
        ({"msg": "long", "rollback": {"reason": "crashed"}}, "long"),
        ({"msg": "it needs you", "rollback_failed": True, "rollback": {"reason": "crashed", "failure": FAILED}}, "it needs you"),
        ({"rc": 3, "msg": "a command that failed"}, "a command that failed"),
    ],
)
def test_reason_is_short_unless_the_message_has_commands(result: dict[str, t.Any], reason: str) -> None:
    assert why(result) == reason


@pytest.mark.parametrize("rollback_reason", RollbackReason)
def test_each_reason_of_a_rollback_has_words(rollback_reason: RollbackReason) -> None:
    text = why({"rollback": {"reason": rollback_reason.value, "failure": FAILED}})
    assert text == f"it {WHAT_FAILED[rollback_reason]}: {FAILED['error']}"


def test_failure_of_a_container_is_kept() -> None:
    rollback = {"reason": "crashed", "failure": FAILED}
    assert failure_of({"rollback": rollback}) == {"reason": "crashed", **FAILED}
    assert failure_of({"msg": "no"}) is None


def test_last_words_are_those_of_the_module() -> None:
    assert words_of({"reason": "crashed", **FAILED}) == ["Its last log lines: boom."]
    assert words_of({"reason": "crashed"}) == []
