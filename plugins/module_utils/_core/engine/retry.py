# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For calls that must get through: an engine that does not answer may be back in a moment."""

from __future__ import annotations

import typing as t

from .errors import EngineError, NoAnswer, NotFound
from .interfaces import Clock

RETRY_FOR = 30.0
RETRY_REFUSALS_FOR = 10.0
PAUSE = 1.0
"""Seconds to go on trying from the first failure on when the engine does not answer, when it refuses, and between two tries."""

_T = t.TypeVar("_T")


def retry_on_no_answer(clock: Clock, call: t.Callable[[], _T], also: type[EngineError] = NoAnswer) -> _T:
    """Repeat a call that does no harm when it is repeated, while there is no answer (or `also`), for as long as is reasonable."""
    return _repeat(clock, call, lambda error: RETRY_FOR if isinstance(error, (NoAnswer, also)) else 0)


def retry_on_refusal(clock: Clock, call: t.Callable[[], _T]) -> _T:
    """The same, also while the engine refuses what it took before: what is in the way may go away. What is not there is not waited for."""

    def patience_with(error: EngineError) -> float:
        if isinstance(error, NotFound):
            return 0
        return RETRY_FOR if isinstance(error, NoAnswer) else RETRY_REFUSALS_FOR

    return _repeat(clock, call, patience_with)


def _repeat(clock: Clock, call: t.Callable[[], _T], patience_with: t.Callable[[EngineError], float]) -> _T:
    failing_since: float | None = None
    while True:
        try:
            return call()
        except EngineError as error:
            now = clock.monotonic()
            # Not since the first call: one that hangs may have taken longer than anybody's patience.
            failing_since = now if failing_since is None else failing_since
            if now - failing_since >= patience_with(error):
                raise
        clock.sleep(PAUSE)
