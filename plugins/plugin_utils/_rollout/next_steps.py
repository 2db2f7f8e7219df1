# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do after a rollout: for each host, and for the whole fleet with the hosts that need the same."""

from __future__ import annotations

import typing as t

_RUN = "run the same command again"
_MOST_HOSTS = 20
"""A command for more hosts has no --limit. The others are left as they are anyway, if they have the image."""

_RETRY = "-e rolling_update_retry_rejected=true"

_STEPS: dict[str, tuple[str, str]] = {
    "rollback_failed": ("Restore the container by hand, with the commands in its reason. Then {run}.", ""),
    "unknown": ("Make sure that the host can be reached and works. Then {run}: it finishes or undoes what was interrupted.", ""),
    "failed": ("Fix the cause. Then {run}.", ""),
    "rolled_back": ("Fix the image and publish it, or fix the cause on the host. Then {run}.", _RETRY),
    "rejected": (
        "A newer image is tried by itself. To try this one again, {run}.",
        _RETRY,
    ),
    "unsettled": ("To remove the old containers, {run}.", "-e rolling_update_goal=commit"),
    "outside_window": ("To update it, {run} within its maintenance window.", ""),
    "to_go_back": ("To put it back, {run}.", "-e rolling_update_goal=rollback"),
    "not_reached": ("It was not touched. When the cause is fixed, {run}.", ""),
    "went_back": ("It serves with the old image, and did not reject the new one. When the cause is fixed, {run}.", ""),
}
"""For each outcome that is not the requested one: what to do, and what to add to the command. Worst first."""

_PREDICTED: dict[str, tuple[str, str]] = {
    "planned": ("To update it, run the same command without --check.", ""),
    "unverified": ("To verify it, run the same command without --check.", ""),
    "to_go_back": ("To put it back, run the same command without --check.", ""),
}

_AFTER_TAKING_BACK = (
    "Fix the image and publish it, or fix the cause on the hosts. Then run the same command again. To try the same "
    f"image again, add {_RETRY}."
)
AFTER_HALT = (
    "To go on, run the same command again. To go back everywhere, add -e rolling_update_goal=rollback. To keep what there is and remove "
    "the old containers, add -e rolling_update_goal=commit."
)
NOTHING_TO_DO = "There is nothing to do."


def next_step_of(outcome: str, hosts: t.Sequence[str], goal: str = "update", *, dry: bool = False) -> str:
    """Return what to do for `hosts` with this outcome. Empty if there is nothing to do.

    `goal` is that of the rollout: a host that went back because that was asked for has what was asked for.
    """
    if outcome == "went_back" and goal == "rollback":
        return ""
    steps = {**_STEPS, **_PREDICTED} if dry else _STEPS
    sentence, more = steps.get(outcome, ("", ""))
    limit = f"--limit {','.join(hosts)}" if len(hosts) <= _MOST_HOSTS else ""
    added = " ".join(filter(None, (limit, more)))
    return sentence.format(run=f"{_RUN} with {added}" if added else _RUN)


def next_steps_of(records: t.Sequence[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any], *, dry: bool = False) -> list[str]:
    """Return what to do for the fleet, the most urgent first. Hosts with the same outcome share a step."""
    goal, verdict = fleet.get("goal", "update"), None if dry else fleet.get("verdict")
    has_gone_on = has_begun(records, fleet)
    shared = {"rollback": _AFTER_TAKING_BACK, "halt": AFTER_HALT}.get(str(verdict), "") if goal == "update" and has_gone_on else ""
    covered = _COVERED.get(str(verdict), ()) if shared else ()
    steps = [shared] if shared else []
    for outcome in (*_STEPS, *(name for name in _PREDICTED if name not in _STEPS)):
        hosts = [record["host"] for record in records if record["outcome"] == outcome and outcome not in covered]
        step = next_step_of(outcome, hosts, goal, dry=dry) if hosts else ""
        if step:
            steps.append(f"{outcome}: {step}")
    return steps or [NOTHING_TO_DO]


_COVERED = {"rollback": ("rolled_back", "went_back", "not_reached"), "halt": ("not_reached",)}
"""The outcomes for which the step of the whole fleet is enough."""


def has_begun(records: t.Iterable[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any]) -> bool:
    """Whether a wave began in this run, or a container was put back: in this run, or in one that this run resumes."""
    outcomes = ("went_back", "rolled_back", "rollback_failed")
    is_rollback = fleet.get("goal", "update") != "update"
    return is_rollback or any(record["wave"] is not None or record["outcome"] in outcomes for record in records)
