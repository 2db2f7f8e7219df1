# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a container counts as configured in the same way, and how little a fingerprint shows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.fingerprint import fingerprint_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected

Change = Callable[[dict[str, Any]], None]

IMAGE = {"Config": {"Env": ["PATH=/bin", "MODE=fast"], "Cmd": ["serve"], "Labels": {"version": "1"}}}
WEB: dict[str, Any] = {
    "Id": "a" * 64,
    "Config": {
        "Image": "shop:1",
        "Hostname": "a" * 12,
        "Env": ["PASSWORD=swordfish", "PATH=/bin", "MODE=fast"],
        "Cmd": ["serve"],
        "Labels": {"version": "1", "team": "shop", "com.docker.compose.image": "sha256:old", "com.docker.compose.project": "shop"},
    },
    "HostConfig": {"Binds": ["/srv:/data"], "RestartPolicy": {"Name": "always"}, "NetworkMode": "shop", "Memory": 0, "Links": ["/b", "/a"]},
    "NetworkSettings": {"Networks": {"shop": {"Aliases": ["web", "a" * 12], "IPAddress": "10.0.0.2"}}},
}


def fingerprint(change: Change = lambda _web: None, salt: str = "salt", image: dict[str, Any] | None = None) -> str:
    web = copy.deepcopy(WEB)
    change(web)
    return fingerprint_of(Inspected(web, image or IMAGE), salt)


def another_container(web: dict[str, Any]) -> None:
    web["Id"] = "b" * 64
    web["Config"]["Hostname"] = "b" * 12
    web["NetworkSettings"]["Networks"]["shop"].update(Aliases=["web", "b" * 12], IPAddress="10.0.0.3")


SAME: dict[str, Change] = {
    "another container": another_container,
    "another image reference": lambda web: web["Config"].update(Image="shop:2"),
    "archived": lambda web: web["HostConfig"].update(RestartPolicy={"Name": "no"}),
    "links in another order": lambda web: web["HostConfig"].update(Links=["/a", "/b"]),
    "labels of compose": lambda web: web["Config"]["Labels"].update({"com.docker.compose.image": "sha256:new"}),
    "a field that a newer engine reports empty": lambda web: web["HostConfig"].update(Annotations={}),
}
DIFFERENT: dict[str, Change] = {
    "a variable": lambda web: web["Config"]["Env"].append("DEBUG=1"),
    "a password": lambda web: web["Config"]["Env"].__setitem__(0, "PASSWORD=other"),
    "a command": lambda web: web["Config"].update(Cmd=["serve", "--fast"]),
    "an entry point": lambda web: web["Config"].update(Entrypoint=["sh"]),
    "a user": lambda web: web["Config"].update(User="1000"),
    "a label": lambda web: web["Config"]["Labels"].update(team="other"),
    "a mount": lambda web: web["HostConfig"].update(Binds=["/srv:/data:ro"]),
    "a limit": lambda web: web["HostConfig"].update(Memory=2**30),
    "a network": lambda web: web["NetworkSettings"]["Networks"].update(db={}),
    "an alias": lambda web: web["NetworkSettings"]["Networks"]["shop"].update(Aliases=["shop"]),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_configuration_is_the_same(change: Change) -> None:
    assert fingerprint(change) == fingerprint()


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_configuration_is_another(change: Change) -> None:
    assert fingerprint(change) != fingerprint()


def test_defaults_of_the_image_do_not_count() -> None:
    def with_new_defaults(web: dict[str, Any]) -> None:
        web["Config"].update(Env=["PASSWORD=swordfish", "PATH=/usr/bin"], Cmd=["serve-2"])
        web["Config"]["Labels"]["version"] = "2"

    new = {"Config": {"Env": ["PATH=/usr/bin"], "Cmd": ["serve-2"], "Labels": {"version": "2"}}}
    assert fingerprint(with_new_defaults, image=new) == fingerprint()


def test_another_provider_of_the_network_does_not_count() -> None:
    def behind(provider: str) -> str:
        return fingerprint(lambda web: web["HostConfig"].update(NetworkMode=f"container:{provider}"))

    assert behind("c" * 64) == behind("d" * 64) != fingerprint()


def test_fingerprint_is_too_short_to_confirm_a_guess() -> None:
    """Everyone who can list volumes can read it. Sixteen bits fit to one of 65,536 wrong passwords as well as to the right one."""
    assert len(fingerprint()) == 4
    assert fingerprint(salt="other") != fingerprint()
