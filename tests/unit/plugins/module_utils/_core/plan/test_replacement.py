# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a replacement, and archives that use the network of a container that is replaced itself."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InspectFailed,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Inspected,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import (
    Cleanup,
    ContainerRequest,
    LostFiles,
    RecreateRequest,
)
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


class WebInTheNetworkOfVpn:
    """The container web uses the network of the container vpn. Both are updated with a kept archive, web first."""

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

    def rollback(self, name: str) -> CycleResult:
        return rollback_to_archive(fake_context(self.engine, self.memory), fake_lock(), ContainerRequest(name), HEALTH)


@pytest.fixture
def host() -> WebInTheNetworkOfVpn:
    return WebInTheNetworkOfVpn()


DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def test_archive_in_the_network_of_the_replaced_container_is_kept_with_a_warning(host: WebInTheNetworkOfVpn) -> None:
    assert host.engine.container("web-old-1000")["Id"] == host.web
    assert [kept.id for kept in ArchiveStore(host.memory).of("web")] == [host.web]
    assert [dependent.name for dependent in host.result.dependents] == ["web"]
    assert [warning for warning in host.result.warnings if "web-old-1000" in warning] == [
        "The archive web-old-1000 needs the very container of vpn that is replaced here. To go back to it, let vpn go back first."
    ]


def test_provider_and_archive_can_be_rolled_back_in_turn(host: WebInTheNetworkOfVpn) -> None:
    assert host.rollback("vpn").outcome is host.rollback("web").outcome is Outcome.RESTORED
    assert host.engine.container("web")["Id"] == host.web
    assert host.engine.has_live_namespaces("web")
    assert host.engine.names == {"vpn", "web"}


def test_archive_cannot_be_restored_before_its_provider(host: WebInTheNetworkOfVpn) -> None:
    """The archive needs a network of a container that does not run, so the current container stays."""
    assert host.rollback("web").outcome is Outcome.ROLLED_BACK
    assert host.engine.container("web")["Image"] == "new-web"
    assert host.engine.has_live_namespaces("web")


class TestArchiveName:
    def test_archive_name_that_is_taken_is_avoided(self, engine: FakeEngine) -> None:
        engine.add_container("web-old-1000", "other:1", "other")
        recreate(engine)
        assert "rename:web->web-old-1001" in engine.calls
        assert "web-old-1000" in engine.names

    def test_archive_is_named_after_the_container_even_when_it_is_given_by_id(self, engine: FakeEngine) -> None:
        recreate(engine, container=engine.container("web")["Id"])
        assert "rename:web->web-old-1000" in engine.calls


class TestCreateBody:
    def plan(self, engine: FakeEngine) -> Replacement:
        plan = plan_replacement(fake_context(engine), Stopwatch(engine.clock), RecreateRequest("web"))
        assert isinstance(plan, Replacement)
        return plan

    def inspected(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **around: object) -> None:
        inspect = engine.inspect

        def changed(container: str) -> Inspected:
            found = inspect(container)
            return found._replace(**{key: value(found) if callable(value) else value for key, value in around.items()})

        monkeypatch.setattr(engine, "inspect", changed)

    @pytest.mark.parametrize(
        ("check", "seconds"),
        [
            (None, 120),
            ({"StartPeriod": 5_000_000_000}, 125),
            ({"Interval": 0, "Timeout": 0}, 120),
            ({"Interval": 3_000_000_000, "Timeout": 1_000_000_000}, 8),
        ],
    )
    def test_time_to_health_follows_from_the_health_check(self, engine: FakeEngine, check: dict[str, int] | None, seconds: float) -> None:
        engine._find("web")["Config"]["Healthcheck"] = check
        assert self.plan(engine).old.time_to_health == seconds

    def test_defaults_of_the_old_image_are_not_carried_over(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Env"] = ["A=1", "B=2"]
        engine.images["old"] = {"Config": {"Env": ["A=1"]}}
        assert self.plan(engine).body["Env"] == ["B=2"]

    def test_volumes_of_other_containers_are_not_mounted_directly(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        engine._find("web")["Mounts"] = [{"Type": "volume", "Name": "theirs", "Destination": "/theirs"}]
        self.inspected(engine, monkeypatch, borrowed_mounts=frozenset({"/theirs"}))
        assert "Binds" not in self.plan(engine).body["HostConfig"]

    def test_reference_is_not_pinned_to_the_pulled_digest(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull = engine.pull
        monkeypatch.setattr(engine, "pull", lambda *arguments: pull(*arguments)._replace(digest=DIGEST))
        assert self.plan(engine).body["Image"] == "shop:1"

    def test_name_without_a_leading_slash_is_accepted(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, container=lambda found: {**found.container, "Name": "web"})
        assert self.plan(engine).old.name == "web"

    def test_container_whose_image_is_gone_is_refused(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, image=None)
        with pytest.raises(Refused, match="Container web was not touched: the image that it runs"):
            recreate(engine)


class TestLostFiles:
    @pytest.fixture(autouse=True)
    def _files(self, engine: FakeEngine) -> None:
        engine.changed_files["web"] = [{"Path": "/srv/upload", "Kind": 1}]

    def test_lost_files_refuse_prevents_the_update(self, engine: FakeEngine) -> None:
        with pytest.raises(Refused, match="would be lost: /srv/upload"):
            recreate(engine, lost_files=LostFiles.REFUSE)

    def test_lost_files_ignore_reports_nothing(self, engine: FakeEngine) -> None:
        result = recreate(engine, lost_files=LostFiles.IGNORE)
        assert (result.lost_files, result.warnings) == ((), ())


class TestDependents:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def test_dependent_that_could_not_be_recreated_prevents_the_update(self, engine: FakeEngine) -> None:
        engine._find("sidecar")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="sidecar depends on it"):
            recreate(engine)

    def test_other_containers_that_cannot_be_listed_prevent_the_update(self, engine: FakeEngine) -> None:
        engine.errors["surroundings"] = REFUSAL
        with pytest.raises(InspectFailed, match="around container web could not be looked at, and it was not touched"):
            recreate(engine)
