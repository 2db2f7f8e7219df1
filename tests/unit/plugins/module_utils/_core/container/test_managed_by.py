# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which other tool manages a container."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.managed_by import manager_of

UNIT = {"PODMAN_SYSTEMD_UNIT": "shop.service"}
SANDBOX = {"io.kubernetes.cri-o.SandboxID": "1"}


def container(labels: t.Any = None, **annotations: t.Any) -> dict[str, t.Any]:
    """`annotations` are those in Config and in HostConfig."""
    config, host_config = ({"Annotations": annotations.get(place)} for place in ("config", "host_config"))
    return {"Config": {"Labels": labels, **config}, "HostConfig": host_config}


@pytest.mark.parametrize(
    ("document", "name", "advice"),
    [
        (container({"com.docker.swarm.task.id": "x"}), "Docker Swarm", "Update it there."),
        (container({"io.kubernetes.pod.name": "x"}), "Kubernetes", "Update it there."),
        (container({"com.hashicorp.nomad.alloc_id": ""}), "Nomad", "Update it there."),
        (container({"com.amazonaws.ecs.task-arn": "x"}), "Amazon ECS", "Update it there."),
        (container({"io.rancher.container.uuid": "x"}), "Rancher", "Update it there."),
        (container(UNIT), "the systemd unit shop.service", "systemctl restart shop.service"),
        (container({**UNIT, "io.kubernetes.pod.name": "x"}), "the systemd unit shop.service", "podman auto-update"),
        (container(host_config=SANDBOX), "its pod", "podman kube play"),
        (container(config=SANDBOX), "its pod", "podman kube play"),
        (container(config={"io.kubernetes.cri.sandbox-id": "1"}), "its pod", "podman kube play"),
    ],
)
def test_manager(document: dict[str, t.Any], name: str, advice: str) -> None:
    manager = manager_of(document)
    assert manager
    assert manager.name == name
    assert advice in manager.advice


@pytest.mark.parametrize("document", [container(), container({}), container({"team": "shop"}, config={"note": "x"}, host_config={})])
def test_container_that_no_other_tool_manages(document: dict[str, t.Any]) -> None:
    assert manager_of(document) is None
