# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.kept_fields import FIELDS, kept_fields
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.diff import with_defaults
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import KEEPABLE

OLD = {
    "User": "nobody",
    "WorkingDir": "/srv",
    "StopSignal": "SIGINT",
    "Cmd": ["serve"],
    "Entrypoint": ["run"],
    "Labels": {"team": "shop"},
    "Healthcheck": {"Test": ["CMD", "true"]},
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/data": {}},
}
NEW = {
    "User": "root",
    "WorkingDir": "/opt",
    "StopSignal": "SIGQUIT",
    "Cmd": ["other"],
    "Entrypoint": ["sh"],
    "Labels": {"team": "other"},
    "Healthcheck": {"Test": ["CMD", "false"]},
    "ExposedPorts": {"81/tcp": {}},
    "Volumes": {"/other": {}},
}


def kept_config(keep: set[str], old: dict[str, Any], *, image: bool = True) -> dict[str, Any]:
    """The `Config` of the new container. The old one has nothing but defaults of its image."""
    container = {"Id": "c", "Config": {**old, "Image": "shop:1"}, "HostConfig": {}, "Mounts": []}
    spec = ContainerSpec.from_inspect(Inspected(container, {"Config": old} if image else None), keep=frozenset(keep))
    return dict(with_defaults(spec.config, NEW))


def test_the_options_name_every_field_that_can_be_kept() -> None:
    assert set(KEEPABLE) == set(FIELDS)


def test_without_keep_everything_follows_the_image() -> None:
    assert kept_config(set(), OLD) == {**NEW, "Env": []}


@pytest.mark.parametrize("image", [True, False])
@pytest.mark.parametrize(
    ("keep", "fields"),
    [
        ("command", ["Cmd"]),
        ("entrypoint", ["Entrypoint", "Cmd"]),
        ("healthcheck", ["Healthcheck"]),
        ("stop_signal", ["StopSignal"]),
        ("user", ["User"]),
        ("working_dir", ["WorkingDir"]),
        ("labels", ["Labels"]),
    ],
)
def test_a_kept_field_is_as_before_and_the_others_follow_the_image(keep: str, fields: list[str], image: bool) -> None:
    kept = kept_config({keep}, OLD, image=image)
    assert {field: kept[field] for field in fields} == {field: OLD[field] for field in fields}
    if image:
        others = set(NEW) - set(fields)
        assert {field: kept[field] for field in others} == {field: NEW[field] for field in others}


@pytest.mark.parametrize(("keep", "field"), [("exposed_ports", "ExposedPorts"), ("volumes", "Volumes")])
def test_a_kept_set_also_gets_what_the_image_adds(keep: str, field: str) -> None:
    assert kept_config({keep}, OLD)[field] == {**OLD[field], **NEW[field]}


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("user", {"User": "0"}),
        ("working_dir", {"WorkingDir": "/"}),
        ("stop_signal", {"StopSignal": "SIGTERM"}),
        ("healthcheck", {"Healthcheck": {"Test": ["NONE"]}}),
        ("entrypoint", {"Entrypoint": [""]}),
        ("command", {}),
        ("labels", {}),
        ("volumes", {}),
        ("exposed_ports", {}),
    ],
)
def test_an_unset_field_is_kept_as_the_engine_treats_it(keep: str, kept: dict[str, Any]) -> None:
    assert kept_fields({}, [keep]) == kept


def test_ports_are_not_kept_in_the_network_of_another_container() -> None:
    """The engine refuses them in a create body."""
    container = {"Id": "c", "Config": {**OLD, "Image": "shop:1"}, "HostConfig": {"NetworkMode": "container:x"}, "Mounts": []}
    spec = ContainerSpec.from_inspect(Inspected(container, {"Config": OLD}), keep=frozenset({"exposed_ports"}))
    assert "ExposedPorts" not in spec.config
