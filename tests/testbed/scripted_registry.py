# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry on loopback that fails as a test asks it to."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import random
import socket
import tarfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_TLS_HANDSHAKE = b"\x16"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class ScriptedRegistry:
    """Serves one image under every repository and tag, with the failures that the test sets.

    `refuse_with` answers every request for a manifest with an error. `cut_layer` ends the connection in the middle of a layer.
    `corrupt_layer` sends a layer with other content. `only_platform` (an architecture) offers an index with an image for that
    architecture only. `hang` never answers requests for a manifest. `hang_in_layer` stops responding in the middle of a layer.
    `requests` has the method and the path of each request.
    """

    def __init__(self) -> None:
        self.refusal: tuple[int, dict[str, Any], dict[str, str]] | None = None
        self.cut_layer = False
        self.corrupt_layer = False
        self.only_platform = ""
        self.hang = False
        self.hang_in_layer = False
        self.requests: list[str] = []
        self.address = ""
        self.released = threading.Event()
        self._layer, diff_id = _layer()
        self._config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["/nothing"]},
                "rootfs": {"type": "layers", "diff_ids": [diff_id]},
                "history": [{"created": "2026-01-01T00:00:00Z"}],
            }
        ).encode()
        self._manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": _CONFIG, "size": len(self._config), "digest": _digest(self._config)},
                "layers": [{"mediaType": _LAYER, "size": len(self._layer), "digest": _digest(self._layer)}],
            }
        ).encode()

    def reference(self, repository: str = "shop", tag: str = "latest") -> str:
        return f"{self.address}/{repository}:{tag}"

    def refuse_with(self, status: int, code: str, message: str, **headers: str) -> None:
        """Answer with this error. In the names of `headers`, underscores stand for hyphens."""
        body = {"errors": [{"code": code, "message": message, "detail": None}]}
        self.refusal = (status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.requests.append(f"{handler.command} {handler.path}")
        kind = handler.path.rstrip("/").split("/")
        if handler.path.rstrip("/") == "/v2":
            _send(handler, 200, b"{}", "application/json")
        elif "manifests" in kind:
            self._answer_manifest(handler, kind[-1])
        elif kind[-1] == _digest(self._config):
            _send(handler, 200, self._config, _CONFIG)
        elif kind[-1] == _digest(self._layer):
            self._answer_layer(handler)
        else:
            _send(handler, 404, _error("BLOB_UNKNOWN", "blob unknown to registry"), "application/json")

    def _answer_manifest(self, handler: http.server.BaseHTTPRequestHandler, which: str) -> None:
        if self.hang:
            self.released.wait()
        elif self.refusal:
            status, body, headers = self.refusal
            _send(handler, status, json.dumps(body).encode(), "application/json", headers)
        elif self.only_platform and which != _digest(self._manifest):
            entry = {
                "mediaType": MANIFEST,
                "size": len(self._manifest),
                "digest": _digest(self._manifest),
                "platform": {"architecture": self.only_platform, "os": "linux"},
            }
            _send(handler, 200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode(), INDEX)
        else:
            _send(handler, 200, self._manifest, MANIFEST)

    def _answer_layer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        if self.corrupt_layer:
            _send(handler, 200, b"x" * len(self._layer), "application/octet-stream")
        elif self.cut_layer and "Range" in handler.headers:
            start = int(handler.headers["Range"].removeprefix("bytes=").partition("-")[0])
            rest = {"Content-Range": f"bytes {start}-{len(self._layer) - 1}/{len(self._layer)}"}
            _send(handler, 206, b"", "application/octet-stream", rest, length=len(self._layer) - start)
            handler.close_connection = True
        elif self.cut_layer or self.hang_in_layer:
            _send(handler, 200, self._layer[: len(self._layer) // 2], "application/octet-stream", length=len(self._layer))
            handler.wfile.flush()
            if self.hang_in_layer:
                self.released.wait()
            handler.close_connection = True
        else:
            _send(handler, 200, self._layer, "application/octet-stream")


@contextlib.contextmanager
def scripted_registry(host: str = "127.0.0.1") -> Iterator[ScriptedRegistry]:
    """A registry on `host`, an address of this machine. It serves its image until the test sets a failure."""
    registry = ScriptedRegistry()
    server = http.server.ThreadingHTTPServer((host, 0), _handler_of(registry.answer))
    server.daemon_threads = True
    registry.address = f"{host}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield registry
    finally:
        registry.released.set()
        server.shutdown()
        server.server_close()


def _handler_of(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            # Engines try TLS first. This answer tells them to use plain HTTP.
            if self.connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            else:
                super().handle()

        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):
                answer(self)

        do_HEAD = do_GET  # noqa: N815 - the base class requires this name

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

    return Handler


def _send(
    handler: http.server.BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    media_type: str,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", media_type)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Docker-Distribution-API-Version", "registry/2.0")
    if status == 200:
        handler.send_header("Docker-Content-Digest", _digest(body))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _error(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _layer() -> tuple[bytes, str]:
    """A layer of incompressible data, large enough to be cut in two, and the digest of its uncompressed content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("noise")
        content = random.randbytes(200_000)  # noqa: S311
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue()), _digest(buffer.getvalue())
