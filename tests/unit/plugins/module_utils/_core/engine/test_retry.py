# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long calls are retried."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Conflict, EngineError, NoAnswer, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.retry import retry_on_no_answer, retry_on_refusal
from support.fakes.engine import FakeClock


class Call:
    """A call that raises these errors in turn, and the last one forever. None is success. Each try takes `seconds`."""

    def __init__(self, clock: FakeClock, *errors: EngineError | None, seconds: float = 0) -> None:
        self.tries = 0
        self._clock, self._errors, self._seconds = clock, list(errors), seconds

    def __call__(self) -> str:
        self.tries += 1
        self._clock.now += self._seconds
        error = self._errors.pop(0) if len(self._errors) > 1 else self._errors[0]
        if error:
            raise error
        return "done"


def test_call_that_hangs_longer_than_the_limit_is_retried() -> None:
    clock = FakeClock()
    assert retry_on_no_answer(clock, Call(clock, NoAnswer("timed out"), None, seconds=60)) == "done"


@pytest.mark.parametrize(
    ("error", "seconds"), [(NoAnswer("timed out"), 30), (Conflict("no"), 0), (EngineError("no"), 0), (NotFound("gone"), 0)]
)
def test_retry_on_no_answer_gives_up_after(error: EngineError, seconds: float) -> None:
    clock = FakeClock()
    call = Call(clock, error)
    with pytest.raises(type(error)):
        retry_on_no_answer(clock, call)
    assert (clock.now, call.tries) == (seconds, seconds + 1)


@pytest.mark.parametrize(("error", "seconds"), [(NoAnswer("timed out"), 30), (Conflict("no"), 10), (NotFound("gone"), 0)])
def test_retry_on_refusal_gives_up_after(error: EngineError, seconds: float) -> None:
    clock = FakeClock()
    with pytest.raises(type(error)):
        retry_on_refusal(clock, Call(clock, error))
    assert clock.now == seconds


def test_retry_on_no_answer_also_retries_a_given_error() -> None:
    clock = FakeClock()
    assert retry_on_no_answer(clock, Call(clock, Conflict("being removed"), None), also=Conflict) == "done"
