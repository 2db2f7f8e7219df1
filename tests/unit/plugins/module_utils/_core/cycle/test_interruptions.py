# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed between any two calls, and run again: it ends as if it had not been killed."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InspectFailed, NoArchive, StepFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fake_engine import Fuse, Killed
from support.world import World, updated

Run = t.Callable[[World, RunLock], CycleResult]


def interruptions(make: t.Callable[[], World], run: Run) -> Iterator[World]:
    """One world for each call at which a run can be killed."""
    for at in range(1, 500):
        world = make()
        try:
            with contextlib.suppress(StepFailed):
                run(world, world.lock("first", Fuse(at)))
        except Killed:
            yield world
        else:
            assert at > 10
            return
    pytest.fail("it does not end")


def again(world: World, run: Run) -> CycleResult:
    return run(world, world.lock("second", dead=["first"]))


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("keep_archive", [False, True])
def test_an_update(runs: bool, keep_archive: bool) -> None:
    def run(world: World, lock: RunLock) -> CycleResult:
        return world.recreate(lock, keep_archive=keep_archive)

    for world in interruptions(lambda: World(runs=runs), run):
        result = again(world, run)
        assert result.outcome in (Outcome.RECREATED, Outcome.RECOVERED, Outcome.UNCHANGED)
        world.assert_is("new", runs=runs, archives=world.kept)
        assert len(world.kept) == int(keep_archive)


@pytest.mark.parametrize("bad", [False, True])
def test_an_update_of_a_container_by_its_id(bad: bool) -> None:
    """While it is an archive, its ID has the name of one."""

    def run(world: World, lock: RunLock) -> CycleResult:
        return world.recreate(lock, container=world.web)

    for world in interruptions(lambda: World(bad=bad), run):
        with contextlib.suppress(InspectFailed):  # It was replaced, so nobody has that ID.
            assert again(world, run).outcome in (Outcome.RECREATED, Outcome.ROLLED_BACK, Outcome.SKIPPED)
        world.assert_is("old" if bad else "new")


def test_an_update_to_a_bad_image() -> None:
    for world in interruptions(lambda: World(bad=True), World.recreate):
        assert again(world, World.recreate).outcome in (Outcome.ROLLED_BACK, Outcome.SKIPPED)
        world.assert_is("old")
        assert world.engine.container("web")["Id"] == world.web
        assert world.engine.local["docker.io/library/shop:1"] == "old", "the tag does not mean the bad image"
        assert again(world, World.recreate).outcome is Outcome.SKIPPED


def test_an_update_forgets_no_archive() -> None:
    def make() -> World:
        world = updated(2)
        world.engine.registry["docker.io/library/shop:1"] = "newest"
        return world

    def run(world: World, lock: RunLock) -> CycleResult:
        return world.recreate(lock, keep_archive=True, rollout="7")

    for world in interruptions(make, run):
        again(world, run)
        assert len(world.kept) == 3
        assert [kept.rollout for kept in ArchiveStore(world.memory).of("web")] == ["7", "", ""]
        world.assert_is("newest", archives=world.kept)


@pytest.mark.parametrize("keep_archive", [False, True])
@pytest.mark.parametrize("updates", [1, 2])
def test_going_back(keep_archive: bool, updates: int) -> None:
    """One container, not two, however often it is interrupted."""

    def run(world: World, lock: RunLock) -> CycleResult:
        return world.rollback_to_archive(lock, keep_archive=keep_archive)

    for world in interruptions(lambda: updated(updates), run):
        assert again(world, run).outcome in (Outcome.RESTORED, Outcome.RECOVERED)
        image = "old" if updates == 1 else "new"
        world.assert_is(image, archives=world.kept)
        assert len(world.kept) == updates - 1 + int(keep_archive)
        assert world.engine.local["docker.io/library/shop:1"] == image


def test_going_back_to_a_bad_one() -> None:
    def make() -> World:
        world = updated()
        world.spoil_the_archive()
        return world

    for world in interruptions(make, World.rollback_to_archive):
        assert again(world, World.rollback_to_archive).outcome is Outcome.ROLLED_BACK
        world.assert_is("new", archives=world.kept)
        assert world.kept, "the archive is an archive again"


def test_filling_a_gap() -> None:
    newest: list[str] = []

    def make() -> World:
        world = updated(2)
        newest[:] = [world.engine.container(world.kept[0])["Id"]]
        world.engine.vanish("web")
        return world

    for world in interruptions(make, World.rollback_to_archive):
        assert again(world, World.rollback_to_archive).outcome in (Outcome.RESTORED, Outcome.RECOVERED)
        web = world.engine.container("web")
        assert (web["Id"], web["State"]["Status"], web["HostConfig"]["RestartPolicy"]) == (newest[0], "running", {"Name": "always"})
        assert world.journal.notes == {}
        assert len(world.kept) == 1
        assert set(world.kept) < world.engine.names


@pytest.mark.parametrize("bad", [False, True])
def test_the_second_run_may_be_killed_too(bad: bool) -> None:
    for sooner in range(13, 80, 9):
        for later in range(2, 60, 5):
            world = World(bad=bad)
            for token, at, dead in (("first", sooner, []), ("second", later, ["first"])):
                with contextlib.suppress(Killed):
                    world.recreate(world.lock(token, Fuse(at), dead))
            world.recreate(world.lock("third", dead=["first", "second"]))
            assert "evenkeel-lock.web" not in world.journal.notes
            world.journal.notes.clear()  # A rescuer that is killed while it erases leaves notes that nobody reads.
            world.assert_is("old" if bad else "new")


def test_when_all_is_gone_back_from_nothing_is_left_of_the_memory() -> None:
    world = updated()
    world.rollback_to_archive(world.lock("me"))
    assert set(world.memory.notes) == {"evenkeel-rejected.web"}
    with pytest.raises(NoArchive):
        world.rollback_to_archive(world.lock("me"))
