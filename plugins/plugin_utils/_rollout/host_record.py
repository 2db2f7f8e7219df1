# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of one host in a rollout, as a record that goes from step to step. Every function returns a new one."""

from __future__ import annotations

import typing as t

from .digests import rollout_of

HostRecord = t.Dict[str, t.Any]
Result = t.Mapping[str, t.Any]

FAILURES = ("rollback_failed", "unknown", "failed", "rolled_back", "rejected")
"""The outcomes that the budget is spent on, the worst first."""

SUCCESSES = ("updated", "unchanged", "held")
"""The outcomes with which a host got what was asked for. `held` is one that the user's own rules hold back."""

TO_DO = ("planned", "unverified")
"""The outcomes of a host that a wave has something to do for. `unverified` is one that an earlier run updated, and may not have tested."""

_NO_FAILURE = ("unsettled", "outside_window", "to_go_back", "went_back", "planned", "unverified", "updated", "held", "unchanged")
_WORST_FIRST = (*FAILURES, *_NO_FAILURE)

_UNREACHABLE = "the host could not be reached"

_UNREADABLE = "which old containers it keeps could not be found out"

_OF_A_PLAN = {"recreated": "planned", "recovered": "planned", "unknown": "planned", "restored": "planned", "unchanged": "unchanged"}
_OF_A_RUN = {"recreated": "updated", "recovered": "updated", "unchanged": "unchanged"}


def planned(
    host: str, look: Result, prepared: Result, *, run: str = "", resumed: str = "", goal: str = "update", retry_rejected: bool = False
) -> HostRecord:
    """The record of a host that was looked at, and on which the images were prepared, one result a container.

    `run` is what this run is called. `resumed` is the rollout that it goes on with, or takes back where the `goal` is that, if there is
    one. `retry_rejected` tries an image again that the host was rolled back from.
    """
    record: HostRecord = {"host": host, "run": run, "outcome": "unknown", "reason": "", "wave": None, "under_way": False, "containers": []}
    for result in (look, prepared):
        if result.get("unreachable"):
            return {**record, "reason": f"{_UNREACHABLE}: {_one_line(result.get('msg'))}"}
    if not is_complete(look):
        return {**record, "outcome": "failed", "reason": _one_line(look.get("msg")) or _UNREADABLE}
    found = {container["name"]: container for container in look["containers"]}
    containers = [_planned(one, found, retry_rejected=retry_rejected) for one in prepared.get("results") or ()]
    replaced = reached(look, resumed, containers) if resumed else []
    if goal == "rollback":
        containers = [{**one, "outcome": "to_go_back"} if one["name"] in replaced else one for one in containers]
    record = _judged({**record, "containers": containers})
    if goal == "update" and replaced and record["outcome"] in SUCCESSES:
        return {**record, "outcome": "unverified"}
    return record


def is_to_do(record: HostRecord) -> bool:
    """Whether a wave has something to do for it."""
    return record["outcome"] in TO_DO


def begun(record: HostRecord, wave: int) -> HostRecord:
    """When a wave begins on it. Should the host be lost in a task of the user's, nobody gets to write down that it has `ended`."""
    return {**record, "wave": wave, "under_way": True}


def ended(record: HostRecord) -> HostRecord:
    """When the wave has done all that it does on it."""
    record = _judged(record) if record["outcome"] == "unverified" else record
    return {**record, "under_way": False}


def has_failed(record: HostRecord) -> bool:
    """Whether the budget is spent on it. Between two waves nothing is under way but what was lost."""
    return record["outcome"] in FAILURES or record["under_way"]


def is_in_doubt(record: HostRecord) -> bool:
    """Whether what runs there is not well, or nobody knows. Its old container may be all that there is."""
    return record["outcome"] in ("rollback_failed", "unknown")


def updated(record: HostRecord, container: str, result: Result) -> HostRecord:
    """After container_recreate on one of its containers."""
    return _judged(_with(record, container, _after_update(result)))


def failed(record: HostRecord, reason: str) -> HostRecord:
    """After something that failed besides: a task of the user's, before or after the containers were updated or put back."""
    outcome = record["outcome"] if record["outcome"] in FAILURES else "failed"
    return {**record, "outcome": outcome, "reason": record["reason"] or _one_line(reason)}


def held_back(record: HostRecord, reason: str) -> HostRecord:
    """Outside of its maintenance window."""
    return {**record, "outcome": "outside_window", "reason": reason}


def taken_back(record: HostRecord, container: str, result: Result) -> HostRecord:
    """After container_rollback on one of its containers, because something else on this host failed."""
    return _judged(_with(record, container, _after_rollback(result, "rolled_back")), floor=record)


def gone_back(record: HostRecord, container: str, result: Result) -> HostRecord:
    """After container_rollback on one of its containers, because the fleet goes back."""
    return ended(_judged(_with(record, container, _after_rollback(result, "went_back")), floor=record))


def left_behind(record: HostRecord, look: Result) -> HostRecord:
    """When a host is to go back, and it cannot be found out what there is to go back on it."""
    why = _UNREACHABLE if look.get("unreachable") else _one_line(look.get("msg")) or _UNREADABLE
    return {**record, "outcome": "unknown", "reason": record["reason"] or f"whether it has to go back is not known: {why}"}


def finalized(record: HostRecord, look: Result, dropped: Result) -> HostRecord:
    """After container_finalize on its containers, one result each. While an archive stays, the rollout is not over for the next run."""
    if look.get("unreachable") or dropped.get("unreachable") or not is_complete(look):
        return _unsettled(record, "they could not be looked at")
    for result in dropped.get("results") or ():
        if "dropped" not in result and not result.get("skipped"):
            record = _unsettled(record, f"{result['item']}: {_one_line(result.get('msg'))}")
    return record


def _unsettled(record: HostRecord, why: str) -> HostRecord:
    kept = f"its old containers were not dropped, {why}. Run this again with rolling_update_goal=commit"
    outcome = "unsettled" if record["outcome"] in SUCCESSES else record["outcome"]
    return {**record, "outcome": outcome, "reason": record["reason"] or kept}


def is_complete(look: Result) -> bool:
    """Whether a look at a host tells what its containers run, and what they keep."""
    return "containers" in look and all(container.get("archives") is not None for container in look["containers"])


def to_drop(look: Result, rollout: str, containers: t.Iterable[Result]) -> list[str]:
    """Those of the `containers` that keep something of this rollout, or of one before it, which is over with it."""
    keeps = {
        container["name"]
        for container in look.get("containers") or ()
        if any(archive["kept"] and "" < (archive.get("rollout") or "") <= rollout for archive in container.get("archives") or ())
    }
    return [container["name"] for container in containers if container["name"] in keeps]


def to_go_back(look: Result, rollout: str, containers: t.Iterable[Result]) -> list[str]:
    """Those of the `containers` that have to go back when their host does, in the order to do that.

    That includes those on which a run was interrupted, unless they would go back further than to where they were before it.
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
    """Those of the `containers` of a rollout that it has replaced on a host and that can still go back, in the order to do that."""
    there = {container["name"] for container in look.get("containers") or () if rollout_of(container) == rollout}
    return [container["name"] for container in containers if container["name"] in there][::-1]


def _planned(result: Result, found: t.Mapping[str, Result], *, retry_rejected: bool) -> HostRecord:
    name = result["item"]["name"]
    image = result.get("image") or {}
    before = image.get("old") or (found.get(name) or {}).get("image")
    outcome, reason = _foretold(result, is_there=name in found)
    return {
        "name": name,
        "outcome": "planned" if outcome == "rejected" and retry_rejected else outcome,
        "retry": outcome == "rejected" and retry_rejected,
        "reason": reason,
        "before": before,
        "after": before,
        "wanted": image.get("new"),
        "seconds_down": None,
    }


def _foretold(result: Result, *, is_there: bool) -> tuple[str, str]:
    if result.get("skipped"):  # Nobody wants it updated in this run.
        return ("unchanged", "") if is_there else ("failed", "there is no such container")
    if "outcome" not in result:
        return "failed", _one_line(result.get("msg"))
    if result["outcome"] == "skipped":
        return ("rejected" if result["skip_reason"] == "rejected" else "held"), _one_line(result.get("msg"))
    # With a doubt, an interrupted run has to be brought to its end before anybody knows.
    return "planned" if result.get("doubt") else _OF_A_PLAN[result["outcome"]], _one_line(result.get("doubt"))


def _after_update(result: Result) -> HostRecord:
    image = result.get("image") or {}
    down = {"seconds_down": result.get("downtime_seconds")}
    if result.get("unreachable"):
        return {"outcome": "unknown", "reason": f"{_UNREACHABLE} while it was updated; run this again once it can"}
    if result.get("failed"):
        outcome = "rollback_failed" if result.get("rollback_failed") else "rolled_back" if result.get("rollback") else "failed"
        return {"outcome": outcome, "reason": _one_line(result.get("msg")), **down}
    if result["outcome"] == "skipped":
        outcome = "rejected" if result["skip_reason"] == "rejected" else "held"
        return {"outcome": outcome, "reason": _one_line(result.get("msg"))}
    return {"outcome": _OF_A_RUN[result["outcome"]], "reason": "", "after": image.get("new"), **down}


def _after_rollback(result: Result, outcome: str) -> HostRecord:
    if result.get("unreachable"):
        return {"outcome": "unknown", "reason": f"it has to go back, and {_UNREACHABLE}"}
    if result.get("error_class") == "no_archive" and result.get("changed"):  # What was interrupted had not come far.
        return {"outcome": outcome}
    if result.get("outcome") not in ("restored", "recovered"):
        return {"outcome": "rollback_failed", "reason": _one_line(result.get("msg"))}
    return {"outcome": outcome, "after": (result.get("image") or {}).get("new"), "seconds_down": result.get("downtime_seconds")}


def _with(record: HostRecord, container: str, changes: HostRecord) -> HostRecord:
    containers = [_changed(one, changes) if one["name"] == container else one for one in record["containers"]]
    if all(one["name"] != container for one in containers):
        blank = {"name": container, "retry": False, "before": None, "after": None, "wanted": None, "seconds_down": None, "reason": ""}
        containers.append({**blank, **changes})
    return {**record, "containers": containers}


def _changed(container: HostRecord, changes: HostRecord) -> HostRecord:
    """It may have been down for its update, and for the way back again."""
    times = [one["seconds_down"] for one in (container, changes) if one.get("seconds_down") is not None]
    return {**container, **changes, "seconds_down": sum(times) if times else None}


def _judged(record: HostRecord, floor: HostRecord | None = None) -> HostRecord:
    """A host is as well as the worst of its containers, and no better than `floor` where that was a failure."""
    outcomes = [container["outcome"] for container in record["containers"]]
    if floor and floor["outcome"] in FAILURES:
        outcomes.append("rolled_back" if floor["outcome"] == "failed" and "rolled_back" in outcomes else floor["outcome"])
    worst = min(outcomes, key=_WORST_FIRST.index, default="unchanged")
    reasons = [container["reason"] for container in record["containers"] if container["outcome"] == worst and container["reason"]]
    reason = (floor or {}).get("reason") or "; ".join(dict.fromkeys(reasons))
    return {**record, "outcome": worst, "reason": reason}


def _one_line(text: t.Any) -> str:
    return " ".join(str(text or "").split())
