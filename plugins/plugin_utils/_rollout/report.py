# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rollout: a table, a Markdown file, structured data and one sentence."""

from __future__ import annotations

import typing as t

from .final_record import details_of, final_of, in_short
from .gate import judge, some_of
from .host_record import FAILURES
from .next_steps import has_begun, next_steps_of

RolloutReport = t.Dict[str, t.Any]
Row = t.Dict[str, str]

_COLUMNS = ("host", "container", "before", "wanted", "after", "outcome", "seconds down", "wave", "reason")

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


def report_of(
    records: t.Iterable[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any], *, dry: bool = False, folder: str = ""
) -> RolloutReport:
    """Return the whole report. `fleet` has the `hosts`, the `rollout`, the `run`, the `gate` and the `verdict`.

    `dry` is for check mode, and for the plan. The file is named after the run, so that each run of a rollout has its own report. It is
    written to `folder`, which is empty if it is not written.
    """
    known = {record["host"]: record for record in records}
    if dry:
        fleet = {**fleet, "gate": _gate_before_waves(list(known.values()), fleet)}
    final = [final_of(known.get(host), host, fleet, dry=dry) for host in fleet["hosts"]]
    report = {
        "rollout": fleet["rollout"],
        "run": fleet["run"],
        "ok": all(record["ok"] for record in final),
        "sentence": _sentence(final, fleet, dry=dry),
        "notes": _notes(fleet),
        "details": [detail for record in final for detail in details_of(record)],
        "next_steps": next_steps_of(final, fleet, dry=dry),
        "verdict": fleet.get("verdict"),
        "hosts": final,
        "file": _file_of(fleet),
        "files": files_of(fleet, folder),
    }
    rows = [row for record in final for row in _rows(record)]
    columns = _columns_of(rows, dry=dry)
    return {**report, "table": _table(columns, rows), "markdown": _markdown(columns, rows, report)}


def files_of(fleet: t.Mapping[str, t.Any], folder: str) -> list[str]:
    """Return the paths of the report for people and of the one for machines. There are none without a `folder`."""
    return [f"{folder}/{_file_of(fleet)}.{suffix}" for suffix in ("md", "json")] if folder else []


def _file_of(fleet: t.Mapping[str, t.Any]) -> str:
    return f"rollout-{fleet['run'].replace(':', '')}"


def _gate_before_waves(records: t.Sequence[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """Return the gate as the first wave will find it, unless a gate has been judged already."""
    gate: t.Mapping[str, t.Any] = fleet.get("gate") or {}
    if gate or fleet.get("goal", "update") != "update" or "max_failures" not in fleet:
        return gate
    return judge(records, fleet["hosts"], fleet["max_failures"], tolerant=fleet.get("tolerant", False))


def _rows(record: t.Mapping[str, t.Any]) -> list[Row]:
    of_host = {"host": record["host"], "wave": "" if record["wave"] is None else str(record["wave"])}
    if not record["containers"]:
        return [{**of_host, "outcome": record["outcome"], "reason": record["reason"]}]
    shown = [
        {
            **of_host,
            "container": container["name"],
            **{image: in_short(container[image]) for image in ("before", "wanted", "after")},
            "outcome": container["outcome"],
            "seconds down": "" if container["seconds_down"] is None else f"{container['seconds_down']:.2f}",
            "reason": container["reason"],
        }
        for container in record["containers"]
    ]
    # Show a reason that belongs to the host, not to a container, once.
    if record["reason"] and all(record["reason"] != row["reason"] for row in shown):
        shown[0]["reason"] = "; ".join(filter(None, (record["reason"], shown[0]["reason"])))
    return shown


def _columns_of(rows: t.Sequence[Row], *, dry: bool) -> list[str]:
    """Return the columns to show: a plan has no image after it, and a rollback without an update wants none."""
    hidden = {"after"} if dry else {"wanted"} if not any(row.get("wanted") for row in rows) else set()
    return [column for column in _COLUMNS if column not in hidden]


def _table(columns: t.Sequence[str], rows: t.Sequence[Row]) -> list[str]:
    shown = [list(columns), *([row.get(column, "") for column in columns] for row in rows)]
    widths = [max(len(cells[place]) for cells in shown) for place in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in shown]


def _markdown(columns: t.Sequence[str], rows: t.Sequence[Row], report: RolloutReport) -> str:
    paragraphs = [line for text in (*report["notes"], report["sentence"]) for line in (text, "")]
    cells = ([row.get(column, "") for column in columns] for row in rows)
    table = [_line(columns), _line(["---"] * len(columns)), *map(_line, cells), ""]
    # Indented, so that no output of a program is read as Markdown.
    details = ["## Last words", "", *(f"    {detail}" for detail in report["details"]), ""] if report["details"] else []
    steps = ["## What to do next", "", *(f"- {step}" for step in report["next_steps"]), ""]
    files = [f"This report: {' and '.join(report['files'])}", ""] if report["files"] else []
    lines = [f"# Rollout {report['rollout']}", "", *paragraphs, *table, *details, *steps, *files]
    return "\n".join(lines[:-1]) + "\n"


def _line(cells: t.Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _sentence(records: t.Sequence[t.Mapping[str, t.Any]], fleet: t.Mapping[str, t.Any], *, dry: bool) -> str:
    words = _DESCRIPTIONS if fleet.get("goal", "update") == "update" else {**_DESCRIPTIONS, "unchanged": "left as they are"}
    counts = {outcome: sum(record["outcome"] == outcome for record in records) for outcome in words}
    summary = ", ".join(f"{count} {words[outcome]}" for outcome, count in counts.items() if count)
    hosts = f"{len(records)} host{'' if len(records) == 1 else 's'}"
    gate, verdict = fleet.get("gate") or {}, fleet.get("verdict")
    if dry:
        closed = "" if gate.get("open", True) else f" No wave would begin: {gate.get('reason')}."
        return f"Nothing was touched.{closed} Of {hosts}: {summary}."
    beginning = {
        "commit": "The rollout is over" if not any(counts[outcome] for outcome in FAILURES) else "The rollout is over, with failures",
        "rollback": f"The rollout was taken back{_because(gate)}",
        "halt": f"The rollout was halted{_because(gate)}, and the old containers are kept",
    }.get(str(verdict), "The rollout has ended")
    if verdict in ("rollback", "halt") and not has_begun(records, fleet):
        beginning = f"No wave began{_because(gate)}, and no container was touched"
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
