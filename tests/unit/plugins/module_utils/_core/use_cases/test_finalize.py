# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finalize removes the archives of a healthy container, and nothing else."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    EngineError,
    FinalizeFailed,
    InspectFailed,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.finalize import (
    Finalized,
    FinalizeRequest,
    check_finalize,
    finalize,
)
from support.fakes.engine import CallCounter, FakeEngine, FakeJournal, Killed, fake_context, fake_lock
from support.fakes.host import FakeHost, updated

REFUSAL = EngineError("the engine says no")
ARCHIVE = "web-old-900"
OLDER = "web-old-800"


class HostWithArchives:
    """The container web on the image new, its archives, and a foreign container whose name looks like an archive."""

    def __init__(self) -> None:
        self.engine, self.memory, self.journal = FakeEngine(), FakeJournal(), FakeJournal()
        self.web = self.engine.add_container("web", "shop:1", "new")
        self.engine.add_container("web-old-2", "shop:1", "old")

    def archive(self, name: str, *, runs: bool = True, rollout: str = "") -> str:
        container = self.engine.add_container(name, "shop:1", f"image of {name}", {"RestartPolicy": {"Name": "no"}})
        self.engine._find(name)["State"]["Status"] = "exited"
        ArchiveStore(self.memory).add("web", ArchiveRecord(container, name, runs=runs, restart_policy={}, rollout=rollout))
        return container

    def run(self, work: t.Callable[..., Finalized] = finalize, container: str = "web", rollout: str = "", **cleanup: bool) -> Finalized:
        self.engine.calls.clear()
        request = FinalizeRequest(ContainerRequest(container), rollout, Cleanup(**cleanup))
        try:
            return work(fake_context(self.engine, self.memory), fake_lock(self.journal), request)
        finally:
            assert self.journal.records == {}
            assert {"web", "web-old-2"} <= self.engine.names

    @property
    def kept(self) -> list[str]:
        return [kept.name for kept in ArchiveStore(self.memory).of("web")]

    @property
    def changes(self) -> list[str]:
        return [call for call in self.engine.calls if call != "inspect" and not call.startswith("probe")]


@pytest.fixture
def host() -> HostWithArchives:
    host = HostWithArchives()
    host.archive(OLDER)
    host.archive(ARCHIVE, rollout="monday")
    return host


def test_finalize_removes_all_archives(host: HostWithArchives) -> None:
    assert host.run() == Finalized(host.web, "web", (ARCHIVE, OLDER))
    assert host.changes == [f"remove:{ARCHIVE}", f"remove:{OLDER}"]
    assert (host.kept, host.memory.records) == ([], {})
    assert host.engine.names == {"web", "web-old-2"}


def test_second_finalize_changes_nothing(host: HostWithArchives) -> None:
    host.run()
    assert host.run(prune_dangling=True) == Finalized(host.web, "web")
    assert host.changes == []


def test_container_can_be_given_by_id(host: HostWithArchives) -> None:
    assert host.run(container=host.web).dropped == (ARCHIVE, OLDER)


def test_rollout_limits_which_archives_are_removed(host: HostWithArchives) -> None:
    assert host.run(rollout="monday").dropped == (ARCHIVE,)
    assert host.kept == [OLDER]
    assert host.run(rollout="tuesday").dropped == ()


@pytest.mark.parametrize(("rollout", "dropped"), [("tuesday", (ARCHIVE,)), ("friday", ())])
def test_archives_of_earlier_rollouts_are_removed_too(host: HostWithArchives, rollout: str, dropped: tuple[str, ...]) -> None:
    assert host.run(rollout=rollout).dropped == dropped
    assert OLDER in host.kept, "an archive without a rollout was kept by hand"


def test_images_of_the_archives_are_removed_before_dangling_images(host: HostWithArchives) -> None:
    host.engine.images_in_use.add(f"image of {OLDER}")
    result = host.run(remove_replaced=True, prune_dangling=True)
    assert (result.images_removed, result.warnings) == ((f"image of {ARCHIVE}",), ())
    assert host.changes[2:] == [f"remove_image:image of {ARCHIVE}", f"remove_image:image of {OLDER}", "prune"]


def test_image_that_cannot_be_removed_is_a_warning(host: HostWithArchives) -> None:
    host.engine.errors[f"remove_image:image of {ARCHIVE}"] = REFUSAL
    result = host.run(remove_replaced=True)
    assert result.images_removed == (f"image of {OLDER}",)
    assert "could not be removed" in result.warnings[0]


def test_image_of_the_running_container_is_kept(host: HostWithArchives) -> None:
    host.engine._find(ARCHIVE)["Image"] = "new"
    host.run(remove_replaced=True)
    assert host.changes[2:] == [f"remove_image:image of {OLDER}"]


class TestLostArchives:
    def test_renamed_archive_is_kept_with_a_warning(self, host: HostWithArchives) -> None:
        host.engine.rename(ARCHIVE, "keep-me")
        result = host.run()
        assert result.dropped == (OLDER,)
        assert result.warnings == (
            (
                f"The archive {ARCHIVE} was renamed to keep-me, so it no longer counts as an archive. "
                "It stays; remove it if you do not need it."
            ),
        )
        assert (host.kept, "keep-me" in host.engine.names) == ([], True)

    def test_started_archive_is_kept_with_a_warning(self, host: HostWithArchives) -> None:
        host.engine.start(ARCHIVE)
        result = host.run()
        assert (result.dropped, len(result.warnings), host.kept) == ((OLDER,), 1, [])
        assert ARCHIVE in host.engine.names

    def test_removed_archive_is_forgotten(self, host: HostWithArchives) -> None:
        host.engine.remove(ARCHIVE)
        assert (host.run().dropped, host.kept) == ((OLDER,), [])

    def test_foreign_container_with_the_name_of_an_archive_is_kept(self, host: HostWithArchives) -> None:
        host.engine.remove(ARCHIVE)
        host.engine.add_container(ARCHIVE, "shop:1", "old")
        assert host.run().dropped == (OLDER,)
        assert ARCHIVE in host.engine.names


class TestRefused:
    @pytest.mark.parametrize(
        ("state", "word"),
        [
            ({"Status": "exited", "ExitCode": 1}, "exited"),
            ({"Status": "restarting", "Running": True}, "exited"),
            ({"Status": "paused"}, "paused"),
            ({"Status": "running", "Health": {"Status": "unhealthy"}}, "unhealthy"),
            ({"Status": "running", "Health": {"Status": "starting"}}, "starting"),
        ],
    )
    def test_container_that_is_not_healthy_is_refused(self, host: HostWithArchives, state: dict[str, t.Any], word: str) -> None:
        host.engine._find("web")["State"].update(state)
        for work in (finalize, check_finalize):
            with pytest.raises(Refused, match=f"it is {word} now, so you may want to go back"):
                host.run(work)
        assert host.kept == [ARCHIVE, OLDER]

    def test_stopped_container_is_not_refused_when_its_archives_did_not_run_either(self) -> None:
        host = HostWithArchives()
        host.archive(ARCHIVE, runs=False)
        host.engine._find("web")["State"]["Status"] = "exited"
        assert host.run().dropped == (ARCHIVE,)

    def test_missing_container_is_an_error(self, host: HostWithArchives) -> None:
        with pytest.raises(InspectFailed, match="no container"):
            host.run(container="nobody")

    def test_memory_that_cannot_be_read_is_an_error(self, host: HostWithArchives) -> None:
        host.memory.errors.append(REFUSAL)
        with pytest.raises(InspectFailed, match="were left as they are"):
            host.run()


class TestPartialFailure:
    def test_archive_that_cannot_be_removed_is_an_error(self, host: HostWithArchives) -> None:
        host.engine.errors[f"remove:{ARCHIVE}"] = REFUSAL
        with pytest.raises(FinalizeFailed, match=f"Remove it with: docker rm {ARCHIVE}") as caught:
            host.run(remove_replaced=True)
        assert (caught.value.touched, host.kept) == (True, [ARCHIVE])
        assert not [call for call in host.changes if call.startswith("remove_image")]

    def test_removal_without_an_answer_is_no_failure(self, host: HostWithArchives) -> None:
        host.engine.lost_answers.add(f"remove:{ARCHIVE}")
        assert host.run().dropped == (ARCHIVE, OLDER)

    def test_archive_that_could_not_be_forgotten_is_forgotten_by_the_next_run(
        self, host: HostWithArchives, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_key: str) -> None:
            raise REFUSAL

        with monkeypatch.context() as patch:
            patch.setattr(host.memory, "erase", refuse)
            result = host.run()
        assert (result.dropped, len(result.warnings), host.kept) == ((ARCHIVE, OLDER), 2, [ARCHIVE, OLDER])
        assert (host.run().dropped, host.kept) == ((), [])


def drop(
    host: FakeHost,
    token: str,
    call_counter: CallCounter | None = None,
    dead: t.Iterable[str] = (),
    work: t.Callable[..., Finalized] = finalize,
) -> Finalized:
    lock = host.lock(token, call_counter, dead)
    return work(fake_context(host.engine, host.memory), lock, FinalizeRequest(ContainerRequest("web")))


class TestInterrupted:
    def test_finalize_killed_at_any_call_is_finished_by_the_next_run(self) -> None:
        call_counter = CallCounter()
        drop(updated(2), "me", call_counter)
        for at in range(1, call_counter.count + 1):
            host = updated(2)
            with pytest.raises(Killed):
                drop(host, "first", CallCounter(at))
            drop(host, "second", dead=["first"])
            host.assert_is("newer")
            assert host.kept == []

    def test_interrupted_update_is_refused(self) -> None:
        host = updated()
        host.engine.registry["docker.io/library/shop:1"] = "newer"
        with pytest.raises(Killed):
            host.recreate(host.lock("first", CallCounter(45)), keep_archive=True)
        before = (host.engine.names, host.kept, dict(host.journal.records))
        for work in (finalize, check_finalize):
            with pytest.raises(Refused, match="an earlier run on it was interrupted"):
                drop(host, "second", dead=["first"], work=work)
            assert (host.engine.names, host.kept, host.journal.records) == before

    def test_live_run_is_waited_for(self) -> None:
        host = updated()
        with pytest.raises(Killed):
            host.rollback_to_archive(host.lock("first", CallCounter(30)))
        with pytest.raises(Busy):
            drop(host, "second")
        assert "another run is working" in drop(host, "second", work=check_finalize).warnings[-1].lower()


def test_check_mode_touches_nothing(host: HostWithArchives) -> None:
    assert host.run(check_finalize, remove_replaced=True).dropped == (ARCHIVE, OLDER)
    assert (host.changes, host.kept) == ([], [ARCHIVE, OLDER])
