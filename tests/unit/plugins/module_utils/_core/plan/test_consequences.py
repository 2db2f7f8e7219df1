# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docker compose will make of a replacement: what is written, and what is warned about before anything is stopped (F-N13)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.compose_hash import HASH_LABEL
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.compose import HashUnknown
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import check_rollback, rollback_to_archive
from support.fakes.compose import LABELS, FakeCompose, hash_of
from support.fakes.engine import CallCounter, FakeEngine, FakeJournal, FakeProcesses, Killed, exited, fake_context, fake_lock
from support.fakes.update_of_web import outdated_web

NET = {"image": "tool:1", "network_mode": "service:web"}
UP = "The next 'docker compose up' recreates"


class Shop:
    """A compose project in which `net` shares the network of `web`."""

    def __init__(self) -> None:
        self.engine: FakeEngine = outdated_web()
        self.compose = FakeCompose({"net": NET})
        self.memory, self.journal = FakeJournal(), FakeJournal()
        self.web = self.engine.container("web")["Id"]
        self.engine._find("web")["HostConfig"]["RestartPolicy"] = {"Name": "no"}
        self.add("net", {"NetworkMode": f"container:{self.web}"}, hash_of({**NET, "network_mode": f"container:{self.web}"}))

    def add(self, name: str, host_config: dict[str, t.Any], config_hash: str = "") -> None:
        labels = {**LABELS, "com.docker.compose.service": name, HASH_LABEL: config_hash}
        self.engine.add_container(name, "tool:1", "exact", host_config, Labels=labels)

    @property
    def context(self) -> t.Any:
        return fake_context(self.engine, self.memory)._replace(compose=self.compose)

    def lock(self, run: str = "me") -> RunLock:
        processes = FakeProcesses(run)
        processes.dead.add("killed")
        return fake_lock(self.journal, processes)

    def update(self, run: str = "me", **options: t.Any) -> CycleResult:
        request, health = RecreateRequest("web"), HealthConfig(health_timeout=1)
        return recreate_with_health(self.context, self.lock(run), request, health, Cleanup(), **options)

    def is_found_up_to_date(self) -> bool:
        net = self.engine.container("net")
        provider = self.engine.container("web")["Id"]
        expected = hash_of({**NET, "network_mode": f"container:{provider}"})
        return (net["HostConfig"]["NetworkMode"], net["Config"]["Labels"][HASH_LABEL]) == (f"container:{provider}", expected)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_dependent_is_found_up_to_date_after_an_update(shop: Shop) -> None:
    result = shop.update()
    assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())
    assert shop.is_found_up_to_date()


def test_dependent_is_found_up_to_date_after_the_way_back(shop: Shop) -> None:
    shop.update(keep_archive=True)
    request = ContainerRequest("web")
    assert check_rollback(shop.context, shop.lock(), request).warnings == ()
    result = rollback_to_archive(shop.context, shop.lock(), request, HealthConfig())
    assert (result.outcome, result.warnings, shop.engine.container("web")["Id"]) == (Outcome.RESTORED, (), shop.web)
    assert shop.is_found_up_to_date()


def test_dependent_is_found_up_to_date_after_each_recovered_interruption() -> None:
    """Nothing about the label is in the journal: the old dependent exists until its replacement does."""
    points = 0
    for fail_at in range(1, 200):
        shop = Shop()
        shop.engine.call_counter = shop.journal.call_counter = CallCounter(fail_at)
        try:
            shop.update("killed")
            break
        except Killed:
            points += 1
        shop.engine.call_counter = shop.journal.call_counter = CallCounter()
        shop.update()
        assert shop.is_found_up_to_date(), fail_at
    assert points > 20


class TestWarning:
    @pytest.fixture(autouse=True)
    def _without_compose(self, shop: Shop) -> None:
        shop.compose.error = HashUnknown("it rains")

    def test_it_is_known_before_the_stop_and_told_once(self, shop: Shop) -> None:
        predicted = check_recreate(shop.context, shop.lock(), RecreateRequest("web"))
        (warning,) = shop.update().warnings
        assert predicted.warnings == (warning,)
        assert (warning.startswith(f"{UP} net: "), "because it rains" in warning) == (True, True)
        assert shop.compose.asked, "compose is asked"

    def test_it_does_not_hold_after_a_rollback(self, shop: Shop) -> None:
        shop.engine.probe_results["NEW"] = [exited(1)]
        result = shop.update()
        assert (result.outcome, result.warnings) == (Outcome.ROLLED_BACK, ())
        shop.compose.error = None
        assert shop.is_found_up_to_date()

    def test_a_recovery_has_it_too(self, shop: Shop) -> None:
        """Killed when the dependent is about to be created."""
        shop.engine.on_each_call = lambda: kill_at(shop.engine, "rename:net->net-old-1000")
        with pytest.raises(Killed):
            shop.update("killed")
        shop.engine.on_each_call = lambda: None
        result = shop.update()
        assert [warning.startswith(f"{UP} net: ") for warning in result.warnings] == [True]


def kill_at(engine: FakeEngine, call: str) -> None:
    if call in engine.calls:
        raise Killed


@pytest.mark.parametrize(
    ("lenders", "name", "is_warned"),
    [
        (["WEB"], "backup", True),
        (["WEB:ro"], "backup", True),
        (["NET"], "backup", True),
        (["web"], "backup", False),
        (["e" * 64], "backup", False),
        (["WEB"], "backup-old-7", False),
    ],
)
def test_service_that_uses_the_volumes_by_the_id_is_named(shop: Shop, lenders: list[str], name: str, is_warned: bool) -> None:
    ids = {"WEB": shop.web, "NET": shop.engine.container("net")["Id"]}
    for placeholder, container_id in ids.items():
        lenders = [lender.replace(placeholder, container_id) for lender in lenders]
    shop.add(name, {"VolumesFrom": lenders})
    predicted = check_recreate(shop.context, shop.lock(), RecreateRequest("web"))
    assert [warning.startswith(f"{UP} {name}: it uses the volumes") for warning in predicted.warnings] == ([True] if is_warned else [])
    assert shop.update().warnings == predicted.warnings


def test_dependent_that_also_uses_the_volumes_gets_those_of_the_new_container(shop: Shop) -> None:
    """Otherwise it could not be recreated again, because the container in its configuration is gone."""
    shop.add("both", {"NetworkMode": f"container:{shop.web}", "VolumesFrom": [f"{shop.web}:ro", "net"]})
    shop.update()
    assert shop.engine.container("both")["HostConfig"]["VolumesFrom"] == [f"{shop.engine.container('web')['Id']}:ro", "net"]
