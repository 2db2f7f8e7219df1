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
    NoSuchContainer,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from support.fakes.host_with_archive import ARCHIVE, HostWithArchive

REFUSAL = EngineError("the engine says no")


@pytest.fixture
def host() -> HostWithArchive:
    return HostWithArchive()


class TestArchive:
    def test_without_a_kept_archive_there_is_nothing_to_restore(self, host: HostWithArchive) -> None:
        ArchiveStore(host.memory).drop("web", host.archived)
        with pytest.raises(NoArchive, match="no archive of web to restore.*Nothing was changed") as caught:
            host.rollback_to_archive()
        assert not caught.value.touched
        assert ARCHIVE in host.engine.names, "a container that only has the name of an archive is not used"

    def test_a_removed_archive_cannot_be_restored(self, host: HostWithArchive) -> None:
        host.engine.remove_externally(ARCHIVE)
        with pytest.raises(NoArchive):
            host.rollback_to_archive()

    def test_a_renamed_archive_is_skipped_for_an_older_one(self, host: HostWithArchive) -> None:
        host.archive("web-old-950")
        host.engine._find("web-old-950")["Name"] = "/keep-this"
        assert host.rollback_to_archive().container_id == host.archived
        assert "keep-this" in host.engine.names

    def test_the_newest_archive_is_restored(self, host: HostWithArchive) -> None:
        newest = host.archive("web-old-950")
        assert host.rollback_to_archive().container_id == newest
        assert host.kept == [ARCHIVE]

    def test_a_memory_that_cannot_be_read_is_an_error(self, host: HostWithArchive) -> None:
        host.memory.errors.append(REFUSAL)
        with pytest.raises(InspectFailed, match="archives of web could not be inspected, and nothing was changed"):
            host.rollback_to_archive()


class TestPreflight:
    def test_a_container_that_must_not_be_stopped_is_refused(self, host: HostWithArchive) -> None:
        host.engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            host.rollback_to_archive()

    def test_an_archive_whose_network_was_removed_is_refused(self, host: HostWithArchive) -> None:
        host.engine._find(ARCHIVE)["NetworkSettings"]["Networks"] = {"back": {}}
        with pytest.raises(Refused, match="network back no longer exists"):
            host.rollback_to_archive()
        host.engine.networks.add("back")
        assert host.rollback_to_archive().outcome is Outcome.RESTORED


class TestMissingContainer:
    @pytest.fixture(autouse=True)
    def _missing(self, host: HostWithArchive) -> None:
        host.engine.remove_externally("web")

    def test_without_an_archive_either_there_is_nothing_to_restore(self, host: HostWithArchive) -> None:
        host.engine.remove_externally(ARCHIVE)
        with pytest.raises(NoSuchContainer, match="no container with the name web.*no archive of web to restore"):
            host.rollback_to_archive()
        assert host.journal.records == {}

    def test_a_missing_container_cannot_be_named_by_an_id(self, host: HostWithArchive) -> None:
        with pytest.raises(InspectFailed, match="no container"):
            host.rollback_to_archive(container=host.newer)
