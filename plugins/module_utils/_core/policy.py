# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons to leave a container as it is although there may be a newer image: what the operator set, and how old that image is."""

from __future__ import annotations

import calendar
import enum
import re
import typing as t

from .errors import InvalidInput
from .health import LONGEST
from .ports import Document

EXCLUSION_LABEL = "evenkeel.enable"
"""Set to C(false), it excludes a container from updates."""

_NO = frozenset(("false", "no", "off", "0"))
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([smhdw]?)")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))")
_FIRST_DOCKER = 1363737600
"""Seconds since 1970 at which the first release of Docker came out, on 2013-03-20. An image that claims to be older was not made then."""
LONGEST_AGE = 52 * LONGEST


class SkipReason(enum.Enum):
    """Why a container was left as it is."""

    REJECTED = "rejected"
    """It was rolled back from that image before."""
    EXCLUDED = "excluded"
    """Its label says so."""
    TOO_YOUNG = "too_young"
    """The image was made too short a time ago."""


def is_excluded(container: Document) -> bool:
    """Whether an inspected container bears the label that excludes it."""
    labels = container["Config"].get("Labels") or {}
    return str(labels.get(EXCLUSION_LABEL, "")).strip().lower() in _NO


def why_excluded(container: str) -> str:
    return f"{container} was left as it is: its label {EXCLUSION_LABEL} excludes it from updates."


def parse_age(text: t.Optional[str]) -> float:
    """Seconds in a duration such as C(90), C(36h) or C(7d). None is 0. Raises InvalidInput."""
    if text is None:
        return 0.0
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match.group(1)) * _SECONDS[match.group(2)] if match else -1.0
    if not 0 <= seconds <= LONGEST_AGE:
        raise InvalidInput(f"min_image_age must be a time of up to 52 weeks such as 36h, 7d or 2w, or a number of seconds, not '{text}'.")
    return seconds


def unix_seconds_of(moment: t.Optional[str]) -> t.Optional[int]:
    """Whole seconds since 1970 at a moment that is written as in RFC 3339. None when it is not."""
    match = _MOMENT.fullmatch(moment or "")
    if not match:
        return None
    *date, sign, hours, minutes = match.groups()
    ahead = (int(hours) * 60 + int(minutes)) * 60 if sign else 0
    return calendar.timegm(tuple(map(int, date))) - (ahead if sign == "+" else -ahead)


def why_too_young(reference: str, made_at: t.Optional[int], now: int, min_age: float) -> t.Optional[str]:
    """Why the image is too young to be used, None when it is not. All in seconds, the first two since 1970.

    C(made_at) is when it was built, for nobody knows when it was pushed. One whose time of making says nothing is not too young.
    """
    if not says_its_age(made_at) or now - t.cast(int, made_at) >= min_age:
        return None
    age = max(0, now - t.cast(int, made_at))
    return f"{reference} was built {_roughly(age)} ago, and min_image_age asks for {_roughly(min_age)}"


def says_its_age(made_at: t.Optional[int]) -> bool:
    """Whether an image tells when it was made. Reproducible builds say 1970, 1980 or whatever they like."""
    return made_at is not None and made_at >= _FIRST_DOCKER


def _roughly(seconds: float) -> str:
    for unit, name in ((24 * 3600, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:g} seconds"
