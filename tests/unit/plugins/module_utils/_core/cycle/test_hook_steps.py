# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hooks as steps of a run: when they run, and what can happen to the container meanwhile."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report, error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    HookFailed,
    NoAnswer,
    StepFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import EventLog, HookResult, HookResults, HookRun
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate
from support.fakes.engine import CallCounter, FakeEngine, FakeJournal, Killed, exited, fake_context
from support.fakes.host import FakeHost
from support.fakes.update_of_web import TRIAL, outdated_web
from support.fakes.update_with_hooks import HOOKS
from support.fakes.update_with_hooks import recreate_with_hooks as recreate

PENDING = "evenkeel-pending.me.web"


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def stop_container_during_next_wait(engine: FakeEngine, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the container stop while the code waits for the first time."""
    wait = engine.clock.sleep

    def wait_and_end(*arguments: t.Any) -> None:
        wait(*arguments)
        engine._find(name)["State"]["Status"] = "exited"
        monkeypatch.setattr(engine.clock, "sleep", wait)

    monkeypatch.setattr(engine.clock, "sleep", wait_and_end)


class TestOrder:
    def test_hooks_run_just_before_the_first_change_and_just_after_the_health_gate(self, engine: FakeEngine) -> None:
        journal = FakeJournal(engine.calls)
        result = recreate(engine, journal=journal)
        calls = engine.calls
        before, after = calls.index("exec:web:backup"), calls.index("exec:NEW:warm up")
        assert calls[before - 5 : before + 4] == [
            "write:evenkeel-lock.web",
            "keys:evenkeel-",
            "inspect",
            *TRIAL,
            "exec:web:backup",
            "inspect",
            f"erase:{PENDING}",
            "stop:web",
        ]
        assert calls[after - 1 : after + 4] == ["probe:NEW", "exec:NEW:warm up", "inspect", "probe:NEW", "remove:web-old-1000"]
        assert journal.records == {}
        assert (result.hooks.pre_update, result.hooks.post_update) == (HookResult(0, "", 0.0), HookResult(0, "", 0.0))
        assert [step.name for step in result.steps if step.name.endswith("_update")] == ["pre_update", "post_update"]

    def test_pre_update_runs_before_the_restart_policy_is_changed(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "always"}
        recreate(engine)
        assert engine.calls.index("exec:web:backup") < engine.calls.index("restart=no:web")

    def test_update_without_hooks_makes_no_extra_calls(self, engine: FakeEngine) -> None:
        journal = FakeJournal(engine.calls)
        recreate(engine, Hooks(), journal)
        calls = engine.calls
        assert not [call for call in calls if "exec" in call]
        assert calls[calls.index(TRIAL[1]) + 1 : calls.index("stop:web")] == [f"erase:{PENDING}"]


class TestHooksDoNotRun:
    def test_hooks_do_not_run_when_nothing_is_replaced(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        assert recreate(engine).hooks == HookResults()
        assert not [call for call in engine.calls if "exec" in call]

    def test_hooks_do_not_run_in_a_stopped_container(self, engine: FakeEngine) -> None:
        engine._find("web")["State"]["Status"] = "exited"
        assert recreate(engine).hooks == HookResults()
        assert not [call for call in engine.calls if "exec" in call]

    def test_post_update_does_not_run_after_a_rollback(self, engine: FakeEngine) -> None:
        engine.probe_results["NEW"] = [exited(1)]
        result = recreate(engine)
        assert result.outcome is Outcome.ROLLED_BACK
        assert "exec:NEW:warm up" not in engine.calls
        assert cycle_report(result)["hooks"] == {
            "pre_update": {"exit_code": 0, "output": "", "seconds": 0.0, "timed_out": False},
            "post_update": None,
        }


class TestContainerDuringPreUpdate:
    CHANGES: t.ClassVar[dict[str, tuple[t.Callable[[FakeEngine], object], tuple[str, ...], str, str]]] = {
        "renamed": (
            lambda engine: engine._find("web").update(Name="/mine"),
            (),
            "renamed container web",
            "docker rename mine web",
        ),
        "paused": (
            lambda engine: engine._find("web")["State"].update(Status="paused"),
            (),
            "paused container web",
            "docker unpause web",
        ),
        "stopped": (
            lambda engine: engine._find("web")["State"].update(Status="exited"),
            ("start", "die", "start", "kill", "die", "stop"),
            "stopped container web",
            "docker start web",
        ),
        "removed": (lambda engine: engine.remove_externally("web"), (), "removed container web", "Create it again"),
    }

    @pytest.mark.parametrize("exit_code", [0, 137, None])
    @pytest.mark.parametrize(("change", "actions", "message", "remedy"), CHANGES.values(), ids=CHANGES)
    def test_what_something_else_does_during_pre_update_stays(
        self,
        engine: FakeEngine,
        change: t.Callable[[FakeEngine], object],
        actions: tuple[str, ...],
        message: str,
        remedy: str,
        exit_code: int | None,
    ) -> None:
        """F-H17. The message says what was done, and the command reverses it."""

        def act(*_arguments: t.Any) -> HookRun:
            change(engine)
            engine.event_log = EventLog(actions, is_complete=True)
            return HookRun(exit_code, "")

        engine.run_in = act  # type: ignore[method-assign]
        journal = FakeJournal()
        with pytest.raises(HookFailed, match=f"^Something else {message}") as caught:
            recreate(engine, journal=journal)
        assert not [call for call in engine.calls if call.startswith(("stop", "rename", "start"))]
        assert (caught.value.touched, journal.records) == (False, {})
        assert remedy in caught.value.next_step

    def test_container_that_was_restarted_earlier_and_ended_by_the_hook_is_started_again(self, engine: FakeEngine) -> None:
        """An earlier stop, which the events still show, does not count."""

        def quit_service(*_arguments: t.Any) -> HookRun:
            engine._find("web")["State"]["Status"] = "exited"
            engine.event_log = EventLog(("kill", "die", "stop", "start", "die"), is_complete=True)
            return HookRun(0, "")

        engine.run_in = quit_service  # type: ignore[method-assign]
        with pytest.raises(HookFailed, match="and was restarted"):
            recreate(engine)

    @pytest.mark.parametrize(
        ("setting", "values"), [("Ulimits", [{"Name": "nofile"}, {"Name": "nproc"}]), ("Links", ["/db:/web/db", "/cache:/web/cache"])]
    )
    def test_settings_in_another_order_are_no_change(self, engine: FakeEngine, setting: str, values: list[t.Any]) -> None:
        for name in ("db", "cache"):
            engine.add_container(name, "tool:1", "tool")
        host_config = engine._find("web")["HostConfig"]
        host_config[setting] = values
        inspect = engine.inspect

        def shuffled(container: str) -> t.Any:
            host_config[setting].reverse()
            return inspect(container)

        engine.inspect = shuffled  # type: ignore[method-assign]
        assert recreate(engine).outcome is Outcome.RECREATED
        assert engine.calls.count("pull") == 1

    @pytest.mark.parametrize("exit_code", [0, 137, None])
    def test_container_that_pre_update_stopped_is_started_again(self, engine: FakeEngine, exit_code: int | None) -> None:
        """For example "nginx -s quit", or a kill that also ends the hook. The service must not stay down because of it."""

        def quit_service(*_arguments: t.Any) -> HookRun:
            engine._find("web")["State"]["Status"] = "exited"
            return HookRun(exit_code, "")

        engine.run_in = quit_service  # type: ignore[method-assign]
        with pytest.raises(HookFailed, match="and was restarted") as raised:
            recreate(engine)
        assert raised.value.touched
        assert engine.container("web")["State"]["Status"] == "running"
        engine.errors["start:web"] = EngineError("no")
        with pytest.raises(HookFailed, match="could not be restarted: no. Bring it back with: docker start web") as raised:
            recreate(engine)
        assert raised.value.touched

    def test_container_that_stops_shortly_after_pre_update_is_started_again(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.hook_runs["backup"] = HookRun(137, "")
        stop_container_during_next_wait(engine, "web", monkeypatch)
        with pytest.raises(HookFailed, match="and was restarted"):
            recreate(engine)
        assert engine.container("web")["State"]["Status"] == "running"

    def test_pre_update_that_was_killed_alone_is_a_failed_hook(self, engine: FakeEngine) -> None:
        """For example by the kernel when memory runs out."""
        engine.hook_runs["backup"] = HookRun(137, "")
        with pytest.raises(HookFailed, match="failed in web with exit code 137"):
            recreate(engine)
        assert engine.calls.count("start:web") == 0

    def test_change_that_cannot_be_recorded_is_not_made(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        erase, refusals = journal.erase, [EngineError("disk full")]

        def refuse_once(key: str) -> None:
            if key == PENDING and refusals:
                raise refusals.pop()
            erase(key)

        journal.erase = refuse_once  # type: ignore[method-assign]
        with pytest.raises(StepFailed, match="was not changed") as failed:
            recreate(engine, journal=journal)
        assert error_report(failed.value)["hooks"]["pre_update"]["exit_code"] == 0
        assert "stop:web" not in engine.calls
        assert journal.records == {}

    def test_error_of_a_failed_hook_is_kept_when_the_container_cannot_be_inspected(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The engine stops answering after the hook. Nothing shows that the container stopped."""
        run_in = engine.run_in

        def fail(*arguments: t.Any) -> HookRun:
            run_in(*arguments)
            engine.errors["inspect"] = NoAnswer("timed out")
            return HookRun(1, "")

        monkeypatch.setattr(engine, "run_in", fail)
        with pytest.raises(HookFailed, match="exit code 1") as failed:
            recreate(engine)
        assert not failed.value.touched

    def test_container_that_could_not_be_inspected_is_not_called_modified(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One answer is lost. A second look finds the container unchanged."""
        inspect = engine.inspect
        lost: list[str] = []

        def lose_the_first_answer_after_the_hook(container: str) -> t.Any:
            if "exec:web:backup" in engine.calls and not lost:
                lost.append(container)
                raise NoAnswer("timed out")
            return inspect(container)

        monkeypatch.setattr(engine, "inspect", lose_the_first_answer_after_the_hook)
        with pytest.raises(HookFailed, match="was modified, or could not be inspected, while the pre_update hook ran. Nothing was stopped"):
            recreate(engine)
        assert lost
        assert "stop:web" not in engine.calls


class TestContainerDuringPostUpdate:
    def test_container_that_post_update_stopped_is_started_again(self, engine: FakeEngine) -> None:
        def quit_service(container: str, command: t.Sequence[str], _timeout: float) -> HookRun:
            if command[-1] == "warm up":
                engine._find(container)["State"]["Status"] = "exited"
            return HookRun(0, "")

        engine.run_in = quit_service  # type: ignore[method-assign]
        result = recreate(engine)
        assert (result.outcome, engine.container("web")["State"]["Status"]) == (Outcome.RECREATED, "running")
        assert "stopped during the post_update hook and was restarted" in result.warnings[0]

    def test_container_that_stops_shortly_after_post_update_is_started_again(
        self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.hook_runs["warm up"] = HookRun(137, "")
        stop_container_during_next_wait(engine, "web", monkeypatch)
        result = recreate(engine)
        assert (result.outcome, engine.container("web")["State"]["Status"]) == (Outcome.RECREATED, "running")
        assert "stopped during the post_update hook and was restarted" in result.warnings[-1]


class TestKilled:
    def test_run_killed_during_pre_update_is_started_over_by_the_next(self) -> None:
        """The killed run changed nothing, so the next run restores nothing and does not claim a recovery."""
        for call in ("exec:web:backup", "erase"):
            host = FakeHost()
            started = host.engine.container("web")["State"]
            kill_at(host, call)
            assert host.engine.container("web")["State"] == started
            second = host.lock("second", dead=["first"])
            host.engine.calls.clear()
            result = host.recreate(second, hooks=Hooks.from_options("false"))
            assert (result.outcome, result.recovered_first) == (Outcome.RECREATED, False)
            calls = host.engine.calls
            assert calls.index("exec:web:false") < calls.index("stop:web")
            assert calls.count("stop:web") == 1
            host.assert_is("new")

    def test_check_mode_sees_that_a_run_killed_during_pre_update_changed_nothing(self) -> None:
        host = FakeHost()
        kill_at(host, "exec:web:backup")
        for images in (host.engine.registry, host.engine.local):
            images["docker.io/library/shop:1"] = "old"
        lock, context = host.lock("second", dead=["first"]), fake_context(host.engine, host.memory)
        predicted = check_recreate(context, lock, RecreateRequest("web"))
        result = host.recreate(lock)
        assert (predicted.outcome, predicted.recovered_first) == (result.outcome, result.recovered_first) == (Outcome.UNCHANGED, False)

    def test_failed_hook_after_a_run_killed_during_pre_update_changes_nothing(self) -> None:
        host = FakeHost()
        before = host.engine.container("web")
        kill_at(host, "exec:web:backup")
        host.engine.hook_runs["backup"] = HookRun(1, "")
        with pytest.raises(HookFailed) as failed:
            host.recreate(host.lock("second", dead=["first"]), hooks=HOOKS)
        assert not failed.value.touched
        assert host.engine.container("web") == before
        assert host.journal.records == {}

    def test_run_killed_during_post_update_is_finished_by_the_next(self) -> None:
        host = FakeHost()
        kill_at(host, "exec:NEW:warm up")
        host.engine.calls.clear()
        result = host.recreate(host.lock("second", dead=["first"]), hooks=HOOKS)
        assert (result.outcome, result.hooks) == (Outcome.RECOVERED, HookResults())
        assert not [call for call in host.engine.calls if call.startswith("exec")]
        host.assert_is("new")

    @pytest.mark.parametrize("bad", [False, True])
    def test_run_killed_at_any_call_is_finished_by_the_next(self, bad: bool) -> None:
        for at in range(1, 500):
            host = FakeHost(bad=bad)
            try:
                host.recreate(host.lock("first", CallCounter(at)), hooks=HOOKS)
            except Killed:
                host.recreate(host.lock("second", dead=["first"]), hooks=HOOKS)
                host.assert_is("old" if bad else "new")
            else:
                assert at > 20
                return
        pytest.fail("the run made more than 500 calls")


def kill_at(host: FakeHost, label: str) -> None:
    """Run an update with hooks and kill it before the call `label`; `erase` stands for the record that announces the first change."""
    for at in range(1, 500):
        attempt = FakeHost()
        attempt.engine.calls.clear()
        attempt.journal.calls = attempt.engine.calls
        with contextlib.suppress(Killed):
            attempt.recreate(attempt.lock("first", CallCounter(at)), hooks=HOOKS)
        wanted = "erase:evenkeel-pending.first.web" if label == "erase" else label
        if wanted in attempt.engine.calls:
            with contextlib.suppress(Killed):
                host.recreate(host.lock("first", CallCounter(at - 1)), hooks=HOOKS)
            return
    pytest.fail(f"the run never makes the call {label}")
