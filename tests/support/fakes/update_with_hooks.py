# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update of the container web with a hook before and after it."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeEngine, FakeJournal, fake_context, fake_lock

HOOKS = Hooks.from_options("backup", "warm up")
"""Their commands in the calls of the engine: `exec:web:backup` and `exec:NEW:warm up`."""


def recreate_with_hooks(engine: FakeEngine, hooks: Hooks = HOOKS, journal: FakeJournal | None = None, **request: t.Any) -> CycleResult:
    return recreate_with_health(
        fake_context(engine),
        fake_lock(journal),
        RecreateRequest("web", **request),
        HealthConfig(health_timeout=1),
        Cleanup(),
        hooks=hooks,
    )
