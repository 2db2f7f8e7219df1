# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate the options of the role before it does anything."""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidRollout
from .gate import budget_of, waves_of
from .settings import closest, containers_of
from .window import is_within

_LOOPBACK_NAMES = ("127.0.0.1", "::1")

_OF_THE_ROLE = re.compile("rolling_update_(?!_)")
"""The role's own internal variables have two underscores."""

FileExists = t.Callable[[str], bool]
CheckDuration = t.Callable[[str, t.Any], object]
"""Raise InvalidRollout if the value of this option or variable is not a valid duration. Other options are ignored."""


def problem_with(
    settings: t.Mapping[str, t.Any],
    file_exists: FileExists,
    check_duration: CheckDuration,
    names: t.Iterable[str] = (),
    valid_names: t.Collection[str] = (),
) -> str:
    """Return the first problem and how to fix it, or an empty string if the settings are valid.

    `names` are the variables of all hosts, of which those of the role must be among `valid_names`.

    `settings` has `inventory` (the names of all hosts), `containers`, `waves`, `rollback_batch`, `max_failures`, `pause`, `window`,
    `docker` and `files` (a path for each variable that names a file).
    """
    unknown = sorted({name for name in names if _OF_THE_ROLE.match(name)} - set(valid_names))
    if unknown:
        return (
            f"There is no variable {unknown[0]}. Did you mean {closest(unknown[0], valid_names)}? Correct or remove it. "
            "Names that begin with rolling_update_ belong to the role. Nothing was changed."
        )
    alias = next((host for host in _LOOPBACK_NAMES if host in settings["inventory"]), None)
    if alias and "localhost" not in settings["inventory"]:
        return f"The inventory contains {alias}, which Ansible sometimes treats as localhost. Rename it to localhost. Nothing was changed."
    try:
        for container in containers_of(settings["containers"]):
            for option, value in container.items():
                check_duration(option, value)
            hooks = container.get("hooks")
            check_duration("hooks.timeout", hooks.get("timeout", 60) if isinstance(hooks, t.Mapping) else 60)
        check_duration("rolling_update_pause", settings["pause"])
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


def hosts_of(pattern: t.Any, matching: t.Sequence[str], limit: str = "", within_limit: t.Sequence[str] = ()) -> t.Any:
    """Return the `pattern` if hosts match it. Raise InvalidRollout if none does.

    `matching` are the hosts that match it, `within_limit` those that match `limit`, which is empty if all hosts are allowed.
    """
    if not matching:
        raise InvalidRollout(
            f"No host matches the pattern {pattern!r} of rolling_update_hosts. Nothing was changed. Check the pattern and the inventory."
        )
    if limit and not set(matching) & set(within_limit):
        raise InvalidRollout(
            f"No host matches both the pattern {pattern!r} of rolling_update_hosts and --limit {limit}. Nothing was changed. "
            "Check both, and the inventory."
        )
    return pattern
