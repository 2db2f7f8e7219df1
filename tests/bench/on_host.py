# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run modules as Ansible runs them on a host: the file that Ansible copies there, without the time that Ansible itself needs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.real.ansible import CHECKOUT, COLLECTIONS, TARGET_PYTHON, Run, play, run_playbook

PEERS = CHECKOUT / ".cache/peers"
"""The folder with the collections that we compare with. `make setup-peers` fills it."""

Task = dict[str, Any]


@dataclass(frozen=True)
class OnHost:
    """A module with its options, in the file that Ansible generated."""

    file: Path

    def run(self, *, fails: bool = False) -> dict[str, Any]:
        """Run it in its own process, and return its result. `fails` says whether it must fail."""
        run = subprocess.run((TARGET_PYTHON, self.file), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        result: dict[str, Any] = json.loads(run.stdout)
        if bool(result.get("failed")) is not fails:
            raise AssertionError(f"{self.file.name} returned {result}")
        return result


def keep(folder: Path, tasks: Sequence[Task]) -> list[OnHost]:
    """Run each task once, and keep the file that Ansible generated for it. A task may fail."""
    remote = folder / "remote"
    before = set(remote.glob("*/AnsiballZ_*.py"))
    run = run_tasks([{**task, "ignore_errors": True} for task in tasks], ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_REMOTE_TMP=str(remote))
    files = sorted(set(remote.glob("*/AnsiballZ_*.py")) - before, key=lambda file: file.stat().st_mtime_ns)
    if len(files) != len(tasks):
        raise AssertionError(f"{len(tasks)} tasks left {len(files)} files:\n{run.output}")
    return [OnHost(file) for file in files]


def run_tasks(tasks: Sequence[Task], **environment: str) -> Run:
    """Run tasks on this machine, with our collection and those that we compare with."""
    return run_playbook([play(*tasks)], collections=os.pathsep.join((COLLECTIONS, str(PEERS))), environment=environment)
