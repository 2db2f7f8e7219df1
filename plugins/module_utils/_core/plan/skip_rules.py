# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that skip an update although there may be a newer image: an exclusion label, and a minimum age of the image."""

from __future__ import annotations

import typing as t

from ..engine.model import Document
from ..engine.timing import format_duration

EXCLUSION_LABEL = "evenkeel.enable"
"""A container with this label set to `false` is excluded from updates."""

_FALSE_VALUES = frozenset(("false", "no", "off", "0"))
_FIRST_DOCKER_RELEASE = 1363737600
"""The first release of Docker, 2013-03-20, in seconds since 1970. An earlier build date of an image cannot be true."""


def is_excluded(container: Document) -> bool:
    """Whether an inspected container has the label that excludes it from updates."""
    labels = container["Config"].get("Labels") or {}
    return str(labels.get(EXCLUSION_LABEL, "")).strip().lower() in _FALSE_VALUES


def why_excluded(container: str) -> str:
    return f"{container} was not updated: its label {EXCLUSION_LABEL} excludes it from updates."


def why_too_young(reference: str, created: int | None, now: int, min_age: float) -> str | None:
    """Say why the image is too young, or return None. `created` and `now` are in seconds since 1970, `min_age` is in seconds.

    `created` is the build date from the image; registries do not record when an image was pushed. It comes from another clock. So an image
    without a credible build date, or with one in the future, is not too young.
    """
    if why_age_is_unknown(reference, created, now) or now - t.cast(int, created) >= min_age:
        return None
    age = now - t.cast(int, created)
    return f"{reference} was built {format_duration(age)} ago, but min_image_age is {format_duration(min_age)}"


def why_age_is_unknown(reference: str, created: int | None, now: int) -> str | None:
    """Say why the build date does not show the age of an image, or return None. Reproducible builds set 1970, 1980 or any other date."""
    if created is None or created < _FIRST_DOCKER_RELEASE:
        return f"{reference} has no credible build date"
    if created > now:
        ahead = format_duration(created - now)
        return f"the build date of {reference} is {ahead} in the future, so one of the two clocks is wrong"
    return None
