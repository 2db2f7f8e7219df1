# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer before the fleet, with the tasks and the configuration that the guide shows."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from support.playbook.rollout import Ended
from support.real.ansible import CHECKOUT
from support.real.fleet import RealFleet
from support.real.polling_client import fetch
from support.real.sandbox import wait_for
from testbed import fleet
from testbed.fleet import Host
from testbed.images import WebImage, serve_after

EXAMPLES = CHECKOUT / "docs/examples/rolling_update"
V1, V2 = WebImage("v1"), WebImage("v2")

CRASHES_IF_BROKEN = WebImage("v2", command=serve_after('test -z "$BROKEN" || exit 1;'))


@dataclass
class Load:
    """Clients that ask one after the other until the `with` block ends, and what they were answered."""

    port: int
    answers: Counter[str | None] = field(default_factory=Counter)

    def __enter__(self) -> Load:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._ask) for _client in range(4)]
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            self.answers[fetch(self.port, timeout=10)] += 1


@pytest.fixture
def balanced(real_fleet: RealFleet) -> Iterator[tuple[RealFleet, Host]]:
    """Three hosts of the fleet behind a fourth, which has no service of its own but HAProxy."""
    *served, balancer = real_fleet.hosts[:4]
    real_fleet.hosts = served
    config = (EXAMPLES / "haproxy.cfg").read_text()
    for host in served:
        config = config.replace(f"{host.name}.example.com", host.address)
    balancer.execute(
        "mkdir -p /run/haproxy && cat > /etc/haproxy/haproxy.cfg && haproxy -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid", config
    )
    inventory = fleet.inventory(served)
    inventory["balancers"] = {"hosts": {"lb": balancer.variables}}
    inventory["all"]["vars"] = {"load_balancer": "lb"}
    real_fleet.write_inventory(inventory)
    yield real_fleet, balancer
    with contextlib.suppress(Exception):
        balancer.execute("kill $(cat /run/haproxy.pid)")


def roll(real: RealFleet, balancer: Host) -> tuple[int, Counter[str | None]]:
    """Under load."""
    wait_for(lambda: fetch(balancer.service_port) == "v1", "the load balancer")
    tasks = {"pre_tasks": str(EXAMPLES / "drain.yml"), "post_tasks": str(EXAMPLES / "undrain.yml")}
    with Load(balancer.service_port) as load:
        run = real.rollout.run(**tasks, hosts="all:!balancers", waves=[1])
    print(f"requests through the rollout: {dict(load.answers)}")
    return run.returncode, load.answers


@pytest.mark.behaviour("K9")
def test_no_request_fails_on_a_good_image(balanced: tuple[RealFleet, Host]) -> None:
    real, balancer = balanced
    real.serve_everywhere(V1)
    real.publish(V2)
    status, answers = roll(real, balancer)
    assert status == 0
    assert set(answers) == {"v1", "v2"}, answers
    real.assert_all_serve("v2")


@pytest.mark.behaviour("K9")
def test_nor_on_a_bad_one(balanced: tuple[RealFleet, Host]) -> None:
    """Which is bad on the second host only, so that the first goes back, drained, when it serves already."""
    real, balancer = balanced
    real.publish(V1)
    for host in real.hosts:
        real.serve(host, **({"Env": ["BROKEN=1"]} if host.name == "h2" else {}))
    real.publish(CRASHES_IF_BROKEN)
    status, answers = roll(real, balancer)
    assert status == Ended.HOSTS_FAILED
    assert set(answers) == {"v1", "v2"}, answers
    real.assert_all_serve("v1")
