# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that makes an engine look newer: its containers have settings that this collection does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .faulty_proxy import Proxy, _Head

HOST_SETTING = ("LimitOfTheFuture", {"Share": 7})
ENDPOINT_SETTING = ("RouteOfTheFuture", "10.9.9.9")

_INSPECT = re.compile(r"(/v[0-9.]+)?/containers/[^/?]+/json")
_CREATE = re.compile(r"(/v[0-9.]+)?/containers/create")


class NewerEngineProxy(Proxy):
    """Add `HOST_SETTING` to each container, and `ENDPOINT_SETTING` to each of its endpoints.

    `created` are the bodies of all requests that create a container. `newest_api_version` is the version that the engine claims to support,
    by default its own.
    """

    def __init__(self, engine: str, newest_api_version: str | None = None) -> None:
        super().__init__(engine)
        self._newest = newest_api_version
        self.created: list[dict[str, Any]] = []

    def answer_to(self, request: _Head, body: bytes, answer: _Head, content: Iterator[bytes]) -> tuple[_Head, Iterator[bytes]]:
        _method, target, *_protocol = request.first_line
        if _CREATE.match(target):
            self.created.append(json.loads(body))
        if self._newest and target.endswith("/version"):
            return self._changed(answer, content, lambda about: about.update(ApiVersion=self._newest))
        if _INSPECT.fullmatch(target) and answer.first_line[1] == "200":
            return self._changed(answer, content, _with_new_settings)
        return answer, content

    @staticmethod
    def _changed(answer: _Head, content: Iterator[bytes], change: Any) -> tuple[_Head, Iterator[bytes]]:
        document = json.loads(answer.decoded(content))
        change(document)
        changed = json.dumps(document).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(changed)
        return _Head(head), iter((changed,))


def _with_new_settings(container: dict[str, Any]) -> None:
    container["HostConfig"].update([HOST_SETTING])
    for endpoint in container["NetworkSettings"]["Networks"].values():
        endpoint.update([ENDPOINT_SETTING])
