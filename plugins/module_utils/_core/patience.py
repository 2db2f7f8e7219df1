# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For calls that must get through: an engine that does not answer may be back in a moment."""

from __future__ import annotations

import typing as t

from .errors import EngineError, NoAnswer
from .ports import Clock

_PATIENCE = 30.0
_PAUSE = 1.0
"""Seconds to go on trying when the engine does not answer, and between two tries."""

_T = t.TypeVar("_T")


def until_answered(clock: Clock, call: t.Callable[[], _T], also: t.Type[EngineError] = NoAnswer) -> _T:
    """Repeat a call that does no harm when it is repeated, while there is no answer (or C(also)), for as long as is reasonable."""
    deadline = clock.monotonic() + _PATIENCE
    while True:
        try:
            return call()
        except (NoAnswer, also):
            if clock.monotonic() >= deadline:
                raise
            clock.sleep(_PAUSE)
