# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out why no engine can be reached: the SDK has only one kind of error for it."""

from __future__ import annotations

import os
import stat
import typing as t

from .sdk import is_foreign_answer, is_timeout

_SOCKET = "unix://"


class Reason(t.NamedTuple):
    """Why there is no connection, as a clause, and what to do, as a sentence."""

    cause: str
    remedy: str


_NOT_DOCKER = Reason("what answers there is not a Docker engine", "Check docker_host (or DOCKER_HOST), or what listens there.")


def why_unavailable(url: str, error: Exception) -> Reason:
    """Return why the first call of the engine at `url` ended in `error`."""
    path = url[len(_SOCKET) :] if url.startswith(_SOCKET) else None
    try:
        mode = os.stat(path).st_mode if path is not None else None
    except PermissionError:
        return _no_permission()
    except OSError:
        return Reason("there is no such socket", "Start the engine, or set docker_host (or DOCKER_HOST) to its socket.")
    if mode is not None and not stat.S_ISSOCK(mode):
        return Reason("this file is not a socket", "Set docker_host (or DOCKER_HOST) to the socket of the engine.")
    if "Permission denied" in str(error) and path is not None:
        return _no_permission()
    if "Connection refused" in str(error):
        return Reason("nothing listens there", "Start the engine, or check docker_host (or DOCKER_HOST).")
    if is_timeout(error):
        return Reason("it did not answer in time", "Check that the engine works, for example with 'docker version', or increase timeout.")
    if is_foreign_answer(error):
        return _NOT_DOCKER
    return Reason("there is no connection", "Check that the engine is running and that this user is allowed to access it.")


def _no_permission() -> Reason:
    return Reason(
        f"the user of the task (ID {os.geteuid()}) has no permission to use this socket",
        "Set become: true, or add the user to the group that owns the socket, which is usually docker, and log in again.",
    )
