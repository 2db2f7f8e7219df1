# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run claims besides the container that it replaces."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.relations import claims_on, related_to


def container(name: str, **host_config: Any) -> dict[str, Any]:
    return {"Id": f"id-of-{name}", "Name": f"/{name}", "HostConfig": host_config}


@pytest.mark.parametrize(
    ("host_config", "needed"),
    [
        pytest.param({"NetworkMode": "container:id-of-vpn"}, {"vpn"}, id="its network"),
        pytest.param({"PidMode": "container:id-of-vpn", "IpcMode": "container:id-of-db"}, {"vpn", "db"}, id="its processes and its memory"),
        pytest.param({"Links": ["/db:/web/db"]}, {"db"}, id="a link"),
        pytest.param({"VolumesFrom": ["db"]}, {"db"}, id="volumes by name"),
        pytest.param({"VolumesFrom": ["db:ro"]}, {"db"}, id="volumes, read-only"),
        pytest.param({"VolumesFrom": ["id-of-d"]}, {"db"}, id="volumes by the beginning of an ID"),
        pytest.param({"VolumesFrom": ["gone"]}, set(), id="volumes of a container that is gone"),
        pytest.param({"VolumesFrom": None, "Links": None, "NetworkMode": "bridge"}, set(), id="nothing"),
    ],
)
def test_providers_are_needed(host_config: dict[str, Any], needed: set[str]) -> None:
    web = container("web", **host_config)
    claims = claims_on(related_to(web, (), (container("vpn"), container("db"))))
    assert (claims.touched, claims.needed) == (frozenset(), needed)


def test_providers_of_an_archive_that_is_restored_are_needed() -> None:
    archive = container("web-old-7", NetworkMode="container:id-of-vpn")
    others = (archive, container("vpn"), container("db"))
    assert claims_on(related_to(container("web"), (), others)).needed == set()
    assert claims_on(related_to(container("web"), (), others, archive["Id"])).needed == {"vpn"}


def test_dependents_are_touched_and_their_other_providers_needed() -> None:
    vpn, db = container("vpn"), container("db")
    app = container("app", NetworkMode="container:id-of-vpn", Links=["/db:/app/db"])
    sidecar = container("sidecar", PidMode="container:id-of-app")
    claims = claims_on(related_to(vpn, (app, sidecar), (app, sidecar, db, container("unrelated"))))
    assert (claims.touched, claims.needed) == ({"app", "sidecar"}, {"db"})
