# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for events, with a client whose stream is under control."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.events import Events
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import EventLog
from support.real.sandbox import wait_for

START = "2026-11-28T03:20:00.5Z"
SECOND = 10**9
STARTED = 1795836000 * SECOND + SECOND // 2
"""The same in nanoseconds."""

Event = dict[str, Any]


def happened(action: str, after: float, exit_code: str | None = None) -> Event:
    """An event so many seconds after the start."""
    event: Event = {"Action": action, "timeNano": STARTED + int(after * SECOND)}
    return event if exit_code is None else {**event, "Actor": {"Attributes": {"exitCode": exit_code}}}


class Client:
    """`docker.APIClient`: the stream yields what is put into `stream`. `past` is what the engine remembers; None if it shows nothing."""

    def __init__(self, error: Exception | None = None, past: list[Event] | None = None) -> None:
        self.stream: queue.Queue[Event | None] = queue.Queue()
        self.filters: Any = None
        self.error = error
        self.past = past
        self.asked: tuple[str, str] | None = None

    def info(self) -> dict[str, str]:
        return {"SystemTime": "2026-11-28T04:20:30.25+01:00"}

    def events(self, *, filters: Any, decode: bool, since: str = "", until: str = "") -> Iterator[Event]:
        assert decode
        self.filters = filters
        if since:
            self.asked = (since, until)
            if self.past is None:
                raise requests.ConnectionError("no")
            return iter(self.past)
        if self.error:
            raise self.error
        return iter(self.stream.get, None)


def returns_early(events: Events, seconds: float) -> bool:
    start = time.monotonic()
    events.wait(seconds)
    return time.monotonic() - start < seconds


def test_each_event_ends_one_wait() -> None:
    client = Client()
    events = Events(client, "web-id")
    assert returns_early(events, 10), "the open stream counts as an event"
    assert not returns_early(events, 0.05)
    client.stream.put(happened("die", 1))
    assert returns_early(events, 10)
    assert not returns_early(events, 0.05)
    assert client.filters["container"] == ["web-id"]


@pytest.mark.parametrize("error", [requests.ConnectionError("cut"), ValueError("odd")])
def test_wait_takes_its_full_time_without_a_stream(error: Exception) -> None:
    assert not returns_early(Events(Client(error), "web-id"), 0.05)


class TestLog:
    def test_events_of_the_stream_and_of_the_past_are_one_list(self) -> None:
        client = Client(past=[happened("start", 0.01), happened("kill", 3), happened("die", 4)])
        events = Events(client, "web-id")
        client.stream.put(happened("kill", 3))
        assert events.log(START) == EventLog(("start", "kill", "die"), is_complete=True)
        assert client.asked == ("1795836000.500000000", "1795836030.250000000"), "the engine would wait for a time in the future"

    def test_exit_code_is_that_of_the_first_process_that_ended(self) -> None:
        """F-N8"""
        past = [happened("start", 0.01), happened("die", 4, "3"), happened("start", 5), happened("die", 6, "4")]
        assert Events(Client(past=past), "web-id").log(START).exit_code == 3

    @pytest.mark.parametrize("event", [happened("die", 4), happened("die", 4, "odd"), happened("stop", 4, "3")])
    def test_event_without_an_exit_code_leaves_it_open(self, event: Event) -> None:
        assert Events(Client(past=[happened("start", 0.01), event]), "web-id").log(START).exit_code is None

    @pytest.mark.parametrize(
        ("past", "is_complete"),
        [([happened("start", 0.01), happened("die", 4)], True), ([happened("start", 3)], False), ([], False), (None, False)],
        ids=["it remembers the start", "it was started again by a new engine", "it forgot the start", "it shows nothing"],
    )
    def test_broken_stream_is_complete_only_if_the_engine_remembers_the_start(self, past: list[Event] | None, is_complete: bool) -> None:
        client = Client(past=past)
        events = Events(client, "web-id")
        assert returns_early(events, 10)
        client.stream.put(None)
        wait_for(lambda: events.log("").is_complete is False, "the end of the stream")
        assert events.log(START).is_complete is is_complete

    def test_event_that_no_engine_sends_ends_the_stream(self) -> None:
        client = Client(past=[])
        events = Events(client, "web-id")
        assert returns_early(events, 10)
        client.stream.put({"status": "odd"})
        wait_for(lambda: events.log("").is_complete is False, "the end of the stream")

    def test_engine_that_forgot_old_events_is_trusted_if_the_stream_holds(self) -> None:
        events = Events(Client(past=[]), "web-id")
        assert returns_early(events, 10)
        assert events.log(START).is_complete is True

    def test_engine_without_events_leaves_it_open(self) -> None:
        assert Events(Client(requests.ConnectionError("cut")), "web-id").log(START) == EventLog((), is_complete=None)

    def test_time_that_cannot_be_read_asks_for_no_past(self) -> None:
        client = Client(past=[])
        assert Events(client, "web-id").log("never").actions == ()
        assert client.asked is None
