# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which archive a container goes back to."""

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


class TestChooseArchive:
    def test_container_without_a_remembered_archive_has_nothing_to_go_back_to(self, yard: Yard) -> None:
        ArchiveStore(yard.memory).drop("web", yard.archived)
        with pytest.raises(NoArchive, match="no archive of web is left.*Nothing was touched") as caught:
            yard.rollback_to_archive()
        assert not caught.value.touched
        assert ARCHIVE in yard.engine.names, "what merely looks like an archive is not used"

    def test_removed_archive_leaves_nothing_to_go_back_to(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()

    def test_renamed_archive_is_skipped_for_an_older_one(self, yard: Yard) -> None:
        yard.archive("web-old-950")
        yard.engine._find("web-old-950")["Name"] = "/keep-this"
        assert yard.rollback_to_archive().container_id == yard.archived
        assert "keep-this" in yard.engine.names

    def test_newest_archive_is_chosen(self, yard: Yard) -> None:
        newest = yard.archive("web-old-950")
        assert yard.rollback_to_archive().container_id == newest
        assert yard.kept == [ARCHIVE]

    def test_memory_that_cannot_be_read_is_an_error(self, yard: Yard) -> None:
        yard.memory.errors.append(REFUSAL)
        with pytest.raises(InspectFailed, match="archives of web could not be looked at, and nothing was touched"):
            yard.rollback_to_archive()


class TestPreflightChecks:
    def test_container_that_must_not_be_stopped_is_refused(self, yard: Yard) -> None:
        yard.engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            yard.rollback_to_archive()

    def test_archive_whose_network_is_gone_is_refused(self, yard: Yard) -> None:
        yard.engine._find(ARCHIVE)["NetworkSettings"]["Networks"] = {"back": {}}
        with pytest.raises(Refused, match="network back is gone"):
            yard.rollback_to_archive()
        yard.engine.networks.add("back")
        assert yard.rollback_to_archive().outcome is Outcome.RESTORED


class TestMissingContainer:
    @pytest.fixture(autouse=True)
    def _missing(self, yard: Yard) -> None:
        yard.engine.vanish("web")

    def test_missing_container_without_an_archive_has_nothing_to_go_back_to(self, yard: Yard) -> None:
        yard.engine.vanish(ARCHIVE)
        with pytest.raises(NoArchive):
            yard.rollback_to_archive()
        assert yard.journal.notes == {}

    def test_id_of_a_missing_container_is_not_used_as_a_name(self, yard: Yard) -> None:
        with pytest.raises(InspectFailed, match="no container"):
            yard.rollback_to_archive(container=yard.newer)
