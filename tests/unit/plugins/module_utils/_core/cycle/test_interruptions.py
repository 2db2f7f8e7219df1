# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kill matrix over whole updates and rollbacks (every package of the core), on the fake engine.

Each run is killed before each call in turn, and a second run follows. It ends as if the first had not been killed.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InspectFailed, NoArchive, StepFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import CallCounter, Killed
from support.fakes.host import FakeHost, updated

Run = t.Callable[[FakeHost, RunLock], CycleResult]


def killed_at_each_call(make: t.Callable[[], FakeHost], run: Run) -> Iterator[FakeHost]:
    """Yield one host for each call at which a run can be killed."""
    for at in range(1, 500):
        host = make()
        try:
            with contextlib.suppress(StepFailed):
                run(host, host.lock("first", CallCounter(at)))
        except Killed:
            yield host
        else:
            assert at > 10
            return
    pytest.fail("the run made more than 500 calls")


def run_again(host: FakeHost, run: Run) -> CycleResult:
    return run(host, host.lock("second", dead=["first"]))


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("keep_archive", [False, True])
def test_killed_update_is_finished_by_the_next_run(runs: bool, keep_archive: bool) -> None:
    def run(host: FakeHost, lock: RunLock) -> CycleResult:
        return host.recreate(lock, keep_archive=keep_archive)

    for host in killed_at_each_call(lambda: FakeHost(runs=runs), run):
        result = run_again(host, run)
        assert result.outcome in (Outcome.RECREATED, Outcome.RECOVERED, Outcome.UNCHANGED)
        host.assert_is("new", runs=runs, archives=host.kept)
        assert len(host.kept) == int(keep_archive)


@pytest.mark.parametrize("bad", [False, True])
def test_killed_update_of_a_container_given_by_id_is_finished_by_the_next_run(bad: bool) -> None:
    """While the container is an archive, its ID belongs to the name of the archive."""

    def run(host: FakeHost, lock: RunLock) -> CycleResult:
        return host.recreate(lock, container=host.web)

    for host in killed_at_each_call(lambda: FakeHost(bad=bad), run):
        with contextlib.suppress(InspectFailed):  # The container was replaced, so its ID is gone.
            assert run_again(host, run).outcome in (Outcome.RECREATED, Outcome.ROLLED_BACK, Outcome.SKIPPED)
        host.assert_is("old" if bad else "new")


def test_killed_update_to_a_bad_image_is_rolled_back_by_the_next_run() -> None:
    judged = 0
    for host in killed_at_each_call(lambda: FakeHost(bad=True), FakeHost.recreate):
        was_locked = "evenkeel-lock.web" in host.journal.records
        result = run_again(host, FakeHost.recreate)
        report = cycle_report(result)
        assert result.outcome in (Outcome.ROLLED_BACK, Outcome.SKIPPED)
        assert report["failed"] or not was_locked, "F-N2: nobody has heard of the failure of the requested image"
        if result.interrupted and result.interrupted.rollback:
            judged += 1
            assert (report["error_class"], report["interrupted_run"]["outcome"]) == ("crashed", "rolled_back")
            assert report["interrupted_run"]["rollback"]["failure"]["error"] == "web exited with code 3"
            assert "interrupted. Its container of shop:1 did not stay up: web exited with code 3." in report["msg"]
        host.assert_is("old")
        assert host.engine.container("web")["Id"] == host.web
        assert host.engine.local["docker.io/library/shop:1"] == "old", "the tag still points to the old image"
        assert run_again(host, FakeHost.recreate).outcome is Outcome.SKIPPED
    assert judged


def test_killed_update_forgets_no_archive() -> None:
    def make() -> FakeHost:
        host = updated(2)
        host.engine.registry["docker.io/library/shop:1"] = "newest"
        return host

    def run(host: FakeHost, lock: RunLock) -> CycleResult:
        return host.recreate(lock, keep_archive=True, rollout="7")

    for host in killed_at_each_call(make, run):
        run_again(host, run)
        assert len(host.kept) == 3
        assert [kept.rollout for kept in ArchiveStore(host.memory).of("web")] == ["7", "", ""]
        host.assert_is("newest", archives=host.kept)


@pytest.mark.parametrize("keep_archive", [False, True])
@pytest.mark.parametrize("updates", [1, 2])
def test_killed_rollback_is_finished_by_the_next_run(keep_archive: bool, updates: int) -> None:
    """The run restores exactly one container, even when it is interrupted."""

    def run(host: FakeHost, lock: RunLock) -> CycleResult:
        return host.rollback_to_archive(lock, keep_archive=keep_archive)

    for host in killed_at_each_call(lambda: updated(updates), run):
        assert run_again(host, run).outcome in (Outcome.RESTORED, Outcome.RECOVERED)
        image = "old" if updates == 1 else "new"
        host.assert_is(image, archives=host.kept)
        assert len(host.kept) == updates - 1 + int(keep_archive)
        assert host.engine.local["docker.io/library/shop:1"] == image


def test_killed_rollback_to_a_bad_archive_is_undone_by_the_next_run() -> None:
    def make() -> FakeHost:
        host = updated()
        host.make_the_archive_fail()
        return host

    for host in killed_at_each_call(make, FakeHost.rollback_to_archive):
        assert run_again(host, FakeHost.rollback_to_archive).outcome is Outcome.ROLLED_BACK
        host.assert_is("new", archives=host.kept)
        assert host.kept, "the archive is kept again"


def test_killed_restore_of_a_missing_container_is_finished_by_the_next_run() -> None:
    newest: list[str] = []

    def make() -> FakeHost:
        host = updated(2)
        newest[:] = [host.engine.container(host.kept[0])["Id"]]
        host.engine.remove_externally("web")
        return host

    for host in killed_at_each_call(make, FakeHost.rollback_to_archive):
        assert run_again(host, FakeHost.rollback_to_archive).outcome in (Outcome.RESTORED, Outcome.RECOVERED)
        web = host.engine.container("web")
        assert (web["Id"], web["State"]["Status"], web["HostConfig"]["RestartPolicy"]) == (newest[0], "running", {"Name": "always"})
        assert host.journal.records == {}
        assert len(host.kept) == 1
        assert set(host.kept) < host.engine.names


@pytest.mark.parametrize("bad", [False, True])
def test_third_run_finishes_when_the_second_is_killed_too(bad: bool) -> None:
    for first_kill in range(13, 80, 9):
        for second_kill in range(2, 60, 5):
            host = FakeHost(bad=bad)
            for token, at, dead in (("first", first_kill, []), ("second", second_kill, ["first"])):
                with contextlib.suppress(Killed):
                    host.recreate(host.lock(token, CallCounter(at), dead))
            host.recreate(host.lock("third", dead=["first", "second"]))
            assert "evenkeel-lock.web" not in host.journal.records
            host.journal.records.clear()  # A recovering run that is killed while it erases records leaves some behind; nothing reads them.
            host.assert_is("old" if bad else "new")


def test_memory_holds_only_the_rejection_after_the_last_rollback() -> None:
    host = updated()
    host.rollback_to_archive(host.lock("me"))
    assert set(host.memory.records) == {"evenkeel-rejected.web"}
    with pytest.raises(NoArchive):
        host.rollback_to_archive(host.lock("me"))
