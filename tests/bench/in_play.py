# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that each task of a play takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from support.real.ansible import Run

from .cost import Cost
from .on_host import Task, run_tasks

_CALLBACKS = Path(__file__).parent / "callbacks"


def run_and_count(folder: Path, tasks: Sequence[Task]) -> tuple[Run, list[Cost]]:
    """Run tasks in one play. Return, in order, the time from start to result of each task that did not fail."""
    ledger = folder / "ledger"
    ledger.unlink(missing_ok=True)
    ledger.touch()
    run = run_tasks(
        tasks,
        EVENKEEL_LEDGER=str(ledger),
        ANSIBLE_CALLBACKS_ENABLED="ledger,results",
        ANSIBLE_CALLBACK_PLUGINS=f"{_CALLBACKS}:{_CALLBACKS.parents[1] / 'support/real/callbacks'}",
    )
    return run, [Cost(**json.loads(line)) for line in ledger.read_text().splitlines()]
