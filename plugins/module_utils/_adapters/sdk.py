# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Docker SDK for Python, if it is there. The only import of it."""

from __future__ import annotations

import contextlib
import traceback
import typing as t

from .._core.engine.errors import Conflict, EngineError, EngineUnavailable, Forbidden, NoAnswer, NotFound, Unfit

__all__ = ["IMPORT_ERROR", "docker", "docker_auth", "engine_errors", "require_sdk", "sdk_version"]

OLDEST_SDK = (5, 0, 0)

# Before the SDK does it, from deeper in the stack of frames: at the end of a chunk of that, Python maps and unmaps memory at every call,
# and to compile urllib3's patterns took five times as long. Whether it is there at all is the SDK's to say.
with contextlib.suppress(ImportError):
    import urllib3

try:
    import docker
    import docker.auth as docker_auth
    import docker.errors
    import docker.tls
    import docker.utils
    import requests.exceptions
    import urllib3.exceptions
except ImportError:
    docker = None  # type: ignore[assignment]
    docker_auth = None  # type: ignore[assignment]
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None


def sdk_version() -> tuple[int, ...]:
    """Of the SDK that was imported. That there is one is the caller's to check, with `IMPORT_ERROR`."""
    return tuple(int(part) for part in docker.__version__.split(".")[:3] if part.isdigit())


def require_sdk() -> None:
    """Raise EngineUnavailable when the SDK is too old."""
    if sdk_version() < OLDEST_SDK:
        oldest = ".".join(map(str, OLDEST_SDK))
        raise EngineUnavailable(
            f"The Docker SDK for Python is {docker.__version__} here; {oldest} or newer is needed. Nothing was touched."
        )


@contextlib.contextmanager
def engine_errors() -> t.Iterator[None]:
    """Turn whatever the SDK raises into an EngineError."""
    try:
        yield
    except EngineError:
        raise
    except docker.errors.APIError as error:
        raise _kind_of(error)(_explanation(error)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise NoAnswer(f"no answer from the engine ({error})") from error
    except Exception as error:  # Between stop and start nothing may escape that is not an EngineError.
        raise EngineError(f"the Docker SDK failed ({type(error).__name__}: {error})") from error


def _kind_of(error: t.Any) -> type[EngineError]:
    if error.status_code == 400:
        return Unfit
    if error.status_code == 409:
        return Conflict
    if error.status_code in (403, 404, 405) and not _is_by_engine(error):
        return Forbidden
    return NotFound if isinstance(error, docker.errors.NotFound) else EngineError


def _is_by_engine(error: t.Any) -> bool:
    """What the engine itself refuses or does not find, it says as JSON. So does it say that it has no such call, and that an authorization
    plugin (https://docs.docker.com/engine/extend/plugins_authorization/) did not let it through."""
    content_type = "json" if error.response is None else error.response.headers.get("Content-Type", "")
    explanation = _explanation(error)
    return "json" in content_type and explanation != "page not found" and "denied by plugin" not in explanation


def _explanation(error: t.Any) -> str:
    explanation = error.explanation or str(error)
    # Old versions of the SDK leave bytes where the engine (or something before it) did not answer with JSON.
    return (explanation.decode("utf-8", "replace") if isinstance(explanation, bytes) else str(explanation)).strip().rstrip(".")
