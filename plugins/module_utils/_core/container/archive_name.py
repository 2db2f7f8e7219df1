# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name that the old container waits under."""

from __future__ import annotations

import re
import typing as t

_ARCHIVE_NAME = re.compile(r"(.+)-old-[0-9]+")


def archive_name(name: str, unix_seconds: int, taken: t.Container[str]) -> str:
    """`<name>-old-<unix seconds>`, with the first number from `unix_seconds` on that gives a name which is not `taken`."""
    while f"{name}-old-{unix_seconds}" in taken:
        unix_seconds += 1
    return f"{name}-old-{unix_seconds}"


def owner_by_name(name: str) -> str | None:
    """The container that `name` would be the archive of. None when no archive is called so. Others may be called so too."""
    match = _ARCHIVE_NAME.fullmatch(name)
    return match[1] if match else None
