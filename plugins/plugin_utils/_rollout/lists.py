# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists as people give them."""

from __future__ import annotations

import json
import typing as t


def listed(value: t.Any) -> t.Any:
    """The list that a text means, since a command line has no lists: C(1,25%) or C([1, "25%"]). What is no text comes back as it is."""
    if not isinstance(value, str):
        return value
    if value.strip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return []
    return [part.strip() for part in value.split(",") if part.strip()]
