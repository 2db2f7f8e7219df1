# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognise names that are too long for the records of a run."""

from __future__ import annotations

import typing as t

from ..state.claims import longest_claimed_name
from ..state.journal import longest_name
from .decision import Related


def why_name_too_long(container: str, related: t.Iterable[Related]) -> str | None:
    """Say which name is too long, if any: that of `container`, or that of a container related to it. The records contain all of them."""
    lengths = [(container, longest_name(), "its name")]
    lengths += [(other.name, longest_claimed_name(), f"the name of {other.name}, to which it is related,") for other in related]
    for name, longest, whose in sorted(lengths):
        if len(name) > longest:
            return f"{whose} has {len(name)} characters, and an update can be recorded only for up to {longest}. Rename that container."
    return None
