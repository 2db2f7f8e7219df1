# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retry calls that must succeed: an engine that does not answer may be back soon."""

from __future__ import annotations

import typing as t

from .errors import EngineError, NoAnswer, NotFound
from .interfaces import Clock

RETRY_FOR = 30.0
"""Seconds to retry a call that the engine does not answer, counted from the first failure."""
RETRY_REFUSALS_FOR = 10.0
"""Seconds to retry a call that the engine refuses, counted from the first failure."""
RETRY_INTERVAL = 1.0

_T = t.TypeVar("_T")


def retry_on_no_answer(clock: Clock, call: t.Callable[[], _T], also: type[EngineError] = NoAnswer) -> _T:
    """Retry an idempotent call for up to RETRY_FOR seconds while the engine does not answer, or while it raises `also`."""
    return _retry(clock, call, lambda error: RETRY_FOR if isinstance(error, (NoAnswer, also)) else 0)


def retry_on_refusal(clock: Clock, call: t.Callable[[], _T]) -> _T:
    """Like retry_on_no_answer(), but also retry calls that the engine refuses, since the conflict may clear. Raise NotFound immediately."""

    def retry_for(error: EngineError) -> float:
        if isinstance(error, NotFound):
            return 0
        return RETRY_FOR if isinstance(error, NoAnswer) else RETRY_REFUSALS_FOR

    return _retry(clock, call, retry_for)


def _retry(clock: Clock, call: t.Callable[[], _T], retry_for: t.Callable[[EngineError], float]) -> _T:
    failing_since: float | None = None
    while True:
        try:
            return call()
        except EngineError as error:
            now = clock.monotonic()
            # Do not count from the start of the first call: a call that hangs may itself take longer than the limit.
            failing_since = now if failing_since is None else failing_since
            if now - failing_since >= retry_for(error):
                raise
        clock.sleep(RETRY_INTERVAL)
