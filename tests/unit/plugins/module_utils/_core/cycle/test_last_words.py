# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-N7, F-N11: after a rollback, the message has the last words of the failed container, and what to do."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.last_words import (
    LOG_LINES,
    LONGEST_QUOTE,
    after_rollback,
    last_words,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import (
    CycleResult,
    Outcome,
    RestoreResult,
    RollbackEvent,
    RollbackReason,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Failure, ImageIdentity

RESULT = CycleResult(Outcome.ROLLED_BACK, "c0ffee", "web", ImageIdentity("shop:1", "a"), ImageIdentity("shop:2", "b"), archive="web-old-1")
FORGET = "To try this image again, set force: true, or remove the record with: docker volume rm evenkeel-rejected.web"


def event(reason: RollbackReason = RollbackReason.CRASHED, failure: Failure = Failure("web exited")) -> RollbackEvent:
    return RollbackEvent("web", reason, "shop:1", "shop:2", "web-old-1", failure)


@pytest.mark.parametrize("of_archive", [False, True])
@pytest.mark.parametrize("excuse", ["", "the disk was full"])
@pytest.mark.parametrize("restored", [RestoreResult(), RestoreResult("it is gone"), RestoreResult("it is gone", ("docker start web",))])
@pytest.mark.parametrize("reason", list(RollbackReason))
def test_each_reason_has_a_next_step(reason: RollbackReason, restored: RestoreResult, excuse: str, of_archive: bool) -> None:
    what, next_step = after_rollback(RESULT._replace(excuse=excuse), event(reason), restored, of_archive=of_archive)
    assert what.startswith(f"The {'restored' if of_archive else 'new'} container of shop:2 ")
    assert what.endswith(".")
    assert "again" in next_step or next_step == "Bring it back with: docker start web"


@pytest.mark.parametrize(
    ("result", "of_archive", "expected"),
    [
        (RESULT, False, f"Fix what made it exit. Later runs skip this image, and try a newer one. {FORGET}"),
        (
            RESULT._replace(excuse="the disk was full"),
            False,
            "Fix what made it exit. Then run the task again. It tries this image again, which was not rejected, because the disk was full.",
        ),
        (RESULT, True, "Fix what made it exit. Then run container_rollback again: its archive web-old-1 is still there."),
    ],
    ids=["rejected", "not rejected", "archive"],
)
def test_next_step_depends_on_what_later_runs_do(result: CycleResult, of_archive: bool, expected: str) -> None:
    assert after_rollback(result, event(), RestoreResult(), of_archive=of_archive)[1] == expected


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure("web exited with code 3", 3), []),
        (Failure("web was restarted", 3), ["Its process ended with exit code 3."]),
        (Failure("web exited with code 137", 137, oom_killed=True), ["The kernel killed it because it ran out of memory."]),
        (Failure("web was still starting after 5 s"), []),
        (Failure("no", logs=("a", "b\tc  d")), ["Its last log lines: a | b c d."]),
        (Failure("no", logs=("What now?",)), ["Its last log lines: What now?."]),
        (Failure("no", health_log=({"exit_code": 7, "output": ""},)), ["Its last health check ended with exit code 7: (no output)."]),
        (
            Failure("no", health_log=({"exit_code": 7, "output": "first"}, {"exit_code": 1, "output": "no\nanswer\n"})),
            ["Its last health check ended with exit code 1: no answer."],
        ),
    ],
)
def test_last_words(failure: Failure, expected: list[str]) -> None:
    assert list(last_words(failure)) == expected


def test_last_words_are_limited() -> None:
    [words] = last_words(Failure("no", logs=tuple(f"line {number} {'x' * 1000}" for number in range(20))))
    assert words.count(" | ") == LOG_LINES - 1
    assert len(words) < LOG_LINES * (LONGEST_QUOTE + 10)
