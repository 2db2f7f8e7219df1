# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Implement HealthProbe with the SDK's low-level client."""

from __future__ import annotations

import typing as t

from .._core.engine.errors import EngineError
from .._core.engine.interfaces import EventWaiter
from .._core.engine.model import ContainerRuntimeState, Document, Failure, exit_code_of
from .events import Events
from .sdk import engine_errors, mask_of

LOG_LINES = 20
"""How many of the last log lines to return."""
MAX_LINE_LENGTH = 2000


class SdkHealthProbe:
    """Inspect containers of the engine that `client` is connected to."""

    def __init__(self, client: t.Any) -> None:
        self._client = client

    def probe(self, container: str) -> ContainerRuntimeState:
        with engine_errors(self._client):
            return ContainerRuntimeState.from_inspect(self._client.inspect_container(container))

    def events(self, container: str) -> EventWaiter:
        return Events(self._client, container)

    def failure(self, container: str) -> Failure:
        with engine_errors(self._client):
            state = self._client.inspect_container(container)["State"]
        return Failure(
            error=self._masked(state.get("Error") or ""),
            exit_code=exit_code_of(state),
            oom_killed=bool(state.get("OOMKilled")),
            health_log=tuple(self._health_entry(entry) for entry in (state.get("Health") or {}).get("Log") or ()),
            logs=self._last_lines(container),
        )

    def _last_lines(self, container: str) -> tuple[str, ...]:
        try:
            with engine_errors(self._client):
                raw = self._client.logs(container, stdout=True, stderr=True, tail=LOG_LINES)
        except EngineError as error:
            # Some log drivers do not support reading. Return the rest of the failure anyway.
            return (f"(no logs: {error})",)
        return tuple(self._masked(line.rstrip("\r")) for line in raw.decode("utf-8", "replace").split("\n") if line)

    def _health_entry(self, entry: Document) -> Document:
        return {
            "start": entry.get("Start"),
            "end": entry.get("End"),
            "exit_code": entry.get("ExitCode"),
            "output": self._masked(entry.get("Output") or ""),
        }

    def _masked(self, text: str) -> str:
        # Mask first, then cut: half a secret is not recognized.
        return mask_of(self._client)(text)[:MAX_LINE_LENGTH]
