# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host ended: its final record, and what is said about it."""

from __future__ import annotations

import typing as t

from .failure import words_of
from .host_record import FAILURES, SUCCESSES, TO_DO, HostRecord
from .next_steps import next_step_of


def final_of(record: t.Mapping[str, t.Any] | None, host: str, fleet: t.Mapping[str, t.Any], *, dry: bool = False) -> HostRecord:
    """Return the final record of a host, with `ok` for success, and what to do next.

    `record` is None if the host was lost before its first record.
    """
    goal = fleet.get("goal", "update")
    final = _final(record or _lost_before_planned(host), fleet, dry=dry)
    wanted = (*SUCCESSES, *((*TO_DO, "to_go_back") if dry else ()), *(("went_back",) if goal == "rollback" else ()))
    for internal in ("run", "failed_after_update"):
        final.pop(internal, None)
    return {**final, "ok": final["outcome"] in wanted, "next_step": next_step_of(final["outcome"], [host], goal, dry=dry)}


def failure_message(final: t.Mapping[str, t.Any], files: t.Sequence[str] = ()) -> str:
    """Return the message of the task that fails for a host. `files` are those of the report."""
    where = f"The report is in {files[0]}." if files else ""
    reason = final["reason"] if final["reason"].endswith(".") else f"{final['reason']}."
    return " ".join(filter(None, (f"{final['outcome']}: {reason}", *details_of(final), final["next_step"], where)))


def details_of(record: t.Mapping[str, t.Any]) -> list[str]:
    """Return a line for each container that failed on a host: the image that was wanted, and the last words of the container."""
    return [
        f"{record['host']} {container['name']}, with {in_short(container['wanted']) or 'the new image'}: {' '.join(words)}"
        for container in record["containers"]
        for words in [words_of(container.get("failure") or {})]
        if words
    ]


def _lost_before_planned(host: str) -> HostRecord:
    ending = {"outcome": "unknown", "reason": "it failed while the rollout was planned, before anything was touched"}
    return {"host": host, **ending, "wave": None, "under_way": False, "containers": []}


def _final(record: t.Mapping[str, t.Any], fleet: t.Mapping[str, t.Any], *, dry: bool) -> HostRecord:
    """Return the final record: a planned host was not reached, and a host that is still under way was lost."""
    gate = fleet.get("gate") or {}
    if dry:
        is_out_of_reach = record["outcome"] in TO_DO and not gate.get("open", True)
        return _out_of_reach(record, f"no wave would begin: {gate.get('reason')}") if is_out_of_reach else dict(record)
    if record["under_way"]:
        return _lost_in_a_wave(record)
    if record["outcome"] in ("planned", "to_go_back"):
        return _out_of_reach(record, "the rollout did not get to it")
    if record["outcome"] == "went_back" and not record["reason"]:
        return {**record, "reason": _why_it_went_back(fleet)}
    return {**record, "containers": [_not_reached(container) for container in record["containers"]]}


def _why_it_went_back(fleet: t.Mapping[str, t.Any]) -> str:
    if fleet.get("goal") == "rollback":
        return "it was put back on the old image, as requested"
    cause = (fleet.get("gate") or {}).get("reason") or "the rollout was taken back"
    return f"it went back only because the rollout was taken back: {cause}. It did not reject the image"


def _out_of_reach(record: t.Mapping[str, t.Any], reason: str) -> HostRecord:
    containers = [_not_reached(container) for container in record["containers"]]
    outcome = record["outcome"] if record["outcome"] == "to_go_back" else "not_reached"
    return {**record, "outcome": outcome, "reason": reason, "containers": containers}


def _lost_in_a_wave(record: t.Mapping[str, t.Any]) -> HostRecord:
    outcome = record["outcome"] if record["outcome"] in FAILURES else "unknown"
    reason = record["reason"] or "the host was lost in one of your own tasks"
    containers = [{**one, "outcome": "unknown"} if one["outcome"] == "planned" else one for one in record["containers"]]
    return {**record, "outcome": outcome, "reason": reason, "containers": containers}


def _not_reached(planned: t.Mapping[str, t.Any]) -> HostRecord:
    return {**planned, "outcome": "not_reached", "reason": ""} if planned["outcome"] == "planned" else dict(planned)


def in_short(image: t.Mapping[str, t.Any] | None) -> str:
    """Return the reference of the image and the start of its digest or ID."""
    if not image:
        return ""
    named = image.get("digest") or image.get("id") or ""
    return f"{image['reference'].partition('@')[0]} {named.rpartition(':')[2][:12]}".strip()
