# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m bench.client PORT PAUSE): a client in a process of its own, so that it asks in time whatever the one who measures does.

It says so once it has had an answer, asks every C(PAUSE) seconds until its input ends and it has an answer again, and prints the longest
time without one.
"""

from __future__ import annotations

import subprocess
import sys
from typing import IO, cast

from support.scene import wait_for
from support.visitor import Visitor


class Client:
    """Such a process, for the C(with) block. C(gap) is what it printed: seconds."""

    def __init__(self, port: int, pause: float) -> None:
        self._command = (sys.executable, "-m", "bench.client", str(port), str(pause))
        self.gap = 0.0

    def __enter__(self) -> Client:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not cast(IO[str], self._process.stdout).readline():
            raise AssertionError("the client had no answer")
        return self

    def __exit__(self, *_exception: object) -> None:
        printed, _nothing = self._process.communicate()
        self.gap = float(printed or "nan")


def main() -> None:
    port, pause = sys.argv[1:]
    with Visitor(int(port), float(pause)) as visitor:

        def is_answered() -> bool:
            return bool(visitor.visits) and visitor.visits[-1].page is not None

        wait_for(is_answered, "an answer")
        print("asking", flush=True)
        sys.stdin.read()
        wait_for(is_answered, "an answer again")
    print(visitor.longest_silence)


if __name__ == "__main__":
    main()
