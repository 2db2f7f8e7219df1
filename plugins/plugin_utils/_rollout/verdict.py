# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what happens to the fleet after the last wave."""

from __future__ import annotations

import typing as t


def verdict_on(gate: t.Mapping[str, t.Any], goal: str, on_failure: str) -> str:
    """Return `commit`, `rollback` or `halt`.

    `goal` is `update`, or the verdict that the user requests without an update. `on_failure` is the verdict if failures closed the gate.
    If hosts are still waiting for their maintenance window, the rollout halts instead of committing.
    """
    if goal != "update":
        return goal
    if gate["open"]:
        return "halt" if gate.get("waiting") else "commit"
    return "halt" if gate.get("unconfirmed") else on_failure
