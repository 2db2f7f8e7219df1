# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of the collection as Ansible does: in its own process, with its arguments as JSON on standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from testbed.packages import unpacked

from . import images
from .scenario import Task
from .story import Result

# Short enough for many rounds, and long enough for a busy machine.
_OPTIONS = {"poll_interval": 0.2, "health_timeout": 20, "timeout": 30, "lock_timeout": 30}
_GRACE_PERIOD = 1.5
_LONGEST = 180
"""Seconds after which a run counts as stuck."""


# libfaketime breaks time.sleep() of Python 3.11 and later, but not the waiting of threads.
_LAUNCH_WITH_SHIFTED_CLOCK = """
import runpy, sys, threading, time
time.sleep = lambda seconds: threading.Event().wait(seconds)
runpy.run_module(sys.argv.pop(), run_name="__main__")
"""


@dataclass(frozen=True)
class Output:
    """What a run returned, or None if it was killed, and everything that it printed."""

    result: Result | None
    printed: str


def options_of(task: Task, name: str, host: str) -> dict[str, Any]:
    options: dict[str, Any] = {**_OPTIONS, "grace_period": _GRACE_PERIOD, "name": name, "docker_host": host}
    if task.module == "container_recreate":
        options["image"] = images.reference(task.image)
    if task.hooks:
        options["hooks"] = {"pre_update": "true", "post_update": "true"}
    if task.module == "container_finalize":
        options = {name: options[name] for name in ("name", "docker_host", "timeout", "lock_timeout")}
    return {**options, **dict(task.options)}


def start(task: Task, name: str, host: str, collections: str) -> subprocess.Popen[str]:
    """Start a module on the container `name`, with the modules in `collections`."""
    launch = ("-c", _LAUNCH_WITH_SHIFTED_CLOCK) if task.clock else ("-m",)
    process = subprocess.Popen(
        (sys.executable, *launch, f"ansible_collections.evenkeel.fleet.plugins.modules.{task.module}"),
        env={**os.environ, **_clock(task.clock), "PYTHONPATH": collections},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options_of(task, name, host)}))
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str]) -> Output:
    """Wait for a module. A module that is stuck is killed, and its result says so."""
    try:
        printed, _nothing = process.communicate(timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        return Output({"failed": True, "stuck": True, "msg": f"no result within {_LONGEST} s"}, process.communicate()[0])
    if process.returncode < 0:
        return Output(None, printed)
    return Output(result_in(printed), printed)


def result_in(printed: str) -> Result:
    """The JSON document that a module printed. Anything else is an unhandled error."""
    for line in reversed(printed.splitlines()):
        if line.startswith("{"):
            return {"failed": False, **json.loads(line)}
    return {"failed": True, "traceback": True, "msg": printed}


def _clock(ahead: int) -> dict[str, str]:
    """The environment that shifts the clock of a process, but not the time that it measures."""
    if not ahead:
        return {}
    (library,) = (unpacked("libfaketime") / "usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{ahead:+d}s", "DONT_FAKE_MONOTONIC": "1"}
