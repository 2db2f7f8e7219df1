# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse `rolling_update_containers`: the containers of a host and the options of each."""

from __future__ import annotations

import difflib
import json
import typing as t

from .errors import InvalidRollout

Settings = t.Dict[str, t.Any]

OPTIONS = (
    "name",
    "image",
    "image_digest",
    "pull",
    "pull_timeout",
    "force",
    "health_timeout",
    "grace_period",
    "poll_interval",
    "min_healthy_time",
    "on_unhealthy",
    "stop_timeout",
    "lock_timeout",
    "hooks",
    "lost_files",
    "verbatim",
    "keep_env",
    "keep",
    "min_image_age",
    "respect_labels",
)
"""The options of container_recreate that a user may set for a container. The role sets the others itself."""


def containers_of(wanted: t.Any, image: str | None = None) -> list[Settings]:
    """Return the containers in their order, each with its options. Raise InvalidRollout if `wanted` is invalid.

    `wanted` is a name, several names separated by commas, or a list of names and of dictionaries with a `name` and other `OPTIONS`.
    `image` applies to containers without an image of their own.
    """
    wanted = listed(wanted)
    if not isinstance(wanted, (list, tuple)) or not wanted:
        raise InvalidRollout(
            "rolling_update_containers is empty or not a valid list. Name at least one container, such as rolling_update_containers=web."
        )
    containers = [_settings_of(one, image) for one in wanted]
    names = [container["name"] for container in containers]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise InvalidRollout(f"rolling_update_containers names {', '.join(duplicates)} more than once. Name each container once.")
    return containers


def _settings_of(one: t.Any, image: str | None) -> Settings:
    settings = {"name": one} if isinstance(one, str) else one
    if not isinstance(settings, t.Mapping):
        raise InvalidRollout(
            f"rolling_update_containers contains {one!r}, which is neither a name nor a dictionary. "
            "Set each container to a name such as web, or to a dictionary such as {'name': 'web'}."
        )
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidRollout("rolling_update_containers contains a dictionary without a name. Add the name, as in {'name': 'web'}.")
    unknown = sorted(str(option) for option in set(settings) - set(OPTIONS))
    if unknown:
        raise InvalidRollout(
            f"In rolling_update_containers, {name} has options that a rollout does not support: {', '.join(unknown)}. "
            f"Did you mean {closest(unknown[0], OPTIONS)}? Use only these options: {', '.join(OPTIONS)}."
        )
    return {**({"image": image} if image else {}), **settings}


def closest(name: str, valid: t.Iterable[str]) -> str:
    """Return the valid name that is most similar to a mistyped one."""
    return difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0)[0]


def listed(value: t.Any) -> t.Any:
    """Parse a list given as text on the command line, such as `1,25%` or `[1, "25%"]`. Return any other value unchanged."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return []
    return [part.strip() for part in value.split(",") if part.strip()]
