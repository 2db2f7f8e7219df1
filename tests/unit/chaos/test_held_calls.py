# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognise the moment of an event in the calls of a run."""

from __future__ import annotations

import pytest

from chaos.held_calls import Moments
from chaos.scenario import Event, Moment

LOOK, STOP, START = "GET /containers/*/json", "POST /containers/*/stop", "POST /containers/*/start"
CALLS = [LOOK, STOP, LOOK, START, LOOK, LOOK, STOP]


@pytest.mark.parametrize(
    ("moment", "index"),
    [
        (Moment(LOOK), 0),
        (Moment(LOOK, 2), 2),
        (Moment(STOP, 2), 6),
        (Moment(LOOK, since=START), 4),
        (Moment(LOOK, 2, since=START), 5),
        (Moment(START, since=START), None),
        (Moment(LOOK, 5), None),
        (Moment("POST /containers/create"), None),
        (Moment(), None),
    ],
    ids=str,
)
def test_event_is_due_once_and_at_its_moment(moment: Moment, index: int | None) -> None:
    event = Event(0, moment, "kill module")
    moments = Moments([event])
    due = [number for number, call in enumerate(CALLS) if moments.arrived(call)]
    assert due == ([] if index is None else [index])


def test_two_events_can_have_the_same_moment() -> None:
    events = [Event(0, Moment(STOP), "pause", "holder"), Event(0, Moment(STOP, after=True), "kill module")]
    assert Moments(events).arrived(STOP) == events
