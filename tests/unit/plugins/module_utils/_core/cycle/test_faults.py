# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault matrix over whole updates and rollbacks (every package of the core), on the fake engine.

Each call in turn is refused, gets no answer, or is carried out without an answer. No unexpected exception escapes, and the result is true.
"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Repair
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, InvalidInput, NoAnswer, StepFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import CallCounter
from support.fakes.host import DEPENDENTS, FakeHost, updated

Fault = t.Callable[[int], CallCounter]

FAULTS: dict[str, Fault] = {
    "refused": lambda at: CallCounter(at, EngineError("no")),
    "not delivered": lambda at: CallCounter(at, NoAnswer("nobody listens")),
    "no answer": lambda at: CallCounter(at, NoAnswer("the connection broke"), after=True),
}


def updated_with_a_bad_archive() -> FakeHost:
    host = updated()
    host.make_the_archive_fail()
    return host


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(
    ("make", "run", "before", "after"),
    [
        (FakeHost, FakeHost.recreate, "old", "new"),
        (lambda: FakeHost(bad=True), FakeHost.recreate, "old", "old"),
        (updated, FakeHost.rollback_to_archive, "new", "old"),
        (updated_with_a_bad_archive, FakeHost.rollback_to_archive, "new", "new"),
    ],
    ids=["update", "bad update", "rollback", "rollback to a bad archive"],
)
def test_single_failing_call_leaves_a_true_result(
    make: t.Callable[[], FakeHost], run: t.Callable[[FakeHost, RunLock], CycleResult], before: str, after: str, fault: Fault
) -> None:
    for at in range(1, 500):
        host, call_counter = make(), fault(at)
        kept_before = set(host.kept)
        result: CycleResult | None = None
        try:
            result = run(host, host.lock("me", call_counter))
        except (StepFailed, InvalidInput):
            assert host.engine.container("web")["Image"] == before
            assert host.engine.container("web")["State"]["Status"] == "running"
            assert host.engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        if call_counter.count < at:
            return
        if result:
            host.lock("nobody")
            assert_result_is_true(host, result, before, after, kept_before, may_retry=fault is not FAULTS["refused"])
    pytest.fail("the run made more than 500 calls")


def assert_result_is_true(host: FakeHost, result: CycleResult, before: str, after: str, kept: set[str], *, may_retry: bool) -> None:
    if result.restored and result.restored.problem:
        assert may_retry is False, "a short loss of the engine never breaks a rollback"
        return
    web = host.engine.container("web")
    assert web["Image"] == (before if result.outcome in (Outcome.ROLLED_BACK, Outcome.UNCHANGED) else after)
    assert (web["State"]["Status"], web["Id"]) == ("running", result.container_id)
    assert web["HostConfig"]["RestartPolicy"] == {"Name": "always"}
    unwell = {dependent.name for dependent in result.dependents if dependent.repair is Repair.NEEDS_ATTENTION}
    assert {name for name in DEPENDENTS if not is_in_order(host, name)} <= unwell
    assert host.engine.local["docker.io/library/tool:1"] == "tool-2" or unwell
    left = host.engine.names - {"web", "web-old-2", *DEPENDENTS, result.archive, *kept}
    assert not left or unwell


def is_in_order(host: FakeHost, name: str) -> bool:
    if name not in host.engine.names:
        return False
    ran, runs = (container["State"]["Status"] == "running" for container in (host.before[name], host.engine.container(name)))
    return ran == runs and (not runs or host.engine.has_live_namespaces(name))
