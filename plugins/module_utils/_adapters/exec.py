# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command in a container and wait until it ends or times out.

The engine's output stream ends when the last process closes it. That can be a child process that keeps running in the background. This is
why a thread reads the output while `exec_inspect` tells whether the command has ended. The engine cannot stop a command.
"""

from __future__ import annotations

import collections
import threading
import typing as t

from .._core.engine.errors import EngineError, NoAnswer
from .._core.engine.interfaces import Clock
from .._core.engine.model import HookRun
from .sdk import engine_errors, mask_of, refusal

_MAX_OUTPUT = 64 * 1024
"""Bytes of output to keep. The beginning of a longer output is dropped."""
_POLL_INTERVAL = 0.1
_DRAIN_TIMEOUT = 5.0
"""Seconds to wait for the rest of the output after the command has ended."""
# If the program does not exist in the container, runc sets one of these exit codes, and the output starts with this text of the engine.
_NOT_EXECUTED = (126, 127)
_ENGINE_ERROR = "OCI runtime exec failed"


def run_in_container(client: t.Any, clock: Clock, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
    """Run a command as the container's user, for up to `timeout` seconds. Raise EngineError if it cannot be run or inspected."""
    deadline = clock.monotonic() + timeout
    with engine_errors(client):
        exec_id = client.exec_create(container, list(command))["Id"]
    reader = _OutputReader(client, exec_id)
    exit_code = _wait(client, clock, exec_id, reader, deadline)
    if exit_code is not None:
        reader.drain(_DRAIN_TIMEOUT)
    text = reader.output().decode("utf-8", "replace")
    if exit_code in _NOT_EXECUTED and text.startswith(_ENGINE_ERROR):
        raise refusal(client, text.strip())
    return HookRun(exit_code, mask_of(client)(text))


def _wait(client: t.Any, clock: Clock, exec_id: str, reader: _OutputReader, deadline: float) -> int | None:
    """Return the exit code, or None if the command does not end by `deadline`."""
    while True:
        no_answer: NoAnswer | None = None
        stream_ended = reader.has_ended
        try:
            with engine_errors(client):
                state = client.exec_inspect(exec_id)
            # A command that has not started yet is not running either, but has no exit code.
            if not state["Running"] and state["ExitCode"] is not None:
                exit_code: int = state["ExitCode"]
                return exit_code
            if stream_ended and reader.error and not state["Running"]:
                raise reader.error
        except NoAnswer as error:
            no_answer = error
        if clock.monotonic() >= deadline:
            if no_answer:
                raise no_answer
            return None
        clock.sleep(_POLL_INTERVAL)


class _OutputReader:
    """Start a command and read its output in a daemon thread."""

    def __init__(self, client: t.Any, exec_id: str) -> None:
        self._client = client
        self._exec_id = exec_id
        self._chunks: collections.deque[bytes] = collections.deque()
        self._size = 0
        self._lock = threading.Lock()
        self.error: EngineError | None = None
        """Why the command could not be started, or why the stream was interrupted."""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the end of the stream."""
        self._thread.join(seconds)

    def output(self) -> bytes:
        """The output up to now."""
        with self._lock:
            return b"".join(self._chunks)[-_MAX_OUTPUT:]

    def _read(self) -> None:
        try:
            with engine_errors(self._client):
                for chunk in self._client.exec_start(self._exec_id, stream=True):
                    self._append(chunk)
        except EngineError as error:
            self.error = error

    def _append(self, chunk: bytes) -> None:
        with self._lock:
            self._chunks.append(chunk)
            self._size += len(chunk)
            while self._size - len(self._chunks[0]) > _MAX_OUTPUT:
                self._size -= len(self._chunks.popleft())
