# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journal records as volumes, with a client that stores volumes as the engine does."""

from __future__ import annotations

from typing import Any

import docker.errors
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Record


class Volumes:
    """The calls of `docker.APIClient` that a journal makes."""

    def __init__(self) -> None:
        self.volumes: dict[str, dict[str, Any]] = {}

    def create_volume(self, name: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
        return self.volumes.setdefault(name, {"Labels": labels, "CreatedAt": "2026-11-22T10:00:00Z"})

    def inspect_volume(self, name: str) -> dict[str, Any]:
        try:
            return self.volumes[name]
        except KeyError:
            raise docker.errors.NotFound("no such volume") from None

    def remove_volume(self, name: str) -> None:
        self.inspect_volume(name)
        del self.volumes[name]

    def info(self) -> dict[str, str]:
        return {"SystemTime": "2026-11-22T11:00:30.123456789+01:00"}


@pytest.fixture
def volumes() -> Volumes:
    return Volumes()


@pytest.mark.parametrize("label", [JOURNAL_LABEL, MEMORY_LABEL])
def test_record_is_written_read_and_erased(volumes: Volumes, label: str) -> None:
    journal = VolumeJournal(volumes, label)
    assert journal.read("key") is None
    assert journal.write("key", "first") == "first"
    assert journal.write("key", "second") == "first"
    assert volumes.volumes["key"]["Labels"] == {label: "first"}
    assert journal.read("key") == Record("first", "2026-11-22T10:00:00Z")
    journal.erase("key")
    journal.erase("key")
    assert volumes.volumes == {}


def test_journal_and_memory_have_different_labels() -> None:
    assert JOURNAL_LABEL != MEMORY_LABEL


@pytest.mark.parametrize("labels", [None, {}, {"other": "x"}, {MEMORY_LABEL: "x"}])
def test_volume_without_the_label_is_refused_and_kept(volumes: Volumes, labels: dict[str, str] | None) -> None:
    volumes.create_volume("key", labels)
    journal = VolumeJournal(volumes, JOURNAL_LABEL)
    for call in (lambda: journal.read("key"), lambda: journal.write("key", "mine")):
        with pytest.raises(EngineError, match="the volume key exists, but does not belong to evenkeel.fleet"):
            call()
    with pytest.raises(EngineError, match="does not belong to evenkeel.fleet"):
        journal.erase("key")
    assert "key" in volumes.volumes


def test_age_by_the_engines_clock(volumes: Volumes) -> None:
    assert VolumeJournal(volumes, JOURNAL_LABEL).age(Record("", "2026-11-22T10:00:00Z")) == 30


def test_volume_without_a_date(volumes: Volumes) -> None:
    volumes.create_volume("key", {JOURNAL_LABEL: "x"})["CreatedAt"] = None
    assert VolumeJournal(volumes, JOURNAL_LABEL).read("key") == Record("x", "")


def test_age_of_a_record_without_a_date(volumes: Volumes) -> None:
    with pytest.raises(EngineError, match="the time '', which is not an RFC 3339 timestamp"):
        VolumeJournal(volumes, JOURNAL_LABEL).age(Record("", ""))
