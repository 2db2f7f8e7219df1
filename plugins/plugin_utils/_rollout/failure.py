# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a module failed on a host, and the last words of a container that failed there."""

from __future__ import annotations

import typing as t

from ...module_utils._core.cycle.last_words import WHAT_FAILED, last_words
from ...module_utils._core.engine.model import Failure as FailedContainer

Result = t.Mapping[str, t.Any]
Failure = t.Dict[str, t.Any]

_DIED = ("module_stdout", "module_stderr")
"""Ansible adds these to the result of a module that ended without one."""

_WHAT_FAILED = {reason.value: what for reason, what in WHAT_FAILED.items()}

_SIGNALS = {1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 6: "SIGABRT", 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}

_OUT_OF_MEMORY = (
    "the module was killed (SIGKILL, exit status 137), as the kernel does when the host runs out of memory. Look with 'dmesg' on the host. "
    "An update that it interrupted is finished or undone by the next run"
)


def why(result: Result) -> str:
    """Return in one line why a module failed: what it says itself, or what ended it."""
    if any(key in result for key in _DIED):
        return _why_it_died(result.get("rc"))
    rollback = result.get("rollback") or {}
    error = (rollback.get("failure") or {}).get("error")
    if error and not result.get("rollback_failed"):
        return one_line(f"it {_WHAT_FAILED.get(rollback.get('reason', ''), 'failed')}: {error}")
    return one_line(result.get("msg"))


def _why_it_died(status: t.Any) -> str:
    number = status - 128 if isinstance(status, int) and status > 128 else -status if isinstance(status, int) and status < 0 else 0
    if _SIGNALS.get(number) == "SIGKILL":
        return _OUT_OF_MEMORY
    if number in _SIGNALS:
        return f"the module was ended by {_SIGNALS[number]} (exit status {status}). The next run finishes or undoes what it began"
    return f"the module ended without a result (exit status {status}). Run it with -vvv to see what it printed"


def failure_of(result: Result) -> Failure | None:
    """Return what is known about a failed container, or None if no container failed."""
    rollback = result.get("rollback")
    if not rollback:
        return None
    known = rollback.get("failure") or {}
    names = ("error", "exit_code", "oom_killed", "health_log", "logs")
    return {"reason": rollback.get("reason"), **{name: known[name] for name in names if name in known}}


def words_of(failure: Failure) -> list[str]:
    """Return the last words of a failed container as sentences."""
    return list(
        last_words(
            FailedContainer(
                error=failure.get("error") or "",
                exit_code=failure.get("exit_code"),
                oom_killed=bool(failure.get("oom_killed")),
                health_log=tuple(failure.get("health_log") or ()),
                logs=tuple(failure.get("logs") or ()),
            )
        )
    )


def one_line(text: t.Any) -> str:
    """Return a text without line breaks."""
    return " ".join(str(text or "").split())
