# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look a container up by its name or ID."""

from __future__ import annotations

from .errors import EngineError, InspectFailed, NoSuchContainer, NotFound
from .interfaces import DockerOps
from .model import Inspected


def find_container(ops: DockerOps, container: str) -> Inspected | None:
    """Inspect a container. Return None if the engine has no container of that name or ID. Raise EngineError."""
    try:
        return ops.inspect(container)
    except NotFound:
        return None


def require_container(ops: DockerOps, container: str) -> Inspected:
    """Inspect a container that must exist. Raise InspectFailed."""
    try:
        return ops.inspect(container)
    except NotFound:
        raise NoSuchContainer(
            f"There is no container with the full name or full ID {container} on this engine. Nothing was changed. Check the name. "
            "If the engine's image store or data folder was changed, its earlier containers are hidden until that is undone."
        ) from None
    except EngineError as error:
        raise InspectFailed(f"Container {container} could not be inspected, and was not changed: {error}") from error
