# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes as volumes, on a client that keeps volumes as the engine does."""

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
def test_the_text_is_in_the_label(volumes: Volumes, label: str) -> None:
    journal = VolumeJournal(volumes, label)
    assert journal.read("place") is None
    assert journal.write("place", "first") == "first"
    assert journal.write("place", "second") == "first"
    assert volumes.volumes["place"]["Labels"] == {label: "first"}
    assert journal.read("place") == Record("first", "2026-11-22T10:00:00Z")
    journal.erase("place")
    journal.erase("place")
    assert volumes.volumes == {}


def test_the_two_kinds_of_notes_are_not_taken_for_each_other() -> None:
    assert JOURNAL_LABEL != MEMORY_LABEL


@pytest.mark.parametrize("labels", [None, {}, {"other": "x"}, {MEMORY_LABEL: "x"}])
def test_a_volume_without_our_label_is_a_strangers(volumes: Volumes, labels: dict[str, str] | None) -> None:
    volumes.create_volume("place", labels)
    journal = VolumeJournal(volumes, JOURNAL_LABEL)
    for call in (lambda: journal.read("place"), lambda: journal.write("place", "mine")):
        with pytest.raises(EngineError, match="the volume place exists, but does not belong to evenkeel.fleet"):
            call()
    with pytest.raises(EngineError, match="does not belong to evenkeel.fleet"):
        journal.erase("place")
    assert "place" in volumes.volumes


def test_age(volumes: Volumes) -> None:
    assert VolumeJournal(volumes, JOURNAL_LABEL).age(Record("", "2026-11-22T10:00:00Z")) == 30


def test_a_volume_without_a_date(volumes: Volumes) -> None:
    volumes.create_volume("place", {JOURNAL_LABEL: "x"})["CreatedAt"] = None
    assert VolumeJournal(volumes, JOURNAL_LABEL).read("place") == Record("x", "")
