# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over real hosts: reached by SSH, each with an engine of its own, pulling from a registry."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest

from support.real_fleet import RealFleet, Truth
from support.rollout import Ended
from support.scene import wait_for
from support.visitor import Visitor, fetch
from testbed.images import WebImage, serve_after, shell

V1, V2, V3 = WebImage("v1"), WebImage("v2"), WebImage("v3")
CRASHES = WebImage("v2", command=shell("echo 'v2: cannot read /etc/web.conf' >&2; exit 1"))
LATE = WebImage("v2", command=serve_after("(sleep 4; touch /tmp/ready) &"), health="test -f /tmp/ready")
CRASHES_IF_BROKEN = WebImage("v2", command=serve_after('test -z "$BROKEN" || exit 1;'))
WAVES = {"waves": [1, 2, "100%"]}


def ids(truths: dict[str, Truth]) -> dict[str, str]:
    return {name: truth.id for name, truth in truths.items()}


@pytest.fixture
def served(real_fleet: RealFleet) -> RealFleet:
    """v1 everywhere."""
    real_fleet.serve_everywhere(V1)
    return real_fleet


@pytest.mark.sample
@pytest.mark.behaviour("K5", "K11", "K12")
def test_all_good(served: RealFleet) -> None:
    before = served.truths()
    v2 = served.publish(V2)
    with contextlib.ExitStack() as stack:
        visitors = [stack.enter_context(Visitor(host.service_port)) for host in served.hosts]
        run = served.rollout.run(**WAVES)
    assert run.returncode == 0, run.stdout
    assert [visitor.story for visitor in visitors] == [["v1", None, "v2"]] * len(served.hosts)
    served.assert_all_serve("v2")
    now = served.truths()
    assert {truth.image for truth in now.values()} == {v2}
    assert not {truth.id for truth in now.values()} & {truth.id for truth in before.values()}
    assert served.rollout.report()["ok"]
    again = served.rollout.run(**WAVES)
    assert (again.returncode, served.truths()) == (0, now), again.stdout


@pytest.mark.behaviour("K1")
def test_a_bad_image_stops_at_the_canary(served: RealFleet) -> None:
    before = served.truths()
    served.publish(CRASHES)
    run = served.rollout.run(**WAVES)
    assert run.returncode == Ended.HOSTS_FAILED, run.stdout
    now = served.truths()
    assert now["h1"]._replace(started_at="") == before["h1"]._replace(started_at="")
    assert now["h1"].started_at != before["h1"].started_at
    assert {**now, "h1": None} == {**before, "h1": None}, "nobody else was touched"
    served.assert_all_serve("v1")
    assert served.rollout.outcomes()["h1"] == "rolled_back"


@pytest.mark.sample
@pytest.mark.behaviour("K3", "K4", "K5")
def test_in_the_second_wave_everybody_goes_back(real_fleet: RealFleet) -> None:
    real_fleet.publish(V1)
    for host in real_fleet.hosts:
        real_fleet.serve(host, **({"Env": ["BROKEN=1"]} if host.name == "h2" else {}))
    wait_for(lambda: set(real_fleet.pages().values()) == {"v1"}, "v1 everywhere")
    before = real_fleet.truths()
    real_fleet.publish(CRASHES_IF_BROKEN)
    run = real_fleet.rollout.run(**WAVES)
    assert run.returncode == Ended.HOSTS_FAILED, run.stdout
    now = real_fleet.truths()
    assert {name: (truth.id, truth.image) for name, truth in now.items()} == {
        name: (truth.id, truth.image) for name, truth in before.items()
    }
    untouched = [host.name for host in real_fleet.hosts[3:]]
    assert [now[name] for name in untouched] == [before[name] for name in untouched]
    real_fleet.assert_all_serve("v1")
    outcomes = real_fleet.rollout.outcomes()
    assert (outcomes["h1"], outcomes["h2"], outcomes["h3"]) == ("went_back", "rolled_back", "went_back")


def test_a_failed_smoke_test(served: RealFleet) -> None:
    """The image is healthy by its own account, and the user's test says otherwise."""
    before = served.truths()
    served.publish(V2)
    ask = {"ansible.builtin.uri": {"url": "http://127.0.0.1:8080/", "return_content": True}, "register": "answer"}
    refuse = {"ansible.builtin.assert": {"that": "'v2' not in answer.content", "fail_msg": "this is not what we ordered"}}
    verify = served.put("verify.yml", [ask, refuse])
    run = served.rollout.run(**WAVES, verify_tasks=verify)
    assert run.returncode == Ended.HOSTS_FAILED, run.stdout
    assert "this is not what we ordered" in served.rollout.report()["hosts"][0]["reason"]
    assert ids(served.truths()) == ids(before)
    served.assert_all_serve("v1")


def test_check_mode(served: RealFleet) -> None:
    before, v2 = served.truths(), served.publish(V2)
    run = served.rollout.run("--check", **WAVES)
    assert (run.returncode, served.truths()) == (0, before), run.stdout
    assert f"{len(served.hosts)} to be updated" in run.stdout
    for host in served.hosts:
        with contextlib.closing(host.client()) as client:
            assert v2 not in {image["Id"] for image in client.images()}, "nothing was pulled"


@pytest.mark.behaviour("K7")
def test_a_tag_that_is_moved_on_the_way(served: RealFleet) -> None:
    v2 = served.publish(V2)
    run = served.rollout.start(**WAVES)
    wait_for(lambda: fetch(served.hosts[0].service_port) == "v2", "the canary", seconds=120)
    served.publish(V3)
    out, _err = run.communicate()
    assert run.returncode == 0, out
    assert {truth.image for truth in served.truths().values()} == {v2}
    served.assert_all_serve("v2")


@pytest.mark.behaviour("K7")
def test_the_controller_is_killed_in_the_second_wave(served: RealFleet) -> None:
    v2 = served.publish(V2)
    run = served.rollout.start(**WAVES)
    wait_for(lambda: fetch(served.hosts[0].service_port) == "v2", "the canary", seconds=120)
    wait_for(lambda: any(len(served.names(host)) > 1 for host in served.hosts[1:3]), "the second wave", seconds=120)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    canary = served.truth(served.hosts[0])
    served.publish(V3)
    again = served.rollout.run(**WAVES)
    assert again.returncode == 0, again.stdout
    assert served.truth(served.hosts[0]) == canary, "it was done"
    assert {truth.image for truth in served.truths().values()} == {v2}, "the same digest as the first run"
    served.assert_all_serve("v2")


@pytest.mark.behaviour("K6")
def test_a_host_that_dies_while_it_is_updated(served: RealFleet) -> None:
    v2 = served.publish(LATE)
    victim = served.hosts[1]
    run = served.rollout.start(**WAVES, on_failure="halt", environment={"ANSIBLE_TIMEOUT": "5"})
    wait_for(lambda: served.is_up(victim, v2), "its update", seconds=120)
    victim.power_off()
    out, _err = run.communicate()
    assert run.returncode != 0, out
    assert served.rollout.outcomes()["h2"] == "unknown"
    assert [fetch(host.service_port) for host in served.hosts[3:]] == ["v1"] * len(served.hosts[3:])
    victim.power_on()
    again = served.rollout.run(**WAVES)
    assert again.returncode == 0, again.stdout
    assert {truth.image for truth in served.truths().values()} == {v2}
    served.assert_all_serve("v2")


@pytest.mark.behaviour("K6")
def test_a_host_that_is_down_from_the_start(served: RealFleet) -> None:
    before = served.truths()
    served.publish(V2)
    served.hosts[-1].power_off()
    try:
        environment = {"ANSIBLE_TIMEOUT": "5"}
        run = served.rollout.run(**WAVES, environment=environment)
        assert run.returncode == Ended.HOSTS_FAILED, run.stdout
        others = served.hosts[:-1]
        assert [served.truth(host) for host in others] == [before[host.name] for host in others]
        run = served.rollout.run(**WAVES, max_failures=1, environment=environment)
        assert run.returncode == Ended.HOSTS_FAILED, run.stdout
        assert [fetch(host.service_port) for host in others] == ["v2"] * len(others)
    finally:
        served.hosts[-1].power_on()
    assert served.rollout.run(**WAVES).returncode == 0
    served.assert_all_serve("v2")


def test_two_containers_in_their_order(served: RealFleet) -> None:
    for host in served.hosts:
        served.serve(host, "db")
    v2 = served.publish(V2)
    run = served.rollout.run(containers=[{"name": name, "poll_interval": 0.2} for name in ("db", "web")])
    assert run.returncode == 0, run.stdout
    for host in served.hosts:
        db, web = served.truth(host, "db"), served.truth(host)
        assert (db.image, web.image) == (v2, v2)
        assert db.started_at < web.started_at, host.name
