# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs are merged from groups, and options become the values that the core takes."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import combinations
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import OnUnhealthy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import DURATIONS
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, LostFiles, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import (
    CLEANUP,
    CONNECTION,
    CYCLE,
    FAIL_ON,
    ONE_AT_A_TIME,
    RECREATION,
    REGISTRY,
    ArgumentSpec,
    cleanup_of,
    health_of,
    request_of,
    with_seconds,
)

FRAGMENTS = {
    "cleanup": CLEANUP,
    "connection": CONNECTION,
    "fail_on": FAIL_ON,
    "one_at_a_time": ONE_AT_A_TIME,
    "recreation": RECREATION,
    "registry": REGISTRY,
}


def options_of(spec: ArgumentSpec, **given: Any) -> dict[str, Any]:
    """Parse options the way a module does, with the defaults of the spec."""
    with patch_module_args(given):
        params: dict[str, Any] = spec.create_module().params
        return params


def refusal_of(spec: ArgumentSpec, capsys: pytest.CaptureFixture[str], **given: Any) -> str:
    """The message with which the module refuses the options."""
    with patch_module_args(given), pytest.raises(SystemExit):
        spec.create_module()
    message: str = json.loads(capsys.readouterr().out)["msg"]
    return message


class TestMerge:
    A = ArgumentSpec({"a": {"type": "str"}, "b": {"type": "str"}}, required_together=(("a", "b"),))
    C = ArgumentSpec({"c": {"type": "str"}}, required_by={"c": ("a",)})
    D = ArgumentSpec({"d": {"type": "int", "default": 4}})

    def test_the_result_has_the_options_of_all_groups(self) -> None:
        assert options_of(self.A.merge(self.C, self.D)) == {"a": None, "b": None, "c": None, "d": 4}

    def test_the_result_has_the_rules_of_all_groups(self, capsys: pytest.CaptureFixture[str]) -> None:
        merged = self.D.merge(self.A).merge(self.C)
        assert "required together: a, b" in refusal_of(merged, capsys, a="1")
        assert "missing parameter(s) required by 'c': a" in refusal_of(merged, capsys, c="1")
        assert options_of(merged, a="1", b="2", c="3")["c"] == "3"

    def test_the_merged_groups_stay_as_they_are(self) -> None:
        self.A.merge(self.C, self.D)
        assert (self.A.argument_spec.keys(), self.A.required_by, self.C.required_together) == ({"a", "b"}, {}, ())

    def test_an_option_that_two_groups_define_is_refused(self) -> None:
        with pytest.raises(ValueError, match="defined twice: a, b"):
            self.D.merge(self.A, self.C, self.A)


def test_a_module_supports_check_mode() -> None:
    with patch_module_args({"_ansible_check_mode": True}):
        assert ArgumentSpec({}).create_module().check_mode


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_group_is_documented_in_the_fragment_of_its_name(fragment: str) -> None:
    module = import_module(f"ansible_collections.evenkeel.fleet.plugins.doc_fragments.{fragment}")
    documented = yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"]
    assert FRAGMENTS[fragment].argument_spec.keys() == documented.keys()


def test_the_cycle_is_documented_in_its_fragment_and_in_one_at_a_time() -> None:
    fragments = "ansible_collections.evenkeel.fleet.plugins.doc_fragments"
    texts = [import_module(f"{fragments}.{name}").ModuleDocFragment.DOCUMENTATION for name in ("cycle", "one_at_a_time")]
    assert CYCLE.argument_spec.keys() == {option for text in texts for option in yaml.safe_load(text)["options"]}


def test_any_two_groups_can_be_merged() -> None:
    for one, other in combinations((CONNECTION, REGISTRY, CYCLE, CLEANUP, RECREATION), 2):
        assert one.merge(other)


class TestConnection:
    def test_certificates_come_from_docker_cert_path(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_CERT_PATH", "/certs")
        options = options_of(CONNECTION, client_key="/mine.pem")
        assert (options["ca_path"], options["client_cert"], options["client_key"]) == ("/certs/ca.pem", "/certs/cert.pem", "/mine.pem")

    def test_there_are_none_without_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
        assert options_of(CONNECTION)["ca_path"] is None

    def test_a_certificate_needs_its_key(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DOCKER_CERT_PATH", raising=False)
        assert "required together: client_cert, client_key" in refusal_of(CONNECTION, capsys, client_cert="/c.pem")


def test_a_registry_username_needs_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert "required together: registry_username, registry_password" in refusal_of(REGISTRY, capsys, registry_username="acme")


def test_the_health_gate() -> None:
    health = health_of(options_of(CYCLE, name="web", health_timeout=9, grace_period=8, poll_interval=7, min_healthy_time=6))
    assert (health.health_timeout, health.grace_period, health.poll_interval, health.min_healthy_time) == (9, 8, 7, 6)


@pytest.mark.behaviour("F-N15")
def test_every_duration_may_have_a_unit() -> None:
    spec = RECREATION.merge(CYCLE)
    durations = {name for name, option in spec.argument_spec.items() if option["type"] == "raw"}
    assert durations == DURATIONS - {"hooks.timeout", "rolling_update_pause"}
    options = with_seconds(options_of(spec, **{**dict.fromkeys(durations, "1m30s"), "name": "web"}))
    assert {options[name] for name in durations} == {90}
    assert with_seconds(options_of(spec, name="web"))["min_image_age"] is None
    assert request_of({**options, "image": None}).stop_timeout == 90


def test_what_to_do_about_an_unhealthy_container() -> None:
    assert health_of(options_of(CYCLE, name="web")).on_unhealthy is OnUnhealthy.WAIT
    assert health_of(options_of(CYCLE, name="web", on_unhealthy="fail")).on_unhealthy is OnUnhealthy.FAIL


def test_an_impossible_health_gate_is_refused() -> None:
    with pytest.raises(InvalidInput, match="poll_interval"):
        health_of(options_of(CYCLE, name="web", poll_interval=0))


def test_the_cleanup() -> None:
    assert cleanup_of(options_of(CLEANUP)) == Cleanup()
    assert cleanup_of(options_of(CLEANUP, cleanup={"prune_dangling": True})) == Cleanup(prune_dangling=True)


class TestRequest:
    def test_the_defaults_are_those_of_the_request(self) -> None:
        assert request_of(options_of(RECREATION.merge(CYCLE), name="web")) == RecreateRequest("web")

    def test_each_option_is_passed_on(self) -> None:
        digest = f"sha256:{'0' * 64}"
        options = options_of(
            RECREATION.merge(CYCLE),
            name="web",
            stop_timeout=5,
            image="shop:2",
            image_digest=digest,
            pull="missing",
            force=True,
            lost_files="refuse",
            verbatim=True,
            keep_env=["TZ", "TZ"],
            keep=["user"],
            min_image_age="1h",
            respect_labels=True,
        )
        assert request_of(with_seconds(options)) == RecreateRequest(
            "web", 5, "shop:2", PullPolicy.MISSING, True, True, LostFiles.REFUSE, frozenset({"TZ"}), frozenset({"user"}), 3600, True, digest
        )

    def test_a_module_without_stop_timeout_leaves_it_to_the_container(self) -> None:
        assert request_of({**options_of(RECREATION), "name": "web"}).stop_timeout is None
