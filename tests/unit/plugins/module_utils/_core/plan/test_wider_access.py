# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import NewContainer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.wider_access import warn_of_wider_access


def warnings(
    config: dict[str, Any] | None = None,
    image: dict[str, Any] | None = None,
    *,
    own: dict[str, Any] | None = None,
    host_config: dict[str, Any] | None = None,
    mounts: tuple[str, ...] = (),
    borrowed: tuple[str, ...] = (),
    is_known: bool = True,
) -> tuple[str, ...]:
    """The warnings about a container with `config`, of which `own` was set by the operator, if its new image has the defaults `image`."""
    container = {
        "Name": "/web",
        "Config": config or {},
        "HostConfig": host_config or {},
        "Mounts": [{"Type": "volume", "Destination": path} for path in mounts],
    }
    offered = tuple({"Type": "volume", "Destination": path} for path in borrowed)
    new = NewContainer(own or {}, runs=True, image_defaults=(image or {}) if is_known else None)
    return warn_of_wider_access(Inspected(container, {}, offered), new)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("nobody", None, "as root, not as nobody"),
        ("nobody", "", "as root, not as nobody"),
        ("nobody", "root", "as root, not as nobody"),
        ("nobody", "0", "as root, not as nobody"),
        ("1000:1000", "0:1000", "as root, not as 1000:1000"),
        ("1000", "1001", "as 1001, not as 1000"),
        ("nobody", "www-data", "as www-data, not as nobody"),
        ("1000:1000", "1000:0", "as 1000:0, not as 1000:1000"),
        ("1000", "1000", ""),
        ("0", None, ""),
        ("root:root", "0:0", ""),
        (None, "root", ""),
        # Less access is no more access.
        (None, "nobody", ""),
        ("root", "1000", ""),
    ],
)
def test_another_user_is_a_warning_unless_it_was_root(before: str | None, after: str | None, says: str) -> None:
    """F-H14"""
    found = warnings({"User": before}, {"User": after})
    if says:
        assert found == (
            f"web will run {says} as before: the image has another default user. To keep the user, add user to the option keep.",
        )
    else:
        assert found == ()


def test_a_user_that_the_operator_set_is_no_warning() -> None:
    assert warnings({"User": "nobody"}, {"User": "root"}, own={"User": "nobody"}) == ()


def test_nothing_is_known_before_the_image_is() -> None:
    assert warnings({"User": "nobody"}, is_known=False) == ()


@pytest.mark.parametrize(
    ("volume", "mounts", "host_config"),
    [
        ("/data", ("/data",), {}),
        ("/data/", ("/data",), {}),
        ("/data", (), {"Tmpfs": {"/data": ""}}),
        ("/data", (), {"Mounts": [{"Type": "tmpfs", "Target": "/data/"}]}),
    ],
)
def test_a_volume_where_something_is_mounted_is_no_warning(volume: str, mounts: tuple[str, ...], host_config: dict[str, Any]) -> None:
    assert warnings(image={"Volumes": {volume: {}}}, mounts=mounts, host_config=host_config) == ()


def test_new_volumes_are_a_warning() -> None:
    assert warnings(image={"Volumes": {"/b": {}, "/a": {}}}) == (
        "web will get new, empty volumes that the image did not declare before: /a, /b.",
    )


def test_a_new_volume_below_a_mount_hides_files() -> None:
    """F-H1"""
    found = warnings(image={"Volumes": {"/data/cache": {}, "/database": {}}}, mounts=("/data",))
    assert found[1:] == ("These mounts will hide files that web sees there now: /data/cache.",)


def test_mounts_that_other_containers_offer_are_a_warning() -> None:
    """F-H1"""
    assert warnings(image={"Volumes": {"/x": {}}}, mounts=("/own",), borrowed=("/own", "/x", "/own/sub")) == (
        "web will get mounts that it did not have, from the containers of its volumes-from: /own/sub, /x.",
        "These mounts will hide files that web sees there now: /own/sub.",
    )


@pytest.mark.parametrize(("publishes", "count"), [(True, 1), (False, 0)])
def test_new_ports_are_a_warning_if_all_are_published(publishes: bool, count: int) -> None:
    image = {"ExposedPorts": {"80/tcp": {}, "81/tcp": {}}}
    found = warnings({"ExposedPorts": {"80/tcp": {}}}, image, host_config={"PublishAllPorts": publishes})
    assert len(found) == count
    assert all(warning.endswith("did not expose before: 81/tcp.") for warning in found)
