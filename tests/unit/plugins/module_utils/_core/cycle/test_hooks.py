# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's hooks: how they are given, how they end, and what is kept of their output."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.hooks import CUT, LONGEST_OUTPUT, Hooks
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    HookFailed,
    InvalidInput,
    NoAnswer,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import HookResult, HookRun
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import LONGEST
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.entry_format import entry_from_text
from support.fakes.engine import FakeEngine, FakeJournal
from support.fakes.update_of_web import outdated_web
from support.fakes.update_with_hooks import HOOKS
from support.fakes.update_with_hooks import recreate_with_hooks as recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestOptions:
    def test_string_runs_in_a_shell(self) -> None:
        assert HOOKS.pre_update == ("/bin/sh", "-c", "backup")

    def test_list_runs_without_a_shell(self) -> None:
        assert Hooks.from_options(post_update=["backup", "", "-x"]).post_update == ("backup", "", "-x")

    def test_no_hooks(self) -> None:
        assert Hooks.from_options() == Hooks(None, None, 60.0)
        assert Hooks().longest == 0

    @pytest.mark.parametrize("hook", ["", " ", [], [""], ["sleep", 1], 7, True, {"sh": "-c"}])
    def test_invalid_hook_is_refused(self, hook: t.Any) -> None:
        for name in ("pre_update", "post_update"):
            with pytest.raises(InvalidInput, match=name):
                Hooks.from_options(**{name: hook})

    @pytest.mark.parametrize("timeout", [0, -1, LONGEST + 1, float("nan"), float("inf")])
    def test_invalid_timeout_is_refused(self, timeout: float) -> None:
        with pytest.raises(InvalidInput, match="timeout"):
            Hooks(timeout=timeout)


class TestTime:
    def test_hooks_do_not_count_as_downtime(self, engine: FakeEngine) -> None:
        engine.call_seconds = {"exec:web:backup": 50, "exec:NEW:warm up": 40, "stop:web": 2}
        result = recreate(engine)
        assert result.downtime == 2
        assert (result.hooks.pre_update, result.hooks.post_update) == (HookResult(0, "", 50), HookResult(0, "", 40))

    def test_lease_covers_the_timeouts_of_the_hooks(self, engine: FakeEngine) -> None:
        leases = []
        for hooks in (Hooks(), Hooks.from_options("backup", "warm up", 1000)):
            journal = FakeJournal()
            journal.erase = lambda key: None  # type: ignore[method-assign]  # noqa: ARG005
            recreate(engine, hooks, journal, force=True)
            leases.append(entry_from_text(journal.records["evenkeel-lock.web"]).lease)
        assert leases[1] - leases[0] >= 2000


class TestPreUpdateFails:
    def failure(self, engine: FakeEngine, hooks: Hooks = HOOKS) -> HookFailed:
        before = engine.container("web")
        journal = FakeJournal()
        with pytest.raises(HookFailed) as failed:
            recreate(engine, hooks, journal)
        assert engine.container("web") == before
        assert engine.calls[-2:] == ["exec:web:backup", "inspect"], "the last call checks whether the container still runs"
        assert journal.records == {}, "the lock is released"
        return failed.value

    def test_pre_update_fails_with_an_exit_code(self, engine: FakeEngine) -> None:
        engine.hook_runs["backup"] = HookRun(3, "no room")
        report = error_report(self.failure(engine))
        assert report == {
            "msg": "The hook pre_update failed in web with exit code 3. The result has its output. Nothing was stopped: container web "
            "was left as it is. Fix the hook, and run the task again.",
            "next_step": "Fix the hook, and run the task again.",
            "changed": False,
            "failed_step": "pre_update",
            "error_class": "hook_failed",
            "hooks": {"pre_update": {"exit_code": 3, "output": "no room", "seconds": 0.0, "timed_out": False}, "post_update": None},
        }

    def test_pre_update_fails_with_a_timeout(self, engine: FakeEngine) -> None:
        engine.hook_runs["backup"] = HookRun(None, "begun")
        error = self.failure(engine)
        assert "did not finish in web within 60 s. The engine cannot stop it, so it may still be running there." in str(error)
        assert error.hooks is not None
        assert error.hooks.pre_update == HookResult(None, "begun", 60.0)
        assert error_report(error)["hooks"]["pre_update"]["timed_out"] is True

    def test_pre_update_fails_with_an_engine_error(self, engine: FakeEngine) -> None:
        engine.errors["exec:web:backup"] = EngineError("no such file")
        error = self.failure(engine)
        assert "could not be run in web: no such file. A hook given as a string needs /bin/sh in the container" in str(error)
        assert "hooks" not in error_report(error)

    def test_engine_error_of_a_list_does_not_mention_the_shell(self, engine: FakeEngine) -> None:
        engine.errors["exec:web:backup"] = EngineError("no such file")
        assert "/bin/sh" not in str(self.failure(engine, Hooks.from_options(["backup"])))

    def test_pre_update_without_an_answer_may_still_be_running(self, engine: FakeEngine) -> None:
        engine.errors["exec:web:backup"] = NoAnswer("gone")
        assert "is unknown, and the hook may still be running" in str(self.failure(engine))


class TestPostUpdateFails:
    @pytest.mark.parametrize(
        ("run", "says"),
        [(HookRun(4, "oops"), "failed in web with exit code 4"), (HookRun(None, ""), "did not finish in web within 60 s")],
        ids=["exit code", "timeout"],
    )
    def test_update_stands_when_post_update_fails(self, engine: FakeEngine, run: HookRun, says: str) -> None:
        engine.hook_runs["warm up"] = run
        result = recreate(engine)
        assert result.outcome is Outcome.RECREATED
        assert len(result.warnings) == 1
        assert says in result.warnings[0]
        assert result.warnings[0].endswith("The update was not undone.")
        assert engine.calls[-2] == "remove:web-old-1000"

    def test_update_stands_when_post_update_cannot_run(self, engine: FakeEngine) -> None:
        engine.errors["exec:NEW:warm up"] = EngineError("no")
        result = recreate(engine)
        assert (result.outcome, result.hooks.post_update) == (Outcome.RECREATED, None)
        assert "could not be run in web: no." in result.warnings[0]


class TestOutput:
    def test_end_of_a_long_output_is_kept(self, engine: FakeEngine) -> None:
        engine.hook_runs["backup"] = HookRun(0, "a" + "b" * LONGEST_OUTPUT)
        hook = recreate(engine).hooks.pre_update
        assert hook is not None
        assert hook.output == CUT + "b" * LONGEST_OUTPUT

    def test_output_of_maximum_length_is_not_cut(self, engine: FakeEngine) -> None:
        engine.hook_runs["backup"] = HookRun(0, "b" * LONGEST_OUTPUT)
        hook = recreate(engine).hooks.pre_update
        assert hook is not None
        assert hook.output == "b" * LONGEST_OUTPUT
