# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake engine behind a socket with the HTTP API of a real one, to test which calls the modules make through the real Docker SDK.

Paths are as in the engine's documentation (https://docs.docker.com/reference/api/engine/version/v1.41/).
"""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import tempfile
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import NotFound

from .engine import FakeEngine, digest_of

API_VERSION = "1.41"
STARTED = "2026-11-28T03:20:00Z"
"""When every container was started."""


class Request(NamedTuple):
    """`names` are the names in the path; `query` and `body` belong to the request."""

    names: tuple[str, ...]
    query: dict[str, str]
    body: Any


class EngineOverHttp:
    """Serve `engine` at `url` inside the `with` block, and record every request in `calls`, by its path in the documentation.

    A container that was started here is `starting` at its first inspect. After that, a container created here is in the state `becomes`.
    """

    def __init__(self, engine: FakeEngine, becomes: str = "healthy") -> None:
        self.calls: list[str] = []
        self._engine = engine
        self._becomes = becomes
        self._volumes: dict[str, Any] = {}
        self._started: set[str] = set()
        self._looked_at: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> EngineOverHttp:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._folder = tempfile.TemporaryDirectory(prefix="engine-")
        path = f"{self._folder.name}/docker.sock"
        self.url = f"unix://{path}"
        self._server = _Server(path, _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._folder.cleanup()

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Return status and document. Without a document, the answer has no body."""
        for call, (pattern, handler) in _CALLS.items():
            match = pattern.fullmatch(f"{method} {path}")
            if match:
                with self._lock:
                    self.calls.append(call)
                    return self._run(handler, Request(match.groups(), query, body))
        raise AssertionError(f"the fake engine has no answer to {method} {path}")

    def _run(self, handler: Callable[[EngineOverHttp, Request], Any], request: Request) -> tuple[int, Any]:
        try:
            document = handler(self, request)
        except NotFound as error:
            return 404, {"message": str(error)}
        return (204 if document is None else 200), document

    def _containers(self, _request: Request) -> Any:
        found = map(self._engine.container, sorted(self._engine.names))
        return [{"Id": c["Id"], "Names": [c["Name"]], "Image": c["Config"]["Image"], "ImageID": c["Image"], "Labels": {}} for c in found]

    def _container(self, request: Request) -> Any:
        document: Any = {"Mounts": [], **self._engine.container(request.names[0])}
        document["State"]["StartedAt"] = STARTED
        container = document["Id"]
        if container not in self._started:
            return document
        if container not in self._looked_at:
            self._looked_at.add(container)
            document["State"]["Health"] = {"Status": "starting"}
        elif container in self._engine.created_ids and self._becomes != "healthy":
            document["State"] = {"Status": self._becomes, "ExitCode": 1, "StartedAt": STARTED}
        return document

    @staticmethod
    def _events(request: Request) -> Any:
        """Past events: nothing but the start of the container. There is no stream of later ones."""
        if "since" not in request.query:
            raise NotFound("no events")
        return {"Action": "start", "timeNano": int(float(request.query["since"])) * 10**9}

    def _create(self, request: Request) -> Any:
        return {"Id": self._engine.create(request.query["name"], request.body)}

    def _start(self, request: Request) -> None:
        self._started.add(request.names[0])
        self._engine.start(request.names[0])

    def _images(self, _request: Request) -> Any:
        return [{"Id": image, "RepoTags": [name], "RepoDigests": self._digests(name, image)} for name, image in self._engine.local.items()]

    def _image(self, request: Request) -> Any:
        names = [name for name, image in self._engine.local.items() if request.names[0] in (image, name, *self._digests(name, image))]
        if not names:
            raise NotFound(f"No such image: {request.names[0]}")
        image = self._engine.local[names[0]]
        return {"Id": image, "Config": {}, "RepoTags": names, "RepoDigests": self._digests(names[0], image), "Architecture": "amd64"}

    @staticmethod
    def _digests(name: str, image: str) -> list[str]:
        return [f"{name.rsplit(':', 1)[0]}@{digest_of(image)}"]

    def _pull(self, request: Request) -> Any:
        name = f"{request.query['fromImage']}:{request.query['tag']}"
        self._engine.local[name] = self._engine.registry[name]
        return {"status": "Status: Image is up to date"}

    def _distribution(self, request: Request) -> Any:
        return {"Descriptor": {"digest": digest_of(self._engine.registry[request.names[0]])}, "Platforms": []}

    def _write_volume(self, request: Request) -> Any:
        return self._volumes.setdefault(request.body["Name"], {"CreatedAt": "", **request.body})

    def _volume(self, request: Request) -> Any:
        if request.names[0] not in self._volumes:
            raise NotFound(f"get {request.names[0]}: no such volume")
        return self._volumes[request.names[0]]

    def _find_volumes(self, request: Request) -> Any:
        wanted = json.loads(request.query.get("filters", "{}"))
        labels, parts = wanted.get("label", []), wanted.get("name", [""])
        fits = (volume for volume in self._volumes.values() if all(label in volume["Labels"] for label in labels))
        return {"Volumes": [volume for volume in fits if any(part in volume["Name"] for part in parts)]}


_Handler = Callable[[EngineOverHttp, Request], Any]

_HANDLERS: dict[str, _Handler] = {
    "GET /version": lambda _here, _request: {"ApiVersion": API_VERSION, "Arch": "amd64", "Version": "20.10"},
    "GET /info": lambda _here, _request: {"Name": "host", "SystemTime": STARTED},
    "GET /events": EngineOverHttp._events,
    "GET /networks": lambda _here, _request: [],
    "GET /containers/json": EngineOverHttp._containers,
    "POST /containers/create": EngineOverHttp._create,
    "GET /containers/{id}/json": EngineOverHttp._container,
    "GET /containers/{id}/changes": lambda _here, _request: [],
    "GET /containers/{id}/logs": lambda _here, _request: "",
    "POST /containers/{id}/stop": lambda here, request: here._engine.stop(request.names[0], int(request.query["t"])),
    "POST /containers/{id}/start": EngineOverHttp._start,
    "POST /containers/{id}/rename": lambda here, request: here._engine.rename(request.names[0], request.query["name"]),
    "POST /containers/{id}/update": lambda here, request: (
        here._engine.set_restart_policy(request.names[0], request.body["RestartPolicy"]) or {"Warnings": []}
    ),
    "DELETE /containers/{id}": lambda here, request: here._engine.remove(request.names[0], force=request.query["force"] == "True"),
    "GET /images/json": EngineOverHttp._images,
    "GET /images/{name}/json": EngineOverHttp._image,
    "POST /images/create": EngineOverHttp._pull,
    "POST /images/{name}/tag": lambda here, request: here._engine.local.update(
        {f"{request.query['repo']}:{request.query['tag']}": request.names[0]}
    ),
    "GET /distribution/{name}/json": EngineOverHttp._distribution,
    "GET /volumes": EngineOverHttp._find_volumes,
    "POST /volumes/create": EngineOverHttp._write_volume,
    "GET /volumes/{name}": EngineOverHttp._volume,
    "DELETE /volumes/{name}": lambda here, request: here._volumes.pop(request.names[0]) and None,
}
_CALLS = {call: (re.compile(re.sub(r"\{\w+\}", "(.+)", call)), handler) for call, handler in _HANDLERS.items()}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler_of(engine: EngineOverHttp) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            url = urlsplit(self.path)
            path = re.sub(r"^/v\d+\.\d+", "", unquote(url.path))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = engine.answer(self.command, path, query, json.loads(body) if body else None)
            text = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the base class prescribes these names.

        def log_message(self, *_arguments: object) -> None:
            """Write no log."""

    return Handler
