# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules as they run on a host: the very file that Ansible puts there, run again and again without Ansible's own start."""

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
"""Where `make` puts the collections of others."""

Task = dict[str, Any]


@dataclass(frozen=True)
class OnHost:
    """A module and its options, in the file that Ansible made of them."""

    file: Path

    def run(self, *, fails: bool = False) -> dict[str, Any]:
        """Run it in a process of its own, and return its result. It has to fail or not, as `fails` says."""
        run = subprocess.run((TARGET_PYTHON, self.file), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        result: dict[str, Any] = json.loads(run.stdout)
        if bool(result.get("failed")) is not fails:
            raise AssertionError(f"{self.file.name} returned {result}")
        return result


def keep(folder: Path, tasks: Sequence[Task]) -> list[OnHost]:
    """Run tasks for the first time, and keep what Ansible made of each. Those that fail are passed over."""
    remote = folder / "remote"
    before = set(remote.glob("*/AnsiballZ_*.py"))
    run = run_tasks([{**task, "ignore_errors": True} for task in tasks], ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_REMOTE_TMP=str(remote))
    files = sorted(set(remote.glob("*/AnsiballZ_*.py")) - before, key=lambda file: file.stat().st_mtime_ns)
    if len(files) != len(tasks):
        raise AssertionError(f"of {len(tasks)} tasks {len(files)} files were kept:\n{run.output}")
    return [OnHost(file) for file in files]


def run_tasks(tasks: Sequence[Task], **environment: str) -> Run:
    """Run tasks on this machine, with our collection and those of others at hand."""
    return run_playbook([play(*tasks)], collections=os.pathsep.join((COLLECTIONS, str(PEERS))), environment=environment)
