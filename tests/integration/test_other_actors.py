# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The old container while something else is at work on it or on the engine: a plugin, a person, a clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import run_module_here
from support.real.faulty_proxy import socket_of
from support.real.polling_client import fetch
from support.real.read_only_proxy import ReadOnlyProxy
from support.real.sandbox import Sandbox, wait_for
from testbed import engine
from testbed.images import WebImage, reference, serve_after, shell

CRASHED_ONCE = WebImage("v1", command=serve_after("test -e /data/up || { touch /data/up; exit 1; };"), changes=("VOLUME /data",))
LONG_UP = 10
"""Seconds after which an exit no longer counts as part of a crash loop."""


class NoUpdates(ReadOnlyProxy):
    """A plugin that forbids to change the settings of a container."""

    def refusal_of(self, method: str, target: str) -> bytes:
        return super().refusal_of(method, target) if target.endswith("/update") else b""


@pytest.mark.behaviour("F-H11")
def test_restart_policy_that_nobody_may_change_is_left_alone(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"), HostConfig={"RestartPolicy": {"Name": "always"}})
    before = sandbox.inspect(service.id)
    with NoUpdates(socket_of(engine.host())) as proxy:
        result = run_module_here(container_recreate, name=service.name, image=reference("v2"), docker_host=proxy.url)
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "update"), result
    assert "Nothing was changed." in result["msg"]
    assert (sandbox.journal, sandbox.containers) == ([], [service.name])
    assert sandbox.inspect(service.name)["State"] == before["State"] or fetch(service.port) == "v1"
    assert run_module_here(container_recreate, name=service.name, image=reference("v2"))["outcome"] == "recreated"


@pytest.mark.behaviour("F-H17")
@pytest.mark.parametrize(
    ("act", "did", "command"),
    [
        (lambda client, name: client.stop(name, timeout=0), "stopped", "docker start {}"),
        (lambda client, name: client.rename(name, f"{name}-theirs"), "renamed", "docker rename {0}-theirs {0}"),
    ],
    ids=["stop", "rename"],
)
def test_what_others_do_during_pre_update_is_named_and_left(
    sandbox: Sandbox, act: Callable[[docker.APIClient, str], Any], did: str, command: str
) -> None:
    service = sandbox.service(reference("v1"))

    def interfere() -> None:
        wait_for(lambda: bool(sandbox.client.inspect_container(service.id)["ExecIDs"]), "the hook")
        act(sandbox.client, service.name)

    thread = threading.Thread(target=interfere)
    thread.start()
    hooks = {"pre_update": ["sh", "-c", "sleep 2"]}
    result = run_module_here(container_recreate, name=service.name, image=reference("v2"), hooks=hooks)
    thread.join()
    assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "pre_update"), result
    assert result["msg"].startswith(f"Something else {did} container {service.name}")
    assert command.format(service.name) in result["next_step"]
    assert (sandbox.journal, len(sandbox.containers)) == ([], 1)


@pytest.mark.behaviour("F-H9")
def test_restored_container_is_checked_whatever_the_clock_of_the_host_says(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was restarted once, long before. By a clock that is behind, it was not started yet."""
    service = sandbox.service(
        sandbox.moved_tag(CRASHED_ONCE, WebImage("v2", command=shell("exit 3"))), HostConfig={"RestartPolicy": {"Name": "always"}}
    )
    client = sandbox.client
    assert client.inspect_container(service.id)["RestartCount"] == 1
    wait_for(lambda: up_for(sandbox, service.id) > LONG_UP, "the end of the first ten seconds")
    now = SystemClock.unix_seconds
    monkeypatch.setattr(SystemClock, "unix_seconds", lambda clock: now(clock) - 3600)
    result = run_module_here(container_recreate, name=service.name, poll_interval=0.2, health_timeout=60)
    assert (result["outcome"], result["rollback_failed"]) == ("rolled_back", False), result
    assert sandbox.inspect(service.name)["State"]["Health"]["Status"] == "healthy", "the module waited for it"


def up_for(sandbox: Sandbox, container: str) -> float:
    """Seconds, by the container's own view of the engine's host."""
    return (
        float(sandbox.ask(container, "cat", "/proc/uptime").split()[0])
        - float(sandbox.ask(container, "cat", "/proc/1/stat").split()[21]) / 100
    )
