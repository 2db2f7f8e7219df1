# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of an archive: the old container, stopped and renamed."""

from __future__ import annotations

import re
import typing as t

_ARCHIVE_NAME = re.compile(r"(.+)-old-[0-9]+")


def archive_name(name: str, unix_seconds: int, taken: t.Container[str]) -> str:
    """Return `<name>-old-<unix seconds>`. While that name is in `taken`, add one second."""
    while f"{name}-old-{unix_seconds}" in taken:
        unix_seconds += 1
    return f"{name}-old-{unix_seconds}"


def owner_by_name(name: str) -> str | None:
    """Return the name of the container whose archive has this name, or None if `name` does not look like one.

    Other containers may have such a name too. Only the memory proves that a container is an archive.
    """
    match = _ARCHIVE_NAME.fullmatch(name)
    return match[1] if match else None
