# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-N7, F-N11: every ending of a module says what happened, how things are now, and what to do next."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import OldContainer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.message import (
    NOTHING_TO_DO,
    Task,
    message_of,
    message_of_error,
    message_of_finalize,
    message_values,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import (
    CycleResult,
    Outcome,
    RestoreResult,
    RollbackEvent,
    RollbackReason,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import FleetError, InspectFailed, StepFailed
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ContainerRuntimeState,
    Failure,
    ImageIdentity,
    RuntimeStatus,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Skipped, SkipReason

OLD, NEW = ImageIdentity("shop:1", "sha256:old"), ImageIdentity("shop:2", "sha256:new")
WEB = OldContainer("c0ffee", "web", "shop:1", ContainerRuntimeState(RuntimeStatus.HEALTHY))
REMOVED = "The archives of web were removed: web-old-1."
EVENT = RollbackEvent("web", RollbackReason.CRASHED, "shop:1", "shop:2", "web-old-1", Failure("web exited with code 3", 3))


def result_of(outcome: Outcome) -> CycleResult:
    result = CycleResult(outcome, "c0ffee", "web", OLD, NEW, doubt="the registry is busy" if outcome is Outcome.UNKNOWN else "")
    return result._replace(rollback=EVENT, restored=RestoreResult()) if outcome is Outcome.ROLLED_BACK else result


@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_a_next_step(outcome: Outcome, task: Task, predicted: bool) -> None:
    message = message_of(result_of(outcome), task, predicted=predicted)
    assert "web" in message["msg"]
    assert message["next_step"]
    assert message["msg"].endswith(message["next_step"])
    assert not {"{", "}"} & set(message["msg"])


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Outcome.RECREATED, "web was recreated from shop:2."),
        (Outcome.RESTORED, "web was restored from its archive, and has shop:2 again."),
        (Outcome.RECOVERED, "An earlier run on web was interrupted. This run recovered it: web has shop:1, and needs no update."),
        (Outcome.UNCHANGED, "web was left as it is: it already has shop:1."),
        (Outcome.UNKNOWN, "Whether web would change is unknown, and nothing was changed: the registry is busy."),
    ],
)
def test_message_says_what_happened(outcome: Outcome, what: str) -> None:
    assert message_of(result_of(outcome), Task.RECREATE, predicted=False)["msg"].startswith(f"{what} ")


@pytest.mark.parametrize(
    ("outcome", "task", "expected"),
    [
        (
            Outcome.RECREATED,
            Task.RECREATE,
            "web would be recreated from shop:2. It was not touched. To do it, run the task without check mode.",
        ),
        (Outcome.RECREATED, Task.PREPARE, "web would be recreated from shop:2. It was not touched. To do it, run container_recreate."),
        (
            Outcome.RESTORED,
            Task.ROLLBACK,
            "web would be restored from its archive, and have shop:2 again. It was not touched. To do it, run the task without check mode.",
        ),
        (
            Outcome.RECOVERED,
            Task.RECREATE,
            "An earlier run on web was interrupted, and would be recovered. It was not touched. To do it, run the task without check mode.",
        ),
    ],
)
def test_prediction_does_not_claim_that_it_happened(outcome: Outcome, task: Task, expected: str) -> None:
    assert message_of(result_of(outcome), task, predicted=True)["msg"] == expected


def test_doubtful_prediction_says_so() -> None:
    result = result_of(Outcome.RECREATED)._replace(doubt="another run is working on it")
    assert "This may turn out otherwise: another run is working on it." in message_of(result, Task.RECREATE, predicted=True)["msg"]


def test_kept_archive_is_named_with_the_ways_back() -> None:
    message = message_of(result_of(Outcome.RECREATED)._replace(archive="web-old-1"), Task.RECREATE, predicted=False)
    assert message["msg"].startswith(
        "web was recreated from shop:2. Its archive web-old-1 still exists. To go back to it, run container_rollback."
    )
    assert message["next_step"].endswith("docker rm web-old-1")


def test_images_of_one_reference_are_told_apart() -> None:
    moved = result_of(Outcome.RECREATED)._replace(
        old_image=ImageIdentity("shop:2", "sha256:" + "a" * 64), new_image=ImageIdentity("shop:2", "sha256:" + "b" * 64)
    )
    assert "from shop:2 (sha256:bbbbbbbbbbbb)." in message_of(moved, Task.RECREATE, predicted=False)["msg"]


@pytest.mark.parametrize("reason", list(SkipReason))
def test_each_reason_to_skip_has_a_next_step_that_names_an_option(reason: SkipReason) -> None:
    skipped = Skipped(WEB, OLD, NEW, reason, "web was not updated: so it is.")
    message = message_of(result_of(Outcome.SKIPPED)._replace(skipped=skipped), Task.RECREATE, predicted=False)
    assert message["msg"] == f"web was not updated: so it is. {message['next_step']}"
    assert any(option in message["next_step"] for option in ("force", "respect_labels", "min_image_age"))


def all_errors(error: type[FleetError] = FleetError) -> list[type[FleetError]]:
    """The error and all classes below it."""
    return [error, *(below for one in error.__subclasses__() for below in all_errors(one))]


@pytest.mark.parametrize("error", all_errors())
def test_each_error_class_has_a_next_step(error: type[FleetError]) -> None:
    if error.__init__ not in (FleetError.__init__, StepFailed.__init__):
        message = {"msg": f"It broke. {error.next_step}", "next_step": error.next_step}
    else:
        message = message_of_error(error("It broke"))
    assert message == {"msg": f"It broke. {error.next_step}", "next_step": error.next_step}
    assert error.next_step.endswith(("again.", "another image."))


@pytest.mark.parametrize("text", ["It broke. Run the task again.", "It broke. Try again.", "It broke. Try again later."])
def test_advice_is_not_repeated(text: str) -> None:
    assert message_of_error(InspectFailed(text))["msg"] == text


def test_next_step_is_a_sentence_of_its_own() -> None:
    assert message_values("The engine says: no", "Fix it.")["msg"] == "The engine says: no. Fix it."


@pytest.mark.parametrize(
    ("dropped", "images", "predicted", "expected"),
    [
        ([], [], False, f"web was left as it is: there is no archive of it to remove. {NOTHING_TO_DO}"),
        (["web-old-1"], [], False, f"{REMOVED} web itself was not touched. {NOTHING_TO_DO}"),
        (
            ["web-old-1"],
            ["sha256:a"],
            False,
            f"{REMOVED} web itself was not touched. The images of these archives were removed too: sha256:a. {NOTHING_TO_DO}",
        ),
        (
            ["web-old-1"],
            [],
            True,
            "The archives of web would be removed: web-old-1. web itself was not touched. To do it, run the task without check mode.",
        ),
    ],
)
def test_message_of_finalize(dropped: list[str], images: list[str], predicted: bool, expected: str) -> None:
    assert message_of_finalize("web", dropped, images, predicted=predicted)["msg"] == expected
