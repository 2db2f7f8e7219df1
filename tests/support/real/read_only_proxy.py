# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A read-only socket proxy, as operators put in front of an engine's socket. It also records every request."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .faulty_proxy import Proxy

_VERSION = re.compile(r"^/v\d+\.\d+")
_PAGE = b"<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"
_ERROR_403 = b"\r\n".join((b"HTTP/1.1 403 Forbidden", b"Content-Type: text/html", b"Content-Length: %d" % len(_PAGE), b"", _PAGE))


class Request(NamedTuple):
    """A request without the API version, with `%` escapes resolved."""

    method: str
    target: str

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class ReadOnlyProxy(Proxy):
    """Let only GET and HEAD through, except for paths that match the pattern `forbidden`.

    `requests` are all requests, `refused` those that were refused. With `only_listens`, nothing is refused.
    """

    def __init__(self, engine: str, *, forbidden: str = r"(?!)", only_listens: bool = False) -> None:
        super().__init__(engine)
        self._forbidden = re.compile(forbidden)
        self._only_listens = only_listens
        self.requests: list[Request] = []
        self.refused: list[Request] = []

    def refusal_of(self, method: str, target: str) -> bytes:
        request = Request(method, _VERSION.sub("", unquote(target)))
        self.requests.append(request)
        if self._only_listens or (method in ("GET", "HEAD") and not self._forbidden.search(request.path)):
            return b""
        self.refused.append(request)
        return _ERROR_403

    def asked(self, beginning: str) -> list[str]:
        """The requested paths that begin with `beginning`, with repetitions."""
        return [request.path for request in self.requests if request.path.startswith(beginning)]

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.method not in ("GET", "HEAD")]
