# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the SDK are converted into our own."""

from __future__ import annotations

import json

import docker.errors
import pytest
import requests

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.sdk import engine_errors
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    BadRequest,
    Conflict,
    EngineError,
    Forbidden,
    NoAnswer,
    NotFound,
)

PAGE = "text/html"
JSON = "application/json"


@pytest.mark.parametrize(
    ("status", "content_type", "message", "error_class"),
    [
        (404, JSON, "manifest unknown", NotFound),
        (404, JSON, "page not found", Forbidden),
        (404, PAGE, "Not Found", Forbidden),
        (403, PAGE, "Forbidden", Forbidden),
        (405, "text/plain", "Method Not Allowed", Forbidden),
        (403, JSON, "denied: requested access to the resource is denied", EngineError),
        (403, JSON, "authorization denied by plugin authz: not you", Forbidden),
        (400, JSON, "exec: no such file", BadRequest),
        (409, JSON, "the name is taken", Conflict),
        (500, JSON, "no", EngineError),
    ],
)
def test_http_error_becomes(status: int, content_type: str, message: str, error_class: type[EngineError]) -> None:
    response = requests.Response()
    response.status_code = status
    response.headers["Content-Type"] = content_type
    response._content = (json.dumps({"message": message}) if content_type == JSON else message).encode()
    with pytest.raises(EngineError) as raised, engine_errors(None):
        docker.errors.create_api_error_from_http_exception(requests.HTTPError(message, response=response))
    assert raised.type is error_class
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("raised", "error_class", "message"),
    [
        (requests.ConnectionError("cut"), NoAnswer, r"no answer from the engine \(cut\)"),
        (BrokenPipeError("pipe"), NoAnswer, r"no answer from the engine \(pipe\)"),
        (ValueError("odd"), EngineError, r"the Docker SDK failed \(ValueError: odd\)"),
        (NotFound("gone"), NotFound, "gone"),
    ],
)
def test_other_exception_becomes(raised: Exception, error_class: type[EngineError], message: str) -> None:
    with pytest.raises(EngineError, match=f"^{message}$") as caught, engine_errors(None):
        raise raised
    assert caught.type is error_class
