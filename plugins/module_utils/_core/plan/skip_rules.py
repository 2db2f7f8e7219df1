# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons to leave a container as it is although there may be a newer image: what the operator set, and how old that image is."""

from __future__ import annotations

import typing as t

from ..engine.model import Document
from ..engine.timing import format_duration

EXCLUSION_LABEL = "evenkeel.enable"
"""Set to `false`, it excludes a container from updates."""

_NO = frozenset(("false", "no", "off", "0"))
_FIRST_DOCKER = 1363737600
"""Seconds since 1970 at which the first release of Docker came out, on 2013-03-20. An image that claims to be older was not made then."""


def is_excluded(container: Document) -> bool:
    """Whether an inspected container bears the label that excludes it."""
    labels = container["Config"].get("Labels") or {}
    return str(labels.get(EXCLUSION_LABEL, "")).strip().lower() in _NO


def why_excluded(container: str) -> str:
    return f"{container} was left as it is: its label {EXCLUSION_LABEL} excludes it from updates."


def why_too_young(reference: str, made_at: int | None, now: int, min_age: float) -> str | None:
    """Why the image is too young to be used, None when it is not. All in seconds, the first two since 1970.

    `made_at` is when it was built, for nobody knows when it was pushed. One whose time of making says nothing is not too young.
    """
    if not says_its_age(made_at) or now - t.cast(int, made_at) >= min_age:
        return None
    age = max(0, now - t.cast(int, made_at))
    return f"{reference} was built {format_duration(age)} ago, and min_image_age asks for {format_duration(min_age)}"


def says_its_age(made_at: int | None) -> bool:
    """Whether an image tells when it was made. Reproducible builds say 1970, 1980 or whatever they like."""
    return made_at is not None and made_at >= _FIRST_DOCKER
