# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.api_fields import is_older, newer_settings
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec

MAC = "02:42:ac:11:00:63"


def mount(**options: Any) -> dict[str, Any]:
    return {"HostConfig": {"Mounts": [{"Target": "/plain"}, {"Target": "/special", **options}]}}


def newer(api_version: str, *, HostConfig: Any = None, endpoints: Any = None, **config: Any) -> tuple[str, ...]:  # noqa: N803
    return newer_settings(ContainerSpec(config, HostConfig or {}, endpoints or {}), api_version)


@pytest.mark.parametrize(
    ("container", "last_without", "first_with", "named"),
    [
        (mount(BindOptions={"CreateMountpoint": True}), "1.41", "1.42", "HostConfig.Mounts.BindOptions.CreateMountpoint"),
        ({"HostConfig": {"Annotations": {"a": "b"}}}, "1.42", "1.43", "HostConfig.Annotations"),
        (mount(BindOptions={"ReadOnlyForceRecursive": True}), "1.43", "1.44", "HostConfig.Mounts.BindOptions.ReadOnlyForceRecursive"),
        ({"Healthcheck": {"StartInterval": 10**9}}, "1.43", "1.44", "Healthcheck.StartInterval"),
        ({"endpoints": {"back": {"MacAddress": MAC}}}, "1.43", "1.44", "MacAddress of the network back"),
        (mount(VolumeOptions={"Subpath": "a"}), "1.44", "1.45", "HostConfig.Mounts.VolumeOptions.Subpath"),
        ({"endpoints": {"back": {"GwPriority": -1}}}, "1.47", "1.48", "GwPriority of the network back"),
        (mount(ImageOptions={"Subpath": "a"}), "1.47", "1.48", "HostConfig.Mounts.ImageOptions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_setting_is_named_if_the_api_version_is_too_old_for_it(
    container: dict[str, Any], last_without: str, first_with: str, named: str
) -> None:
    assert newer(last_without, **container) == (named,)
    assert newer(first_with, **container) == ()


@pytest.mark.parametrize(
    "container",
    [
        {"HostConfig": {"Annotations": None}},
        {"HostConfig": {"Annotations": {}, "Mounts": None}},
        mount(BindOptions={"CreateMountpoint": False}, VolumeOptions=None),
        {"Healthcheck": {"StartInterval": 0}},
        {"endpoints": {"back": {"GwPriority": 0}}},
        {"MacAddress": MAC, "endpoints": {"front": {"MacAddress": MAC}}},
        *({"HostConfig": {"LimitOfTheFuture": value}} for value in (None, "", 0, False, [], {})),
    ],
)
def test_settings_without_a_value_and_the_main_mac_address_need_no_newer_api_version(container: dict[str, Any]) -> None:
    assert newer("1.41", **container) == ()


@pytest.mark.parametrize("value", [1, True, "a", [0], {"a": 0}])
def test_unknown_setting_of_the_host_config_is_named_in_every_api_version(value: Any) -> None:
    assert newer("1.51", HostConfig={"LimitOfTheFuture": value}) == ("HostConfig.LimitOfTheFuture",)


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [("1.41", "1.51", True), ("1.9", "1.10", True), ("1.51", "1.51", False), ("1.52", "1.51", False), ("", "1.51", False)],
)
def test_api_versions_are_compared_by_number(one: str, other: str, older: bool) -> None:
    assert is_older(one, other) is older
