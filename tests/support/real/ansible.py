# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run playbooks as a user would, and return the result of each task as data."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

CHECKOUT = Path(__file__).parents[3]
# Tests can use an installed copy, another ansible-core, and another Python on the target.
COLLECTIONS = os.environ.get("EVENKEEL_COLLECTIONS", str(CHECKOUT / ".cache/collections"))
ANSIBLE = Path(os.environ.get("EVENKEEL_ANSIBLE", Path(sys.executable).parent))
TARGET_PYTHON = os.environ.get("EVENKEEL_TARGET_PYTHON", sys.executable)

Play = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """A user, a working directory and the collections to take modules from. `prefix` is the command that switches to the user."""

    prefix: tuple[str, ...] = ()
    cwd: str | None = None
    collections: str = COLLECTIONS


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook: its exit status, what it printed, and what each task returned, in order, with `failed` set."""

    status: int
    output: str
    results: list[dict[str, Any]]


def play(*tasks: dict[str, Any]) -> Play:
    return {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}


def run_playbook(
    plays: list[Play] | Path,
    *arguments: str,
    python: str = TARGET_PYTHON,
    caller: Caller = Caller(),
    collections: str = COLLECTIONS,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run plays, or a playbook, on this machine, with `python` as the target's interpreter.

    `arguments` are passed to ansible-playbook, `collections` is the path of the collection, `environment` overrides the environment.
    """
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        results.touch()
        for shared in (folder, results):
            os.chmod(shared, 0o777)  # noqa: S103 - the caller may be another user
        if isinstance(plays, list):
            playbook = Path(folder, "playbook.yml")
            playbook.write_text(json.dumps(plays))  # JSON is also YAML.
        else:
            playbook = plays
        run = subprocess.run(
            (*caller.prefix, ANSIBLE / "ansible-playbook", "--extra-vars", f"ansible_python_interpreter={python}", *arguments, playbook),
            cwd=caller.cwd,
            env=_environment(
                **{
                    "ANSIBLE_HOME": f"{folder}/ansible",
                    "ANSIBLE_REMOTE_TMP": f"{folder}/remote",
                    "ANSIBLE_COLLECTIONS_PATH": collections,
                    "EVENKEEL_RESULTS": str(results),
                    **(environment or {}),
                }
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(run.returncode, run.stdout, [json.loads(line) for line in results.read_text().splitlines()])


def run_module(module: str, /, *, python: str = TARGET_PYTHON, **options: Any) -> dict[str, Any]:
    """Run one module of this collection in one task and return its result."""
    run = run_playbook([play({"name": module, f"evenkeel.fleet.{module}": options})], python=python)
    if len(run.results) != 1:
        raise AssertionError(f"no result; ansible-playbook printed:\n{run.output}")
    return run.results[0]


def ansible_doc(*arguments: str) -> str:
    """Return the output of ansible-doc."""
    return subprocess.run(
        (ANSIBLE / "ansible-doc", *arguments),
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, "ANSIBLE_NOCOLOR": "1"},
        text=True,
        check=True,
        capture_output=True,
    ).stdout


def documentation(module: str) -> dict[str, Any]:
    """Return the documentation of one module of this collection as data."""
    name = f"evenkeel.fleet.{module}"
    found: dict[str, Any] = json.loads(ansible_doc("--json", name))[name]
    return found


def run_module_here(module: ModuleType, /, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Run a module of this collection in this process and return its result. It takes a tenth of the time of a playbook."""
    printed = io.StringIO()
    warnings._global_warnings.clear()  # Ansible collects them per process, so those of the module that ran before would be returned too.
    arguments = {**options, "_ansible_check_mode": check_mode}
    # Once this process has imported code of the controller, Ansible would print warnings instead of returning them.
    on_target = mock.patch.object(_internal, "is_controller", new=False)
    with on_target, patch_module_args(arguments), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        module.main()
    returned: dict[str, Any] = json.loads(printed.getvalue().splitlines()[-1])
    return {"failed": False, **returned}


def _environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "ANSIBLE_CALLBACKS_ENABLED": "results",
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }
