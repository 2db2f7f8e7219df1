# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback for tests: writes what each task returned, a line of JSON each, to the file that EVENKEEL_RESULTS names."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        self._write(result, failed=False)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        del ignore_errors
        self._write(result, failed=True)

    def v2_runner_on_unreachable(self, result):
        self._write(result, failed=True)

    def _write(self, result, failed):
        returned = result.result if hasattr(result, "result") else result._result
        with open(os.environ["EVENKEEL_RESULTS"], "a", encoding="utf-8") as results:
            results.write(json.dumps({**returned, "failed": failed}, default=str) + "\n")
