# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode on the fake engine. Each helper asserts that nothing was changed."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate
from support.fakes.engine import FakeEngine, FakeJournal, fake_context, fake_lock
from support.fakes.host import FakeHost

READS = ("inspect", "published", "local_image", "image_with_id", "surroundings", "changes:", "probe:")


def check_web(engine: FakeEngine, memory: FakeJournal | None = None, lock: RunLock | None = None, **request: t.Any) -> CycleResult:
    before = (engine.names, copy.deepcopy(engine.local))
    engine.calls.clear()
    try:
        wanted = RecreateRequest(**{"container": "web", **request})
        return check_recreate(fake_context(engine, memory), lock or fake_lock(), wanted)
    finally:
        assert all(call.startswith(READS) for call in engine.calls), engine.calls
        assert (engine.names, engine.local) == before


def check_host(host: FakeHost, work: t.Any = check_recreate, dead: t.Iterable[str] = ("killed",)) -> CycleResult:
    host.on_each_call()
    before = copy.deepcopy((host.engine._containers, host.engine.local, host.journal.records, host.memory.records))
    request = RecreateRequest("web") if work is check_recreate else ContainerRequest("web")
    try:
        result: CycleResult = work(fake_context(host.engine, host.memory), host.lock("check", dead=dead), request)
    finally:
        assert (host.engine._containers, host.engine.local, host.journal.records, host.memory.records) == before
    return result
