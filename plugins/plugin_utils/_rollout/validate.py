# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what the user asked for, found before anything else is done."""

from __future__ import annotations

import typing as t

from .errors import InvalidRollout
from .gate import budget_of, waves_of
from .settings import containers_of
from .window import is_within

_TAKEN_FOR_LOCALHOST = ("127.0.0.1", "::1")

FileExists = t.Callable[[str], bool]


def problem_with(settings: t.Mapping[str, t.Any], file_exists: FileExists) -> str:
    """What is wrong and what would be right, empty when nothing is wrong.

    `settings` has `inventory`, the names of all hosts, `containers`, `waves`, `rollback_batch`, `max_failures`, `window`, `docker`
    and `files`, the latter by the variable that names them.
    """
    alias = next((host for host in _TAKEN_FOR_LOCALHOST if host in settings["inventory"]), None)
    if alias and "localhost" not in settings["inventory"]:
        return f"The inventory has {alias}, which Ansible takes for localhost in some places. Call it localhost. Nothing was touched."
    try:
        containers_of(settings["containers"])
        waves_of(settings["waves"])
        waves_of(settings["rollback_batch"], "rolling_update_rollback_batch")
        budget_of(settings["max_failures"], hosts=1)
        if settings["window"]:
            is_within("00:00", settings["window"])
    except InvalidRollout as error:
        return f"{error} Nothing was touched."
    if not isinstance(settings["docker"], t.Mapping):
        return "rolling_update_docker must be a dictionary, as in -e '{\"rolling_update_docker\": {...}}'. Nothing was touched."
    for variable, file in settings["files"].items():
        if file and not file_exists(file):
            return f"{variable} is {file}, and there is no such file on the controller. Nothing was touched."
    return ""
