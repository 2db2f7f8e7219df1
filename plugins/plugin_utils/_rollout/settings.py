# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user wants done with which containers of a host."""

from __future__ import annotations

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
    "stop_timeout",
    "lock_timeout",
    "hooks",
    "lost_files",
    "verbatim",
    "keep_env",
    "min_image_age",
    "respect_labels",
)
"""The options of container_recreate that a container of a rollout may have. The others are the rollout's own business."""


def containers_of(wanted: t.Any, image: str | None = None) -> list[Settings]:
    """The containers in their order, each with its options. `image` is for those that name none. Raises InvalidRollout.

    `wanted` is a name, names with commas between them, or a list of names and of dictionaries with a `name` and other `OPTIONS`.
    """
    wanted = listed(wanted)
    if not isinstance(wanted, (list, tuple)) or not wanted:
        raise InvalidRollout("rolling_update_containers must name at least one container, such as rolling_update_containers=web.")
    containers = [_settings_of(one, image) for one in wanted]
    names = [container["name"] for container in containers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidRollout(f"rolling_update_containers names {', '.join(twice)} more than once.")
    return containers


def _settings_of(one: t.Any, image: str | None) -> Settings:
    settings = {"name": one} if isinstance(one, str) else one
    if not isinstance(settings, t.Mapping):
        raise InvalidRollout(f"rolling_update_containers has {one!r} in it, which is neither a name nor a dictionary with a name.")
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidRollout("rolling_update_containers has a container without a name in it.")
    unknown = sorted(str(option) for option in set(settings) - set(OPTIONS))
    if unknown:
        raise InvalidRollout(
            f"rolling_update_containers gives {name} {', '.join(unknown)}, which is not an option here. There are {', '.join(OPTIONS)}."
        )
    return {**({"image": image} if image else {}), **settings}


def listed(value: t.Any) -> t.Any:
    """The list that a text means, since a command line has no lists: `1,25%` or `[1, "25%"]`. What is no text comes back as it is."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return []
    return [part.strip() for part in value.split(",") if part.strip()]
