# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts what a run then does, and changes nothing."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Repair, RepairResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    Forbidden,
    InspectFailed,
    JournalFailed,
    RecoveryFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import check_rollback
from support.fakes.check_mode import check_host, check_web
from support.fakes.engine import CallCounter, FakeEngine, FakeJournal, Killed, fake_lock
from support.fakes.host import FakeHost, updated
from support.fakes.update_of_web import outdated_web


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestForbidden:
    NO = Forbidden("405 Method Not Allowed")

    @pytest.mark.parametrize("call", ["published", "local_image", "surroundings", "changes:web"])
    def test_forbidden_call_makes_the_outcome_unknown(self, engine: FakeEngine, call: str) -> None:
        engine.errors[call] = self.NO
        result = check_web(engine)
        assert (result.outcome, cycle_report(result)["changed"]) == (Outcome.UNKNOWN, False)
        assert "405 Method Not Allowed" in result.doubt
        assert result.warnings[0].startswith("Whether web would change is unknown")
        assert result.old_image.id == "old"

    def test_forbidden_inspect_of_the_container_is_an_error(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = self.NO
        with pytest.raises(InspectFailed):
            check_web(engine)

    def test_forbidden_journal_leaves_a_doubt(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors.append(self.NO)
        result = check_web(engine, lock=fake_lock(journal))
        assert result.outcome is Outcome.RECREATED
        assert "records of earlier runs cannot be read" in result.doubt

    def test_broken_journal_is_an_error(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors.append(EngineError("no"))
        with pytest.raises(JournalFailed):
            check_web(engine, lock=fake_lock(journal))


def test_dependents_are_predicted(engine: FakeEngine) -> None:
    web = engine.container("web")["Id"]
    sidecar = engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{web}"})
    engine.registry["docker.io/library/shop:1"] = "new"
    assert check_web(engine).dependents == (RepairResult("sidecar", sidecar, Repair.RECREATED),)


class TestOtherRuns:
    def test_live_run_leaves_a_doubt(self) -> None:
        host = FakeHost()
        interrupt(host, FakeHost.recreate, 22)
        result = check_host(host, dead=())
        assert result.warnings[0].endswith("its result decides.")
        assert "another run is working" in result.doubt
        assert not result.recovered_first

    def test_live_run_that_has_renamed_the_container_makes_the_outcome_unknown(self) -> None:
        host = FakeHost()
        point = interrupt_until(host, FakeHost.recreate, lambda: "web" not in host.engine.names)
        assert point
        result = check_host(host, dead=())
        assert (result.outcome, cycle_report(result)["changed"], result.container_name) == (Outcome.UNKNOWN, False, "web")

    def test_interrupted_run_that_needs_an_operator_is_an_error(self) -> None:
        host = FakeHost()
        assert interrupt_until(host, FakeHost.recreate, lambda: "web" not in host.engine.names)
        host.engine.rename("web-old-1000", "somebody")
        with pytest.raises(RecoveryFailed):
            check_host(host)


@pytest.mark.parametrize("bad", [False, True])
def test_prediction_matches_the_run_after_a_killed_update(bad: bool) -> None:
    """Check mode cannot predict that the new container fails, but it does predict a change."""
    kill_points = 0
    for at in range(1, 200):
        host = FakeHost(bad=bad)
        if not interrupt(host, FakeHost.recreate, at):
            break
        kill_points += 1
        predicted = check_host(host)
        done = host.recreate(host.lock("later", dead=("killed",)))
        assert cycle_report(predicted)["changed"] == cycle_report(done)["changed"], at
        if not bad:
            assert (predicted.outcome, predicted.container_name) == (done.outcome, done.container_name), at
    assert kill_points > 20


@pytest.mark.parametrize("gone", [False, True])
def test_prediction_matches_the_run_after_a_killed_rollback(gone: bool) -> None:
    kill_points = 0
    for at in range(1, 200):
        host = updated(2)
        if gone:
            host.engine.remove_externally("web")
        if not interrupt(host, FakeHost.rollback_to_archive, at):
            break
        kill_points += 1
        predicted = check_host(host, check_rollback)
        done = host.rollback_to_archive(host.lock("later", dead=("killed",)))
        assert (predicted.outcome, cycle_report(predicted)["changed"]) == (done.outcome, cycle_report(done)["changed"]), at
        assert predicted.new_image == done.new_image, at
    assert kill_points > 10


def interrupt(host: FakeHost, run: t.Callable[[FakeHost, RunLock], CycleResult], at: int) -> bool:
    """Kill a run at that call. Return False if the run ended before it."""
    try:
        run(host, host.lock("killed", CallCounter(at)))
    except Killed:
        return True
    finally:
        host.engine.call_counter = host.journal.call_counter = host.memory.call_counter = CallCounter()
    return False


def interrupt_until(host: FakeHost, run: t.Callable[[FakeHost, RunLock], CycleResult], condition: t.Callable[[], bool]) -> bool:
    """Kill a run as soon as `condition` is true."""
    on_each_call = host.engine.on_each_call

    def kill() -> None:
        if condition():
            raise Killed

    host.engine.on_each_call = kill
    try:
        run(host, host.lock("killed"))
    except Killed:
        return True
    finally:
        host.engine.on_each_call = on_each_call
    return False
