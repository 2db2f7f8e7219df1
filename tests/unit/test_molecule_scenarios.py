# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario without hosts fails (F-P1)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.playbook.molecule_scenarios import FOLDER
from support.real.ansible import run_playbook

PLAYBOOKS = sorted(playbook for name in ("converge.yml", "verify.yml") for playbook in FOLDER.glob(f"*/{name}"))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: f"{playbook.parent.name}/{playbook.name}")
def test_playbook_requires_hosts_first(playbook: Path) -> None:
    first = yaml.safe_load(playbook.read_text())[0]
    assert first.get("ansible.builtin.import_playbook") == "../shared/hosts.yml"


def test_scenario_without_hosts_fails() -> None:
    run = run_playbook(FOLDER / "all_good/verify.yml")
    assert run.status == 2
    assert "this scenario would test nothing" in run.output
