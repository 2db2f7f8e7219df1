# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed between any two calls, and run again: it ends as if it had not been killed."""

from __future__ import annotations

import contextlib
import json
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cleanup import Cleanup
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.comeback import go_back
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.errors import StepFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.guard import Guard
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.kept_archives import Archives, Kept
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan import ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.ports import RuntimeStatus
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.recreate import CycleResult, Outcome, recreate_with_health
from support.fake_engine import FakeClock, FakeEngine, FakeJournal, FakeRuns, Fuse, Killed, exited, fake_ports

ALWAYS = {"RestartPolicy": {"Name": "always"}}
HEALTH = HealthConfig(health_timeout=1, grace_period=1)
DEPENDENTS = ("net", "linker", "pid", "sleeper")


class World:
    """web, who runs and is depended on in every way, and a stranger. C(bad) makes every container of the image C(new) exit."""

    def __init__(self, *, bad: bool = False, runs: bool = True) -> None:
        self.engine = FakeEngine()
        self.journal, self.memory = FakeJournal(), FakeJournal()
        self.bad = bad
        engine = self.engine
        self.web = engine.has_container("web", "shop:1", "old", ALWAYS)
        self.stranger = engine.has_container("web-old-2", "other:1", "other")
        engine.has_container("net", "tool:1", "tool", {"NetworkMode": f"container:{self.web}", **ALWAYS})
        engine.has_container("linker", "tool:1", "tool", {"Links": ["web:db"]})
        engine.has_container("pid", "tool:1", "tool", {"PidMode": f"container:{engine.container('net')['Id']}"})
        engine.has_container("sleeper", "tool:1", "tool", {"IpcMode": f"container:{self.web}"})
        engine._find("sleeper")["State"]["Status"] = "exited"
        if not runs:
            for name in ("web", "net", "linker", "pid"):
                engine._find(name)["State"]["Status"] = "exited"
        # Since they were made, their tag has come to mean another image.
        engine.local["docker.io/library/tool:1"] = "tool-2"
        engine.registry["docker.io/library/shop:1"] = "new"
        self.before = {name: engine.container(name) for name in engine.names}
        engine.look_on = self.look_on
        self.made_bad: set[str] = set()

    def look_on(self) -> None:
        """What must be true at any moment."""
        if self.bad:
            self._break_the_new_one()
        up = [c["Id"] for c in self.engine._containers.values() if c["State"]["Status"] == "running" and c["Config"]["Image"] == "shop:1"]
        assert len(up) <= 1, "two that share their data ran at once"
        assert self.engine.container("web-old-2") == self.before["web-old-2"], "a stranger was touched"

    def _break_the_new_one(self) -> None:
        for container in self.engine._containers.values():
            if container["Image"] == "new" and container["State"]["Status"] == "running":
                container["State"].update(Status="exited", ExitCode=3)

    def guard(self, token: str, fuse: Fuse | None = None, dead: t.Iterable[str] = ()) -> Guard:
        fuse = fuse or Fuse()
        self.engine.fuse = self.journal.fuse = self.memory.fuse = fuse
        runs = FakeRuns(token)
        runs.dead.update(dead)
        return Guard(self.journal, runs, FakeClock(), lock_timeout=5)

    def recreate(self, guard: Guard, **options: t.Any) -> CycleResult:
        ports = fake_ports(self.engine, self.memory)
        return recreate_with_health(ports, guard, RecreateRequest("web"), HEALTH, Cleanup(), **options)

    def go_back(self, guard: Guard, **options: t.Any) -> CycleResult:
        return go_back(fake_ports(self.engine, self.memory), guard, ContainerRequest("web"), HEALTH, **options)

    def assert_dependents_live(self) -> None:
        for name in DEPENDENTS:
            now, before = self.engine.container(name), self.before[name]
            assert now["Image"] == before["Image"], f"{name} keeps its exact image"
            assert now["Config"]["Image"] == "tool:1", f"{name} follows its tag"
            assert (now["State"]["Status"] == "running") == (before["State"]["Status"] == "running"), f"{name} does what it did"
            if now["State"]["Status"] == "running":
                assert self.engine.is_served(name), name
        web = self.engine.container("web")["Id"]
        assert self.engine.container("sleeper")["HostConfig"]["IpcMode"] == f"container:{web}"
        assert self.engine.container("linker")["HostConfig"]["Links"] == ["/web:/linker/db"]
        assert self.engine.container("net")["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert self.engine.local["docker.io/library/tool:1"] == "tool-2", "the tag means what it meant"

    def assert_is(self, image: str, *, runs: bool = True, archives: t.Collection[str] = ()) -> None:
        web = self.engine.container("web")
        assert web["Image"] == image
        assert web["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert (web["State"]["Status"] == "running") is runs
        assert self.engine.names == {"web", "web-old-2", *DEPENDENTS, *archives}
        for archive in archives:
            assert self.engine.container(archive)["State"]["Status"] != "running"
            assert self.engine.container(archive)["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert self.journal.notes == {}
        self.assert_dependents_live()


def kept(world: World) -> list[str]:
    return [archive.name for archive in Archives(world.memory).of("web")]


def interruptions(make: t.Callable[[], World], run: t.Callable[[World, Guard], object]) -> Iterator[tuple[int, World]]:
    """One world for each call at which a run can be killed."""
    for at in range(1, 500):
        world = make()
        with contextlib.suppress(StepFailed):
            try:
                run(world, world.guard("first", Fuse(at)))
            except Killed:
                yield at, world
                continue
        return
    pytest.fail("it does not end")


def again(world: World, run: t.Callable[[World, Guard], CycleResult]) -> CycleResult:
    return run(world, world.guard("second", dead=["first"]))


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("keep_archive", [False, True])
def test_an_update(runs: bool, keep_archive: bool) -> None:
    def run(world: World, guard: Guard) -> CycleResult:
        return world.recreate(guard, keep_archive=keep_archive)

    count = 0
    for _at, world in interruptions(lambda: World(runs=runs), run):
        result = again(world, run)
        assert result.outcome in (Outcome.RECREATED, Outcome.RECOVERED, Outcome.UNCHANGED)
        world.assert_is("new", runs=runs, archives=kept(world))
        assert len(kept(world)) == int(keep_archive)
        count += 1
    assert count > 20


def test_an_update_to_a_bad_image() -> None:
    for _at, world in interruptions(lambda: World(bad=True), World.recreate):
        result = again(world, World.recreate)
        assert result.outcome in (Outcome.ROLLED_BACK, Outcome.SKIPPED)
        world.assert_is("old")
        assert world.engine.container("web")["Id"] == world.web
        assert world.engine.local["docker.io/library/shop:1"] == "old", "the tag does not mean the bad image"
        assert again(world, World.recreate).outcome is Outcome.SKIPPED


def updated(*, bad: bool = False) -> World:
    """An update with a kept archive, after which the archive (image old) may have gone C(bad)."""
    world = World()
    world.recreate(world.guard("zeroth"), keep_archive=True)
    world.before = {**world.before, **{name: world.engine.container(name) for name in DEPENDENTS}}
    if bad:
        world.bad = True
        world._break_the_new_one = lambda: spoil(world)  # type: ignore[method-assign]
    return world


def spoil(world: World) -> None:
    container = world.engine._find(world.web)
    if container["State"]["Status"] == "running":
        container["State"].update(Status="exited", ExitCode=3)


@pytest.mark.parametrize("keep_archive", [False, True])
def test_going_back(keep_archive: bool) -> None:
    def run(world: World, guard: Guard) -> CycleResult:
        return world.go_back(guard, keep_archive=keep_archive)

    for _at, world in interruptions(updated, run):
        result = again(world, run)
        assert result.outcome in (Outcome.RESTORED, Outcome.RECOVERED)
        world.assert_is("old", archives=kept(world))
        assert world.engine.container("web")["Id"] == world.web
        assert len(kept(world)) == int(keep_archive)
        assert world.engine.local["docker.io/library/shop:1"] == "old"


def test_going_back_to_a_bad_one() -> None:
    for _at, world in interruptions(lambda: updated(bad=True), World.go_back):
        result = again(world, World.go_back)
        assert result.outcome is Outcome.ROLLED_BACK
        world.assert_is("new", archives=kept(world))
        assert kept(world), "the archive is an archive again"
