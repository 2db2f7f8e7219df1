# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import the Docker SDK for Python, if it is installed. No other file imports it."""

from __future__ import annotations

import contextlib
import traceback
import typing as t

from .._core.engine.errors import BadRequest, Conflict, EngineError, EngineUnavailable, Forbidden, NoAnswer, NotFound

__all__ = [
    "IMPORT_ERROR",
    "docker",
    "docker_auth",
    "engine_errors",
    "is_foreign_answer",
    "is_timeout",
    "mask_of",
    "refusal",
    "require_sdk",
    "sdk_version",
]

OLDEST_SDK = (5, 0, 0)

# Import urllib3 here, not deep inside the import of the SDK. At that stack depth, a frame chunk of Python ends, so Python maps and unmaps
# memory at every call, and compiling urllib3's patterns takes five times as long. If urllib3 is missing, the import of the SDK fails below.
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
    """Return the version of the imported SDK. The caller must check `IMPORT_ERROR` first."""
    return tuple(int(part) for part in docker.__version__.split(".")[:3] if part.isdigit())


def require_sdk() -> None:
    """Raise EngineUnavailable if the SDK is too old."""
    if sdk_version() < OLDEST_SDK:
        oldest = ".".join(map(str, OLDEST_SDK))
        raise EngineUnavailable(
            f"The Docker SDK for Python on the target is version {docker.__version__}; {oldest} or newer is required. Nothing was changed. "
            "Upgrade it, for example with 'pip install --upgrade docker'."
        )


@contextlib.contextmanager
def engine_errors(client: t.Any) -> t.Iterator[None]:
    """Convert every exception of the SDK into an EngineError, with the secrets masked that `client` knows."""
    try:
        yield
    except EngineError:
        raise
    except docker.errors.APIError as error:
        raise refusal(client, _explanation(error), _error_class_of(error)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise NoAnswer(f"no answer from the engine ({mask_of(client)(str(error))})", str(error)) from error
    except Exception as error:  # Any other exception between stop and start would leave the service down.
        raise EngineError(f"the Docker SDK failed ({type(error).__name__}: {mask_of(client)(str(error))})", str(error)) from error


def refusal(client: t.Any, said: str, error_class: type[EngineError] = EngineError) -> EngineError:
    """Return the error for what the engine behind `client` said."""
    return error_class(mask_of(client)(said), said)


def mask_of(client: t.Any) -> t.Callable[[str], str]:
    """Return the function that masks what the engine behind `client` says. A bare client of the SDK knows no secrets."""
    mask: t.Callable[[str], str] = getattr(client, "mask", str)
    return mask


def is_timeout(error: Exception) -> bool:
    """Whether the other side accepted the connection, or was to accept it, and did nothing in time."""
    return isinstance(error, requests.exceptions.Timeout)


def is_foreign_answer(error: Exception) -> bool:
    """Whether the other side answered, but not as a Docker engine does."""
    if isinstance(error, docker.errors.APIError):
        return error.response is None or not _is_from_engine(error)
    if isinstance(error, requests.exceptions.ConnectionError):
        return "BadStatusLine" in str(error) or "RemoteDisconnected" in str(error) or "Connection aborted" in str(error)
    return isinstance(error, (TypeError, ValueError, KeyError, AttributeError))


def _error_class_of(error: t.Any) -> type[EngineError]:
    if error.status_code == 400:
        return BadRequest
    if error.status_code == 409:
        return Conflict
    if error.status_code in (403, 404, 405) and not _is_from_engine(error):
        return Forbidden
    return NotFound if isinstance(error, docker.errors.NotFound) else EngineError


def _is_from_engine(error: t.Any) -> bool:
    """Tell whether the engine handled the call and then refused it.

    The engine answers in JSON, a proxy usually does not. Two JSON answers do not count: the engine has no such call, or an authorization
    plugin (https://docs.docker.com/engine/extend/plugins_authorization/) denied it.
    """
    content_type = "json" if error.response is None else error.response.headers.get("Content-Type", "")
    explanation = _explanation(error)
    return "json" in content_type and explanation != "page not found" and "denied by plugin" not in explanation


def _explanation(error: t.Any) -> str:
    explanation = error.explanation or str(error)
    # Old versions of the SDK return bytes if the answer is not JSON.
    return (explanation.decode("utf-8", "replace") if isinstance(explanation, bytes) else str(explanation)).strip().rstrip(".")
