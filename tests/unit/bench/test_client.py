# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Those who ask while a container is replaced."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from bench.client import Clients


class _Server(http.server.ThreadingHTTPServer):
    asked = 0


class _Page(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"v1")

    def log_message(self, *_arguments: object) -> None:
        """Not in the output of the tests."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_clients_poll_once_more_at_the_end(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a service that is replaced between two questions would never have been away."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with Clients(server.server_port, pause=0.5, number=2) as clients:
        asked = server.asked
    assert server.asked >= asked + 2
    assert clients.gap > 0
