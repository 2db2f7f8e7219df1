# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Unix socket in front of an engine's socket that forwards every call except the one that has to fail.

It speaks the part of HTTP/1.1 that engines and clients use: persistent connections, and bodies with a length, in chunks or until the end.
"""

from __future__ import annotations

import enum
import os
import re
import signal
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

_REFUSAL = b'{"message": "this call was made to fail"}'
_ERROR_500 = b"\r\n".join(
    (
        b"HTTP/1.1 500 Internal Server Error",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_REFUSAL),
        b"",
        _REFUSAL,
    )
)
_VERSION = re.compile(r"^/v\d+\.\d+")
_OF_THIS_RUN = re.compile(r"(?<=/images/).+(?=/)|[0-9a-f]{64}|[\w.:%-]*evenkeel[\w.:%-]*")


class Fault(enum.Enum):
    """What happens to a call."""

    FAIL = "fails"
    """The client gets a 500, and the engine does nothing."""
    HANG = "hangs"
    """The engine does nothing, and no answer comes until the client gives up."""
    HANG_DONE = "hangs, carried out"
    """The engine carries out the call, and no answer comes until the client gives up."""
    LOST = "answer lost"
    """The engine carries out the call, and the connection is closed without an answer."""
    KILL_BEFORE = "killed before"
    """The client gets a SIGKILL, and the engine does nothing."""
    KILL_DURING = "killed during"
    """The client gets a SIGKILL while the engine carries out the call."""
    KILL_AFTER = "killed after"
    """The engine carries out the call, and the client gets a SIGKILL before the answer."""


_NOT_FORWARDED = (Fault.FAIL, Fault.HANG, Fault.KILL_BEFORE)


class Call(NamedTuple):
    """A request, without the names and IDs in its path, which differ in every run."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")


class Proxy:
    """Serve `self.url` inside the `with` block.

    `calls` are the calls that were made. Consecutive equal reads count as one, because a health gate probes repeatedly and the number of
    other containers varies. The event stream does not count: it is opened at the same time as other calls, in no fixed order.
    `fault` is what happens to the call at index `at`; with `lasting`, also to equal calls that follow. `hit` tells whether it was reached.
    `before` is called with each call before it is forwarded. With `tcp`, the proxy listens on a loopback port instead of a socket.
    """

    def __init__(
        self,
        engine: str,
        at: int | None = None,
        fault: Fault = Fault.FAIL,
        *,
        lasting: bool = False,
        before: Callable[[Call], None] = lambda _call: None,
        tcp: bool = False,
    ) -> None:
        self._engine = engine
        self._at = at
        self._fault = fault
        self._lasting = lasting
        self._before = before
        self._tcp = tcp
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.calls: list[Call] = []
        self.hit = False

    def __enter__(self) -> Proxy:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._folder = tempfile.TemporaryDirectory(prefix="proxy-")
        os.chmod(self._folder.name, 0o755)  # noqa: S103
        self._listener = socket.create_server(("127.0.0.1", 0)) if self._tcp else self._listen_at(f"{self._folder.name}/docker.sock")
        address = self._listener.getsockname()
        self.url = f"tcp://{address[0]}:{address[1]}" if self._tcp else f"unix://{address}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    @staticmethod
    def _listen_at(path: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, 0o666)  # noqa: S103 - the tests also run the module as another user
        listener.listen()
        return listener

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _shut(connection)
        self._thread.join()
        self._folder.cleanup()

    def refusal_of(self, _method: str, _target: str) -> bytes:
        """Return the answer to a request that is refused, or an empty answer for a request that is forwarded."""
        return b""

    def answer_to(self, _request: _Head, _body: bytes, answer: _Head, content: Iterator[bytes]) -> tuple[_Head, Iterator[bytes]]:
        """Return the head and the body of the answer that the client gets to a request that was forwarded."""
        return answer, content

    def hold(self, call: Call, _target: str) -> Fault | None:
        """Return what happens to a call, which is forwarded when this returns. `_target` is its path and query."""
        self._before(call)
        return self._fault_for(call)

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client.makefile("rb") as requests:
                while self._relay(client, requests):
                    pass
        except OSError:
            pass  # The client or the engine closed its connection.
        finally:
            with self._lock:
                self._open.discard(client)
            _shut(client)
            client.close()

    def _relay(self, client: socket.socket, requests: BinaryIO) -> bool:
        """Forward one request. Return whether another one may follow on this connection."""
        request = _Head.read(requests)
        if not request.raw:
            return False
        body = b"".join(request.body(requests))
        refusal = self.refusal_of(*request.first_line[:2])
        if refusal:
            client.sendall(refusal)
            return True
        call = _call(*request.first_line[:2])
        fault = self.hold(call, request.first_line[1])
        if fault in _NOT_FORWARDED:
            return self._withhold(client, requests, fault)
        with _connected(self._engine) as engine, engine.makefile("rb") as answers:
            engine.sendall(request.raw + body)
            if fault is Fault.KILL_DURING:
                _kill_peer(client)
                return False
            answer = _Head.read(answers)
            content = answer.body(answers, to=request)
            answer, content = self.answer_to(request, body, answer, content)
            if fault is None:
                client.sendall(answer.raw)
                for piece in content:
                    client.sendall(piece)
                return bool(answer.raw) and not answer.ends_with_connection
            for _piece in content:
                pass
        return self._withhold(client, requests, fault)

    @staticmethod
    def _withhold(client: socket.socket, requests: BinaryIO, fault: Fault | None) -> bool:
        if fault is Fault.FAIL:
            client.sendall(_ERROR_500)
            return True
        if fault in (Fault.HANG, Fault.HANG_DONE):
            requests.read(1)
        if fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER):
            _kill_peer(client)
        return False

    def _fault_for(self, call: Call) -> Fault | None:
        """Count the call, and return the fault for it, if any."""
        if call.path == "/events":
            return None
        with self._lock:
            again = call.reads and self.calls[-1:] == [call]
            if not again:
                self.calls.append(call)
            here = len(self.calls) - 1
            if self._at is None or here < self._at:
                return None
            like_it = self._lasting and call == self.calls[self._at]
            if like_it or (here == self._at and not again):
                self.hit = True
                return self._fault
            return None


def _call(method: str, target: str) -> Call:
    return Call(method, _OF_THIS_RUN.sub("*", _VERSION.sub("", target.partition("?")[0])))


class _Head(NamedTuple):
    """The head of a request or an answer. `raw` is empty when the connection was closed."""

    raw: bytes

    @classmethod
    def read(cls, stream: BinaryIO) -> _Head:
        lines = []
        while line := stream.readline():
            lines.append(line)
            if not line.strip():
                return cls(b"".join(lines))
        return cls(b"")

    @property
    def first_line(self) -> list[str]:
        return self.raw.split(b"\r\n", 1)[0].decode().split(" ")

    def header(self, name: str) -> str:
        for line in self.raw.split(b"\r\n")[1:]:
            key, _colon, value = line.decode("latin-1").partition(":")
            if key.lower() == name:
                return value.strip().lower()
        return ""

    @property
    def ends_with_connection(self) -> bool:
        unframed = not self.header("content-length") and "chunked" not in self.header("transfer-encoding")
        return self.header("connection") == "close" or (self._may_have_body and unframed)

    @property
    def _may_have_body(self) -> bool:
        return self.first_line[1] not in ("204", "304")

    def body(self, stream: BinaryIO, *, to: _Head | None = None) -> Iterator[bytes]:
        """Yield the body as it arrives, with chunk headers. For an answer, `to` is its request; for a request it is None."""
        if to and (to.first_line[0] == "HEAD" or not self.raw or not self._may_have_body):
            return
        if "chunked" in self.header("transfer-encoding"):
            while line := stream.readline():
                size = int(line.split(b";")[0], 16)
                yield line + stream.read(size + 2)
                if not size:
                    return
        elif self.header("content-length"):
            yield stream.read(int(self.header("content-length")))
        elif to:
            while piece := stream.read1(65536):  # type: ignore[attr-defined]
                yield piece

    def decoded(self, content: Iterator[bytes]) -> bytes:
        """Return a body of `body()` without the headers of its chunks."""
        if "chunked" not in self.header("transfer-encoding"):
            return b"".join(content)
        return b"".join(piece.partition(b"\r\n")[2][:-2] for piece in content)


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _kill_peer(client: socket.socket) -> None:
    """Send SIGKILL to the process at the other end."""
    pid: int = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    if pid in (0, os.getpid()):
        raise AssertionError("the proxy was about to kill itself")
    os.kill(pid, signal.SIGKILL)


def socket_of(docker_host: str) -> str:
    """Return the path in a `unix://` URL."""
    path = docker_host.removeprefix("unix://")
    if not Path(path).is_socket():
        raise AssertionError(f"{docker_host} is not a Unix socket, which the proxy needs")
    return path
