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


class Client:
    """`docker.APIClient.events`: yields what is put into `stream`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.stream: queue.Queue[dict[str, str]] = queue.Queue()
        self.filters: Any = None
        self.error = error

    def events(self, *, filters: Any) -> Iterator[dict[str, str]]:
        self.filters = filters
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
    client.stream.put({"Action": "die"})
    assert returns_early(events, 10)
    assert not returns_early(events, 0.05)
    assert client.filters["container"] == ["web-id"]


@pytest.mark.parametrize("error", [requests.ConnectionError("cut"), ValueError("odd")])
def test_wait_takes_its_full_time_without_a_stream(error: Exception) -> None:
    assert not returns_early(Events(Client(error), "web-id"), 0.05)
