# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives that live in the network of a container that is replaced itself, as the two of one rollout do."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import FakeEngine, FakeJournal, fake_context, fake_lock
from support.fakes.host import ALWAYS, HEALTH


class Host:
    """A container web in the network of another, vpn. Each is updated with a kept archive, web first."""

    def __init__(self) -> None:
        self.engine, self.memory = FakeEngine(), FakeJournal()
        vpn = self.engine.has_container("vpn", "vpn:1", "old-vpn", ALWAYS)
        self.web = self.engine.has_container("web", "web:1", "old-web", {"NetworkMode": f"container:{vpn}", **ALWAYS})
        self.engine.registry.update({"docker.io/library/vpn:1": "new-vpn", "docker.io/library/web:1": "new-web"})
        self.update("web")
        self.result = self.update("vpn")

    def update(self, name: str) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        return recreate_with_health(context, fake_lock(), RecreateRequest(name), HEALTH, Cleanup(), keep_archive=True)

    def back(self, name: str) -> CycleResult:
        return rollback_to_archive(fake_context(self.engine, self.memory), fake_lock(), ContainerRequest(name), HEALTH)


@pytest.fixture
def host() -> Host:
    return Host()


def test_one_is_left_alone_and_told_of(host: Host) -> None:
    assert host.engine.container("web-old-1000")["Id"] == host.web
    assert [kept.id for kept in ArchiveStore(host.memory).of("web")] == [host.web]
    assert [dependent.name for dependent in host.result.dependents] == ["web"]
    assert [warning for warning in host.result.warnings if "web-old-1000" in warning] == [
        "The archive web-old-1000 needs the very container of vpn that is replaced here. To go back to it, let vpn go back first."
    ]


def test_both_go_back_in_turn(host: Host) -> None:
    assert host.back("vpn").outcome is host.back("web").outcome is Outcome.RESTORED
    assert host.engine.container("web")["Id"] == host.web
    assert host.engine.is_served("web")
    assert host.engine.names == {"vpn", "web"}


def test_one_alone_cannot(host: Host) -> None:
    """What it lived in does not run. So the one that does stays."""
    assert host.back("web").outcome is Outcome.ROLLED_BACK
    assert host.engine.container("web")["Image"] == "new-web"
    assert host.engine.is_served("web")
