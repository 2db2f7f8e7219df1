# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rollout: a table, a Markdown file, structured data and one sentence."""

from __future__ import annotations

import typing as t

from .gate import some_of
from .host_record import FAILURES, SUCCESSES, TO_DO

RolloutReport = t.Dict[str, t.Any]

_COLUMNS = ("host", "container", "before", "after", "outcome", "seconds down", "wave", "reason")

_DESCRIPTIONS = {
    "updated": "updated",
    "unchanged": "had it already",
    "held": "held back by its own rules",
    "outside_window": "outside of the maintenance window",
    "planned": "to be updated",
    "unverified": "updated by an earlier run, to be verified and put back in service",
    "unsettled": "updated, but their old containers could not be dropped",
    "not_reached": "not reached, never touched",
    "to_go_back": "to be put back on the old image",
    "went_back": "put back on the old image",
    "rolled_back": "failed and rolled back",
    "failed": "failed",
    "rejected": "rolled back from this image before",
    "unknown": "unknown",
    "rollback_failed": "NEED YOU: the rollback failed",
}


def report_of(records: t.Iterable[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any], *, dry: bool = False) -> RolloutReport:
    """Return the whole report. `fleet` has the `hosts`, the `rollout`, the `run`, the `gate` and the `verdict`.

    `dry` is for check mode. The file is named after the run, so that each run of a rollout has its own report.
    """
    known = {record["host"]: record for record in records}
    final = [final_of(known.get(host), host, fleet.get("goal", "update"), dry=dry) for host in fleet["hosts"]]
    rows = [row for record in final for row in _rows(record, after="wanted" if dry else "after")]
    sentence = _sentence(final, fleet, dry=dry)
    return {
        "rollout": fleet["rollout"],
        "run": fleet["run"],
        "ok": all(record["ok"] for record in final),
        "sentence": sentence,
        "notes": _notes(fleet),
        "verdict": fleet.get("verdict"),
        "hosts": final,
        "table": _table(rows),
        "markdown": _markdown(rows, fleet, sentence),
        "file": f"rollout-{fleet['run'].replace(':', '')}",
    }


def final_of(record: t.Mapping[str, t.Any] | None, host: str, goal: str, *, dry: bool = False) -> RolloutReport:
    """Return the final record of a host, with `ok` for success. `record` is None if the host was lost before its first record."""
    final = _final(record or _lost_before_planned(host), dry=dry)
    wanted = (*SUCCESSES, *((*TO_DO, "to_go_back") if dry else ()), *(("went_back",) if goal == "rollback" else ()))
    for internal in ("run", "failed_after_update"):
        final.pop(internal, None)
    return {**final, "ok": final["outcome"] in wanted}


def _lost_before_planned(host: str) -> RolloutReport:
    ending = {"outcome": "unknown", "reason": "it failed while the rollout was planned, before anything was touched"}
    return {"host": host, **ending, "wave": None, "under_way": False, "containers": []}


def _final(record: t.Mapping[str, t.Any], *, dry: bool) -> RolloutReport:
    """Return the final record: a planned host was not reached, and a host that is still under way was lost."""
    if dry:
        return dict(record)
    if record["under_way"]:
        return _lost_in_a_wave(record)
    why = "the rollout did not get to it" if record["outcome"] in ("planned", "to_go_back") else record["reason"]
    return {**_not_reached(record), "reason": why, "containers": [_not_reached(container) for container in record["containers"]]}


def _lost_in_a_wave(record: t.Mapping[str, t.Any]) -> RolloutReport:
    outcome = record["outcome"] if record["outcome"] in FAILURES else "unknown"
    reason = record["reason"] or "the host was lost in one of your own tasks"
    containers = [{**one, "outcome": "unknown"} if one["outcome"] == "planned" else one for one in record["containers"]]
    return {**record, "outcome": outcome, "reason": reason, "containers": containers}


def _not_reached(planned: t.Mapping[str, t.Any]) -> RolloutReport:
    return {**planned, "outcome": "not_reached", "reason": ""} if planned["outcome"] == "planned" else dict(planned)


def _rows(record: t.Mapping[str, t.Any], after: str) -> list[tuple[str, ...]]:
    wave = "" if record["wave"] is None else str(record["wave"])
    if not record["containers"]:
        return [(record["host"], "", "", "", record["outcome"], "", wave, record["reason"])]
    shown = [
        (
            record["host"],
            container["name"],
            _short(container["before"]),
            _short(container[after]),
            container["outcome"],
            "" if container["seconds_down"] is None else f"{container['seconds_down']:.2f}",
            wave,
            container["reason"],
        )
        for container in record["containers"]
    ]
    # Show a reason that belongs to the host, not to a container, once.
    if record["reason"] and all(record["reason"] != row[-1] for row in shown):
        shown[0] = (*shown[0][:-1], "; ".join(filter(None, (record["reason"], shown[0][-1]))))
    return shown


def _short(image: t.Mapping[str, t.Any] | None) -> str:
    """Return the reference of the image and the start of its digest or ID."""
    if not image:
        return ""
    named = image.get("digest") or image.get("id") or ""
    return f"{image['reference'].partition('@')[0]} {named.rpartition(':')[2][:12]}".strip()


def _table(rows: t.Sequence[tuple[str, ...]]) -> list[str]:
    shown = [_COLUMNS, *rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]


def _markdown(rows: t.Sequence[tuple[str, ...]], fleet: t.Mapping[str, t.Any], sentence: str) -> str:
    paragraphs = [line for text in (*_notes(fleet), sentence) for line in (text, "")]
    lines = [f"# Rollout {fleet['rollout']}", "", *paragraphs, _line(_COLUMNS), _line(["---"] * len(_COLUMNS)), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: t.Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _sentence(records: t.Sequence[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any], *, dry: bool) -> str:
    words = _DESCRIPTIONS if fleet.get("goal", "update") == "update" else {**_DESCRIPTIONS, "unchanged": "left as they are"}
    counts = {outcome: sum(record["outcome"] == outcome for record in records) for outcome in words}
    summary = ", ".join(f"{count} {words[outcome]}" for outcome, count in counts.items() if count)
    hosts = f"{len(records)} host{'' if len(records) == 1 else 's'}"
    gate, verdict = fleet.get("gate") or {}, fleet.get("verdict")
    if dry:
        return f"Nothing was touched. Of {hosts}: {summary}."
    beginning = {
        "commit": "The rollout is over" if not any(counts[outcome] for outcome in FAILURES) else "The rollout is over, with failures",
        "rollback": f"The rollout was taken back{_because(gate)}",
        "halt": f"The rollout was halted{_because(gate)}, and the old containers are kept",
    }.get(str(verdict), "The rollout has ended")
    return f"{beginning}. Of {hosts}: {summary}."


def _notes(fleet: t.Mapping[str, t.Any]) -> list[str]:
    if not fleet.get("resumed") or fleet.get("goal") != "update":
        return []
    begun = f"This goes on with the rollout that was begun at {fleet['rollout']} and was not settled, with the digests that it began with."
    return [f"{begun} To ask the registry anew, set rolling_update_fresh."]


def _because(gate: t.Mapping[str, t.Any]) -> str:
    waiting = gate.get("waiting")
    reason = gate.get("reason") or (f"outside of the maintenance window: {some_of(waiting)}" if waiting else "")
    return f" ({reason})" if reason else ""
