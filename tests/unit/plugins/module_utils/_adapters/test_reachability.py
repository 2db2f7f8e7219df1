# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-N15: no engine can be reached. The error says why, and what to do."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters import reachability
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineUnavailable
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION

OPTIONS = {name: option.get("default") for name, option in CONNECTION.argument_spec.items()}


def error_of(url: str, **options: object) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        connect({**OPTIONS, "timeout": 5, **options, "docker_host": url})
    message = str(caught.value)
    assert message.startswith(f"Cannot connect to a Docker engine at {url}: ")
    assert "Nothing was changed." in message
    return message


@pytest.fixture
def answering(tmp_path: Path) -> Callable[[bytes], str]:
    """Start servers on Unix sockets. Each answers every request with the same bytes, and closes the connection."""

    def start(answer: bytes) -> str:
        path = str(tmp_path / "some.sock")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()

        def serve() -> None:
            while True:
                connection, _address = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"unix://{path}"

    return start


def http(body: str, content_type: str = "application/json", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.behaviour("F-N15")
@pytest.mark.parametrize("api_version", ["auto", "1.41"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        http("[]"),
        http("{}"),
        http('"text"'),
        http("<html>", "text/html"),
        http("not found", "text/plain", "404 Not Found"),
    ],
)
def test_what_answers_is_not_docker(answering: Callable[[bytes], str], answer: bytes, api_version: str) -> None:
    message = error_of(answering(answer), api_version=api_version)
    assert "what answers there is not a Docker engine" in message
    assert message.endswith("Check docker_host (or DOCKER_HOST), or what listens there.")


def test_there_is_no_socket(tmp_path: Path) -> None:
    assert "there is no such socket" in error_of(f"unix://{tmp_path}/none.sock")


def test_file_is_not_a_socket(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "this file is not a socket" in error_of(f"unix://{tmp_path}/file")
    assert "this file is not a socket" in error_of(f"unix://{tmp_path}")


def test_nothing_listens(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(f"{tmp_path}/abandoned.sock")
    assert "nothing listens there" in error_of(f"unix://{tmp_path}/abandoned.sock")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "nothing listens there" in error_of(f"tcp://127.0.0.1:{port}")


def test_engine_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent.sock")
        silent.listen()
        message = error_of(f"unix://{tmp_path}/silent.sock", timeout=0.2)
    assert "it did not answer in time" in message
    assert message.endswith("or increase timeout.")


@pytest.mark.behaviour("F-N15")
def test_user_without_permission_is_told_what_to_do(tmp_path: Path) -> None:
    """Root may use every socket, so the error is made by hand."""
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(f"{tmp_path}/there.sock")
        reason = reachability.why_unavailable(f"unix://{tmp_path}/there.sock", OSError(13, "Permission denied"))
    assert reason.cause == f"the user of the task (ID {os.geteuid()}) has no permission to use this socket"
    assert reason.remedy.startswith("Set become: true, or add the user to the group that owns the socket")


@pytest.mark.parametrize("url", ["nonsense", "tcp://", "http+unix://x"])
def test_url_that_the_sdk_refuses(url: str) -> None:
    with pytest.raises(EngineUnavailable, match="Cannot connect to a Docker engine"):
        connect({**OPTIONS, "docker_host": url})
