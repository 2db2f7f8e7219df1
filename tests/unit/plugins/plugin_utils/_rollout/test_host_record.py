# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a host after each step of a rollout."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout import host_record

OLD, NEW = ({"reference": "shop:1", "id": f"sha256:{letter}", "digest": f"sha256:{letter}"} for letter in "ab")
LOOK = {"containers": [{"name": "db", "image": OLD, "archives": []}, {"name": "web", "image": OLD, "archives": []}]}
WELL = {"outcome": "recreated", "image": {"old": OLD, "new": NEW}, "downtime_seconds": 0.5}
BACK = {"outcome": "restored", "image": {"old": NEW, "new": OLD}}
ROLLED_BACK = {"failed": True, "outcome": "rolled_back", "rollback": {"reason": "crashed"}, "rollback_failed": False, "msg": "it\n crashed"}
GONE = {"unreachable": True, "msg": "Failed to connect"}


def foretold(outcome: str = "recreated", name: str = "web", **more: t.Any) -> dict[str, t.Any]:
    return {"item": {"name": name}, "outcome": outcome, "image": {"old": OLD, "new": NEW}, **more}


def planned(*results: dict[str, t.Any], **options: t.Any) -> host_record.HostRecord:
    return host_record.planned("h1", LOOK, {"results": list(results)}, **options)


class TestPlanned:
    @pytest.mark.parametrize(
        ("result", "outcome"),
        [
            (foretold(), "planned"),
            (foretold("recovered"), "planned"),
            (foretold("unknown", doubt="access was denied"), "planned"),
            (foretold("unchanged"), "unchanged"),
            (foretold("unchanged", doubt="another run is working on it"), "planned"),
            (foretold("skipped", skip_reason="rejected", msg="rolled back before"), "rejected"),
            (foretold("skipped", skip_reason="too_young", msg="an hour old"), "held"),
            ({"item": {"name": "web"}, "failed": True, "msg": "no route to the registry"}, "failed"),
            ({"item": {"name": "web"}, "skipped": True}, "unchanged"),
            ({"item": {"name": "absent"}, "skipped": True}, "failed"),
        ],
    )
    def test_outcome_of_a_container(self, result: dict[str, t.Any], outcome: str) -> None:
        assert planned(result)["outcome"] == outcome

    def test_host_has_the_worst_outcome_of_its_containers(self) -> None:
        failed = {"item": {"name": "db"}, "failed": True, "msg": "no route"}
        record = planned(failed, foretold())
        assert (record["outcome"], record["reason"]) == ("failed", "no route")
        assert planned(foretold("unchanged", "db"), foretold())["outcome"] == "planned"

    def test_host_updated_by_an_earlier_run_of_the_rollout_is_unverified(self) -> None:
        """The earlier run may have stopped before it verified the host."""
        archives = [{"kept": True, "rollout": "monday"}]
        look = {"containers": [{"name": "web", "image": NEW, "archives": archives}]}
        for prepared, outcome in ((foretold("unchanged"), "unverified"), (foretold(), "planned")):
            assert host_record.planned("h1", look, {"results": [prepared]}, resumed="monday")["outcome"] == outcome
        for resumed in ("", "sunday"):
            assert host_record.planned("h1", look, {"results": [foretold("unchanged")]}, resumed=resumed)["outcome"] == "unchanged"
        record = host_record.begun(host_record.planned("h1", look, {"results": [foretold("unchanged")]}, resumed="monday"), 1)
        assert host_record.is_to_do(record)
        assert host_record.ended(record)["outcome"] == "unchanged"
        assert host_record.ended(host_record.failed(record, "Ask for the page: 503"))["outcome"] == "failed"

    def test_host_with_an_archive_of_the_rollout_is_to_go_back(self) -> None:
        archives = [{"kept": True, "rollout": "monday"}]
        look = {"containers": [{"name": "db", "image": OLD, "archives": []}, {"name": "web", "image": NEW, "archives": archives}]}
        skipped = {"results": [{"item": {"name": name}, "skipped": True} for name in ("db", "web")]}
        record = host_record.planned("h1", look, skipped, resumed="monday", goal="rollback")
        assert [container["outcome"] for container in record["containers"]] == ["unchanged", "to_go_back"]
        assert (record["outcome"], host_record.is_to_do(record)) == ("to_go_back", False)
        assert host_record.gone_back(record, "web", BACK)["outcome"] == "went_back"
        assert host_record.planned("h1", look, skipped, resumed="sunday", goal="rollback")["outcome"] == "unchanged"
        assert host_record.planned("h1", look, skipped, goal="commit", resumed="monday")["outcome"] == "unchanged"

    def test_unreachable_host_is_unknown(self) -> None:
        for look, prepared in ((GONE, {}), (LOOK, GONE)):
            record = host_record.planned("h1", look, prepared)
            assert (record["outcome"], record["reason"]) == ("unknown", "the host could not be reached: Failed to connect")

    def test_host_without_an_engine_has_failed(self) -> None:
        assert host_record.planned("h1", {"failed": True, "msg": "no engine"}, {})["outcome"] == "failed"

    def test_rejected_image_is_tried_again_on_request(self) -> None:
        record = planned(foretold("skipped", skip_reason="rejected", msg="web was left as it is"), retry_rejected=True)
        assert "left as it is" not in record["containers"][0]["reason"], "F-N10: it is planned"
        assert (record["outcome"], record["containers"][0]["retry"]) == ("planned", True)


class TestArchivesOfAHost:
    CONTAINERS: t.ClassVar = [{"name": "db"}, {"name": "web"}]

    @staticmethod
    def look(**keeps: list[str | None] | None) -> dict[str, t.Any]:
        """Return the look of a host with archives of these rollouts per container. None stands for unknown archives."""
        return {
            "containers": [
                {"name": name, "image": NEW, "archives": rollouts and [{"kept": True, "rollout": rollout} for rollout in rollouts]}
                for name, rollouts in keeps.items()
            ]
        }

    def test_unknown_archives_leave_the_host_unsettled(self) -> None:
        assert host_record.is_complete(self.look(web=["monday"], db=[]))
        for look in (self.look(web=["monday"], db=None), {"msg": "no engine"}, GONE):
            assert not host_record.is_complete(look)
        record = host_record.planned("h1", self.look(web=None), {"results": [foretold("unchanged")]}, resumed="monday")
        assert (record["outcome"], record["reason"]) == ("failed", "which old containers it keeps could not be found out")
        assert host_record.finalized(planned(foretold("unchanged")), self.look(web=None), {"results": []})["outcome"] == "unsettled"
        assert host_record.left_behind(planned(foretold()), self.look(web=None))["reason"].endswith("keeps could not be found out")

    def test_archives_to_drop_with_a_rollout(self) -> None:
        """This includes archives of earlier rollouts, but not those of later rollouts or of the user."""
        for rollouts, goes in ((["2"], True), (["1"], True), ([None, "1"], True), (["3"], False), ([None], False), ([], False)):
            assert host_record.to_drop(self.look(web=rollouts, other=["2"]), "2", self.CONTAINERS) == (["web"] if goes else [])

    def test_containers_to_roll_back(self) -> None:
        """This includes interrupted containers, except those with an archive of the user: restoring it would undo too much."""
        look = self.look(db=["monday"], web=[])
        assert host_record.to_go_back(look, "monday", self.CONTAINERS) == ["db"]
        look["containers"][1]["interrupted"] = True
        assert host_record.to_go_back(look, "monday", self.CONTAINERS) == ["web", "db"]
        assert host_record.to_go_back(self.look(web=["monday"]), "tuesday", self.CONTAINERS) == []
        look["containers"][1]["archives"] = [{"kept": True, "rollout": None}]
        assert host_record.to_go_back(look, "monday", self.CONTAINERS) == ["db"]

    def test_interrupted_container_without_an_archive_counts_as_rolled_back(self) -> None:
        nothing = {"failed": True, "changed": True, "error_class": "no_archive", "msg": "no archive"}
        assert host_record.gone_back(planned(foretold()), "web", nothing)["outcome"] == "went_back"
        assert host_record.gone_back(planned(foretold()), "web", {**nothing, "changed": False})["outcome"] == "rollback_failed"


class TestUpdated:
    @pytest.mark.parametrize(
        ("result", "outcome"),
        [
            (WELL, "updated"),
            ({**WELL, "outcome": "unchanged"}, "unchanged"),
            (ROLLED_BACK, "rolled_back"),
            ({**ROLLED_BACK, "rollback_failed": True}, "rollback_failed"),
            ({"failed": True, "msg": "no disk"}, "failed"),
            (GONE, "unknown"),
            ({"outcome": "skipped", "skip_reason": "excluded", "msg": "its label says so"}, "held"),
        ],
    )
    def test_outcome_of_an_updated_container(self, result: dict[str, t.Any], outcome: str) -> None:
        record = host_record.updated(planned(foretold()), "web", result)
        assert record["outcome"] == outcome

    def test_record_has_images_and_downtime(self) -> None:
        [container] = host_record.updated(planned(foretold()), "web", WELL)["containers"]
        assert (container["before"], container["after"], container["seconds_down"]) == (OLD, NEW, 0.5)

    def test_reason_of_a_failure_has_one_line(self) -> None:
        assert host_record.updated(planned(foretold()), "web", ROLLED_BACK)["reason"] == "it crashed"

    def test_last_words_of_a_failed_container_are_kept(self) -> None:
        """F-N7"""
        failure = {"error": "web exited with code 3", "exit_code": 3, "logs": ["boom"]}
        result = {**ROLLED_BACK, "rollback": {"reason": "crashed", "failure": failure}}
        record = host_record.updated(planned(foretold()), "web", result)
        assert record["reason"] == "it did not stay up: web exited with code 3"
        assert record["containers"][0]["failure"] == {"reason": "crashed", **failure}

    @pytest.mark.parametrize("outcome", ["rolled_back", "held"])
    def test_container_that_an_interrupted_run_left_on_a_bad_image_is_shown_on_its_old_one(self, outcome: str) -> None:
        """F-N2. The bad image was there when the run was planned."""
        rollback = {"reason": "crashed", "failure": {"error": "web exited with code 3"}}
        skipped = {"outcome": "skipped", "skip_reason": "rejected", "msg": "rejected", "image": {"old": OLD, "new": NEW}}
        failed = {**skipped, "failed": True, "rollback": None, "interrupted_run": {"outcome": "rolled_back", "rollback": rollback}}
        record = host_record.updated(
            planned({**foretold(), "image": {"old": NEW, "new": NEW}}), "web", failed if outcome == "rolled_back" else skipped
        )
        assert (record["outcome"], record["containers"][0]["after"]) == (outcome, OLD)


@pytest.mark.behaviour("K6")
def test_host_lost_during_a_wave_has_failed() -> None:
    record = host_record.begun(planned(foretold()), 2)
    assert (record["wave"], host_record.has_failed(record)) == (2, True)
    updated = host_record.updated(record, "web", WELL)
    assert host_record.has_failed(updated), "the tasks after the update have not finished"
    assert not host_record.has_failed(host_record.ended(updated))
    assert not host_record.has_failed(host_record.gone_back(updated, "web", BACK)), "the rollback makes its state known again"


def test_failed_user_task_is_the_reason() -> None:
    record = host_record.failed(host_record.updated(planned(foretold()), "web", WELL), "Smoke test: 503")
    assert (record["outcome"], record["reason"]) == ("failed", "Smoke test: 503")
    back = host_record.taken_back(record, "web", BACK)
    assert (back["outcome"], back["reason"], back["containers"][0]["after"]) == ("rolled_back", "Smoke test: 503", OLD)


def test_downtime_of_the_rollback_is_added() -> None:
    record = host_record.updated(planned(foretold()), "web", WELL)
    [container] = host_record.gone_back(record, "web", {**BACK, "downtime_seconds": 0.75})["containers"]
    assert container["seconds_down"] == 1.25
    [container] = host_record.gone_back(planned(foretold("unchanged")), "web", BACK)["containers"]
    assert container["seconds_down"] is None


def test_failed_rollback_replaces_a_failed_user_task() -> None:
    record = host_record.failed(host_record.updated(planned(foretold()), "web", WELL), "Smoke test: 503")
    assert host_record.taken_back(record, "web", {"failed": True, "msg": "its port is taken"})["outcome"] == "rollback_failed"


@pytest.mark.behaviour("K4")
def test_outcomes_of_a_fleet_rollback() -> None:
    record = host_record.updated(planned(foretold()), "web", WELL)
    assert host_record.gone_back(record, "web", BACK)["outcome"] == "went_back"
    assert host_record.gone_back(record, "web", GONE)["outcome"] == "unknown"
    assert host_record.gone_back(record, "web", {"failed": True, "msg": "taken"})["outcome"] == "rollback_failed"
    assert host_record.left_behind(record, GONE)["outcome"] == "unknown"
    failed = host_record.failed(host_record.gone_back(record, "web", BACK), "Undrain: 503")
    assert (failed["outcome"], failed["reason"]) == ("failed", "Undrain: 503")


def test_host_with_a_remaining_archive_is_unsettled() -> None:
    record = host_record.updated(planned(foretold()), "web", WELL)
    kept = host_record.finalized(record, LOOK, {"results": [{"item": "web", "failed": True, "msg": "it is unhealthy now"}]})
    assert (kept["outcome"], kept["containers"][0]["outcome"]) == ("unsettled", "updated")
    assert kept["reason"].startswith("its old containers were not dropped, web: it is unhealthy now. Run this again with")
    assert host_record.finalized(record, LOOK, {"results": [{"item": "web", "dropped": ["web-old-1"]}]}) == record
    assert "could not be looked at" in host_record.finalized(record, GONE, {})["reason"]


def test_updated_containers_are_rolled_back_in_reverse_order() -> None:
    def look(rollout: str) -> dict[str, t.Any]:
        archives = [{"kept": True, "rollout": rollout}]
        return {"containers": [{"name": name, "image": NEW, "archives": archives} for name in ("web", "db", "other")]}

    assert host_record.reached(look("monday"), "monday", [{"name": "db"}, {"name": "web"}]) == ["web", "db"]
    assert host_record.reached(look("sunday"), "monday", [{"name": "db"}]) == []
    assert host_record.reached(GONE, "monday", [{"name": "db"}]) == []
