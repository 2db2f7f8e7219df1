# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Store a journal in the engine: each record is an empty volume with the text in a label."""

from __future__ import annotations

import typing as t

from .._core.engine.errors import EngineError, NotFound
from .._core.engine.model import Record
from .._core.engine.timing import unix_seconds_of
from .sdk import engine_errors

JOURNAL_LABEL = "fleet.evenkeel.journal"
"""For records of what a run is about to do. They are erased when it ends."""
MEMORY_LABEL = "fleet.evenkeel.memory"
"""For records that later runs need."""


class VolumeJournal:
    """The records with `label` in the engine that `client` is connected to."""

    def __init__(self, client: t.Any, label: str) -> None:
        self._client = client
        self._label = label

    def write(self, key: str, text: str) -> str:
        with engine_errors(self._client):
            return self._text(key, self._client.create_volume(key, labels={self._label: text}))

    def read(self, key: str) -> Record | None:
        try:
            with engine_errors(self._client):
                volume = self._client.inspect_volume(key)
        except NotFound:
            return None
        return Record(self._text(key, volume), volume.get("CreatedAt") or "")

    def keys(self, part: str) -> tuple[str, ...]:
        return tuple(volume["Name"] for volume in self._volumes(name=part))

    def read_all(self, part: str = "") -> t.Mapping[str, Record]:
        volumes = self._volumes(**({"name": part} if part else {}))
        return {volume["Name"]: Record(self._text(volume["Name"], volume), volume.get("CreatedAt") or "") for volume in volumes}

    def erase(self, key: str) -> None:
        if self.read(key) is None:
            return
        try:
            with engine_errors(self._client):
                self._client.remove_volume(key)
        except NotFound:
            pass

    def age(self, record: Record) -> float:
        with engine_errors(self._client):
            now: str = self._client.info()["SystemTime"]
            return _seconds_of(now) - _seconds_of(record.written_at)

    def _volumes(self, **filters: str) -> t.Sequence[t.Mapping[str, t.Any]]:
        with engine_errors(self._client):
            return self._client.volumes(filters={"label": self._label, **filters})["Volumes"] or ()

    def _text(self, key: str, volume: t.Mapping[str, t.Any]) -> str:
        try:
            text: str = (volume["Labels"] or {})[self._label]
        except KeyError:
            raise EngineError(f"the volume {key} exists, but does not belong to evenkeel.fleet") from None
        return text


def _seconds_of(timestamp: str) -> int:
    seconds = unix_seconds_of(timestamp)
    if seconds is None:
        raise EngineError(f"the engine returned the time '{timestamp}', which is not an RFC 3339 timestamp")
    return seconds
