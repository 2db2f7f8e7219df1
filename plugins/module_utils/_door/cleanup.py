# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say what to remove when a container that was replaced is not needed any more."""

from __future__ import annotations

import typing as t

from .._core.cleanup import Cleanup
from .ending import Options

CLEANUP_OPTIONS: t.Mapping[str, t.Mapping[str, t.Any]] = {
    "cleanup": {
        "type": "dict",
        "default": {},
        "options": {
            "remove_replaced": {"type": "bool", "default": False},
            "prune_dangling": {"type": "bool", "default": False},
        },
    },
}
"""Described in the documentation fragment C(cleanup)."""


def cleanup_of(options: Options) -> Cleanup:
    return Cleanup(**options["cleanup"])
