# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the playbook rolling_update as a user would, and read its report."""

from __future__ import annotations

import enum
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.real.ansible import ANSIBLE, COLLECTIONS

PLAYBOOK = "evenkeel.fleet.rolling_update"


class Ended(enum.IntEnum):
    """Exit codes of ansible-playbook other than 0."""

    HOSTS_FAILED = 2


@dataclass
class Rollout:
    """Runs of the playbook from one folder with the inventory and the user's files. `variables` apply to every run."""

    folder: Path
    variables: Mapping[str, Any]
    collections: str = COLLECTIONS

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.json"

    def command(self, *arguments: str, playbook: str | Path = PLAYBOOK, **variables: Any) -> tuple[str, ...]:
        """Return the command line. `variables` have no role prefix."""
        extra = {f"rolling_update_{name}": value for name, value in {**self.variables, **variables}.items()}
        start = (ANSIBLE / "ansible-playbook", playbook, "-i", self.inventory, "--extra-vars", json.dumps(extra))
        return (*map(str, start), *arguments)

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None, **variables: Any) -> subprocess.Popen[str]:
        """Start the playbook in its own process group."""
        return subprocess.Popen(
            self.command(*arguments, **variables),
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": self.collections,
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "true",
                "ANSIBLE_FORKS": "10",
                "ANSIBLE_PIPELINING": "true",
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the playbook to its end."""
        process = self.start(*arguments, **options)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def reports(self) -> list[dict[str, Any]]:
        """All reports, the oldest first."""
        files = sorted((self.folder / "rolling_update_reports").glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        return [json.loads(file.read_text()) for file in files]

    def report(self) -> dict[str, Any]:
        """The newest report."""
        return self.reports()[-1]

    def outcomes(self) -> dict[str, str]:
        """The outcome of each host in the newest report."""
        return {host["host"]: host["outcome"] for host in self.report()["hosts"]}
