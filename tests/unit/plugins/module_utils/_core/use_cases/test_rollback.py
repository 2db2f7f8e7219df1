# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back to a kept archive, by the same cycle as an update."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    RestoreFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejections
from support.fakes.engine import STARTING
from support.fakes.web_with_archive import ARCHIVE, Yard

REFUSAL = EngineError("the engine says no")


@pytest.fixture
def yard() -> Yard:
    return Yard()


def test_rollback_calls_the_engine_in_this_order(yard: Yard) -> None:
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


def test_rollback_restores_the_same_container_with_its_restart_policy(yard: Yard) -> None:
    yard.rollback_to_archive()
    web = yard.engine.container("web")
    assert (web["Id"], web["HostConfig"]["RestartPolicy"]) == (yard.archived, {"Name": "on-failure", "MaximumRetryCount": 3})
    assert yard.engine.names == {"web"}


def test_rollback_rejects_the_replaced_image(yard: Yard) -> None:
    yard.rollback_to_archive()
    rejected = Rejections(yard.memory).recall("web")
    assert rejected is not None
    assert (rejected.image_id, rejected.reason) == ("new", "the operator went back from it")


def test_rollback_of_a_rollback_restores_the_newer_container(yard: Yard) -> None:
    assert yard.rollback_to_archive(keep_archive=True).archive == "web-old-1000"
    assert yard.kept == ["web-old-1000"]
    assert yard.rollback_to_archive().container_id == yard.newer
    assert yard.engine.container("web")["HostConfig"]["RestartPolicy"] == {"Name": "always"}


def test_container_can_be_given_by_id(yard: Yard) -> None:
    assert yard.rollback_to_archive(container=yard.newer).container_id == yard.archived


class TestFailedRollback:
    def test_newer_container_is_restored_and_the_archive_is_kept(self, yard: Yard) -> None:
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
    def test_archive_that_cannot_be_restored_is_not_rejected(self, yard: Yard, call: str) -> None:
        yard.engine.errors[call] = REFUSAL
        result = yard.rollback_to_archive()
        assert (result.outcome, result.container_id) == (Outcome.ROLLED_BACK, yard.newer)
        assert result.rollback is not None
        assert result.rollback.reason is RollbackReason.CREATE_FAILED
        assert Rejections(yard.memory).recall("web") is None
        assert yard.engine.names == {"web", ARCHIVE}

    def test_archive_that_keeps_running_is_reported_with_the_commands(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
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


class TestStoppedContainers:
    def test_archive_that_ran_is_started_although_the_newer_container_has_exited(self, yard: Yard) -> None:
        yard.engine._find("web")["State"]["Status"] = "exited"
        result = yard.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in yard.engine.calls if call.startswith(("start", "stop"))] == ["start:web"]

    def test_archive_that_did_not_run_is_not_started_although_the_newer_container_runs(self) -> None:
        yard = Yard(archive_ran=False)
        result = yard.rollback_to_archive()
        assert (result.outcome, result.downtime) == (Outcome.RESTORED, None)
        assert [call for call in yard.engine.calls if call.startswith(("start", "stop"))] == ["stop:web"]


class TestMissingContainer:
    @pytest.fixture(autouse=True)
    def _missing(self, yard: Yard) -> None:
        yard.engine.vanish("web")

    def test_archive_takes_the_missing_name(self, yard: Yard) -> None:
        result = yard.rollback_to_archive()
        assert (result.outcome, result.container_id, result.container_name) == (Outcome.RESTORED, yard.archived, "web")
        web = yard.engine.container("web")
        assert (web["State"]["Status"], web["HostConfig"]["RestartPolicy"]["Name"]) == ("running", "on-failure")
        assert (yard.kept, yard.memory.notes, yard.journal.notes) == ([], {}, {})

    def test_archive_that_did_not_run_takes_the_missing_name_without_being_started(self) -> None:
        yard = Yard(archive_ran=False)
        yard.engine.vanish("web")
        assert yard.rollback_to_archive().outcome is Outcome.RESTORED
        assert "start:web" not in yard.engine.calls

    def test_archive_that_does_not_start_is_reported_and_left_to_the_next_run(self, yard: Yard) -> None:
        yard.engine.errors["start:web"] = REFUSAL
        with pytest.raises(
            RestoreFailed, match="web is gone, and its archive web-old-900 could not be brought back.*docker start web"
        ) as caught:
            yard.rollback_to_archive()
        assert caught.value.touched
        assert "evenkeel-lock.web" in yard.journal.notes

    def test_container_that_takes_the_missing_name_meanwhile_is_replaced(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        write = yard.journal.write

        def taken(key: str, text: str) -> str:
            monkeypatch.setattr(yard.journal, "write", write)
            yard.stranger = yard.engine.has_container("web", "shop:1", "new")  # type: ignore[attr-defined]
            return write(key, text)

        monkeypatch.setattr(yard.journal, "write", taken)
        result = yard.rollback_to_archive()
        assert result.outcome is Outcome.RESTORED
        assert result.old_image.id == "new"
