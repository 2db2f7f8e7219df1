# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that polls a page and records every response."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Response:
    """One request: when it ended (monotonic seconds), and the page, or None when there was no answer."""

    ended: float
    page: str | None


class PollingClient:
    """Poll `127.0.0.1:port` until the `with` block ends."""

    def __init__(self, port: int, pause: float = 0.02) -> None:
        self._port = port
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self.responses: list[Response] = []

    def __enter__(self) -> PollingClient:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def distinct_pages(self) -> list[str | None]:
        """The pages in order, without repetitions: `["v1", None, "v2"]`."""
        pages: list[str | None] = []
        for response in self.responses:
            if not pages or pages[-1] != response.page:
                pages.append(response.page)
        return pages

    @property
    def longest_gap(self) -> float:
        """The longest time between two answers, in seconds."""
        answered = [response.ended for response in self.responses if response.page is not None]
        return max((later - earlier for earlier, later in itertools.pairwise(answered)), default=0.0)

    def _poll(self) -> None:
        while not self._stop.is_set():
            page = fetch(self._port)
            self.responses.append(Response(time.monotonic(), page))
            self._stop.wait(self._pause)


def fetch(port: int, timeout: float = 2.0) -> str | None:
    """Return the page served on `127.0.0.1:port`, or None when there is none within `timeout` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.read().decode().strip() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
