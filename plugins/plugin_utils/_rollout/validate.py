# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate the options of the role before it does anything."""

from __future__ import annotations

import typing as t

from .errors import InvalidRollout
from .gate import budget_of, waves_of
from .settings import containers_of
from .window import is_within

_LOOPBACK_NAMES = ("127.0.0.1", "::1")

FileExists = t.Callable[[str], bool]


def problem_with(settings: t.Mapping[str, t.Any], file_exists: FileExists) -> str:
    """Return the first problem and how to fix it, or an empty string if the settings are valid.

    `settings` has `inventory` (the names of all hosts), `containers`, `waves`, `rollback_batch`, `max_failures`, `window`, `docker`
    and `files` (a path for each variable that names a file).
    """
    alias = next((host for host in _LOOPBACK_NAMES if host in settings["inventory"]), None)
    if alias and "localhost" not in settings["inventory"]:
        return f"The inventory contains {alias}, which Ansible sometimes treats as localhost. Rename it to localhost. Nothing was changed."
    try:
        containers_of(settings["containers"])
        waves_of(settings["waves"])
        waves_of(settings["rollback_batch"], "rolling_update_rollback_batch")
        budget_of(settings["max_failures"], hosts=1)
        if settings["window"]:
            is_within("00:00", settings["window"])
    except InvalidRollout as error:
        return f"{error} Nothing was changed."
    if not isinstance(settings["docker"], t.Mapping):
        return (
            "rolling_update_docker is not a dictionary. Set it to one, on the command line as in "
            "-e '{\"rolling_update_docker\": {...}}'. Nothing was changed."
        )
    for variable, file in settings["files"].items():
        if file and not file_exists(file):
            return (
                f"{variable} is {file}, but the controller has no such file. Correct the path. "
                "A relative path starts at the directory in which you run ansible-playbook. Nothing was changed."
            )
    return ""
