# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.errors import Refused
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.ports import Inspected
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.preflight import refuse_if_unsafe


def inspected(status: str = "running", auto_remove: bool = False, labels: dict[str, str] | None = None, **around: Any) -> Inspected:
    container = {
        "Image": "sha256:old",
        "State": {"Status": status},
        "HostConfig": {"AutoRemove": auto_remove},
        "Config": {"Labels": labels},
    }
    return Inspected(container=container, **{"image": {}, **around})


@pytest.mark.parametrize("status", ["running", "restarting"])
def test_what_runs_may_be_replaced(status: str) -> None:
    refuse_if_unsafe("web", inspected(status))


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        (inspected(auto_remove=True), "--rm"),
        (inspected(labels={"com.docker.swarm.task.id": "x"}), "Docker Swarm"),
        (inspected(labels={"io.kubernetes.pod.name": "x"}), "Kubernetes"),
        (inspected("exited"), "is exited"),
        (inspected("paused"), "unpause"),
        (inspected(image=None), "sha256:old"),
        (inspected(sharing_network=("vpn-b", "vpn-a")), "vpn-a, vpn-b use its network"),
    ],
)
def test_what_is_unsafe_is_refused_with_the_reason(unsafe: Inspected, reason: str) -> None:
    with pytest.raises(Refused, match=f"Container web was not touched: .*{reason}"):
        refuse_if_unsafe("web", unsafe)


def test_the_label_of_an_orchestrator_is_told() -> None:
    with pytest.raises(Refused, match=r"belongs to Kubernetes \(label io.kubernetes.pod.name\)"):
        refuse_if_unsafe("web", inspected(labels={"io.kubernetes.pod.name": "x"}))
