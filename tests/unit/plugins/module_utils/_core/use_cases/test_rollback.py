# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to a kept archive, by the same cycle as an update."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    InspectFailed,
    NoArchive,
    Refused,
    RestoreFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_report, rollback_to_archive
from support.fakes.engine import STARTING, FakeEngine, FakeJournal, fake_context, fake_lock

REFUSAL = EngineError("the engine says no")
ARCHIVE = "web-old-900"


class Yard:
    """web on image new, and its archive of image old."""

    def __init__(self, *, archive_ran: bool = True) -> None:
        self.engine, self.memory, self.journal = FakeEngine(), FakeJournal(), FakeJournal()
        self.newer = self.engine.has_container("web", "shop:1", "new", {"RestartPolicy": {"Name": "always"}})
        self.archived = self.archive(ARCHIVE, runs=archive_ran)
        self.engine.local["docker.io/library/shop:1"] = "new"

    def archive(self, name: str, *, runs: bool = True) -> str:
        container = self.engine.has_container(name, "shop:1", "old", {"RestartPolicy": {"Name": "no"}})
        self.engine._find(name)["State"]["Status"] = "exited"
        ArchiveStore(self.memory).add(
            "web", ArchiveRecord(container, name, runs=runs, restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
        )
        return container

    def rollback_to_archive(self, *, container: str = "web", keep_archive: bool = False) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        self.lock = fake_lock(self.journal)
        return rollback_to_archive(
            context, self.lock, ContainerRequest(container), HealthConfig(health_timeout=1), keep_archive=keep_archive
        )

    @property
    def kept(self) -> list[str]:
        return [kept.name for kept in ArchiveStore(self.memory).of("web")]


@pytest.fixture
def yard() -> Yard:
    return Yard()


def test_the_order(yard: Yard) -> None:
    result = yard.rollback_to_archive()
    assert result.outcome is Outcome.RESTORED
    assert [call for call in yard.engine.calls if call != "inspect"] == [
        "surroundings",
        "restart=no:web",
        "stop:web",
        "rename:web->web-old-1000",
        f"rename:{ARCHIVE}->web",
        "restart=on-failure:web",
        "start:web",
        "probe:web",
        "surroundings",
        "tag:shop:1=old",
        "remove:web-old-1000",
    ]
    assert (result.container_id, result.archive) == (yard.archived, None)
    assert (result.old_image.id, result.new_image.id) == ("new", "old")
    assert (yard.kept, yard.journal.notes) == ([], {})


def test_it_is_the_very_container_with_its_own_policy(yard: Yard) -> None:
    yard.rollback_to_archive()
    web = yard.engine.container("web")
    assert (web["Id"], web["HostConfig"]["RestartPolicy"]) == (yard.archived, {"Name": "on-failure", "MaximumRetryCount": 3})
    assert yard.engine.names == {"web"}


def test_what_was_gone_back_from_is_rejected(yard: Yard) -> None:
    yard.rollback_to_archive()
    rejected = Rejections(yard.memory).recall("web")
    assert rejected is not None
    assert (rejected.image_id, rejected.reason) == ("new", "the operator went back from it")


def test_there_and_back_again(yard: Yard) -> None:
    assert yard.rollback_to_archive(keep_archive=True).archive == "web-old-1000"
    assert yard.kept == ["web-old-1000"]
    assert yard.rollback_to_archive().container_id == yard.newer
    assert yard.engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always"}


def test_by_its_id(yard: Yard) -> None:
    assert yard.rollback_to_archive(container=yard.newer).container_id == yard.archived


class TestOneThatFails:
    def test_the_newer_one_is_back_and_the_archive_an_archive(self, yard: Yard) -> None:
        start = yard.engine.start

        def exit_at_once(container: str) -> None:
            start(container)
            if container == yard.archived:
                yard.engine._find(container)["State"].update(Status="exited", ExitCode=3)

        yard.engine.start = exit_at_once  # type: ignore[method-assign]
        result = yard.rollback_to_archive()
        assert (result.outcome, result.container_id) == (Outcome.ROLLED_BACK, yard.newer)
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CRASHED
        assert yard.engine.names == {"web", ARCHIVE}
        web, archive = yard.engine.container("web"), yard.engine.container(ARCHIVE)
        assert (web["Id"], web["State"]["Status"], web["HostConfig"]["RestartPolicy"]) == (yard.newer, "running", {"Name": "always"})
        assert (archive["State"]["Status"], archive["HostConfig"]["RestartPolicy"]) == ("exited", {"Name": "no"})
        assert yard.kept == [ARCHIVE]
        assert not [call for call in yard.engine.calls if call.startswith("remove")]

    @pytest.mark.parametrize("call", [f"rename:{ARCHIVE}->web", "restart=on-failure:web"])
    def test_one_that_cannot_come_is_not_blamed(self, yard: Yard, call: str) -> None:
        yard.engine.errors[call] = REFUSAL
        result = yard.rollback_to_archive()
        assert (result.outcome, result.container_id) == (Outcome.ROLLED_BACK, yard.newer)
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED
        assert Rejections(yard.memory).recall("web") is None
        assert yard.engine.names == {"web", ARCHIVE}

    def test_one_that_goes_on_running_is_told_how_to_put_away(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two that share their data must not run at once."""
        stop = yard.engine.stop

        def stop_the_newer_only(container: str, timeout: int) -> None:
            if container == yard.archived:
                raise REFUSAL
            stop(container, timeout)

        monkeypatch.setattr(yard.engine, "stop", stop_the_newer_only)
        yard.engine.looks["web"] = [STARTING]
        result = yard.rollback_to_archive()
        assert result.restored is not None
        assert result.restored.commands == (
            f"docker stop {yard.archived} && docker rename {yard.archived} {ARCHIVE}",
            "docker rename web-old-1000 web",
            "docker start web",
        )
        assert yard.engine.container(yard.newer)["State"]["Status"] == "exited"
        assert "evenkeel-lock.web" in yard.journal.notes


class TestNothingToGoBackTo:
    def test_none_was_kept(self, yard: Yard) -> None:
        ArchiveStore(yard.memory).drop("web", yard.archived)
        with pytest.raises(NoArchive, match="no archive of web is left.*Nothing was touched") as caught:
            yard.rollback_to_archive()
        assert not caught.value.touched
        assert ARCHIVE in yard.engine.names, "what merely looks like an archive is not used"

    def test_it_was_removed(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()

    def test_one_that_was_renamed_is_skipped_for_an_older_one(self, yard: Yard) -> None:
        yard.archive("web-old-950")
        yard.engine._find("web-old-950")["Name"] = "/keep-this"
        assert yard.rollback_to_archive().container_id == yard.archived
        assert "keep-this" in yard.engine.names

    def test_the_newest_comes_first(self, yard: Yard) -> None:
        newest = yard.archive("web-old-950")
        assert yard.rollback_to_archive().container_id == newest
        assert yard.kept == [ARCHIVE]

    def test_a_memory_that_cannot_be_read(self, yard: Yard) -> None:
        yard.memory.errors.append(REFUSAL)
        with pytest.raises(InspectFailed, match="archives of web could not be looked at, and nothing was touched"):
            yard.rollback_to_archive()


class TestPreflight:
    def test_what_may_not_be_stopped(self, yard: Yard) -> None:
        yard.engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            yard.rollback_to_archive()

    def test_a_network_of_the_archive_that_is_gone(self, yard: Yard) -> None:
        yard.engine._find(ARCHIVE)["NetworkSettings"]["Networks"] = {"back": {}}
        with pytest.raises(Refused, match="network back is gone"):
            yard.rollback_to_archive()
        yard.engine.networks.add("back")
        assert yard.rollback_to_archive().outcome is Outcome.RESTORED


class TestStates:
    def test_one_that_ran_is_started_though_the_newer_one_has_exited(self, yard: Yard) -> None:
        yard.engine._find("web")["State"]["Status"] = "exited"
        result = yard.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in yard.engine.calls if call.startswith(("start", "stop"))] == ["start:web"]

    def test_one_that_did_not_run_is_not_started_though_the_newer_one_runs(self) -> None:
        yard = Yard(archive_ran=False)
        result = yard.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in yard.engine.calls if call.startswith(("start", "stop"))] == ["stop:web"]


class TestTheNameIsMissing:
    @pytest.fixture(autouse=True)
    def _missing(self, yard: Yard) -> None:
        yard.engine.vanish("web")

    def test_the_archive_gets_it(self, yard: Yard) -> None:
        result = yard.rollback_to_archive()
        assert (result.outcome, result.container_id, result.container_name) == (Outcome.RESTORED, yard.archived, "web")
        web = yard.engine.container("web")
        assert (web["State"]["Status"], web["HostConfig"]["RestartPolicy"]["Name"]) == ("running", "on-failure")
        assert (yard.kept, yard.memory.notes, yard.journal.notes) == ([], {}, {})

    def test_one_that_did_not_run_is_not_started(self) -> None:
        yard = Yard(archive_ran=False)
        yard.engine.vanish("web")
        assert yard.rollback_to_archive().outcome is Outcome.RESTORED
        assert "start:web" not in yard.engine.calls

    def test_with_no_archive_either(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()
        assert yard.journal.notes == {}

    def test_one_that_does_not_come_up_is_told_and_tried_again_by_the_next_run(self, yard: Yard) -> None:
        yard.engine.errors["start:web"] = REFUSAL
        with pytest.raises(
            RestoreFailed, match="web is gone, and its archive web-old-900 could not be brought back.*docker start web"
        ) as caught:
            yard.rollback_to_archive()
        assert caught.value.touched
        assert "evenkeel-lock.web" in yard.journal.notes

    def test_nobody_is_taken_for_a_name_by_an_id(self, yard: Yard) -> None:
        with pytest.raises(InspectFailed, match="no container"):
            yard.rollback_to_archive(container=yard.newer)

    def test_somebody_who_takes_the_name_in_the_meantime(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        write = yard.journal.write

        def taken(key: str, text: str) -> str:
            monkeypatch.setattr(yard.journal, "write", write)
            yard.stranger = yard.engine.has_container("web", "shop:1", "new")  # type: ignore[attr-defined]
            return write(key, text)

        monkeypatch.setattr(yard.journal, "write", taken)
        result = yard.rollback_to_archive()
        assert result.outcome is Outcome.RESTORED
        assert result.old_image.id == "new"


def test_the_report_has_only_what_a_rollback_can_return(yard: Yard) -> None:
    result = yard.rollback_to_archive()
    assert set(cycle_report(result)) - set(rollback_report(result)) == {"lost_files", "rejected", "hooks"}
    assert rollback_report(result)["outcome"] == "restored"
