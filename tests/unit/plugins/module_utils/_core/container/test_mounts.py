# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container keeps what it has mounted, whatever another container or the new image offers at the same path."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.mounts import storage_of

Document = dict[str, Any]


def volume(name: str, path: str = "/data", **fields: Any) -> Document:
    source = f"/var/lib/docker/volumes/{name}/_data"
    return {"Type": "volume", "Name": name, "Source": source, "Destination": path, "RW": True, "Propagation": "", **fields}


def bind(source: str, path: str = "/data", **fields: Any) -> Document:
    return {"Type": "bind", "Source": source, "Destination": path, "RW": True, "Propagation": "rprivate", **fields}


def tmpfs(path: str = "/data") -> Document:
    return {"Type": "tmpfs", "Source": "", "Destination": path, "RW": True, "Propagation": ""}


def read_only(mount: Document) -> Document:
    return {**mount, "RW": False}


def storage(host_config: Document, *mounted: Document, offered: tuple[Document, ...] = ()) -> Document:
    return dict(storage_of({"HostConfig": host_config, "Mounts": list(mounted)}, offered))


OWN = volume("own")
OWN_BIND = bind("/own")
LENT = volume("lent")
OFFERS = [
    (),
    (LENT,),
    (volume("lent", "/data/"),),
    (read_only(LENT),),
    (bind("/lent"),),
    (tmpfs(),),
    (volume("lent", "/data/sub"),),
    (volume("lent", "/"),),
    (volume("other", "/elsewhere"), LENT),
]


@pytest.mark.parametrize("offered", OFFERS)
@pytest.mark.parametrize(
    ("host_config", "mounted", "kept"),
    [
        ({}, OWN, {"Binds": ["own:/data"]}),
        ({}, read_only(OWN), {"Binds": ["own:/data:ro"]}),
        ({"Binds": ["/data"]}, OWN, {"Binds": ["own:/data"]}),
        ({"Binds": ["shop:/data"]}, volume("shop"), {}),
        ({"Binds": ["shop:/data/:ro"]}, read_only(volume("shop")), {}),
        ({"Binds": ["/own:/data"]}, OWN_BIND, {}),
        ({"Mounts": [{"Type": "volume", "Source": "shop", "Target": "/data"}]}, volume("shop"), None),
        ({"Mounts": [{"Type": "bind", "Source": "/own", "Target": "/data/"}]}, OWN_BIND, None),
        ({"Mounts": [{"Type": "tmpfs", "Target": "/data"}]}, tmpfs(), None),
        ({"Tmpfs": {"/data": "size=1m"}}, None, {}),
        ({"Tmpfs": {"/data/": ""}}, LENT, {}),
    ],
)
def test_a_mount_of_its_own_is_kept_whatever_another_container_offers_there(
    host_config: Document, mounted: Document | None, kept: Document | None, offered: tuple[Document, ...]
) -> None:
    """F-H1. `None` for `kept`: the mounts are those of the host config."""
    expected = {"Mounts": host_config["Mounts"]} if kept is None else kept
    assert storage(host_config, *([mounted] if mounted else []), offered=offered) == expected


@pytest.mark.parametrize("mount", [LENT, read_only(LENT), bind("/lent"), tmpfs(), volume("lent", "/data/")])
def test_a_mount_that_another_container_still_offers_comes_from_it(mount: Document) -> None:
    assert storage({"VolumesFrom": ["lender"]}, mount, offered=(mount,)) == {}


@pytest.mark.parametrize("offered", [(), (OWN,), (bind("/lent"),)])
@pytest.mark.parametrize(
    ("mounted", "kept"),
    [
        (LENT, {"Binds": ["lent:/data"]}),
        (read_only(LENT), {"Binds": ["lent:/data:ro"]}),
        (
            bind("/srv", Propagation="rslave"),
            {"Mounts": [{"Type": "bind", "Source": "/srv", "Target": "/data", "BindOptions": {"Propagation": "rslave"}}]},
        ),
        (
            read_only(bind("/srv", Propagation="")),
            {"Mounts": [{"Type": "bind", "Source": "/srv", "Target": "/data", "ReadOnly": True}]},
        ),
        (tmpfs(), {"Mounts": [{"Type": "tmpfs", "Target": "/data"}]}),
        ({"Type": "npipe", "Source": "a", "Destination": "/data"}, {}),
    ],
)
def test_a_borrowed_mount_that_another_container_no_longer_offers_is_kept(
    mounted: Document, kept: Document, offered: tuple[Document, ...]
) -> None:
    assert storage({"VolumesFrom": ["lender"]}, mounted, offered=offered) == kept


@pytest.mark.parametrize(("has", "offers"), [(LENT, read_only(LENT)), (read_only(LENT), LENT)])
def test_a_borrowed_mount_stays_as_writable_as_it_is(has: Document, offers: Document) -> None:
    assert storage({"VolumesFrom": ["lender"]}, has, offered=(offers,)) == storage({}, has)


def test_nested_mounts_are_kept_beside_each_other() -> None:
    inner, outer = volume("inner", "/data/inner"), volume("outer")
    lent = volume("lent", "/data/inner")
    assert storage({}, outer, inner, offered=(lent,)) == {"Binds": ["outer:/data", "inner:/data/inner"]}
    assert storage({"Binds": ["outer:/data"]}, outer, lent, offered=(lent,)) == {}


def test_what_another_container_offers_elsewhere_is_not_mounted_explicitly() -> None:
    assert storage({"VolumesFrom": ["lender"]}, offered=(LENT,)) == {}


def test_configured_mounts_come_first() -> None:
    host_config = {"Binds": ["/a:/a"], "Mounts": [{"Type": "tmpfs", "Target": "/b"}], "VolumesFrom": ["lender"]}
    kept = storage(host_config, OWN, bind("/srv", "/c", Propagation=""), volume("gone", "/d"))
    assert kept == {
        "Binds": ["/a:/a", "own:/data", "gone:/d"],
        "Mounts": [{"Type": "tmpfs", "Target": "/b"}, {"Type": "bind", "Source": "/srv", "Target": "/c"}],
    }


@pytest.mark.parametrize(
    ("mount", "kept"),
    [
        (volume("own", "/a:b"), {"Type": "volume", "Source": "own", "Target": "/a:b"}),
        (volume("own", "/data:ro"), {"Type": "volume", "Source": "own", "Target": "/data:ro"}),
        (read_only(volume("own", "/a:b")), {"Type": "volume", "Source": "own", "Target": "/a:b", "ReadOnly": True}),
        (volume("plugin:own"), {"Type": "volume", "Source": "plugin:own", "Target": "/data"}),
    ],
)
def test_a_volume_with_a_colon_is_no_bind(mount: Document, kept: Document) -> None:
    """F-H12. In a bind, a colon separates source, target and options."""
    assert storage({}, mount) == {"Mounts": [kept]}


@pytest.mark.parametrize("target", ["/shop", "/shop/", "shop", "//shop"])
@pytest.mark.parametrize("destination", ["/shop", "/shop/"])
def test_a_configured_volume_is_not_mounted_twice(target: str, destination: str) -> None:
    mounted = volume("shop", destination)
    assert storage({"Binds": [f"shop:{target}"]}, mounted) == {}
    long = [{"Type": "volume", "Source": "shop", "Target": target}]
    assert storage({"Mounts": long}, mounted) == {"Mounts": long}


def test_a_mount_without_a_source_keeps_its_volume() -> None:
    mount = {"Type": "volume", "Target": "/data/", "VolumeOptions": {"NoCopy": True}}
    assert storage({"Mounts": [mount]}, OWN, offered=(LENT,)) == {"Mounts": [{**mount, "Source": "own"}]}


def test_a_volume_without_a_name_is_known_by_its_path() -> None:
    """Engine 28 omits the name for a bind without a source."""
    nameless = volume("own")
    del nameless["Name"]
    assert storage({"Binds": ["/data"]}, nameless) == {"Binds": ["own:/data"]}
    assert storage({"VolumesFrom": ["lender"]}, nameless, offered=(OWN,)) == {}


@pytest.mark.parametrize("host_config", [{"Binds": ["/shop"]}, {"Mounts": [{"Type": "volume", "Target": "/shop"}]}])
def test_a_mount_without_a_source_and_without_a_volume_is_left_as_it_is(host_config: Document) -> None:
    assert {**host_config, **storage(host_config)} == host_config
