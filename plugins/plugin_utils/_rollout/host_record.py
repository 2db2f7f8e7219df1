# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of one host in a rollout. Each step returns a new record and leaves the old one unchanged."""

from __future__ import annotations

import typing as t

from .digests import rollout_of
from .failure import failure_of, one_line, why

HostRecord = t.Dict[str, t.Any]
Result = t.Mapping[str, t.Any]

FAILURES = ("rollback_failed", "unknown", "failed", "rolled_back", "rejected")
"""The outcomes that count against the failure budget, worst first."""

SUCCESSES = ("updated", "unchanged", "held")
"""The outcomes of a successful host. `held` means that the user's own rules hold the update back."""

TO_DO = ("planned", "unverified")
"""The outcomes of a host that a wave has to process. An earlier run updated an `unverified` host, but may not have verified it."""

_NO_FAILURE = ("unsettled", "outside_window", "to_go_back", "went_back", "planned", "unverified", "updated", "held", "unchanged")
_WORST_FIRST = (*FAILURES, *_NO_FAILURE)

_UNREACHABLE = "the host could not be reached"

_UNREADABLE = "which old containers it keeps could not be found out"

_RETRIED = "it was rolled back from this image before, and tries it again, since rolling_update_retry_rejected is set"

_OUTCOMES_IN_CHECK_MODE = {
    "recreated": "planned",
    "recovered": "planned",
    "unknown": "planned",
    "restored": "planned",
    "unchanged": "unchanged",
}
_OUTCOMES_OF_UPDATE = {"recreated": "updated", "recovered": "updated", "unchanged": "unchanged"}


def planned(
    host: str,
    look: Result,
    prepared: Result,
    *,
    run: str = "",
    resumed: str = "",
    goal: str = "update",
    retry_rejected: bool = False,
    fail_on_rejected: bool = True,
) -> HostRecord:
    """Return the first record of a host.

    `look` comes from container_update_info. `prepared` has a result of container_prepare for each container. `run` is the name of this run.
    `resumed` is the rollout that the run resumes, or rolls back if that is the `goal`. It is empty for a new rollout. `retry_rejected`
    allows an image that the host was rolled back from before. Otherwise, such a host has failed with `fail_on_rejected`, and is left as it
    is without.
    """
    record: HostRecord = {"host": host, "run": run, "outcome": "unknown", "reason": "", "wave": None, "under_way": False, "containers": []}
    for result in (look, prepared):
        if result.get("unreachable"):
            return {**record, "reason": f"{_UNREACHABLE}: {one_line(result.get('msg'))}"}
    if not is_complete(look):
        return {**record, "outcome": "failed", "reason": why(look) or _UNREADABLE}
    found = {container["name"]: container for container in look["containers"]}
    containers = [
        _planned_container(one, found, retry_rejected=retry_rejected, fail_on_rejected=fail_on_rejected)
        for one in prepared.get("results") or ()
    ]
    replaced = reached(look, resumed, containers) if resumed else []
    if goal == "rollback":
        containers = [{**one, "outcome": "to_go_back"} if one["name"] in replaced else one for one in containers]
    record = _with_worst_outcome({**record, "containers": containers})
    if goal == "update" and replaced and record["outcome"] in SUCCESSES:
        return {**record, "outcome": "unverified"}
    return record


def is_to_do(record: HostRecord) -> bool:
    """Return whether a wave has to process the host."""
    return record["outcome"] in TO_DO


def begun(record: HostRecord, wave: int) -> HostRecord:
    """Record that a wave begins on the host. If a task of the user loses the host, `ended` is never called and it stays under way."""
    return {**record, "wave": wave, "under_way": True}


def ended(record: HostRecord) -> HostRecord:
    """Record that the wave has finished on the host."""
    record = _with_worst_outcome(record) if record["outcome"] == "unverified" else record
    return {**record, "under_way": False}


def has_failed(record: HostRecord) -> bool:
    """Return whether the host counts against the failure budget. Between two waves, only a lost host is still under way."""
    return record["outcome"] in FAILURES or record["under_way"]


def is_in_doubt(record: HostRecord) -> bool:
    """Return whether the host may lack a working container, so that its archives must stay."""
    return record["outcome"] in ("rollback_failed", "unknown")


def updated(record: HostRecord, container: str, result: Result, *, fail_on_rejected: bool = True) -> HostRecord:
    """Record the result of container_recreate for one container."""
    return _with_worst_outcome(_with_container(record, container, _after_update(result, fail_on_rejected=fail_on_rejected)))


def failed(record: HostRecord, reason: str) -> HostRecord:
    """Record a failure outside the update itself, such as a task of the user before or after an update or a rollback.

    `failed_after_update` is true if every container had been updated, or had nothing to update: then the tasks that verify them failed.
    """
    outcome = record["outcome"] if record["outcome"] in FAILURES else "failed"
    after_update = not any(container["outcome"] in (*FAILURES, "planned") for container in record["containers"])
    return {**record, "outcome": outcome, "reason": record["reason"] or one_line(reason), "failed_after_update": after_update}


def held_back(record: HostRecord, reason: str) -> HostRecord:
    """Record that the host is outside its maintenance window."""
    return {**record, "outcome": "outside_window", "reason": reason}


def taken_back(record: HostRecord, container: str, result: Result) -> HostRecord:
    """Record the result of container_rollback for one container, after another failure on the same host."""
    return _with_worst_outcome(_with_container(record, container, _after_rollback(result, "rolled_back")), floor=record)


def gone_back(record: HostRecord, container: str, result: Result) -> HostRecord:
    """Record the result of container_rollback for one container, as part of a rollback of the whole fleet."""
    return ended(_with_worst_outcome(_with_container(record, container, _after_rollback(result, "went_back")), floor=record))


def left_behind(record: HostRecord, look: Result) -> HostRecord:
    """Record that a fleet rollback could not determine which containers of the host to roll back."""
    reason = _UNREACHABLE if look.get("unreachable") else why(look) or _UNREADABLE
    return {**record, "outcome": "unknown", "reason": record["reason"] or f"whether it has to go back is not known: {reason}"}


def finalized(record: HostRecord, look: Result, dropped: Result) -> HostRecord:
    """Record the results of container_finalize, one per container.

    While an archive remains, the next run regards the rollout as unfinished.
    """
    if look.get("unreachable") or dropped.get("unreachable") or not is_complete(look):
        return _unsettled(record, "they could not be looked at")
    for result in dropped.get("results") or ():
        if "dropped" not in result and not result.get("skipped"):
            record = _unsettled(record, f"{result['item']}: {why(result)}")
    return record


def _unsettled(record: HostRecord, cause: str) -> HostRecord:
    kept = f"its old containers were not dropped, {cause}. Run this again with rolling_update_goal=commit"
    outcome = "unsettled" if record["outcome"] in SUCCESSES else record["outcome"]
    return {**record, "outcome": outcome, "reason": record["reason"] or kept}


def is_complete(look: Result) -> bool:
    """Return whether `look` has the containers of the host and all their archives."""
    return "containers" in look and all(container.get("archives") is not None for container in look["containers"])


def to_drop(look: Result, rollout: str, containers: t.Iterable[Result]) -> list[str]:
    """Return those of the `containers` that keep an archive of this rollout or of an earlier one, which ends with it."""
    keeps = {
        container["name"]
        for container in look.get("containers") or ()
        if any(archive["kept"] and "" < (archive.get("rollout") or "") <= rollout for archive in container.get("archives") or ())
    }
    return [container["name"] for container in containers if container["name"] in keeps]


def to_go_back(look: Result, rollout: str, containers: t.Iterable[Result]) -> list[str]:
    """Return those of the `containers` to roll back with their host, in the order of the rollback.

    This includes containers whose update was interrupted, unless they keep an archive from another rollout or from the user: restoring that
    archive would undo more than the interrupted update.
    """
    interrupted = {
        container["name"]
        for container in look.get("containers") or ()
        if container.get("interrupted") and not any(archive["kept"] for archive in container.get("archives") or ())
    }
    containers = list(containers)
    wanted = {*reached(look, rollout, containers), *interrupted}
    return [container["name"] for container in containers if container["name"] in wanted][::-1]


def reached(look: Result, rollout: str, containers: t.Iterable[Result]) -> list[str]:
    """Return those of the `containers` that the rollout has replaced and that can be rolled back, in the order of the rollback."""
    there = {container["name"] for container in look.get("containers") or () if rollout_of(container) == rollout}
    return [container["name"] for container in containers if container["name"] in there][::-1]


def _planned_container(result: Result, found: t.Mapping[str, Result], *, retry_rejected: bool, fail_on_rejected: bool) -> HostRecord:
    name = result["item"]["name"]
    image = result.get("image") or {}
    before = image.get("old") or (found.get(name) or {}).get("image")
    outcome, reason = _predicted_outcome(result, is_there=name in found)
    retry = outcome == "rejected" and retry_rejected
    return {
        "name": name,
        "outcome": "planned" if retry else "held" if outcome == "rejected" and not fail_on_rejected else outcome,
        "retry": retry,
        "reason": _RETRIED if retry else reason,
        "before": before,
        "after": before,
        "wanted": image.get("new"),
        "seconds_down": None,
    }


def _predicted_outcome(result: Result, *, is_there: bool) -> tuple[str, str]:
    if result.get("skipped"):  # This run does not update containers.
        return ("unchanged", "") if is_there else ("failed", "there is no such container")
    if "outcome" not in result or (result.get("failed") and result["outcome"] == "unknown"):
        return "failed", why(result)
    if result["outcome"] == "skipped":
        return ("rejected" if result["skip_reason"] == "rejected" else "held"), one_line(result.get("msg"))
    # If there is a doubt, the outcome is only known after an interrupted run has been recovered.
    return "planned" if result.get("doubt") else _OUTCOMES_IN_CHECK_MODE[result["outcome"]], one_line(result.get("doubt"))


def _after_update(result: Result, *, fail_on_rejected: bool) -> HostRecord:
    image = result.get("image") or {}
    down = {"seconds_down": result.get("downtime_seconds")}
    if result.get("unreachable"):
        return {"outcome": "unknown", "reason": f"{_UNREACHABLE} while it was updated; run this again once it can"}
    if result.get("failed"):
        failure = failure_of(result)
        outcome = "rollback_failed" if result.get("rollback_failed") else "rolled_back" if failure else "failed"
        return {"outcome": outcome, "reason": why(result), "failure": failure, **down, **_still_has(result)}
    if result["outcome"] == "skipped":
        outcome = "rejected" if result["skip_reason"] == "rejected" and fail_on_rejected else "held"
        return {"outcome": outcome, "reason": one_line(result.get("msg")), **_still_has(result)}
    return {"outcome": _OUTCOMES_OF_UPDATE[result["outcome"]], "reason": "", "after": image.get("new"), **down}


def _still_has(result: Result) -> HostRecord:
    """The image of a container that was not replaced. When the run was planned, an interrupted run may have left another one there."""
    old = (result.get("image") or {}).get("old")
    return {} if result.get("rollback_failed") or not old or result.get("error_class") == "lost_after_update" else {"after": old}


def _after_rollback(result: Result, outcome: str) -> HostRecord:
    if result.get("unreachable"):
        return {"outcome": "unknown", "reason": f"it has to go back, and {_UNREACHABLE}"}
    if result.get("error_class") == "no_archive" and result.get("changed"):  # The interrupted update had not replaced the container yet.
        return {"outcome": outcome}
    if result.get("outcome") not in ("restored", "recovered"):
        return {"outcome": "rollback_failed", "reason": why(result), "failure": failure_of(result)}
    return {"outcome": outcome, "after": (result.get("image") or {}).get("new"), "seconds_down": result.get("downtime_seconds")}


def _with_container(record: HostRecord, container: str, changes: HostRecord) -> HostRecord:
    containers = [_merged(one, changes) if one["name"] == container else one for one in record["containers"]]
    if all(one["name"] != container for one in containers):
        blank = {"name": container, "retry": False, "before": None, "after": None, "wanted": None, "seconds_down": None, "reason": ""}
        containers.append({**blank, **changes})
    return {**record, "containers": containers}


def _merged(container: HostRecord, changes: HostRecord) -> HostRecord:
    """Apply the changes, and add up the downtimes of the update and the rollback."""
    times = [one["seconds_down"] for one in (container, changes) if one.get("seconds_down") is not None]
    return {**container, **changes, "seconds_down": sum(times) if times else None}


def _with_worst_outcome(record: HostRecord, floor: HostRecord | None = None) -> HostRecord:
    """Give the host the worst outcome of its containers. If `floor` had failed, the outcome is no better than that of `floor`."""
    outcomes = [container["outcome"] for container in record["containers"]]
    if floor and floor["outcome"] in FAILURES:
        outcomes.append("rolled_back" if floor["outcome"] == "failed" and "rolled_back" in outcomes else floor["outcome"])
    worst = min(outcomes, key=_WORST_FIRST.index, default="unchanged")
    reasons = [container["reason"] for container in record["containers"] if container["outcome"] == worst and container["reason"]]
    reason = (floor or {}).get("reason") or "; ".join(dict.fromkeys(reasons))
    return {**record, "outcome": worst, "reason": reason}
