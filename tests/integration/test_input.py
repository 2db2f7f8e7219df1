# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-N15: what users type by mistake, in every module. Each error has its own name, says what was given, and changes nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from support.real.ansible import Run, play, run_playbook
from support.real.sandbox import Sandbox
from testbed.images import WebImage

ONE_CONTAINER = ("container_recreate", "container_rollback", "container_finalize", "container_prepare")
NAMES: tuple[Any, ...] = (["a", "b"], {"name": "a"}, "", "/web", "web/1", "web 1", "-web", "wéb", ["a b"])
CYCLE = ("health_timeout", "grace_period", "poll_interval", "min_healthy_time", "stop_timeout", "lock_timeout")
DURATIONS: dict[str, tuple[str, ...]] = {
    "container_recreate": (*CYCLE, "pull_timeout"),
    "container_rollback": CYCLE,
    "container_finalize": ("lock_timeout",),
    "container_prepare": ("pull_timeout", "min_image_age"),
    "container_update_info": ("min_image_age",),
}


def run(*tasks: tuple[str, dict[str, Any]]) -> Run:
    return run_playbook(
        [play(*({"name": module, f"evenkeel.fleet.{module}": options, "ignore_errors": True} for module, options in tasks))]
    )


@pytest.mark.behaviour("F-N15")
def test_container_that_does_not_exist(sandbox: Sandbox) -> None:
    name = f"{sandbox.prefix}-nowhere"
    results = run(*((module, {"name": name}) for module in ONE_CONTAINER)).results
    assert [(result["error_class"], result["changed"]) for result in results] == [("no_such_container", False)] * len(ONE_CONTAINER)
    assert all("There is no container with the" in result["msg"] and name in result["msg"] for result in results)
    (info,) = run(("container_update_info", {"name": [name]})).results
    assert info["missing"] == [name]


@pytest.mark.behaviour("F-N15")
def test_invalid_names() -> None:
    tasks = [(module, {"name": name}) for module in ONE_CONTAINER for name in NAMES]
    tasks += [("container_update_info", {"name": name}) for name in ("/web", ["web 1"], ["web", ""])]
    results = run(*tasks).results
    assert [result.get("error_class") for result in results] == ["invalid_input"] * len(tasks)
    for (_module, options), result in zip(tasks[:-3], results, strict=False):
        assert f"must be the name or the full ID of one container, not '{options['name']}'" in result["msg"]


@pytest.mark.behaviour("F-N15")
def test_invalid_durations() -> None:
    tasks = [
        (module, {"name": "web", option: value})
        for module, options in DURATIONS.items()
        for option in options
        for value in ("2 moons", [1])
    ]
    tasks.append(("container_recreate", {"name": "web", "hooks": {"pre_update": "true", "timeout": "2 moons"}}))
    results = run(*tasks).results
    assert [result.get("error_class") for result in results] == ["invalid_input"] * len(tasks)
    for (_module, options), result in zip(tasks, results, strict=True):
        option = list(options)[-1]
        assert result["msg"].startswith(f"{option}{'.timeout' if option == 'hooks' else ''} must be a duration")
        assert result["msg"].count("Nothing was changed.") == 1


@pytest.mark.behaviour("F-N15")
def test_socket_that_is_missing_or_no_socket(tmp_path: Path) -> None:
    hosts = {f"unix://{tmp_path}/none.sock": "there is no such socket", f"unix://{tmp_path}": "this file is not a socket"}
    tasks = [(module, {"name": "web", "docker_host": host}) for module in DURATIONS for host in hosts]
    results = run(*tasks).results
    assert [result["error_class"] for result in results] == ["engine_unavailable"] * len(tasks)
    assert all(hosts[options["docker_host"]] in result["msg"] for (_module, options), result in zip(tasks, results, strict=True))


@pytest.mark.behaviour("F-N9")
def test_unhealthy_container_is_rolled_back_at_once(sandbox: Sandbox) -> None:
    sandbox.container("web", sandbox.image("old", WebImage("v1"), push=False), Cmd=None, Healthcheck=None)
    sick = sandbox.image("sick", WebImage("v3", health="echo no database; false"), push=False)
    name = f"{sandbox.prefix}-web"
    began = time.monotonic()
    options = {"name": name, "image": sick, "pull": "never", "health_timeout": "10m", "on_unhealthy": "fail", "stop_timeout": "2s"}
    (result,) = run(("container_recreate", options)).results
    assert time.monotonic() - began < 120
    assert (result["outcome"], result["rollback"]["reason"]) == ("rolled_back", "health_timeout")
    assert result["rollback"]["failure"]["error"] == f"{name} became unhealthy (on_unhealthy is fail)"
