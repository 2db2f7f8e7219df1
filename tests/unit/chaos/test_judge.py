# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge sees every planted violation, and accepts a good round, and what interference excuses."""

from __future__ import annotations

import dataclasses

import pytest

from chaos.judge import RULES, violations
from chaos.scenario import CRASHES, Event, Moment, Scenario, Service, Task
from chaos.story import Change, Container, Deed, HeldCall, Run, Snapshot, Story

OLD = Container("a" * 64, "app", "app", health="healthy", policy="always", started_at="1", mounts={"/data": "v1"}, page="old")
NEW = dataclasses.replace(OLD, id="b" * 64, image="good", started_at="2", page="good")
SIDE = Container("c" * 64, "side", "side", started_at="1", mounts={"/data": "v2"}, joins=OLD.id, page="old")
NEW_SIDE = dataclasses.replace(SIDE, id="d" * 64, joins=NEW.id)
OTHER = Container("e" * 64, "other", "other", started_at="1", mounts={"/data": "v3"}, page="old")
MARKERS = {"v1": "one", "v2": "two", "v3": "three"}
NETWORKS = frozenset({"bridge"})

SERVICES = (Service("app", restart="always"), Service("side", uses="app", how="network"), Service("other"))
TASK = Task("app")
CALLS = tuple(
    HeldCall(*call)
    for call in (
        ("GET /containers/*/json", "app"),
        ("POST /containers/*/stop", OLD.id),
        ("POST /containers/*/rename", OLD.id),
        ("POST /containers/create", ""),
        ("POST /containers/*/start", NEW.id),
        ("GET /containers/*/json", NEW.id),
        ("DELETE /containers/*", "app-old-1"),
        ("GET /containers/*/json", NEW.id),
        ("DELETE /volumes/*", ""),
    )
)


def snapshot(*containers: Container) -> Snapshot:
    return Snapshot(containers, MARKERS, NETWORKS)


BEFORE = snapshot(OLD, SIDE, OTHER)
AFTER = snapshot(NEW, NEW_SIDE, OTHER)
RECREATED = {"failed": False, "changed": True, "outcome": "recreated", "container": {"id": NEW.id, "name": "app"}}
UNCHANGED = {**RECREATED, "changed": False, "outcome": "unchanged"}
RUN = Run(TASK, RECREATED, CALLS, AFTER)
RERUN = Run(TASK, UNCHANGED, (), AFTER)
REPLACED = (Change("die", OLD.id, "app"), Change("start", NEW.id, "app"), Change("destroy", OLD.id, "app"))
GOOD_ROUND = Story(Scenario(1, SERVICES, (TASK,)), BEFORE, (RUN,), (), (RERUN,), AFTER, REPLACED, "hush")


def with_end(*containers: Container, markers: dict[str, str] | None = None, networks: frozenset[str] = NETWORKS) -> Story:
    return dataclasses.replace(GOOD_ROUND, end=Snapshot(containers, markers if markers is not None else MARKERS, networks))


def with_run(result: dict[str, object] | None, after: Snapshot = AFTER, **values: object) -> Story:
    return dataclasses.replace(GOOD_ROUND, runs=(dataclasses.replace(RUN, result=result, after=after, **values),))


def deed(act: str, call: int, container: str = NEW.id, left: tuple[str, ...] = (OLD.id,), **values: object) -> Deed:
    event = Event(0, Moment(CALLS[call].call if call < len(CALLS) else ""), act, "holder")
    return dataclasses.replace(Deed(event, 0, call, container, "app", frozenset(left)), **values)


def rules_broken(story: Story) -> set[str]:
    return {violation.rule for violation in violations(story)}


def test_good_round_breaks_no_rule() -> None:
    assert violations(GOOD_ROUND) == []


STOPPED = dataclasses.replace(NEW, status="exited", health="")
ARCHIVE = dataclasses.replace(OLD, name="app-old-1", status="exited", health="", policy="no", page="")
BAD = Task("app", image=CRASHES)
ROLLED_BACK = {"failed": True, "outcome": "rolled_back", "container": {"id": OLD.id}}

PLANTED: dict[str, tuple[str, Story]] = {
    "marker changed": ("data is intact", with_end(NEW, NEW_SIDE, OTHER, markers={**MARKERS, "v1": "other"})),
    "volume gone": ("data is intact", with_end(NEW, NEW_SIDE, OTHER, markers={"v2": "two", "v3": "three"})),
    "another volume at the path": ("data is intact", with_end(dataclasses.replace(NEW, mounts={"/data": "v2"}), NEW_SIDE, OTHER)),
    "container down": ("one container serves", with_end(STOPPED, NEW_SIDE, OTHER)),
    "container unhealthy": ("one container serves", with_end(dataclasses.replace(NEW, health="unhealthy"), NEW_SIDE, OTHER)),
    "container gone": ("one container serves", with_end(NEW_SIDE, OTHER)),
    "dependent gone": ("one container serves", with_end(NEW, OTHER)),
    "two run": ("one container serves", with_end(NEW, dataclasses.replace(OLD, name="app-old-1"), NEW_SIDE, OTHER)),
    "another name": ("one container serves", with_end(dataclasses.replace(NEW, name="app-new-1"), NEW_SIDE, OTHER)),
    "wrong page": ("one container serves", with_end(dataclasses.replace(NEW, page=""), NEW_SIDE, OTHER)),
    "two ran for a moment": ("never two at once", dataclasses.replace(GOOD_ROUND, changes=(REPLACED[1], REPLACED[0]))),
    "bystander restarted": ("nothing else was touched", with_end(NEW, NEW_SIDE, dataclasses.replace(OTHER, started_at="2"))),
    "bystander renamed": ("nothing else was touched", with_end(NEW, NEW_SIDE, dataclasses.replace(OTHER, name="other-old-1"))),
    "network gone": ("nothing else was touched", with_end(NEW, NEW_SIDE, OTHER, networks=frozenset())),
    "policy lost": ("settings are kept", with_end(dataclasses.replace(NEW, policy="no"), NEW_SIDE, OTHER)),
    "network lost": ("settings are kept", with_end(dataclasses.replace(NEW, networks=frozenset({"x"})), NEW_SIDE, OTHER)),
    "dead namespace": ("settings are kept", with_end(NEW, SIDE, OTHER)),
    "secret printed": ("result tells the truth", with_run(RECREATED, printed="it is hush")),
    "unhandled error": ("result tells the truth", with_run({"failed": True, "msg": "Unexpected error"}, printed="Unexpected error")),
    "green and gone": ("result tells the truth", with_run(RECREATED, snapshot(NEW_SIDE, OTHER))),
    "green and down": ("result tells the truth", with_run(RECREATED, snapshot(STOPPED, NEW_SIDE, OTHER))),
    "green and old": ("result tells the truth", with_run({**RECREATED, "container": {"id": OLD.id}}, BEFORE)),
    "another container": ("result tells the truth", with_run({**RECREATED, "container": {"id": OLD.id}})),
    "rolled back and down": ("result tells the truth", with_run(ROLLED_BACK, snapshot(ARCHIVE, SIDE, OTHER))),
    "changed and says no": ("result tells the truth", with_run({**UNCHANGED})),
    "skipped without a word": ("result tells the truth", with_run({"failed": False, "outcome": "skipped"}, BEFORE)),
    "stopped without bind source": (
        "known problem is seen before the stop",
        dataclasses.replace(GOOD_ROUND, deeds=(deed("lose bind source", 0, ""),)),
    ),
    "fails for no reason": ("undisturbed task succeeds", with_run({"failed": True, "msg": "no"})),
    "bad image and green": (
        "rerun ends well",
        dataclasses.replace(
            GOOD_ROUND,
            scenario=Scenario(1, SERVICES, (BAD,)),
            runs=(Run(BAD, None, CALLS, BEFORE),),
            deeds=(deed("kill module", 5, "", service=""),),
            reruns=(Run(BAD, {"failed": False, "outcome": "skipped", "warnings": ["rejected"]}, (), BEFORE),),
            end=BEFORE,
        ),
    ),
    "never updated": ("rerun ends well", dataclasses.replace(GOOD_ROUND, reruns=(dataclasses.replace(RERUN, after=BEFORE),), end=BEFORE)),
    "rerun fails": (
        "rerun ends well",
        dataclasses.replace(GOOD_ROUND, reruns=(dataclasses.replace(RERUN, result={"failed": True, "msg": "locked"}),)),
    ),
    "lock left": ("nothing is left behind", with_end(NEW, NEW_SIDE, OTHER, markers={**MARKERS, "evenkeel-lock.app": ""})),
    "volume left": ("nothing is left behind", with_end(NEW, NEW_SIDE, OTHER, markers={**MARKERS, "f" * 64: ""})),
    "archive left": ("nothing is left behind", with_end(NEW, ARCHIVE, NEW_SIDE, OTHER)),
}


@pytest.mark.parametrize(("rule", "story"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_violation_is_seen(rule: str, story: Story) -> None:
    assert rule in rules_broken(story)


def test_every_rule_is_seen_to_fail() -> None:
    assert {rule for rule, _story in PLANTED.values()} == {rule.__name__.lstrip("_").replace("_", " ") for rule in RULES}


@pytest.mark.parametrize(
    ("act", "call", "excused"),
    [("kill", 1, True), ("kill", 5, False), ("kill", 6, False), ("kill", 8, True)],
    ids=["the old one before the stop", "the new one in the gate", "the new one before the archive goes", "the new one in the end"],
)
def test_container_may_be_down_only_if_it_was_stopped_where_the_run_had_no_way_back(act: str, call: int, excused: bool) -> None:
    victim = OLD.id if call == 1 else NEW.id
    story = dataclasses.replace(with_end(STOPPED, NEW_SIDE, OTHER), deeds=(deed(act, call, victim),))
    assert ("one container serves" not in rules_broken(story)) == excused


def test_run_must_notice_what_happens_before_its_last_look() -> None:
    down = snapshot(STOPPED, NEW_SIDE, OTHER)
    for call, is_lie in ((5, True), (6, True), (7, True), (8, False)):
        story = dataclasses.replace(with_run(RECREATED, down), deeds=(deed("kill", call),))
        assert any("it says recreated" in violation.text for violation in violations(story)) == is_lie, call


@pytest.mark.parametrize(
    ("left", "excused"), [((), True), ((OLD.id,), False)], ids=["the last container of the service", "the archive is left"]
)
def test_container_may_be_gone_only_if_something_else_removed_the_last_one(left: tuple[str, ...], excused: bool) -> None:
    story = dataclasses.replace(with_end(NEW_SIDE, OTHER), deeds=(deed("remove", 5, left=left),))
    assert ("one container serves" not in rules_broken(story)) == excused


def test_killed_module_excuses_nothing() -> None:
    """F-H4: killed between create and start, and the archive is removed before the next run. The new container can still be started."""
    killed, removed = deed("kill module", 3, "", service=""), deed("remove", len(CALLS), OLD.id, left=(NEW.id,))
    story = dataclasses.replace(with_end(STOPPED, NEW_SIDE, OTHER), deeds=(killed, removed))
    assert "one container serves" in rules_broken(story)


@pytest.mark.parametrize(("started", "excused"), [((), False), ((OLD.id,), True)])
def test_second_container_is_excused_only_if_something_else_started_it(started: tuple[str, ...], excused: bool) -> None:
    changes = (*REPLACED[:2], Change("start", OLD.id, "app"))
    story = dataclasses.replace(GOOD_ROUND, changes=changes, deeds=(deed("start", 5, OLD.id, started=frozenset(started)),))
    assert ("never two at once" not in rules_broken(story)) == excused


def test_bind_source_that_goes_after_the_plan_cannot_be_seen_before_the_stop() -> None:
    story = dataclasses.replace(GOOD_ROUND, deeds=(deed("lose bind source", 2, ""),))
    assert "known problem is seen before the stop" not in rules_broken(story)


def test_related_task_may_say_that_it_is_busy_but_not_fail_otherwise() -> None:
    side = Task("side")
    deeds = (deed("run task", 1, ""),)
    for error, fine in (("busy", True), ("refused", False)):
        meanwhile = Run(side, {"failed": True, "error_class": error}, after=AFTER, meanwhile=True)
        story = dataclasses.replace(GOOD_ROUND, runs=(RUN, meanwhile), deeds=deeds)
        assert ("undisturbed task succeeds" not in rules_broken(story)) == fine
