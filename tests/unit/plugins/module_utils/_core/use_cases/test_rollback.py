# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback to a kept archive, by the same cycle as an update."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    NoArchive,
    Refused,
    RestoreFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import check_rollback, rollback_report
from support.fakes.check_mode import check_host
from support.fakes.host import FakeHost, updated
from support.fakes.host_with_archive import ARCHIVE, HostWithArchive
from support.fakes.update_of_web import TRIAL

REFUSAL = EngineError("the engine says no")


@pytest.fixture
def host() -> HostWithArchive:
    return HostWithArchive()


def test_rollback_calls_the_engine_in_this_order(host: HostWithArchive) -> None:
    result = host.rollback_to_archive()
    assert result.outcome is Outcome.RESTORED
    assert [call for call in host.engine.calls if call != "inspect"] == [
        "surroundings",
        *TRIAL,
        "restart=no:web",
        "stop:web",
        "rename:web->web-old-1000",
        f"rename:{ARCHIVE}->web",
        "restart=on-failure:web",
        "start:web",
        "probe:web",
        "probe:web",
        "surroundings",
        "tag:shop:1=old",
        "remove:web-old-1000",
        "probe:web",
    ]
    assert (result.container_id, result.archive) == (host.archived, None)
    assert (result.old_image.id, result.new_image.id) == ("new", "old")
    assert (host.kept, host.journal.records) == ([], {})


def test_rollback_restores_the_same_container_with_its_restart_policy(host: HostWithArchive) -> None:
    host.rollback_to_archive()
    web = host.engine.container("web")
    assert (web["Id"], web["HostConfig"]["RestartPolicy"]) == (host.archived, {"Name": "on-failure", "MaximumRetryCount": 3})
    assert host.engine.names == {"web"}


def test_rollback_rejects_the_replaced_image(host: HostWithArchive) -> None:
    host.rollback_to_archive()
    rejected = Rejections(host.memory).recall("web")
    assert rejected is not None
    assert (rejected.image_id, rejected.reason) == ("new", "the operator rolled it back")


def test_rollback_of_a_rollback_restores_the_newer_container(host: HostWithArchive) -> None:
    assert host.rollback_to_archive(keep_archive=True).archive == "web-old-1000"
    assert host.kept == ["web-old-1000"]
    assert host.rollback_to_archive().container_id == host.newer
    assert host.engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always"}


def test_container_can_be_given_by_id(host: HostWithArchive) -> None:
    assert host.rollback_to_archive(container=host.newer).container_id == host.archived


class TestFailedRollback:
    def test_newer_container_is_restored_and_the_archive_is_kept(self, host: HostWithArchive) -> None:
        start = host.engine.start

        def exit_at_once(container: str) -> None:
            start(container)
            if container == host.archived:
                host.engine._find(container)["State"].update(Status="exited", ExitCode=3)

        host.engine.start = exit_at_once  # type: ignore[method-assign]
        result = host.rollback_to_archive()
        assert (result.outcome, result.container_id) == (Outcome.ROLLED_BACK, host.newer)
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CRASHED
        assert host.engine.names == {"web", ARCHIVE}
        web, archive = host.engine.container("web"), host.engine.container(ARCHIVE)
        assert (web["Id"], web["State"]["Status"], web["HostConfig"]["RestartPolicy"]) == (host.newer, "running", {"Name": "always"})
        assert (archive["State"]["Status"], archive["HostConfig"]["RestartPolicy"]) == ("exited", {"Name": "no"})
        assert host.kept == [ARCHIVE]
        assert [call for call in host.engine.calls if call.startswith("remove")] == TRIAL[1:]

    @pytest.mark.parametrize("call", [f"rename:{ARCHIVE}->web", "restart=on-failure:web"])
    def test_archive_that_cannot_be_restored_is_not_rejected(self, host: HostWithArchive, call: str) -> None:
        host.engine.errors[call] = REFUSAL
        result = host.rollback_to_archive()
        assert (result.outcome, result.container_id) == (Outcome.ROLLED_BACK, host.newer)
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED
        assert Rejections(host.memory).recall("web") is None
        assert host.engine.names == {"web", ARCHIVE}


class TestStoppedContainers:
    def test_archive_that_ran_is_started_although_the_newer_container_has_exited(self, host: HostWithArchive) -> None:
        host.engine._find("web")["State"]["Status"] = "exited"
        result = host.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in host.engine.calls if call.startswith(("start", "stop"))] == ["start:web"]

    def test_archive_that_did_not_run_is_not_started_although_the_newer_container_runs(self) -> None:
        host = HostWithArchive(archive_ran=False)
        result = host.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in host.engine.calls if call.startswith(("start", "stop"))] == ["stop:web"]


class TestMissingContainer:
    @pytest.fixture(autouse=True)
    def _missing(self, host: HostWithArchive) -> None:
        host.engine.remove_externally("web")

    def test_archive_takes_the_missing_name(self, host: HostWithArchive) -> None:
        result = host.rollback_to_archive()
        assert (result.outcome, result.container_id, result.container_name) == (Outcome.RESTORED, host.archived, "web")
        web = host.engine.container("web")
        assert (web["State"]["Status"], web["HostConfig"]["RestartPolicy"]["Name"]) == ("running", "on-failure")
        assert (host.kept, host.memory.records, host.journal.records) == ([], {}, {})

    def test_archive_that_did_not_run_takes_the_missing_name_without_being_started(self) -> None:
        host = HostWithArchive(archive_ran=False)
        host.engine.remove_externally("web")
        assert host.rollback_to_archive().outcome is Outcome.RESTORED
        assert "start:web" not in host.engine.calls

    def test_archive_that_does_not_start_is_reported_and_left_to_the_next_run(self, host: HostWithArchive) -> None:
        host.engine.errors["start:web"] = REFUSAL
        with pytest.raises(
            RestoreFailed, match="web is gone, and its archive web-old-900 could not be restored.*docker start web"
        ) as caught:
            host.rollback_to_archive()
        assert caught.value.touched
        assert "evenkeel-lock.web" in host.journal.records

    def test_container_that_takes_the_missing_name_meanwhile_is_replaced(
        self, host: HostWithArchive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = host.journal.write

        def taken(key: str, text: str) -> str:
            monkeypatch.setattr(host.journal, "write", write)
            host.stranger = host.engine.add_container("web", "shop:1", "new")  # type: ignore[attr-defined]
            return write(key, text)

        monkeypatch.setattr(host.journal, "write", taken)
        result = host.rollback_to_archive()
        assert result.outcome is Outcome.RESTORED
        assert result.old_image.id == "new"


def test_the_report_has_only_what_a_rollback_can_return(host: HostWithArchive) -> None:
    result = host.rollback_to_archive()
    assert set(cycle_report(result)) - set(rollback_report(result)) == {"lost_files", "rejected", "hooks"}
    assert rollback_report(result)["outcome"] == "restored"


class TestCheckMode:
    def test_rollback_to_the_archive_is_predicted(self) -> None:
        host = updated()
        result = check_host(host, check_rollback)
        assert (result.outcome, result.new_image.id) == (Outcome.RESTORED, "old")
        assert result.diff is not None
        done = host.rollback_to_archive(host.lock("later"))
        assert (done.outcome, done.new_image.id, done.diff) == (result.outcome, result.new_image.id, result.diff)

    def test_rollback_of_a_missing_container_is_predicted(self) -> None:
        host = updated()
        host.engine.remove_externally("web")
        result = check_host(host, check_rollback)
        done = host.rollback_to_archive(host.lock("later"))
        assert (result.outcome, result.container_id, result.container_name) == (done.outcome, done.container_id, done.container_name)
        assert (result.old_image, result.new_image) == (done.old_image, done.new_image)

    def test_rollback_without_an_archive_is_an_error(self) -> None:
        with pytest.raises(NoArchive):
            check_host(FakeHost(), check_rollback)

    def test_rollback_of_a_paused_container_is_refused(self) -> None:
        host = updated()
        host.engine._find("web")["State"]["Status"] = "paused"
        with pytest.raises(Refused):
            check_host(host, check_rollback)
