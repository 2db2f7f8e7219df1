# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the rollout goes on: the failures of the whole fleet against the budget."""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidRollout
from .host_record import has_failed
from .settings import listed

Gate = t.Dict[str, t.Any]

_PERCENTAGE = re.compile(r"(\d+)\s*%")


def budget_of(max_failures: t.Any, hosts: int) -> int:
    """How many of so many hosts may fail. A percentage is rounded down. Raises InvalidRollout."""
    text = str(max_failures).strip()
    percentage = _PERCENTAGE.fullmatch(text)
    if percentage and int(percentage[1]) <= 100:
        return hosts * int(percentage[1]) // 100
    if text.isdigit():
        return int(text)
    raise InvalidRollout(f"rolling_update_max_failures must be a number of hosts or a percentage such as 10%, not '{max_failures}'.")


def waves_of(wanted: t.Any, variable: str = "rolling_update_waves") -> list[t.Any]:
    """The waves as a list. Raises InvalidRollout when Ansible could not make batches of them."""
    waves = listed(wanted)
    waves = list(waves) if isinstance(waves, (list, tuple)) else [waves]
    for wave in waves:
        text = str(wave).strip()
        percentage = _PERCENTAGE.fullmatch(text)
        size = int(percentage[1]) if percentage else int(text) if text.isdigit() else 0
        if isinstance(wave, bool) or size < 1 or (percentage and size > 100):
            raise InvalidRollout(f"{variable} must be numbers of hosts or percentages such as [1, '25%', '100%'], not {wanted}.")
    if not waves:
        raise InvalidRollout(f"{variable} must have at least one wave, such as [1, '25%', '100%'].")
    return waves


def judge(
    records: t.Sequence[t.Mapping[str, t.Any]],
    hosts: t.Sequence[str],
    max_failures: t.Any,
    *,
    tolerant: bool = False,
    before: Gate | None = None,
) -> Gate:
    """The gate before the next wave, or after the last.

    `hosts` are those of the whole fleet, `records` what is known of them: a host without a record is lost, and so is one that a wave has
    begun on and whose record does not say how that ended. With `tolerant` failures are not looked at. `before` is the gate of the wave
    before. What is closed stays closed, and no wave follows while nobody has come through one: a budget is for hosts that are not well, and
    not for an image. `waiting` in it are the hosts outside of their maintenance window. Raises InvalidRollout.
    """
    budget = budget_of(max_failures, len(hosts))
    known = {record["host"] for record in records}
    failures = [record["host"] for record in records if has_failed(record)]
    failures += [host for host in hosts if host not in known]
    waiting = [record["host"] for record in records if record["outcome"] == "outside_window"]
    seen = {"failures": failures, "waiting": waiting, "budget": budget}
    gate = {"wave": (before or {}).get("wave", 0) + 1, **seen, "open": True, "reason": ""}
    if before and not before["open"]:
        return {**gate, "open": False, "reason": before["reason"], "wave": before["wave"], "unconfirmed": before.get("unconfirmed", False)}
    if len(failures) > budget and not tolerant:
        return {**gate, "open": False, "reason": _why_closed(failures, budget)}
    had_their_turn = [record for record in records if record["wave"] is not None]
    if any(_speaks_for_the_image(record, had_their_turn) for record in records):
        return gate
    failed = [record["host"] for record in had_their_turn if has_failed(record)]
    if failed and not tolerant:
        return {**gate, "open": False, "reason": f"nobody has come through so far, {some_of(failed)} failed"}
    turned_away = [record["host"] for record in had_their_turn if record["outcome"] == "outside_window"]
    if turned_away and len(turned_away) == len(had_their_turn):
        why = f"no host has tried the image yet, since the window of {some_of(turned_away)} closed before its turn"
        return {**unconfirmed(gate), "reason": why}
    return gate


def _speaks_for_the_image(record: t.Mapping[str, t.Any], had_their_turn: t.Sequence[t.Mapping[str, t.Any]]) -> bool:
    """Whether a host runs what those in the waves were to get: it came through one, or an earlier run got it there."""
    if record["under_way"]:
        return False
    if record["wave"] is not None or record["outcome"] == "unverified":
        return record["outcome"] in ("updated", "unchanged", "unverified")
    wanted = {_name_of(container["wanted"]) for other in had_their_turn for container in other["containers"]} - {None}
    return record["outcome"] == "unchanged" and any(_name_of(container["after"]) in wanted for container in record["containers"])


def _name_of(image: t.Mapping[str, t.Any] | None) -> str | None:
    """What all hosts know it by, as far as there is such a thing."""
    return (image.get("digest") or image.get("id")) if image else None


def unconfirmed(gate: Gate) -> Gate:
    """The gate, when nobody said yes."""
    return {**gate, "open": False, "unconfirmed": True, "reason": "nobody confirmed that it goes on after the canary"}


def _why_closed(failures: t.Sequence[str], budget: int) -> str:
    return f"{len(failures)} failed ({some_of(failures)}), and {budget or 'none'} may"


def some_of(hosts: t.Sequence[str]) -> str:
    """The first of them by name, and how many more there are."""
    return ", ".join(hosts[:5]) + (f" and {len(hosts) - 5} more" if len(hosts) > 5 else "")
