# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The label by which docker compose sees that a service which shares with another container is up to date (F-N13)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.compose_hash import (
    HASH_LABEL,
    warn_if_hash_is_lost,
    with_hash_label,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.compose import ComposeProject, HashUnknown, NoCompose
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document
from support.fakes.compose import LABELS, FakeCompose, hash_of

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64


def container(host_config: Document, service: Document, **labels: str) -> dict[str, t.Any]:
    """A container that compose has created from `service`, after it had replaced services by IDs."""
    return {
        "Id": "d" * 64,
        "Name": "/shop-web-1",
        "Config": {"Labels": {**LABELS, HASH_LABEL: hash_of(service), **labels}},
        "HostConfig": dict(host_config),
    }


def relabelled(compose: t.Any, document: Document, after: Document) -> tuple[str, str]:
    label = with_hash_label(compose, "shop-web-1", document, {"Labels": document["Config"]["Labels"], "HostConfig": after})
    return label.body["Labels"][HASH_LABEL], label.warning


@pytest.mark.parametrize(
    ("in_file", "before", "hashed_before", "after", "hashed_after"),
    [
        (
            {"network_mode": "service:vpn"},
            {"NetworkMode": f"container:{OLD}"},
            {"network_mode": f"container:{OLD}"},
            {"NetworkMode": f"container:{NEW}"},
            {"network_mode": f"container:{NEW}"},
        ),
        (
            {"ipc": "service:vpn", "pid": "service:vpn"},
            {"IpcMode": f"container:{OLD}", "PidMode": f"container:{OLD}"},
            {"ipc": f"container:{OLD}", "pid": f"container:{OLD}"},
            {"IpcMode": f"container:{NEW}", "PidMode": f"container:{NEW}"},
            {"ipc": f"container:{NEW}", "pid": f"container:{NEW}"},
        ),
        (  # Only one of the two providers is replaced.
            {"network_mode": "service:vpn", "pid": "service:other"},
            {"NetworkMode": f"container:{OLD}", "PidMode": f"container:{OTHER}"},
            {"network_mode": f"container:{OLD}", "pid": f"container:{OTHER}"},
            {"NetworkMode": f"container:{NEW}", "PidMode": f"container:{OTHER}"},
            {"network_mode": f"container:{NEW}", "pid": f"container:{OTHER}"},
        ),
        (  # The file names the container itself.
            {"network_mode": "container:vpn"},
            {"NetworkMode": f"container:{OLD}"},
            {"network_mode": "container:vpn"},
            {"NetworkMode": f"container:{NEW}"},
            {"network_mode": "container:vpn"},
        ),
        (
            {"network_mode": "container:vpn", "pid": "service:vpn"},
            {"NetworkMode": f"container:{OLD}", "PidMode": f"container:{OLD}"},
            {"network_mode": "container:vpn", "pid": f"container:{OLD}"},
            {"NetworkMode": f"container:{NEW}", "PidMode": f"container:{NEW}"},
            {"network_mode": "container:vpn", "pid": f"container:{NEW}"},
        ),
        (
            {"volumes_from": ["vpn:ro", "container:else"], "network_mode": "service:vpn"},
            {"VolumesFrom": [OLD, "else"], "NetworkMode": f"container:{OLD}"},
            {"volumes_from": [OLD, "else"], "network_mode": f"container:{OLD}"},
            {"VolumesFrom": [NEW, "else"], "NetworkMode": f"container:{NEW}"},
            {"volumes_from": [NEW, "else"], "network_mode": f"container:{NEW}"},
        ),
    ],
)
def test_label_is_the_one_that_compose_will_compute(
    in_file: Document, before: Document, hashed_before: Document, after: Document, hashed_after: Document
) -> None:
    compose = FakeCompose({"web": {"image": "web", **in_file}})
    document = container(before, {"image": "web", **hashed_before})
    assert warn_if_hash_is_lost(compose, document, {OLD}) == ""
    assert relabelled(compose, document, after) == (hash_of({"image": "web", **hashed_after}), "")


def test_project_is_that_of_the_labels() -> None:
    compose = FakeCompose({"web": {"network_mode": "service:vpn"}})
    labels = {"com.docker.compose.project.environment_file": "/srv/a.env,/srv/b.env"}
    document = container({"NetworkMode": f"container:{OLD}"}, {"network_mode": f"container:{OLD}"}, **labels)
    relabelled(compose, document, {"NetworkMode": f"container:{NEW}"})
    files = ("/srv/shop/compose.yaml", "/srv/shop/more.yaml")
    assert compose.asked == [(ComposeProject("shop", "/srv/shop", files, ("/srv/a.env", "/srv/b.env")), "web")]


MODE = {"NetworkMode": f"container:{OLD}"}


@pytest.mark.parametrize(
    ("compose", "labels", "why"),
    [
        (FakeCompose({"web": {"image": "changed"}}), {}, "its old label does not match the project's files"),
        (FakeCompose(error=HashUnknown("it rains")), {}, "because it rains"),
        (NoCompose(), {}, "the engine is not on this host"),
        (FakeCompose(), {"com.docker.compose.project.config_files": ""}, "its labels do not name the project's files"),
        (FakeCompose(), {"com.docker.compose.project.working_dir": ""}, "its labels do not name the project's files"),
    ],
)
def test_label_stays_with_a_warning_if_the_same_method_does_not_find_the_old_one(compose: t.Any, labels: dict[str, str], why: str) -> None:
    document = container(MODE, {"image": "web", "network_mode": f"container:{OLD}"}, **labels)
    label, warning = relabelled(compose, document, {"NetworkMode": f"container:{NEW}"})
    assert label == document["Config"]["Labels"][HASH_LABEL]
    assert warning.startswith(
        "The next 'docker compose up' recreates shop-web-1: it shares a namespace or volumes with a replaced container"
    )
    assert why in warning
    assert warn_if_hash_is_lost(compose, document, {OLD}) == warning


@pytest.mark.parametrize(
    ("document", "after"),
    [
        (container(MODE, {}), MODE),
        (container({}, {}), {}),
        (container({"NetworkMode": "host"}, {}), {"NetworkMode": "host"}),
        (container({"NetworkMode": f"container:{OTHER}"}, {}), {"NetworkMode": f"container:{OTHER}"}),
        ({**container(MODE, {}), "Config": {"Labels": {HASH_LABEL: "x"}}}, {"NetworkMode": f"container:{NEW}"}),
        (container(MODE, {}, **{HASH_LABEL: ""}), {"NetworkMode": f"container:{NEW}"}),
    ],
    ids=["same provider", "shares nothing", "host", "other provider", "not of compose", "no label"],
)
def test_compose_is_not_asked_without_need(document: Document, after: Document) -> None:
    compose = FakeCompose(error=HashUnknown("asked"))
    assert relabelled(compose, document, after) == (document["Config"]["Labels"][HASH_LABEL], "")
    assert warn_if_hash_is_lost(compose, document, set() if after == MODE else {OLD}) == ""
    assert compose.asked == []
