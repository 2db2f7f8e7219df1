# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m bench.client PORT PAUSE NUMBER`: clients in a process of their own, so that they ask in time whatever who measures does.

Each asks every `PAUSE` seconds, one a little after the other, so that together they do not depend on the moment. They say so once all
have had an answer, ask on until the input ends and each has had an answer again, and print the mean of their longest times without one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import IO, cast

from support.real.polling_client import PollingClient
from support.real.sandbox import wait_for


class Clients:
    """Such a process, for the `with` block. `gap` is what it printed: seconds."""

    def __init__(self, port: int, pause: float, number: int) -> None:
        self._command = (sys.executable, "-m", "bench.client", str(port), str(pause), str(number))
        self.gap = 0.0

    def __enter__(self) -> Clients:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not cast(IO[str], self._process.stdout).readline():
            raise AssertionError("the clients had no answer")
        return self

    def __exit__(self, *_exception: object) -> None:
        printed, _nothing = self._process.communicate()
        self.gap = float(printed or "nan")


def main() -> None:
    port, pause, number = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    polling_clients: list[PollingClient] = []

    def wait_for_an_answer_each() -> None:
        asked = [len(polling_client.responses) for polling_client in polling_clients]
        wait_for(lambda: all(map(_is_answered, polling_clients, asked)), "an answer for each")

    with ExitStack() as stack:
        for _place in range(number):
            polling_clients.append(stack.enter_context(PollingClient(port, pause)))
            time.sleep(pause / number)
        wait_for_an_answer_each()
        print("asking", flush=True)
        sys.stdin.read()
        wait_for_an_answer_each()
    print(statistics.mean(polling_client.longest_gap for polling_client in polling_clients))


def _is_answered(polling_client: PollingClient, asked: int) -> bool:
    """After it had `asked` so many times."""
    return any(response.page is not None for response in polling_client.responses[asked:])


if __name__ == "__main__":
    main()
