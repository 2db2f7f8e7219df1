# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which archive a rollback restores."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    InspectFailed,
    NoArchive,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from support.fakes.web_with_archive import ARCHIVE, Yard

REFUSAL = EngineError("the engine says no")


@pytest.fixture
def yard() -> Yard:
    return Yard()


class TestArchive:
    def test_without_a_kept_archive_there_is_nothing_to_restore(self, yard: Yard) -> None:
        ArchiveStore(yard.memory).drop("web", yard.archived)
        with pytest.raises(NoArchive, match="no archive of web to restore.*Nothing was touched") as caught:
            yard.rollback_to_archive()
        assert not caught.value.touched
        assert ARCHIVE in yard.engine.names, "a container that only has the name of an archive is not used"

    def test_a_removed_archive_cannot_be_restored(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()

    def test_a_renamed_archive_is_skipped_for_an_older_one(self, yard: Yard) -> None:
        yard.archive("web-old-950")
        yard.engine._find("web-old-950")["Name"] = "/keep-this"
        assert yard.rollback_to_archive().container_id == yard.archived
        assert "keep-this" in yard.engine.names

    def test_the_newest_archive_is_restored(self, yard: Yard) -> None:
        newest = yard.archive("web-old-950")
        assert yard.rollback_to_archive().container_id == newest
        assert yard.kept == [ARCHIVE]

    def test_a_memory_that_cannot_be_read_is_an_error(self, yard: Yard) -> None:
        yard.memory.errors.append(REFUSAL)
        with pytest.raises(InspectFailed, match="archives of web could not be inspected, and nothing was touched"):
            yard.rollback_to_archive()


class TestPreflight:
    def test_a_container_that_must_not_be_stopped_is_refused(self, yard: Yard) -> None:
        yard.engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            yard.rollback_to_archive()

    def test_an_archive_whose_network_was_removed_is_refused(self, yard: Yard) -> None:
        yard.engine._find(ARCHIVE)["NetworkSettings"]["Networks"] = {"back": {}}
        with pytest.raises(Refused, match="network back does not exist any more"):
            yard.rollback_to_archive()
        yard.engine.networks.add("back")
        assert yard.rollback_to_archive().outcome is Outcome.RESTORED


class TestMissingContainer:
    @pytest.fixture(autouse=True)
    def _missing(self, yard: Yard) -> None:
        yard.engine.vanish("web")

    def test_without_an_archive_either_there_is_nothing_to_restore(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()
        assert yard.journal.notes == {}

    def test_a_missing_container_cannot_be_named_by_an_id(self, yard: Yard) -> None:
        with pytest.raises(InspectFailed, match="no container"):
            yard.rollback_to_archive(container=yard.newer)
