# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journal in the engine: one empty volume a note, the text in a label."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime

from .._core.engine.errors import EngineError, NotFound
from .._core.engine.model import Record
from .sdk import engine_errors

JOURNAL_LABEL = "fleet.evenkeel.journal"
"""Of what a run is about to do. Gone when it ends."""
MEMORY_LABEL = "fleet.evenkeel.memory"
"""Of what later runs have to know."""


class VolumeJournal:
    """The notes in the engine behind one `docker.APIClient` that bear `label`."""

    def __init__(self, client: t.Any, label: str) -> None:
        self._client = client
        self._label = label

    def write(self, key: str, text: str) -> str:
        with engine_errors():
            return self._text(key, self._client.create_volume(key, labels={self._label: text}))

    def read(self, key: str) -> Record | None:
        try:
            with engine_errors():
                volume = self._client.inspect_volume(key)
        except NotFound:
            return None
        return Record(self._text(key, volume), volume.get("CreatedAt") or "")

    def keys(self, part: str) -> tuple[str, ...]:
        return tuple(volume["Name"] for volume in self._volumes(name=part))

    def read_all(self) -> t.Mapping[str, Record]:
        """All that is there, by place. Raises EngineError."""
        volumes = self._volumes()
        return {volume["Name"]: Record(self._text(volume["Name"], volume), volume.get("CreatedAt") or "") for volume in volumes}

    def erase(self, key: str) -> None:
        if self.read(key) is None:
            return
        try:
            with engine_errors():
                self._client.remove_volume(key)
        except NotFound:
            pass

    def age(self, note: Record) -> float:
        with engine_errors():
            now = self._client.info()["SystemTime"]
            return (_moment(now) - _moment(note.written_at)).total_seconds()

    def _volumes(self, **filters: str) -> t.Sequence[t.Mapping[str, t.Any]]:
        with engine_errors():
            return self._client.volumes(filters={"label": self._label, **filters})["Volumes"] or ()

    def _text(self, key: str, volume: t.Mapping[str, t.Any]) -> str:
        try:
            text: str = (volume["Labels"] or {})[self._label]
        except KeyError:
            raise EngineError(f"there is a volume {key} that is not ours") from None
        return text


def _moment(engine_time: str) -> datetime:
    """The engine writes RFC 3339, with as many digits of a second as it likes."""
    return datetime.strptime(re.sub(r"\.\d+", "", engine_time), "%Y-%m-%dT%H:%M:%S%z")
