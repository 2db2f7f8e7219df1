# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command in a container, and wait for its end, but not for ever.

The engine streams what a command prints until the last process has closed its output, which can be a child that goes on in the background.
So whether the command has ended is asked of the engine, and the stream is read on the side. The engine has no way to end a command.
"""

from __future__ import annotations

import collections
import threading
import typing as t

from .._core.engine.errors import EngineError, NoAnswer
from .._core.engine.interfaces import Clock
from .._core.engine.model import HookRun
from .sdk import engine_errors

# Bytes of output that are kept, the last ones.
_KEPT = 64 * 1024
# Seconds between two looks, and how long the stream has to bring the rest after the command has ended.
_POLL = 0.1
_REST = 5.0
# What runc leaves as a command's own when there is no such program in the container, and how the engine begins what it says then.
_NEVER_RAN = (126, 127)
_ENGINES_WORDS = b"OCI runtime exec failed"


def run_in_container(client: t.Any, clock: Clock, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
    """Run it as the container's own user. `timeout` in seconds. Raises EngineError when it could not be run, or not be looked at."""
    deadline = clock.monotonic() + timeout
    with engine_errors():
        run = client.exec_create(container, list(command))["Id"]
    output = _Output(client, run)
    exit_code = _wait(client, clock, run, output, deadline)
    if exit_code is not None:
        output.finish(_REST)
    text = output.so_far()
    if exit_code in _NEVER_RAN and text.startswith(_ENGINES_WORDS):
        raise EngineError(text.decode("utf-8", "replace").strip())
    return HookRun(exit_code, text.decode("utf-8", "replace"))


def _wait(client: t.Any, clock: Clock, run: str, output: _Output, deadline: float) -> int | None:
    """Its exit code, None when it does not end in time."""
    while True:
        unknown: EngineError | None = None
        was_over = output.is_over
        try:
            with engine_errors():
                state = client.exec_inspect(run)
            # One that was not started yet has none either.
            if not state["Running"] and state["ExitCode"] is not None:
                exit_code: int = state["ExitCode"]
                return exit_code
            if was_over and output.error and not state["Running"]:
                raise output.error
        except NoAnswer as error:
            unknown = error
        if clock.monotonic() >= deadline:
            if unknown:
                raise unknown
            return None
        clock.sleep(_POLL)


class _Output:
    """Starts a command and reads along, in a thread that nobody has to wait for."""

    def __init__(self, client: t.Any, run: str) -> None:
        self._client = client
        self._run = run
        self._chunks: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._lock = threading.Lock()
        self.error: EngineError | None = None
        """Why it could not be started, or why the stream broke."""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def finish(self, seconds: float) -> None:
        """Wait that long for what is still under way."""
        self._thread.join(seconds)

    def so_far(self) -> bytes:
        with self._lock:
            return b"".join(self._chunks)[-_KEPT:]

    def _read(self) -> None:
        try:
            with engine_errors():
                for chunk in self._client.exec_start(self._run, stream=True):
                    self._keep(chunk)
        except EngineError as error:
            self.error = error

    def _keep(self, chunk: bytes) -> None:
        with self._lock:
            self._chunks.append(chunk)
            self._size += len(chunk)
            while self._size - len(self._chunks[0]) > _KEPT:
                self._size -= len(self._chunks.popleft())
