# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that decide whether a container is moved to another image, and to which."""

from __future__ import annotations

import typing as t

from .._core.plan import LostFiles, RecreateRequest
from .._core.policy import parse_age
from .._core.ports import PullPolicy
from .._edge.pull import DEFAULT_PULL_TIMEOUT
from .ending import Options

RECREATION_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "image": {"type": "str"},
    "image_digest": {"type": "str"},
    "pull": {"type": "str", "choices": [policy.value for policy in PullPolicy], "default": PullPolicy.ALWAYS.value},
    "pull_timeout": {"type": "float", "default": DEFAULT_PULL_TIMEOUT},
    "force": {"type": "bool", "default": False},
    "lost_files": {"type": "str", "choices": [choice.value for choice in LostFiles], "default": LostFiles.WARN.value},
    "verbatim": {"type": "bool", "default": False},
    "keep_env": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "min_image_age": {"type": "str"},
    "respect_labels": {"type": "bool", "default": False},
}
"""Described in the documentation fragment C(recreation)."""


def request_of(options: Options, stop_timeout: t.Optional[int] = None) -> RecreateRequest:
    """What the options of a container ask for. Raises InvalidInput."""
    return RecreateRequest(
        container=options["name"],
        stop_timeout=stop_timeout,
        image=options["image"],
        pull=PullPolicy(options["pull"]),
        force=options["force"],
        verbatim=options["verbatim"],
        lost_files=LostFiles(options["lost_files"]),
        keep_env=frozenset(options["keep_env"]),
        min_image_age=parse_age(options["min_image_age"]),
        respect_labels=options["respect_labels"],
        image_digest=options["image_digest"],
    )
