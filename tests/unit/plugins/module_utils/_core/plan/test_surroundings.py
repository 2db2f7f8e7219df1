# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What surrounds a container: dependents, and archives that depend on it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import old_container
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InspectFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import (
    Cleanup,
    ContainerRequest,
    RecreateRequest,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.surroundings import inspect_surroundings
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import (
    FakeEngine,
    FakeJournal,
    fake_context,
    fake_lock,
)
from support.fakes.host import ALWAYS, HEALTH
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate


class HostWithTwoArchives:
    """A container web in the network of another, vpn. Each was updated with a kept archive, web first."""

    def __init__(self) -> None:
        self.engine, self.memory = FakeEngine(), FakeJournal()
        vpn = self.engine.add_container("vpn", "vpn:1", "old-vpn", ALWAYS)
        self.web = self.engine.add_container("web", "web:1", "old-web", {"NetworkMode": f"container:{vpn}", **ALWAYS})
        self.engine.registry.update({"docker.io/library/vpn:1": "new-vpn", "docker.io/library/web:1": "new-web"})
        self.update("web")
        self.result = self.update("vpn")

    def update(self, name: str) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        return recreate_with_health(context, fake_lock(), RecreateRequest(name), HEALTH, Cleanup(), keep_archive=True)

    def back(self, name: str) -> CycleResult:
        return rollback_to_archive(fake_context(self.engine, self.memory), fake_lock(), ContainerRequest(name), HEALTH)


@pytest.fixture
def host() -> HostWithTwoArchives:
    return HostWithTwoArchives()


def test_an_archive_in_the_network_of_the_container_stays_and_causes_a_warning(host: HostWithTwoArchives) -> None:
    assert host.engine.container("web-old-1000")["Id"] == host.web
    assert [kept.id for kept in ArchiveStore(host.memory).of("web")] == [host.web]
    assert [dependent.name for dependent in host.result.dependents] == ["web"]
    assert [warning for warning in host.result.warnings if "web-old-1000" in warning] == [
        "The archive web-old-1000 depends on the container of vpn that this run replaces. To restore it, restore vpn first."
    ]


def test_both_archives_can_be_restored_one_after_the_other(host: HostWithTwoArchives) -> None:
    assert host.back("vpn").outcome is host.back("web").outcome is Outcome.RESTORED
    assert host.engine.container("web")["Id"] == host.web
    assert host.engine.has_live_namespaces("web")
    assert host.engine.names == {"vpn", "web"}


def test_an_archive_cannot_be_restored_without_its_provider(host: HostWithTwoArchives) -> None:
    """Its provider is stopped, so the running container stays."""
    assert host.back("web").outcome is Outcome.ROLLED_BACK
    assert host.engine.container("web")["Image"] == "new-web"
    assert host.engine.has_live_namespaces("web")


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def dependents_of_web(engine: FakeEngine) -> list[str]:
    web = engine.container("web")
    old = old_container(web, FakeJournal())
    _surroundings, dependents, inspected, warnings = inspect_surroundings(fake_context(engine), old, web, "new")
    assert warnings == ()
    assert [document.container["Id"] for document in inspected] == [dependent.id for dependent in dependents]
    return [dependent.name for dependent in dependents]


def test_container_in_the_network_of_the_container_is_a_dependent(engine: FakeEngine) -> None:
    engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})
    engine.add_container("other", "tool:1", "tool")
    assert dependents_of_web(engine) == ["sidecar"]


def test_container_alone_has_no_dependents(engine: FakeEngine) -> None:
    assert dependents_of_web(engine) == []


@pytest.mark.parametrize("call", ["surroundings", "inspect"])
def test_surroundings_that_cannot_be_inspected_are_an_error(engine: FakeEngine, call: str) -> None:
    engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})
    engine.errors[call] = REFUSAL
    with pytest.raises(InspectFailed, match="around it could not be inspected: the engine says no"):
        dependents_of_web(engine)


def test_surroundings_that_cannot_be_inspected_prevent_the_stop(engine: FakeEngine) -> None:
    engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})
    engine.errors["surroundings"] = REFUSAL
    with pytest.raises(InspectFailed, match="Container web was not changed: the containers and networks around it could not be inspected"):
        recreate(engine)
