# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module returns its result or an error. Only what comes from others is masked: our own words stay."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineUnavailable, StopFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK, Secrets
from ansible_collections.evenkeel.fleet.plugins.module_utils._module import run as module_run
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import REGISTRY, ArgumentSpec, Options
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import ModuleResult, Work, run_module

HIDDEN = "hunter2-hunter2"
SPEC = ArgumentSpec({"name": {"type": "str"}}).merge(REGISTRY)
STATE = {"msg": "The container is half done.", "next_step": "Run the task again.", "changed": True}
DIFF = {"before": {"command": ["--token", HIDDEN], "environment": {"A": "(old value)"}}, "after": "", "before_header": f"of {HIDDEN}"}


class Run:
    """Run a module with some work and return what the module returns. `handled` is the exception that is being handled at that time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.returned: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.handled: BaseException | None = None
        self.invocation: Any = None
        self.no_log_values: set[str] = set()
        monkeypatch.setattr(AnsibleModule, "exit_json", lambda module, **values: self._exit(module, values))
        monkeypatch.setattr(AnsibleModule, "fail_json", lambda module, **values: self._exit(module, {**values, "failed": True}))
        monkeypatch.setattr(AnsibleModule, "warn", lambda _module, warning: self.warnings.append(warning))

    def __call__(self, work: Work, **arguments: Any) -> dict[str, Any]:
        with patch_module_args({"name": "web", **arguments}), pytest.raises(SystemExit):
            run_module(SPEC, work, STATE)
        self.invocation = self.returned.pop("invocation", None)
        return self.returned

    def _exit(self, module: AnsibleModule, values: dict[str, Any]) -> NoReturn:
        self.no_log_values = module.no_log_values
        self.returned, self.handled = values, sys.exc_info()[1]
        raise SystemExit


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


def returning(result: ModuleResult) -> Work:
    def work(_options: Options, _check_mode: bool, secrets: Secrets) -> ModuleResult:
        secrets.learn_credential(HIDDEN)
        secrets.learn_credential("old value")
        return result

    return work


def raising(error: Exception) -> Work:
    def work(_options: Options, _check_mode: bool, secrets: Secrets) -> ModuleResult:
        secrets.learn_credential(HIDDEN)
        raise error

    return work


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_work_gets_the_options_and_the_check_mode(run: Run, check_mode: bool) -> None:
    def work(options: Options, predict: bool, _secrets: Secrets) -> ModuleResult:
        return ModuleResult({"changed": False, "got": [options["name"], predict]})

    assert run(work, _ansible_check_mode=check_mode) == {"changed": False, "got": ["web", check_mode]}


def test_a_result_may_be_a_failure(run: Run) -> None:
    result = run(returning(ModuleResult({"failed": True, "changed": True, "msg": "rolled back"})))
    assert result == {"failed": True, "changed": True, "msg": "rolled back"}


@pytest.mark.parametrize("password", ["container", "rolled", "Run the task again", "o"])
def test_our_own_words_stay_even_if_a_password_is_one_of_them(run: Run, password: str) -> None:
    """F-H19: Ansible would mask the values of secret options in the whole result."""
    sentence = f"The {password} was rolled back."

    def work(_options: Options, _check_mode: bool, secrets: Secrets) -> ModuleResult:
        secrets.learn_credential(password)
        return ModuleResult({"failed": True, "changed": True, "msg": sentence, "dependents": [{"problem": sentence}]}, [sentence])

    result = run(work, registry_username="shop", registry_password=password)
    assert result == {"failed": True, "changed": True, "msg": sentence, "dependents": [{"problem": sentence}]}
    assert run.warnings == [sentence]
    assert run.no_log_values == set()


def test_the_invocation_does_not_show_a_password(run: Run) -> None:
    run(returning(ModuleResult({"changed": False})), registry_username="shop", registry_password=HIDDEN, name=f"web-{HIDDEN}")
    assert HIDDEN not in str(run.invocation)
    assert run.invocation["module_args"]["registry_username"] == "shop"


def test_a_result_that_did_not_fail_says_nothing_about_failure(run: Run) -> None:
    assert run(returning(ModuleResult({"failed": False, "changed": True}))) == {"changed": True}


def test_warnings_are_returned_by_ansible(run: Run) -> None:
    assert "warnings" not in run(returning(ModuleResult({"changed": False}, ["the archive is left"])))
    assert run.warnings == ["the archive is left"]


def test_the_diff_is_returned_in_diff_mode_only_and_masked(run: Run) -> None:
    work = returning(ModuleResult({"changed": True}, diff=DIFF))
    assert "diff" not in run(work)
    assert run(work, _ansible_diff=True)["diff"] == {
        "before": {"command": ["--token", MASK], "environment": {"A": "(old value)"}},
        "after": "",
        "before_header": f"of {HIDDEN}",
    }
    assert "diff" not in run(returning(ModuleResult({"changed": True})), _ansible_diff=True)


def test_an_error_of_the_core_is_a_failure(run: Run) -> None:
    assert run(raising(EngineUnavailable("no engine"))) == {
        "failed": True,
        "changed": False,
        "msg": "no engine. Then run the task again.",
        "next_step": "Then run the task again.",
        "failed_step": None,
        "error_class": "engine_unavailable",
    }
    stopped = run(raising(StopFailed("it does not stop", touched=True)))
    assert (stopped["changed"], stopped["failed_step"]) == (True, "stop")


@pytest.mark.parametrize("error", [EngineUnavailable("no engine"), KeyError("x")])
def test_the_module_exits_after_the_exception_was_handled(run: Run, error: Exception) -> None:
    """Ansible would add the unmasked traceback of an exception that is still being handled."""
    run(raising(error))
    assert run.handled is None


def test_an_unexpected_error_says_how_things_are(run: Run) -> None:
    result = run(raising(KeyError(HIDDEN)))
    assert "in work\n" in result["exception"]
    assert HIDDEN not in result.pop("exception")
    assert result == {
        "failed": True,
        "changed": True,
        "msg": f"Unexpected error in evenkeel.fleet (KeyError: '{MASK}'); please report it. "
        "The container is half done. Run the task again.",
        "next_step": "Run the task again.",
        "failed_step": None,
        "error_class": "unexpected_error",
    }


def test_a_missing_sdk_is_reported_before_the_work(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_run, "IMPORT_ERROR", "the traceback of the import")
    result = run(raising(AssertionError("the work must not start")))
    assert "Failed to import the required Python library (docker (Docker SDK for Python))" in result["msg"]
