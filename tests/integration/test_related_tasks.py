# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H20: tasks that run at the same time on related containers. Both succeed, whichever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.real.ansible import run_module
from support.real.sandbox import Sandbox, wait_for
from testbed.images import reference


def update(sandbox: Sandbox, name: str, **options: Any) -> dict[str, Any]:
    options = {"image": reference("v2"), "poll_interval": 0.2, "grace_period": 1, **options}
    return run_module("container_recreate", name=f"{sandbox.prefix}-{name}", **options)


def update_all(sandbox: Sandbox, *names: str, **options: Any) -> dict[str, dict[str, Any]]:
    """Update the containers, each in a task of its own, all at the same time."""
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: update(sandbox, name, **options), names), strict=True))


def outcomes(results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: result.get("outcome", result.get("msg")) for name, result in results.items()}


def assert_all_serve(sandbox: Sandbox, provider: str, *names: str) -> None:
    """Each dependent runs in the namespace of the container that now is the provider, and no archive or lock is left."""
    provider_id = sandbox.inspect(f"{sandbox.prefix}-{provider}")["Id"]
    for name in names:
        now = sandbox.inspect(f"{sandbox.prefix}-{name}")
        assert (now["State"]["Running"], now["HostConfig"]["NetworkMode"]) == (True, f"container:{provider_id}"), name
    assert sandbox.containers == sorted(f"{sandbox.prefix}-{name}" for name in (provider, *names))
    volumes = sandbox.client.volumes(filters={"label": "fleet.evenkeel.journal"})["Volumes"] or ()
    assert [volume["Name"] for volume in volumes if sandbox.prefix in volume["Name"]] == []


def test_tasks_on_dependents_that_begin_while_their_provider_is_updated_wait_for_it(sandbox: Sandbox) -> None:
    provider = sandbox.container("vpn", reference("v1"))
    for name in ("app", "web"):
        sandbox.container(name, reference("v1"), HostConfig={"NetworkMode": f"container:{provider}"})
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(update, sandbox, "vpn", grace_period=5)
        wait_for(lambda: any("-vpn-old-" in name for name in sandbox.containers), "the provider is an archive")
        results = update_all(sandbox, "app", "web")
        assert outcomes({"vpn": task.result(), **results}) == {"vpn": "recreated", "app": "recreated", "web": "recreated"}
    assert_all_serve(sandbox, "vpn", "app", "web")
    images = {sandbox.inspect(f"{sandbox.prefix}-{name}")["Config"]["Image"] for name in ("vpn", "app", "web")}
    assert images == {reference("v2")}


def test_tasks_on_a_provider_and_on_its_dependent_at_the_same_time_both_succeed(sandbox: Sandbox) -> None:
    provider = sandbox.container("vpn", reference("v1"))
    sandbox.container("app", reference("v1"), HostConfig={"NetworkMode": f"container:{provider}"})
    assert outcomes(update_all(sandbox, "vpn", "app")) == {"vpn": "recreated", "app": "recreated"}
    assert_all_serve(sandbox, "vpn", "app")


def test_tasks_on_dependents_of_one_provider_do_not_wait_for_each_other(sandbox: Sandbox) -> None:
    """Each holds its lock through a health gate of 4 s, and gives up at once if it has to wait for a lock."""
    provider = sandbox.container("vpn", reference("v1"))
    names = ("app", "web")
    for name in names:
        sandbox.container(name, reference("v1"), HostConfig={"NetworkMode": f"container:{provider}"})
    results = update_all(sandbox, *names, grace_period=4, lock_timeout=0)
    assert outcomes(results) == {"app": "recreated", "web": "recreated"}
    assert_all_serve(sandbox, "vpn", *names)


def test_tasks_on_a_lender_of_volumes_and_its_borrower_both_succeed(sandbox: Sandbox) -> None:
    lender = sandbox.container("lender", reference("v1"), Volumes={"/data": {}})
    sandbox.run_in(lender, "sh", "-c", "echo dear >/data/letter")
    sandbox.container("borrower", reference("v1"), HostConfig={"VolumesFrom": [f"{sandbox.prefix}-lender"]})
    results = update_all(sandbox, "lender", "borrower")
    assert outcomes(results) == {"lender": "recreated", "borrower": "recreated"}
    for name in ("lender", "borrower"):
        assert sandbox.ask(f"{sandbox.prefix}-{name}", "cat", "/data/letter") == "dear"
