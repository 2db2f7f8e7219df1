# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed at any point, and run again: one of the two containers serves under the name, and nothing is left of the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.ansible import CHECKOUT, run_module
from support.scene import Scene, Service, wait_for
from support.visitor import fetch
from testbed.images import WebImage, reference, serve_after

KEEPS_A_LETTER = serve_after("test -f /data/letter || echo dear >/data/letter;")
OLD = WebImage("v1", command=KEEPS_A_LETTER, changes=("VOLUME /data",))
GOOD = WebImage("v2", command=KEEPS_A_LETTER, changes=("VOLUME /data",))
SICK = WebImage("v3", command=KEEPS_A_LETTER, health="false", changes=("VOLUME /data",))


def run_killed(service: Service, image: str, kill: int | None, *, after: bool) -> list[str] | None:
    """The calls that were made, None when it was killed."""
    options = {"name": service.name, "image": image, "health_timeout": 2, "kill": kill, "after": after}
    run = subprocess.run(
        (sys.executable, "-m", "support.killed", json.dumps(options)),
        env={**os.environ, "PYTHONPATH": f"{CHECKOUT}/tests:{CHECKOUT}/.cache/collections"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == -9:
        return None
    if run.returncode:
        raise AssertionError(run.stderr)
    calls: list[str] = json.loads(run.stdout)
    return calls


def assert_whole(scene: Scene, service: Service, pages: set[str]) -> None:
    """One container, under its name, well, with its data and its policy; no archive, no journal, no stranger touched."""
    assert scene.containers == sorted([service.name, f"{scene.prefix}-web-old-2"])
    now = scene.inspect(service.name)
    assert now["State"]["Status"] == "running"
    assert now["HostConfig"]["RestartPolicy"]["Name"] == "always"
    wait_for(lambda: fetch(service.port) in pages, f"one of the pages {pages}")
    letter = scene.client.exec_start(scene.client.exec_create(now["Id"], ["cat", "/data/letter"]))
    assert letter == b"dear\n"
    assert scene.journal == []


@pytest.mark.parametrize(("image", "pages"), [(GOOD, {"v2"}), (SICK, {"v1"})], ids=["on the way", "on the way back"])
def test_kill_matrix(scene: Scene, image: WebImage, pages: set[str], request: pytest.FixtureRequest) -> None:
    """SIGKILL before and after every call to the engine, then the same task again."""
    old, new = scene.image("1", OLD), scene.image("2", image)
    stranger = scene.service(reference("v1"), "web-old-2", wait=False).id
    policy = {"RestartPolicy": {"Name": "always"}}
    number_of_calls = len(run_killed(scene.service(old, "rehearsal", HostConfig=policy), new, None, after=False) or ())
    scene.client.remove_container(f"{scene.prefix}-rehearsal", force=True)
    points = [(call, after) for call in range(number_of_calls) for after in (False, True)]
    if not request.config.getoption("--whole-matrices"):
        points = points[::6]
    recovered = 0
    for call, after in points:
        service = scene.service(old, HostConfig=policy)
        run_killed(service, new, call, after=after)
        result = run_module("container_recreate", name=service.name, image=new, health_timeout=2, poll_interval=0.2)
        assert ("msg" in result) == (pages == {"v1"}), (call, after, result)
        assert_whole(scene, service, pages)
        scene.client.remove_container(service.name, force=True)
        recovered += 1
    assert scene.inspect(f"{scene.prefix}-web-old-2")["Id"] == stranger
    print(f"points killed: {len(points)}, recovered: {recovered}")


def test_only_the_recovery_was_to_be_done(scene: Scene) -> None:
    """The image is the one that runs already, so the run that brings the old container back has nothing else to do."""
    old, new = scene.image("1", OLD), scene.image("2", GOOD)
    service = scene.service(old)
    calls = run_killed(scene.service(old, "rehearsal"), new, None, after=False) or []
    scene.client.remove_container(f"{scene.prefix}-rehearsal", force=True)
    assert run_killed(service, new, calls.index("rename"), after=True) is None
    assert fetch(service.port) is None
    result = run_module("container_recreate", name=service.name, image=old)
    assert (result["outcome"], result["changed"]) == ("recovered", True)
    assert scene.inspect(service.name)["Id"] == service.id
    assert scene.journal == []


def test_a_stranger_under_the_name_is_left_to_a_human(scene: Scene) -> None:
    old, new = scene.image("1", OLD), scene.image("2", GOOD)
    service = scene.service(old)
    calls = run_killed(scene.service(old, "rehearsal"), new, None, after=False) or []
    scene.client.remove_container(f"{scene.prefix}-rehearsal", force=True)
    run_killed(service, new, calls.index("rename"), after=True)
    stranger = scene.service(reference("v2"))
    result = run_module("container_recreate", name=service.name, image=new)
    assert result["failed"]
    assert result["failed_step"] == "recover"
    assert "taken by another container" in result["msg"]
    assert scene.inspect(stranger.name)["Id"] == stranger.id


def test_many_at_once(scene: Scene) -> None:
    """Exactly one recreates. The others wait, and find nothing left to do."""
    service = scene.service(scene.moved_tag(WebImage("v1"), WebImage("v2")))

    def update(_run: int) -> dict[str, Any]:
        return run_module("container_recreate", name=service.name, poll_interval=0.2)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(update, range(20)))
    outcomes = sorted(result["outcome"] for result in results)
    assert outcomes == ["recreated"] + ["unchanged"] * 19
    assert scene.containers == [service.name]
    assert scene.journal == []
    assert fetch(service.port) == "v2"


def test_who_waits_too_long_is_told_for_whom(scene: Scene) -> None:
    service = scene.service(scene.image("1", WebImage("v1")))
    sick = scene.image("2", WebImage("v3", health="false"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_module, "container_recreate", name=service.name, image=sick, health_timeout=8)
        wait_for(lambda: bool(scene.journal), "the lock")
        second = run_module("container_recreate", name=service.name, image=sick, lock_timeout=1)
        assert second["failed_step"] == "lock"
        assert "another run is at work on it (process" in second["msg"]
        assert first.result()["outcome"] == "rolled_back"
    assert scene.journal == []


def test_the_archive_is_asleep(scene: Scene) -> None:
    service = scene.service(reference("v1"), HostConfig={"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}})
    result = run_module("container_recreate", name=service.name, image=reference("v2"), keep_archive=True)
    assert scene.inspect(result["archive"])["HostConfig"]["RestartPolicy"]["Name"] == "no"
    assert scene.inspect(service.name)["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 5}
