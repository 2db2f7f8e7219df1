# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Repair, RepairResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import OldContainer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report, diff_report, error_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.restore import RestoreResult, RollbackEvent, RollbackReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    EngineUnavailable,
    FleetError,
    InspectFailed,
    InvalidInput,
    JournalFailed,
    NoArchive,
    PullErrorKind,
    PullFailed,
    RecoveryFailed,
    Refused,
    RenameFailed,
    RestoreFailed,
    StepFailed,
    StopFailed,
    UpdateFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ContainerRuntimeState,
    Failure,
    ImageIdentity,
    RuntimeStatus,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import StepTime
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Skipped, SkipReason
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.diff import Diff
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, why_rejected

OLD = ImageIdentity("shop:1", "sha256:old", "sha256:aaa")
NEW = ImageIdentity("shop:2", "sha256:new")
IMAGES = {
    "old": {"reference": "shop:1", "id": "sha256:old", "digest": "sha256:aaa"},
    "new": {"reference": "shop:2", "id": "sha256:new", "digest": None},
}


def event(reason: RollbackReason = RollbackReason.CRASHED) -> RollbackEvent:
    failure = Failure(
        "web exited with code 3", 3, oom_killed=False, health_log=({"exit_code": 1, "output": "database unreachable\n"},), logs=("boom",)
    )
    return RollbackEvent("web", reason, "shop:1", "shop:2", "web-old-1000", failure)


def rolled_back(restored: RestoreResult) -> CycleResult:
    return CycleResult(Outcome.ROLLED_BACK, "c0ffee", "web", OLD, NEW, rollback=event(), restored=restored)


def test_report_of_a_recreated_container() -> None:
    result = CycleResult(Outcome.RECREATED, "c0ffee", "web", OLD, NEW, steps=(StepTime("stop", 0.12345),), downtime=0.45678)
    assert cycle_report(result) == {
        "failed": False,
        "changed": True,
        "outcome": "recreated",
        "container": {"id": "c0ffee", "name": "web"},
        "archive": None,
        "image": IMAGES,
        "rollback": None,
        "rollback_failed": False,
        "steps": [{"name": "stop", "seconds": 0.123}],
        "downtime_seconds": 0.457,
        "dependents": [],
        "lost_files": [],
        "rejected": None,
        "hooks": {"pre_update": None, "post_update": None},
        "doubt": None,
        "msg": "web was recreated from shop:2. There is nothing to do.",
        "next_step": "There is nothing to do.",
    }


def test_report_of_an_unchanged_container() -> None:
    report = cycle_report(CycleResult(Outcome.UNCHANGED, "c0ffee", "web", OLD, OLD))
    assert (report["changed"], report["failed"], report["outcome"], report["downtime_seconds"]) == (False, False, "unchanged", None)


def test_report_of_a_rollback() -> None:
    report = cycle_report(rolled_back(RestoreResult()))
    assert (report["failed"], report["changed"], report["outcome"], report["rollback_failed"]) == (True, True, "rolled_back", False)
    assert report["rollback"] == {
        "container": "web",
        "reason": "crashed",
        "old_image_ref": "shop:1",
        "new_image_ref": "shop:2",
        "restored_from": "web-old-1000",
        "failure": {
            "exit_code": 3,
            "oom_killed": False,
            "error": "web exited with code 3",
            "health_log": [{"exit_code": 1, "output": "database unreachable\n"}],
            "logs": ["boom"],
        },
    }
    assert report["msg"] == (
        "The new container of shop:2 did not stay up: web exited with code 3. Its last health check ended with exit code 1: database "
        "unreachable. Its last log lines: boom. web was rolled back and runs shop:1 again, in the same container as before. Fix what made "
        "it exit. Later runs skip this image, and try a newer one. To try this image again, set force: true, or remove the record with: "
        "docker volume rm evenkeel-rejected.web"
    )


def test_images_of_the_same_reference_are_distinguished_by_id() -> None:
    """The usual case is a tag that moved."""
    moved = event()._replace(new_image_ref="shop:1")
    images = ImageIdentity("shop:1", "sha256:" + "a" * 64), ImageIdentity("shop:1", "sha256:" + "b" * 64)
    result = CycleResult(Outcome.ROLLED_BACK, "c0ffee", "web", *images, rollback=moved, restored=RestoreResult())
    message = cycle_report(result)["msg"]
    assert message.startswith("The new container of shop:1 (sha256:bbbbbbbbbbbb) did not stay up")
    assert "runs shop:1 (sha256:aaaaaaaaaaaa) again" in message


def test_report_of_a_failed_rollback() -> None:
    restored = RestoreResult(
        "web could not be started (port taken)", ("docker rename web-old-1000 web", "docker start web"), "web-old-1000"
    )
    report = cycle_report(rolled_back(restored))
    assert (report["failed"], report["rollback_failed"]) == (True, True)
    assert "port taken" in report["msg"]
    assert "Its old container is called web-old-1000." in report["msg"]
    assert report["msg"].endswith("docker rename web-old-1000 web && docker start web")


@pytest.mark.parametrize("reason", list(RollbackReason))
def test_each_rollback_reason_is_also_the_error_class(reason: RollbackReason) -> None:
    result = CycleResult(Outcome.ROLLED_BACK, "c0ffee", "web", OLD, NEW, rollback=event(reason), restored=RestoreResult())
    report = cycle_report(result)
    assert (report["rollback"]["reason"], report["error_class"]) == (reason.value, reason.value)


def test_error_reports() -> None:
    then = "Then run the task again."
    message = {"msg": f"no. {then}", "next_step": then}
    assert error_report(PullFailed("no")) == {**message, "changed": False, "failed_step": "pull", "error_class": "pull_failed"}
    assert error_report(PullFailed("no", PullErrorKind.RATE_LIMITED))["error_class"] == "rate_limited"
    assert error_report(StopFailed("no", touched=True)) == {
        "msg": f"no. {StopFailed.next_step}",
        "next_step": StopFailed.next_step,
        "changed": True,
        "failed_step": "stop",
        "error_class": "stop_failed",
    }
    assert error_report(EngineUnavailable("no")) == {
        **message,
        "changed": False,
        "failed_step": None,
        "error_class": "engine_unavailable",
    }


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (InspectFailed, "inspect"),
        (PullFailed, "pull"),
        (Refused, "preflight"),
        (StopFailed, "stop"),
        (RenameFailed, "rename"),
        (UpdateFailed, "update"),
        (Busy, "lock"),
        (JournalFailed, "journal"),
        (RecoveryFailed, "recover"),
        (NoArchive, "inspect"),
        (RestoreFailed, "restore"),
    ],
)
def test_failed_step_of_each_error(kind: type[StepFailed], step: str) -> None:
    report = error_report(kind("no"))
    assert (report["msg"], report["changed"], report["failed_step"]) == (f"no. {kind.next_step}", False, step)


@pytest.mark.parametrize(
    ("reason", "value", "words"),
    [
        (RollbackReason.HEALTH_TIMEOUT, "health_timeout", "did not become healthy"),
        (RollbackReason.CRASHED, "crashed", "did not stay up"),
        (RollbackReason.CREATE_FAILED, "create_failed", "could not be created"),
        (RollbackReason.START_FAILED, "start_failed", "could not be started"),
    ],
)
def test_message_of_each_rollback_reason(reason: RollbackReason, value: str, words: str) -> None:
    result = CycleResult(Outcome.ROLLED_BACK, "c0ffee", "web", OLD, NEW, rollback=event(reason), restored=RestoreResult())
    report = cycle_report(result)
    assert report["rollback"]["reason"] == value
    assert report["msg"].startswith(f"The new container of shop:2 {words}: ")


def test_downtime_of_zero_is_reported() -> None:
    report = cycle_report(CycleResult(Outcome.RECREATED, "c0ffee", "web", OLD, NEW, archive="web-old-1000", downtime=0.0))
    assert (report["archive"], report["downtime_seconds"]) == ("web-old-1000", 0.0)


def test_report_of_a_failed_rollback_without_commands() -> None:
    msg = cycle_report(rolled_back(RestoreResult("web was still starting after 5 s")))["msg"]
    assert "THE ROLLBACK FAILED TOO, and web needs your attention: web was still starting after 5 s." in msg
    assert msg.endswith("See what is wrong with it, for example with 'docker logs web'. Then run the task again.")


def test_report_of_a_skipped_container() -> None:
    rejected = Rejected("shop:2", "sha256:new", None, "crashed: web exited with code 3", 1000)
    why = why_rejected("web", rejected)
    web = OldContainer("c0ffee", "web", "shop:1", ContainerRuntimeState(RuntimeStatus.HEALTHY))
    skipped = Skipped(web, OLD, NEW, SkipReason.REJECTED, why, rejected)
    report = cycle_report(CycleResult(Outcome.SKIPPED, "c0ffee", "web", OLD, NEW, skipped=skipped))
    assert (report["failed"], report["changed"], report["outcome"]) == (False, False, "skipped")
    assert report["skip_reason"] == "rejected"
    assert report["rejected"] == {
        "reference": "shop:2",
        "image_id": "sha256:new",
        "digest": None,
        "reason": "crashed: web exited with code 3",
        "since": 1000,
    }
    assert report["msg"] == (
        "web was not updated: it was rolled back from this image of shop:2 (crashed: web exited with code 3). A newer image will be "
        "tried. To try this image again, set force: true, or remove the record with: docker volume rm evenkeel-rejected.web"
    )


@pytest.mark.parametrize(
    ("outcome", "changed"),
    [
        (Outcome.RECREATED, True),
        (Outcome.RESTORED, True),
        (Outcome.RECOVERED, True),
        (Outcome.ROLLED_BACK, True),
        (Outcome.UNCHANGED, False),
        (Outcome.SKIPPED, False),
    ],
)
def test_changed_for_each_outcome(outcome: Outcome, changed: bool) -> None:
    result = CycleResult(outcome, "c0ffee", "web", OLD, NEW)
    assert cycle_report(result)["changed"] is changed
    assert cycle_report(result._replace(recovered_first=True))["changed"]


def test_dependents_and_lost_files_are_reported() -> None:
    sidecar = RepairResult("sidecar", "1", Repair.NEEDS_ATTENTION, "it could not be restarted: no")
    report = cycle_report(CycleResult(Outcome.RECREATED, "c0ffee", "web", OLD, NEW, dependents=(sidecar,), lost_files=("/a",)))
    assert report["dependents"] == [{"name": "sidecar", "id": "1", "repair": "needs_attention", "problem": "it could not be restarted: no"}]
    assert report["lost_files"] == ["/a"]
    assert [repair.value for repair in Repair] == ["recreated", "restarted", "needs_attention"]


def test_unknown_outcome_is_not_a_change() -> None:
    report = cycle_report(CycleResult(Outcome.UNKNOWN, "c0ffee", "web", OLD, NEW, doubt="nobody may ask"))
    assert (report["changed"], report["outcome"], report["doubt"]) == (False, "unknown", "nobody may ask")


def test_diff_has_the_shape_that_ansible_prints() -> None:
    diff = Diff({"image": "old"}, {"image": "new"})
    assert diff_report(CycleResult(Outcome.RECREATED, "c0ffee", "web", OLD, NEW, diff=diff)) == {
        "before": {"image": "old"},
        "after": {"image": "new"},
        "before_header": "container web",
        "after_header": "container web",
    }


@pytest.mark.parametrize("outcome", [Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.UNKNOWN, Outcome.RECOVERED])
def test_diff_is_empty_without_a_change(outcome: Outcome) -> None:
    diff = diff_report(CycleResult(outcome, "c0ffee", "web", OLD, NEW))
    assert (diff["before"], diff["after"]) == ("", "")


def test_diff_is_empty_after_a_rollback() -> None:
    diff = diff_report(rolled_back(RestoreResult(runs=True)))
    assert (diff["before"], diff["after"]) == ("", "")


ERROR_CLASSES = {
    "busy",
    "engine_unavailable",
    "finalize_failed",
    "hook_failed",
    "inspect_failed",
    "invalid_image_reference",
    "invalid_input",
    "journal_failed",
    "no_archive",
    "plan_outdated",
    "pull_failed",
    "recovery_failed",
    "replaced_by_others",
    "refused",
    "rename_failed",
    "restore_failed",
    "still_unhealthy",
    "stop_failed",
    "update_failed",
    "verify_failed",
}
"""The public names of the errors. Playbooks decide by them, so a class that is renamed breaks playbooks."""


def leaves(error: type[FleetError]) -> set[type[FleetError]]:
    """The error and all classes below it."""
    return {error}.union(*(leaves(below) for below in error.__subclasses__()))


def test_error_classes_keep_their_public_names() -> None:
    own = leaves(InvalidInput) | leaves(EngineUnavailable) | leaves(StepFailed) - {StepFailed}
    assert {error_report(error("why"))["error_class"] for error in own} == ERROR_CLASSES
