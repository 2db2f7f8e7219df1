# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with the container web after an update, and the archive it can be rolled back to."""

from __future__ import annotations

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import FakeEngine, FakeJournal, fake_context, fake_lock

ARCHIVE = "web-old-900"


class HostWithArchive:
    """The container web on the image new, and its archive of the image old."""

    def __init__(self, *, archive_ran: bool = True) -> None:
        self.engine, self.memory, self.journal = FakeEngine(), FakeJournal(), FakeJournal()
        self.newer = self.engine.add_container("web", "shop:1", "new", {"RestartPolicy": {"Name": "always"}})
        self.archived = self.archive(ARCHIVE, runs=archive_ran)
        self.engine.local["docker.io/library/shop:1"] = "new"

    def archive(self, name: str, *, runs: bool = True) -> str:
        container = self.engine.add_container(name, "shop:1", "old", {"RestartPolicy": {"Name": "no"}})
        self.engine._find(name)["State"]["Status"] = "exited"
        ArchiveStore(self.memory).add(
            "web", ArchiveRecord(container, name, runs=runs, restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
        )
        return container

    def rollback_to_archive(self, *, container: str = "web", keep_archive: bool = False) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        self.lock = fake_lock(self.journal)
        return rollback_to_archive(
            context, self.lock, ContainerRequest(container), HealthConfig(health_timeout=1), keep_archive=keep_archive
        )

    @property
    def kept(self) -> list[str]:
        return [kept.name for kept in ArchiveStore(self.memory).of("web")]
