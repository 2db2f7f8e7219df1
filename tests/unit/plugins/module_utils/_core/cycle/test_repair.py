# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who depends on whom, and what becomes of them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import (
    Dependent,
    Repair,
    RepairResult,
    find_dependents,
    with_image_behind_tag,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.repair import (
    recreate_dependents,
    remove_old_dependents,
    restart_dependents,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import CreateIncomplete, EngineError, NoAnswer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document
from support.fakes.engine import FakeEngine, Killed, fake_context

TAG = "docker.io/library/tool:1"
REFUSAL = EngineError("the engine says no")


class Household:
    """web, replaced by a new one; the old one waits as web-old-1000. Dependents are added by what they ask for."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.old = self.engine.add_container("web", "shop:1", "old")

    def add(self, name: str, reference: str = "tool:1", image: str = "exact", *, runs: bool = True, **host_config: t.Any) -> str:
        container = self.engine.add_container(name, reference, image, host_config)
        if not runs:
            self.engine._find(name)["State"]["Status"] = "exited"
        return container

    def find(self) -> tuple[Dependent, ...]:
        others = [self.engine.container(name) for name in sorted(self.engine.names - {"web"})]
        found = find_dependents(self.engine.container("web"), others, 1000)
        return tuple(with_image_behind_tag(self.engine, dependent) for dependent in found)

    def swap(self) -> tuple[Dependent, ...]:
        dependents = self.find()
        self.engine.stop(self.old, 1)
        self.engine.rename(self.old, "web-old-1000")
        self.successor = self.engine.create("web", {"Image": "shop:1"})
        self.engine.start(self.successor)
        self.engine.calls.clear()
        return dependents

    def recreate(self, dependents: t.Sequence[Dependent]) -> dict[str, RepairResult]:
        context = fake_context(self.engine)
        repaired = recreate_dependents(context, dependents, self.old, self.successor, "web-old-1000")
        repaired = remove_old_dependents(context, dependents, repaired)
        assert [result.name for result in repaired] == [dependent.name for dependent in dependents]
        return {result.name: result for result in repaired}


@pytest.fixture
def household() -> Household:
    return Household()


class TestRestart:
    def restart(self, household: Household) -> dict[str, RepairResult]:
        dependents = household.find()
        household.engine.stop("web", 1)
        household.engine.start("web")
        household.engine.calls.clear()
        return {repaired.name: repaired for repaired in restart_dependents(fake_context(household.engine), dependents, household.old)}

    def test_those_that_ran_and_share_a_name_space(self, household: Household) -> None:
        net = household.add("net", NetworkMode=f"container:{household.old}")
        household.add("far", PidMode=f"container:{net}")
        household.add("linker", Links=["web:db"])
        household.add("sleeper", IpcMode=f"container:{household.old}", runs=False)
        repaired = self.restart(household)
        assert {name: result.repair for name, result in repaired.items()} == {"net": Repair.RESTARTED, "far": Repair.RESTARTED}
        assert [call for call in household.engine.calls if call != "inspect"] == ["stop:net", "start:net", "stop:far", "start:far"]
        assert household.engine.has_live_namespaces("net")
        assert household.engine.has_live_namespaces("far")

    def test_one_that_links_to_it_and_shares_with_another_that_is_restarted(self, household: Household) -> None:
        net = household.add("net", NetworkMode=f"container:{household.old}")
        household.add("both", PidMode=f"container:{net}", Links=["web:db"])
        assert list(self.restart(household)) == ["net", "both"]
        assert household.engine.has_live_namespaces("both")

    def test_those_behind_one_that_needs_no_restart_need_none(self, household: Household) -> None:
        household.add("linker", Links=["web:db"])
        household.add("behind", PidMode=f"container:{household.engine.container('linker')['Id']}")
        assert self.restart(household) == {}

    def test_its_own_stop_timeout(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine._find("net")["Config"]["StopTimeout"] = 33
        self.restart(household)
        assert household.engine.stop_timeouts[-1] == 33

    @pytest.mark.parametrize("call", ["stop:net", "start:net"])
    def test_an_error_is_told(self, household: Household, call: str) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine.errors[call] = REFUSAL
        net = self.restart(household)["net"]
        assert (net.repair, net.problem) == (Repair.NEEDS_ATTENTION, "it could not be restarted: the engine says no")

    @pytest.mark.parametrize("call", ["stop:net", "start:net"])
    def test_an_engine_that_is_away_is_waited_for(self, household: Household, call: str) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine.unreachable[call] = 5
        assert self.restart(household)["net"].repair is Repair.RESTARTED


class TestAfterAnInterruptedRepair:
    """The new provider turned out bad after all: whoever has taken the place of a dependent goes, and the dependent is back."""

    @pytest.fixture
    def dependents(self, household: Household) -> tuple[Dependent, ...]:
        household.add("sidecar", NetworkMode=f"container:{household.old}")
        dependents = household.swap()
        household.engine.errors["remove:sidecar-old-1000"] = EngineError("killed before that")
        household.recreate(dependents)
        assert household.engine.names == {"web", "web-old-1000", "sidecar", "sidecar-old-1000"}
        household.engine.remove(household.successor, force=True)
        household.engine.rename(household.old, "web")
        household.engine.start(household.old)
        return dependents

    def test_it_has_its_name_and_runs_alone(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        repaired = restart_dependents(fake_context(household.engine), dependents, household.old)
        assert [result.repair for result in repaired] == [Repair.RESTARTED]
        assert household.engine.names == {"web", "sidecar"}
        assert household.engine.container("sidecar")["Id"] == dependents[0].id
        assert household.engine.has_live_namespaces("sidecar")

    def test_a_stranger_under_its_name_stays(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        household.engine._find("sidecar")["Image"] = "another"
        repaired = restart_dependents(fake_context(household.engine), dependents, household.old)
        assert [result.repair for result in repaired] == [Repair.NEEDS_ATTENTION]
        assert "it is now called sidecar-old-1000" in repaired[0].problem
        assert "sidecar" in household.engine.names


class TestRecreate:
    def test_all_live_with_the_heir(self, household: Household) -> None:
        net = household.add("net", NetworkMode=f"container:{household.old}", IpcMode="private")
        household.add("far", PidMode=f"container:{net}", Links=["web:db", "other:o"])
        household.add("other")
        repaired = household.recreate(household.swap())
        assert {result.repair for result in repaired.values()} == {Repair.RECREATED}
        new_net, far = household.engine.container("net"), household.engine.container("far")
        assert (new_net["HostConfig"]["NetworkMode"], new_net["HostConfig"]["IpcMode"]) == (f"container:{household.successor}", "private")
        assert far["HostConfig"]["PidMode"] == f"container:{new_net['Id']}"
        assert far["HostConfig"]["Links"] == ["/web:/far/db", "/other:/far/o"]
        assert household.engine.names == {"web", "web-old-1000", "net", "far", "other"}
        assert repaired["far"].id == far["Id"]

    def test_one_that_was_stopped_stays_so(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}", runs=False)
        assert household.recreate(household.swap())["net"].repair is Repair.RECREATED
        assert household.engine.container("net")["State"]["Status"] == "created"
        assert not [call for call in household.engine.calls if call.startswith(("stop", "start"))]

    def test_links_to_several_that_are_replaced(self, household: Household) -> None:
        """Each keeps its own target: the front links to the shop and to its data base, and the shop links to that too."""
        household.add("front", Links=["web:db", "shop:s"])
        household.add("shop", Links=["web:db"])
        dependents = household.swap()
        assert [dependent.name for dependent in dependents] == ["shop", "front"]
        household.recreate(dependents)
        assert household.engine.container("front")["HostConfig"]["Links"] == ["/web:/front/db", "/shop:/front/s"]

    def test_links_to_a_dependent_that_is_created_anew(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.add("linker", Links=["net:n"])
        household.recreate(household.swap())
        assert household.engine.container("linker")["HostConfig"]["Links"] == ["/net:/linker/n"]


class TestTheExactImage:
    def dance(self, household: Household) -> list[str]:
        return [call for call in household.engine.calls if call.startswith(("tag", "create", "untag"))]

    def test_the_tag_is_left_alone_where_it_means_the_image(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.recreate(household.swap())
        assert self.dance(household) == ["create:net"]

    @pytest.mark.parametrize("reference", ["tool:1", "tool"])
    def test_it_means_it_for_the_time_of_the_call(self, household: Household, reference: str) -> None:
        household.add("net", reference, NetworkMode=f"container:{household.old}")
        tag = TAG if reference == "tool:1" else "docker.io/library/tool:latest"
        household.engine.local[tag] = "tool-2"
        household.recreate(household.swap())
        assert self.dance(household) == [f"tag:{reference}=exact", "create:net", f"tag:{reference}=tool-2"]
        assert (household.engine.container("net")["Image"], household.engine.local[tag]) == ("exact", "tool-2")
        assert household.engine.container("net")["Config"]["Image"] == reference

    def test_also_when_the_create_fails(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine.local[TAG] = "tool-2"
        dependents = household.swap()
        household.engine.errors["create:net"] = REFUSAL
        assert household.recreate(dependents)["net"].repair is Repair.NEEDS_ATTENTION
        assert household.engine.local[TAG] == "tool-2"
        assert household.engine.container("net")["Id"] == dependents[0].id

    @pytest.mark.parametrize("others", [(), ("net-2",)])
    def test_removed_tag_stays_removed(self, household: Household, others: tuple[str, ...]) -> None:
        """F-H13. The tag is needed to create the dependent. Once that runs, the engine keeps the image without its tag."""
        for name in ("net", *others):
            household.add(name, NetworkMode=f"container:{household.old}")
        del household.engine.local[TAG]
        repaired = household.recreate(household.swap())
        assert {result.repair for result in repaired.values()} == {Repair.RECREATED}
        assert household.engine.container("net")["Config"]["Image"] == "tool:1"
        assert TAG not in household.engine.local
        assert self.dance(household) == ["tag:tool:1=exact", "create:net", "untag:tool:1 with force"] + (
            ["tag:tool:1=exact", "create:net-2", "untag:tool:1 with force"] if others else []
        )

    def test_removed_tag_of_an_image_with_another_tag_stays_removed(self, household: Household) -> None:
        """F-H13"""
        household.add("net", NetworkMode=f"container:{household.old}", runs=False)
        del household.engine.local[TAG]
        household.engine.local["docker.io/library/tool:other"] = "exact"
        assert household.recreate(household.swap())["net"].repair is Repair.RECREATED
        assert household.engine.local["docker.io/library/tool:other"] == "exact"
        assert TAG not in household.engine.local

    def test_removed_tag_of_a_stopped_dependent_keeps_the_image(self, household: Household) -> None:
        """F-H13. Without a running container, the engine would remove the image together with its only tag."""
        household.add("net", NetworkMode=f"container:{household.old}", runs=False)
        del household.engine.local[TAG]
        net = household.recreate(household.swap())["net"]
        assert (net.repair, household.engine.local[TAG]) == (Repair.NEEDS_ATTENTION, "exact")
        assert net.problem == (
            "it was recreated, but the tag tool:1, which did not exist on this host before, could not be removed again: "
            "a container is using its referenced image"
        )

    def test_removed_tag_stays_removed_although_the_run_was_interrupted(self, household: Household) -> None:
        """F-H13"""
        household.add("net", NetworkMode=f"container:{household.old}")
        del household.engine.local[TAG]
        dependents = household.swap()

        def die_before_the_tag_is_removed() -> None:
            if household.engine.calls and household.engine.calls[-1] == "start:NEW":
                raise Killed

        household.engine.on_each_call = die_before_the_tag_is_removed
        with pytest.raises(Killed):
            household.recreate(dependents)
        assert TAG in household.engine.local
        household.engine.calls.clear()
        household.engine.on_each_call = lambda: None
        assert household.recreate(dependents)["net"].repair is Repair.RECREATED
        assert TAG not in household.engine.local

    def test_tag_that_was_set_by_another_actor_meanwhile_stays(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        del household.engine.local[TAG]
        dependents = household.swap()

        def tag() -> None:
            if household.engine.calls and household.engine.calls[-1] == "start:NEW":
                household.engine.local[TAG] = "tool-3"

        household.engine.on_each_call = tag
        household.recreate(dependents)
        assert household.engine.local[TAG] == "tool-3"

    def test_one_that_moved_since_the_plan_gets_its_newest_meaning_back(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine.local[TAG] = "tool-2"
        dependents = household.swap()
        household.engine.local[TAG] = "tool-3"
        household.recreate(dependents)
        assert household.engine.local[TAG] == "tool-3"

    @pytest.mark.parametrize("reference", ["tool:1@sha256:" + "d" * 64, "sha256:" + "e" * 64, "e" * 64, "sha256:eee", "eee"])
    def test_what_is_no_tag_is_not_moved(self, household: Household, reference: str) -> None:
        image = "sha256:" + "e" * 64
        household.add("net", "tool:1", image, NetworkMode=f"container:{household.old}")
        household.engine._find("net")["Config"]["Image"] = reference
        dependents = household.swap()
        assert dependents[0].tag_means is None
        household.recreate(dependents)
        assert not [call for call in household.engine.calls if call.startswith(("tag", "pull"))]

    def test_a_tag_that_cannot_be_given_back_is_told_and_the_dependent_runs(self, household: Household) -> None:
        household.add("net", NetworkMode=f"container:{household.old}")
        household.engine.local[TAG] = "tool-2"
        household.engine.errors["tag:tool:1=tool-2"] = REFUSAL
        net = household.recreate(household.swap())["net"]
        assert (net.repair, net.problem) == (
            Repair.NEEDS_ATTENTION,
            "it was recreated, but the tag tool:1 could not be pointed back at the image tool-2 on this host: the engine says no",
        )
        assert household.engine.has_live_namespaces("net")


class TestErrors:
    @pytest.fixture(autouse=True)
    def _net(self, household: Household) -> None:
        net = household.add("net", NetworkMode=f"container:{household.old}")
        household.add("far", PidMode=f"container:{net}")
        household.engine.local[TAG] = "tool-2"

    @pytest.mark.parametrize("call", ["stop:net", "rename:net->net-old-1000", "local_image", "tag:tool:1=exact", "create:net"])
    def test_one_that_cannot_be_created_anew_has_its_name_back(self, household: Household, call: str) -> None:
        dependents = household.swap()
        household.engine.errors[call] = REFUSAL
        net = household.recreate(dependents)["net"]
        assert (net.id, net.repair) == (dependents[0].id, Repair.NEEDS_ATTENTION)
        assert net.problem == "it could not be recreated: the engine says no"
        assert household.engine.container("net")["Id"] == net.id

    def test_a_name_that_cannot_be_given_back_is_told(self, household: Household) -> None:
        dependents = household.swap()
        household.engine.errors.update({"create:net": REFUSAL, "rename:net-old-1000->net": REFUSAL})
        problem = household.recreate(dependents)["net"].problem
        assert problem == "it could not be recreated: the engine says no; it is now called net-old-1000"

    def test_those_behind_it_are_told_why(self, household: Household) -> None:
        dependents = household.swap()
        household.engine.errors["create:net"] = REFUSAL
        far = household.recreate(dependents)["far"]
        assert (far.repair, far.problem) == (Repair.NEEDS_ATTENTION, "it depends on net, which could not be repaired")
        assert not [call for call in household.engine.calls if "far" in call]

    def test_one_that_does_not_start(self, household: Household) -> None:
        household.engine.errors["start:NEW"] = REFUSAL
        dependents = household.find()
        household.engine.errors.clear()
        dependents = household.swap()
        household.engine.errors["start:NEW"] = REFUSAL
        net = household.recreate(dependents)["net"]
        assert net.problem == (
            "it was recreated, but could not be started: the engine says no. The old container is now called net-old-1000"
        )
        assert {"net", "net-old-1000"} <= household.engine.names

    def test_an_old_one_that_stays_does_not_keep_the_others_from_the_new_one(self, household: Household) -> None:
        dependents = household.swap()
        household.engine.errors["remove:net-old-1000"] = REFUSAL
        repaired = household.recreate(dependents)
        assert "the old container, now called net-old-1000, could not be removed" in repaired["net"].problem
        assert repaired["far"].repair is Repair.RECREATED
        assert household.engine.has_live_namespaces("far")

    @pytest.mark.parametrize(
        "call",
        ["stop:net", "rename:net->net-old-1000", "tag:tool:1=exact", "create:net", "tag:tool:1=tool-2", "start:NEW", "remove:net-old-1000"],
    )
    def test_a_lost_answer_is_no_failure(self, household: Household, call: str) -> None:
        dependents = household.swap()
        household.engine.lost_answers.add(call)
        if call in ("stop:net", "start:NEW", "tag:tool:1=exact", "tag:tool:1=tool-2"):
            household.engine.lost_answers.clear()
            household.engine.unreachable[call] = 3
        repaired = household.recreate(dependents)
        assert {result.repair for result in repaired.values()} == {Repair.RECREATED}
        assert household.engine.local[TAG] == "tool-2"

    def test_of_half_a_container_nothing_stays(self, household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
        dependents = household.swap()
        create = household.engine.create

        def incomplete(name: str, body: Document) -> str:
            raise CreateIncomplete("no such network", create(name, body))

        monkeypatch.setattr(household.engine, "create", incomplete)
        net = household.recreate(dependents)["net"]
        assert (net.id, net.problem) == (dependents[0].id, "it could not be recreated: no such network")
        assert household.engine.container("net")["Id"] == net.id

    def test_a_stranger_in_a_lost_create_is_left_alone(self, household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
        dependents = household.swap()

        def lost(name: str, _body: Document) -> str:
            household.add(name)
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(household.engine, "create", lost)
        net = household.recreate(dependents)["net"]
        assert net.repair is Repair.NEEDS_ATTENTION
        assert "it is now called net-old-1000" in net.problem

    def test_one_that_exits_at_once_is_told(self, household: Household, monkeypatch: pytest.MonkeyPatch) -> None:
        dependents = household.swap()
        start = household.engine.start

        def exit_at_once(container: str) -> None:
            start(container)
            if household.engine._name(container) == "far":
                household.engine._find(container)["State"]["Status"] = "exited"

        monkeypatch.setattr(household.engine, "start", exit_at_once)
        repaired = household.recreate(dependents)
        assert repaired["net"].repair is Repair.RECREATED
        assert repaired["far"].problem == "it was recreated, but has exited since then. The old container is now called far-old-1000"
        assert "far-old-1000" in household.engine.names


class TestSomebodyElse:
    @pytest.fixture
    def dependents(self, household: Household) -> tuple[Dependent, ...]:
        household.add("net", NetworkMode=f"container:{household.old}")
        return household.swap()

    def problem(self, household: Household, dependents: t.Sequence[Dependent]) -> str:
        net = household.recreate(dependents)["net"]
        assert (net.id, net.repair) == (dependents[0].id, Repair.NEEDS_ATTENTION)
        assert not [call for call in household.engine.calls if call != "inspect"]
        return net.problem

    def test_removed_it(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        household.engine.remove_externally("net")
        assert self.problem(household, dependents) == "it was removed"

    def test_renamed_it(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        """One that is neither under its name nor under that of its archive."""
        household.engine._find("net")["Name"] = "/theirs"
        household.add("net")
        assert self.problem(household, dependents) == "another container has taken its name"

    def test_took_its_name(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        household.engine.remove_externally("net")
        household.add("net")
        assert self.problem(household, dependents) == "another container has taken its name"

    def test_cannot_be_looked_at(self, household: Household, dependents: tuple[Dependent, ...]) -> None:
        household.engine.errors["inspect"] = REFUSAL
        assert self.problem(household, dependents) == "it could not be inspected: the engine says no"
