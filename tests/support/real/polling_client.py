# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that keeps asking for a page, and remembers every answer."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Visit:
    """One request: when it ended (monotonic seconds), and the page, None when there was none."""

    ended: float
    page: str | None


class PollingClient:
    """Asks `127.0.0.1:port` again and again until the `with` block ends."""

    def __init__(self, port: int, pause: float = 0.02) -> None:
        self._port = port
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking, daemon=True)
        self.visits: list[Visit] = []

    def __enter__(self) -> PollingClient:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def story(self) -> list[str | None]:
        """The answers in order, each run of equal ones told once: `["v1", None, "v2"]`."""
        story: list[str | None] = []
        for visit in self.visits:
            if not story or story[-1] != visit.page:
                story.append(visit.page)
        return story

    @property
    def longest_silence(self) -> float:
        """Seconds, the longest time between two answers."""
        answered = [visit.ended for visit in self.visits if visit.page is not None]
        return max((later - earlier for earlier, later in itertools.pairwise(answered)), default=0.0)

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            page = fetch(self._port)
            self.visits.append(Visit(time.monotonic(), page))
            self._stop.wait(self._pause)


def fetch(port: int, timeout: float = 2.0) -> str | None:
    """The page that is served on `127.0.0.1:port`, None when there is none within `timeout` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.read().decode().strip() if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
