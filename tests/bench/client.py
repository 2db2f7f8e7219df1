# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m bench.client PORT PAUSE NUMBER`: HTTP clients in their own process, so that the benchmark does not delay them.

Each client sends a request every `PAUSE` seconds. They start at different moments, so that the result does not depend on the moment. The
process prints `asking` once all clients have received an answer. It ends when its input ends and all have received an answer again, and
prints the mean of their longest times without an answer.
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
    """Runs such a process during the `with` block. `gap` is its result in seconds."""

    def __init__(self, port: int, pause: float, number: int) -> None:
        self._command = (sys.executable, "-m", "bench.client", str(port), str(pause), str(number))
        self.gap = 0.0

    def __enter__(self) -> Clients:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not cast(IO[str], self._process.stdout).readline():
            raise AssertionError("the clients received no answer")
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
    """Whether there was an answer after the first `asked` requests."""
    return any(response.page is not None for response in polling_client.responses[asked:])


if __name__ == "__main__":
    main()
