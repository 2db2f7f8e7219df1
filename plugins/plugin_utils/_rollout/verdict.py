# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done with the fleet once the waves are over."""

from __future__ import annotations

import typing as t


def verdict_on(gate: t.Mapping[str, t.Any], goal: str, on_failure: str) -> str:
    """`commit`, `rollback` or `halt`.

    `goal` is `update`, or what the user wants done without an update. `on_failure` is what is to be done when the budget is spent.
    While hosts wait for their maintenance window, the rollout is not over.
    """
    if goal != "update":
        return goal
    if gate["open"]:
        return "halt" if gate.get("waiting") else "commit"
    return "halt" if gate.get("unconfirmed") else on_failure
