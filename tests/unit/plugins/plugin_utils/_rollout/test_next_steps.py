# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-N11: what to do after a rollout."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.host_record import FAILURES, SUCCESSES, TO_DO
from ansible_collections.evenkeel.fleet.plugins.plugin_utils._rollout.next_steps import (
    AFTER_HALT,
    NOTHING_TO_DO,
    next_step_of,
    next_steps_of,
)

OTHERS = ("unsettled", "outside_window", "to_go_back", "went_back", "not_reached")


def record(host: str, outcome: str, wave: int | None = 1) -> dict[str, t.Any]:
    return {"host": host, "outcome": outcome, "wave": wave}


@pytest.mark.parametrize("outcome", [*FAILURES, *OTHERS])
def test_each_outcome_that_is_no_success_has_a_command(outcome: str) -> None:
    step = next_step_of(outcome, ["h1", "h2"])
    assert "run the same command again with --limit h1,h2" in step
    assert "{" not in step


@pytest.mark.parametrize("outcome", SUCCESSES)
def test_success_needs_nothing(outcome: str) -> None:
    assert next_step_of(outcome, ["h1"]) == ""


@pytest.mark.parametrize("outcome", [*TO_DO, "to_go_back"])
def test_prediction_names_the_command_that_does_it(outcome: str) -> None:
    assert next_step_of(outcome, ["h1"], dry=True).endswith("run the same command without --check.")


def test_requested_rollback_needs_nothing() -> None:
    assert next_step_of("went_back", ["h1"], "rollback") == ""


def test_command_for_many_hosts_has_no_limit() -> None:
    assert next_step_of("failed", [f"h{number}" for number in range(21)]) == "Fix the cause. Then run the same command again."


@pytest.mark.parametrize(
    ("outcomes", "fleet", "expected"),
    [
        (["updated", "unchanged"], {"verdict": "commit"}, [NOTHING_TO_DO]),
        (
            ["updated", "failed", "failed"],
            {"verdict": "commit"},
            ["failed: Fix the cause. Then run the same command again with --limit h2,h3."],
        ),
        (["went_back", "rolled_back", "not_reached"], {"verdict": "rollback"}, ["retry_rejected"]),
        (["went_back", "rollback_failed"], {"verdict": "rollback"}, ["retry_rejected", "rollback_failed: Restore"]),
        (["updated", "rolled_back", "not_reached"], {"verdict": "halt"}, [AFTER_HALT, "rolled_back: "]),
        (["went_back"], {"verdict": "rollback", "goal": "rollback"}, [NOTHING_TO_DO]),
        ([], {}, [NOTHING_TO_DO]),
    ],
)
def test_steps_of_the_fleet(outcomes: list[str], fleet: dict[str, str], expected: list[str]) -> None:
    records = [record(f"h{place}", outcome) for place, outcome in enumerate(outcomes, 1)]
    steps = next_steps_of(records, fleet)
    assert len(steps) == len(expected)
    assert all(part in step for part, step in zip(expected, steps, strict=True))


def test_halt_before_the_first_wave_offers_no_way_back() -> None:
    steps = next_steps_of([record("h1", "outside_window", wave=None)], {"verdict": "halt"})
    assert steps == ["outside_window: To update it, run the same command again with --limit h1 within its maintenance window."]
