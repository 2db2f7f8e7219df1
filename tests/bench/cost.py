# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that a command takes on this machine."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Wall time and CPU time, in seconds. `cpu` includes all processes of the command."""

    wall: float
    cpu: float


def cost_of(run: Callable[[], object]) -> Cost:
    """Measure `run`. The CPU time is that of the processes which `run` starts and waits for."""
    began, cpu_before = time.monotonic(), _cpu_of_children()
    run()
    return Cost(time.monotonic() - began, _cpu_of_children() - cpu_before)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
