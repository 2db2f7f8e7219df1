# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which containers use the same data, so that they must not run at the same time unless they did so before."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.shared_data import (
    data_of,
    find_rival,
    in_conflict,
    sharers_of,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document, RunningContainer


def volume(name: str, *, writes: bool = True) -> Document:
    return {"Type": "volume", "Name": name, "Source": f"/var/lib/docker/volumes/{name}/_data", "RW": writes}


def bind(source: str, *, writes: bool = True) -> Document:
    return {"Type": "bind", "Source": source, "RW": writes}


NAMELESS = {"Type": "volume", "Source": "/var/lib/docker/volumes/data/_data", "RW": True}
CONFLICTS = {
    "a volume that both write": (volume("data"), volume("data"), True),
    "a volume that one only reads": (volume("data"), volume("data", writes=False), True),
    "a volume that both only read": (volume("data", writes=False), volume("data", writes=False), False),
    "a volume whose name the engine omits": (volume("data"), NAMELESS, True),
    "two volumes": (volume("data"), volume("other"), False),
    "a folder that both write": (bind("/srv"), bind("/srv"), True),
    "a folder that one only reads": (bind("/srv"), bind("/srv", writes=False), False),
    "two folders": (bind("/srv"), bind("/srv/other"), False),
    "the socket of the engine": (bind("/var/run/docker.sock"), bind("/var/run/docker.sock"), False),
    "a volume and a folder of that name": (volume("/srv"), bind("/srv"), False),
    "temporary files": ({"Type": "tmpfs", "Source": ""}, {"Type": "tmpfs", "Source": ""}, False),
}


@pytest.mark.parametrize(("one", "other", "expected"), CONFLICTS.values(), ids=CONFLICTS)
def test_containers_that_use_the_same_data(one: Document, other: Document, *, expected: bool) -> None:
    assert in_conflict(data_of([one]), data_of([other])) is expected
    assert in_conflict(data_of([other]), data_of([one])) is expected


def container(container_id: str, *mounts: Document, status: str = "running") -> dict[str, Any]:
    return {"Id": container_id, "Name": f"/name-{container_id}", "State": {"Status": status}, "Mounts": list(mounts)}


def test_sharers_run_and_use_the_same_data() -> None:
    others = [
        container("1", volume("data")),
        container("2", volume("data"), status="exited"),
        container("3", volume("other")),
        {**container("4"), "Mounts": None},
    ]
    assert sharers_of(container("0", volume("data")), others) == ("1", "name-1")


RIVALS: dict[str, tuple[RunningContainer, tuple[str, ...], bool]] = {
    "another container has the name": (RunningContainer("9", "web"), (), True),
    "another container has the name of one that shared the data": (RunningContainer("9", "web"), ("web",), True),
    "a container uses the data": (RunningContainer("9", "stranger", (volume("data"),)), (), True),
    "a container that used the data before": (RunningContainer("9", "backup", (volume("data"),)), ("9",), False),
    "a container that used the data before was recreated": (RunningContainer("9", "backup", (volume("data"),)), ("backup",), False),
    "a container uses other data": (RunningContainer("9", "stranger", (volume("other"),)), (), False),
}


@pytest.mark.parametrize(("other", "allowed", "expected"), RIVALS.values(), ids=RIVALS)
def test_rivals(other: RunningContainer, allowed: tuple[str, ...], *, expected: bool) -> None:
    """F-H2."""
    assert (find_rival("web", data_of([volume("data")]), [RunningContainer("8", "db"), other], allowed) is other) is expected
