# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback for the benchmark: writes the time of each task, as a line of JSON, to the file in EVENKEEL_LEDGER."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ledger"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        del task, is_conditional
        self._cpu = _cpu_so_far()
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result):
        del result
        wall = time.monotonic() - self._began
        line = json.dumps({"wall": wall, "cpu": _cpu_so_far() - self._cpu})
        with open(os.environ["EVENKEEL_LEDGER"], "a", encoding="utf-8") as ledger:
            ledger.write(line + "\n")


def _cpu_so_far():
    """CPU seconds of this process and its ended children. The worker of a task may still be running when the result arrives."""
    for worker in multiprocessing.active_children():
        worker.join()
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
