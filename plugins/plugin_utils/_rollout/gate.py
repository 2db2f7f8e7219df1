# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide whether the rollout continues: compare the failures in the whole fleet with the budget."""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidRollout
from .host_record import has_failed
from .settings import listed

Gate = t.Dict[str, t.Any]

_PERCENTAGE = re.compile(r"(\d+)\s*%")


def budget_of(max_failures: t.Any, hosts: int) -> int:
    """Return how many of `hosts` hosts may fail. Percentages are rounded down. Raise InvalidRollout if `max_failures` is invalid."""
    text = str(max_failures).strip()
    percentage = _PERCENTAGE.fullmatch(text)
    if percentage and int(percentage[1]) <= 100:
        return hosts * int(percentage[1]) // 100
    if text.isdigit():
        return int(text)
    raise InvalidRollout(
        f"rolling_update_max_failures is '{max_failures}', which is not valid. Set it to a number of hosts or to a percentage such as 10%."
    )


def waves_of(wanted: t.Any, variable: str = "rolling_update_waves") -> list[t.Any]:
    """Return the waves as a list. Raise InvalidRollout if Ansible cannot split hosts into such batches."""
    waves = listed(wanted)
    waves = list(waves) if isinstance(waves, (list, tuple)) else [waves]
    for wave in waves:
        text = str(wave).strip()
        percentage = _PERCENTAGE.fullmatch(text)
        size = int(percentage[1]) if percentage else int(text) if text.isdigit() else 0
        if isinstance(wave, bool) or size < 1 or (percentage and size > 100):
            raise InvalidRollout(
                f"{variable} is {wanted}, which is not valid. Set it to numbers of hosts or percentages, such as [1, '25%', '100%']."
            )
    if not waves:
        raise InvalidRollout(
            f"{variable} is empty or not a valid list. Set at least one number of hosts or percentage, such as [1, '25%', '100%']."
        )
    return waves


def judge(
    records: t.Sequence[t.Mapping[str, t.Any]],
    hosts: t.Sequence[str],
    max_failures: t.Any,
    *,
    tolerant: bool = False,
    before: Gate | None = None,
) -> Gate:
    """Return the gate before the next wave, or after the last one. Raise InvalidRollout if `max_failures` is invalid.

    `hosts` is the whole fleet. A host is lost, and counts as failed, if `records` has no record of it or if a wave began on it and did not
    end. `tolerant` ignores failures. `before` is the previous gate. A closed gate stays closed. The gate also closes if no host runs the
    new image yet and hosts have failed in the waves: the budget covers unhealthy hosts, not a bad image. It closes without a failure if the
    maintenance window closed for all hosts in the waves. `waiting` lists the hosts outside their maintenance window.
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
    in_waves = [record for record in records if record["wave"] is not None]
    if any(_runs_new_image(record, in_waves) for record in records):
        return gate
    failed = [record["host"] for record in in_waves if has_failed(record)]
    if failed and not tolerant:
        return {**gate, "open": False, "reason": f"nobody has come through so far, {some_of(failed)} failed"}
    outside_window = [record["host"] for record in in_waves if record["outcome"] == "outside_window"]
    if outside_window and len(outside_window) == len(in_waves):
        why = f"no host has tried the image yet, since the window of {some_of(outside_window)} closed before its turn"
        return {**unconfirmed(gate), "reason": why}
    return gate


def _runs_new_image(record: t.Mapping[str, t.Any], in_waves: t.Sequence[t.Mapping[str, t.Any]]) -> bool:
    """Return whether a host runs the image that the waves roll out, either from a wave or from an earlier run."""
    if record["under_way"]:
        return False
    if record["wave"] is not None or record["outcome"] == "unverified":
        return record["outcome"] in ("updated", "unchanged", "unverified")
    wanted = {_identity_of(container["wanted"]) for other in in_waves for container in other["containers"]} - {None}
    return record["outcome"] == "unchanged" and any(_identity_of(container["after"]) in wanted for container in record["containers"])


def _identity_of(image: t.Mapping[str, t.Any] | None) -> str | None:
    """Return the digest of the image, which is the same on all hosts. Fall back to its ID."""
    return (image.get("digest") or image.get("id")) if image else None


def unconfirmed(gate: Gate) -> Gate:
    """Close the gate because the operator did not confirm the canary."""
    return {**gate, "open": False, "unconfirmed": True, "reason": "nobody confirmed that it goes on after the canary"}


def _why_closed(failures: t.Sequence[str], budget: int) -> str:
    return f"{len(failures)} failed ({some_of(failures)}), and {budget or 'none'} may"


def some_of(hosts: t.Sequence[str]) -> str:
    """List the first five hosts, and the number of the others."""
    return ", ".join(hosts[:5]) + (f" and {len(hosts) - 5} more" if len(hosts) > 5 else "")
