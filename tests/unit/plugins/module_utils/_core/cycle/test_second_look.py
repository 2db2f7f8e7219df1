# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Something happens to the new container after the health gate. Rows: when, what, and what the run makes of it."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, VerifyFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import EventLog, Failure
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from support.fakes.engine import FakeEngine, FakeJournal, fake_context, fake_lock
from support.fakes.update_of_web import outdated_web

HOOKS = Hooks.from_options(post_update=["warm", "up"])
Act = t.Callable[[FakeEngine], object]


def exit_by_itself(engine: FakeEngine) -> None:
    engine._find("web")["State"].update(Status="exited", ExitCode=3)


def restart_by_policy(engine: FakeEngine) -> None:
    engine._find("web")["RestartCount"] = 1
    engine._find("web")["State"].update(StartedAt="later")


def restart_from_outside(engine: FakeEngine) -> None:
    engine._find("web")["State"].update(StartedAt="later")


def rename(engine: FakeEngine) -> None:
    engine._find("web")["Name"] = "/web-theirs"


def become_unhealthy(engine: FakeEngine) -> None:
    engine._find("web")["State"]["Health"]["Status"] = "unhealthy"


def pause(engine: FakeEngine) -> None:
    engine._find("web")["State"]["Status"] = "paused"


def remove(engine: FakeEngine) -> None:
    engine.remove_externally("web")


@pytest.fixture
def engine() -> FakeEngine:
    engine = outdated_web()
    engine.failures["NEW"] = Failure(health_log=({"output": "no"},))
    engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})
    return engine


AFTER_DEPENDENTS, AFTER_HOOK = ("start:NEW",), ("exec:NEW:up", "inspect")


def act_after(engine: FakeEngine, calls: tuple[str, ...], act: Act) -> None:
    """Let something else act once, as soon as these calls were made one after the other."""
    done: list[bool] = []

    def before_each_call() -> None:
        if tuple(engine.calls[-len(calls) :]) == calls and "create:sidecar" in engine.calls and not done:
            done.append(True)
            act(engine)

    engine.on_each_call = before_each_call


def recreate(engine: FakeEngine, lock: RunLock | None = None, memory: FakeJournal | None = None, **options: t.Any) -> CycleResult:
    health = HealthConfig(health_timeout=5)
    lock = lock or fake_lock()
    return recreate_with_health(fake_context(engine, memory), lock, RecreateRequest("web"), health, Cleanup(), hooks=HOOKS, **options)


ENDED: dict[str, tuple[Act, EventLog, str, bool]] = {
    "exits by itself": (exit_by_itself, EventLog(("start", "die"), is_complete=True), "crashed", True),
    "crashes and is restarted": (restart_by_policy, EventLog(("start", "die", "start"), is_complete=True), "crashed", True),
    "becomes unhealthy": (become_unhealthy, EventLog(("start",), is_complete=True), "health_timeout", True),
    "is killed": (exit_by_itself, EventLog(("start", "kill", "die"), is_complete=True), "interfered", False),
    "exits while events are unknown": (exit_by_itself, EventLog(), "crashed", True),
    "is paused": (pause, EventLog(("start", "pause"), is_complete=True), "interfered", False),
    "is renamed": (rename, EventLog(("start", "rename"), is_complete=True), "interfered", False),
    "is renamed while events are unknown": (rename, EventLog(), "interfered", False),
    "is removed": (remove, EventLog(("start", "kill", "die", "destroy"), is_complete=True), "interfered", False),
    "is removed while events are unknown": (remove, EventLog(), "interfered", False),
}


@pytest.mark.behaviour("F-H3")
@pytest.mark.parametrize("when", [AFTER_DEPENDENTS, AFTER_HOOK], ids=["dependents", "hook"])
@pytest.mark.parametrize(("act", "log", "reason", "is_rejected"), ENDED.values(), ids=ENDED)
def test_change_before_the_archive_is_removed_restores_it(
    engine: FakeEngine, when: tuple[str, ...], act: Act, log: EventLog, reason: str, *, is_rejected: bool
) -> None:
    engine.event_log = log
    act_after(engine, when, act)
    journal, memory = FakeJournal(), FakeJournal()
    old = engine.container("web")["Id"]
    result = recreate(engine, fake_lock(journal), memory)
    assert (result.outcome, result.rollback and result.rollback.reason.value) == (Outcome.ROLLED_BACK, reason)
    assert (engine.container("web")["Id"], engine.container("web")["State"]["Status"]) == (old, "running")
    assert (engine.names, engine.has_live_namespaces("sidecar")) == ({"web", "sidecar"}, True)
    assert (journal.records, bool(memory.records)) == ({}, is_rejected)


@pytest.mark.behaviour("F-H16")
def test_message_names_what_something_else_did(engine: FakeEngine) -> None:
    act_after(engine, AFTER_HOOK, rename)
    message = cycle_report(recreate(engine))["msg"]
    assert "web was renamed to web-theirs (something else interfered: it was renamed)" in message


def test_container_that_is_restarted_from_outside_has_to_pass_the_gate_again(engine: FakeEngine) -> None:
    act_after(engine, AFTER_HOOK, restart_from_outside)
    result = recreate(engine)
    assert (result.outcome, result.lost) == (Outcome.RECREATED, None)
    assert engine.calls.count("probe:NEW") == 5, "gate, second look, gate again, look after it, last look"


def test_container_that_cannot_be_inspected_keeps_its_archive_for_the_next_run(engine: FakeEngine) -> None:
    act_after(engine, AFTER_HOOK, lambda engine: engine.errors.update({"probe:NEW": EngineError("no")}))
    journal = FakeJournal()
    with pytest.raises(VerifyFailed, match=r"Its archive web-old-1000 was kept\.") as caught:
        recreate(engine, fake_lock(journal))
    assert caught.value.touched
    assert "web-old-1000" in engine.names
    assert "evenkeel-lock.web" in journal.records


LOST = {
    "exits": (exit_by_itself, "exited with code 3 after it had passed the health gate.* docker start web"),
    "is renamed": (rename, "was renamed to web-theirs.* docker rename [0-9a-f]{64} web$"),
    "is removed": (remove, "was removed.* create it again"),
    "is paused": (pause, "became paused .*docker unpause web$"),
    "becomes unhealthy": (become_unhealthy, "became unhealthy .*docker logs web$"),
}


@pytest.mark.behaviour("F-H3")
@pytest.mark.parametrize("keep_archive", [False, True])
@pytest.mark.parametrize(("act", "message"), LOST.values(), ids=LOST)
def test_change_after_the_clean_up_fails_the_task(engine: FakeEngine, act: Act, message: str, *, keep_archive: bool) -> None:
    act_after(engine, ("remove:sidecar-old-1000",), act)
    report = cycle_report(recreate(engine, keep_archive=keep_archive))
    assert (report["failed"], report["changed"], report["outcome"], report["error_class"]) == (True, True, "recreated", "lost_after_update")
    assert t.cast("str", report["msg"]).startswith("web was replaced and passed its health gate, but then it ")
    assert ("container_rollback restores its archive web-old-1000" in report["msg"]) is keep_archive
    assert re.search(message, report["msg"])
