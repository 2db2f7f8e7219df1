# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for generated containers and images, on a model of the engine. An update must give the same as a new container would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected
from support.fakes.engine_model import RELEASES, RefusedByEngine, Release, clean, created, merged_config
from support.fakes.generated_containers import bodies, images

Document = dict[str, Any]

pytestmark = pytest.mark.properties

NETWORKS = ("front", "back", "side")
SETTINGS = settings(deadline=None, max_examples=30, derandomize=True, database=None, phases=(Phase.generate,))
RELEASE = pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)


def user_bodies(release_has_macs: bool, values: str = "op") -> st.SearchStrategy[Document]:
    return bodies(values, NETWORKS, "named", mac_of_endpoint=release_has_macs).map(lambda body: {**body, "Image": "shop"})


def engine(body: Document, image: Document, release: Release, *, started: bool = True) -> Document:
    try:
        return created(body, image, release, started=started)
    except RefusedByEngine:
        assume(False)
        raise


def spec(container: Document, image: Document) -> ContainerSpec:
    return ContainerSpec.from_inspect(Inspected(container, {"Config": image}))


def removes_entrypoint(body: Document) -> bool:
    return body.get("Entrypoint") in ([], [""])


@RELEASE
@SETTINGS
@given(data=st.data(), started=st.booleans())
def test_a_container_created_from_a_spec_has_the_same_spec(release: Release, data: st.DataObject, started: bool) -> None:
    """The image and the operator may have equal values. In three rounds, nothing is added and nothing is lost."""
    image = data.draw(images("same"))
    container = engine(data.draw(user_bodies(release.mac_of_endpoint, "same")), image, release, started=started)
    first = spec(container, image)
    for _round in range(3):
        container = created(first.create_body("shop"), image, release, started=started)
        again = spec(container, image)
        assert (again.config, again.endpoints) == (first.config, first.endpoints)
        assert again.host_config == first.host_config


@RELEASE
@SETTINGS
@given(data=st.data())
def test_an_update_gives_the_same_config_as_a_new_container(release: Release, data: st.DataObject) -> None:
    old_image, new_image, body = data.draw(images("1")), data.draw(images("2")), data.draw(user_bodies(release.mac_of_endpoint))
    # If the old image has no entrypoint, a removed entrypoint cannot be recognised.
    assume(not removes_entrypoint(body) or old_image.get("Entrypoint"))
    try:
        expected = merged_config(body, new_image)
    except RefusedByEngine:
        assume(False)
        raise
    updated = created(spec(engine(body, old_image, release), old_image).create_body("shop"), new_image, release, started=True)
    assert {**updated["Config"], "Hostname": None, "Image": None} == {**expected, "Hostname": None, "Image": None}
    assert (updated["Config"]["Hostname"] == updated["Id"][:12]) == (body.get("Hostname") is None)


@RELEASE
@SETTINGS
@given(data=st.data(), started=st.booleans())
def test_every_endpoint_is_recovered(release: Release, data: st.DataObject, started: bool) -> None:
    image, body = data.draw(images("1")), data.draw(user_bodies(release.mac_of_endpoint))
    configured = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    recovered = spec(engine(body, image, release, started=started), image).endpoints
    main = body["HostConfig"]["NetworkMode"]
    with_own_mac = {main: {**configured[main], "MacAddress": body["MacAddress"]}} if body.get("MacAddress") else {}
    assert recovered == {**configured, **with_own_mac}
    assert list(recovered)[:1] == ([main] if configured else [])


@RELEASE
@SETTINGS
@given(data=st.data())
def test_every_volume_stays_attached_at_its_path(release: Release, data: st.DataObject) -> None:
    old_image, new_image = data.draw(images("1")), data.draw(images("2"))
    old = engine(data.draw(user_bodies(release.mac_of_endpoint)), old_image, release)
    new = engine(dict(spec(old, old_image).create_body("shop")), new_image, release)
    before, after = ({clean(mount["Destination"]): (mount["Name"], mount["RW"]) for mount in each["Mounts"]} for each in (old, new))
    assert before.items() <= after.items()
    assert set(after) - set(before) <= {clean(path) for path in new_image.get("Volumes") or {}}


@SETTINGS
@given(data=st.data())
def test_verbatim_keeps_the_defaults_of_the_old_image(data: st.DataObject) -> None:
    release = RELEASES["28"]
    old_image, new_image = data.draw(images("1")), data.draw(images("2"))
    old = engine(data.draw(user_bodies(release.mac_of_endpoint)), old_image, release)
    body = ContainerSpec.from_inspect(Inspected(old, None)).create_body("shop")
    new = created(dict(body), new_image, release, started=True)
    for field in ("Cmd", "Entrypoint", "StopTimeout", "Shell", "Tty"):
        assert (new["Config"][field] or None) == (old["Config"][field] or None)
    for field in ("User", "WorkingDir", "StopSignal"):
        assert new["Config"][field] == (old["Config"][field] or new_image.get(field))
    for field in ("Labels", "ExposedPorts", "Volumes"):
        assert old["Config"][field].items() <= new["Config"][field].items()
    assert new["Config"]["Env"][: len(old["Config"]["Env"])] == old["Config"]["Env"]
