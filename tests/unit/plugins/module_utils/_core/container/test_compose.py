# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.compose import (
    IMAGE_LABEL,
    is_one_off,
    labels_of_compose,
    service_of,
    with_image_label,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.reported_image import (
    INDEX_MEDIA_TYPES,
    image_of_container,
    stored_image,
)
from support.fakes.compose import image_label

OLD, NEW = ImageIdentity("shop:1", "old-id", manifest="old-manifest"), ImageIdentity("shop:1", "new-id", manifest="new-manifest")
NOT_PULLED = ImageIdentity("shop:1", "")
OLD_MANIFEST = OLD._replace(id="old-manifest")
"""An image that was pulled without an index: its ID is its manifest."""


@pytest.mark.parametrize(
    ("label", "version", "old", "new", "expected"),
    [
        ("old-id", "2.40.3", OLD, NEW, "new-id"),
        ("old-id", "5.4.0", OLD, NEW, "new-id"),  # The API of the engine was too old for the manifest.
        ("old-manifest", "5.4.0", OLD, NEW, "new-manifest"),
        ("old-manifest", "v5.10.1-desktop.1", OLD_MANIFEST, NEW, "new-manifest"),
        ("old-manifest", "5.4.0", OLD_MANIFEST, NEW, "new-manifest"),
        ("old-manifest", "5.3.9", OLD_MANIFEST, NEW, "new-id"),
        ("old-manifest", "2.40.3", OLD_MANIFEST, NEW, "new-id"),
        ("old-manifest", None, OLD_MANIFEST, NEW, "new-id"),
        ("old-manifest", "dev", OLD_MANIFEST, NEW, "new-id"),
        ("old-manifest", "5.4.0", OLD, NEW._replace(manifest=None), None),
        ("old-id", "2.40.3", OLD._replace(manifest=None), NEW, "new-id"),
        ("old-id", "2.40.3", OLD, NOT_PULLED, ""),
        ("old-manifest", "5.4.0", OLD, NOT_PULLED, ""),
        ("old-manifest", "5.4.0", OLD, NOT_PULLED._replace(manifest="new-manifest"), "new-manifest"),
        ("by-hand", "2.40.3", OLD, NEW, None),
        ("", "2.40.3", OLD, NEW, None),
    ],
)
def test_the_image_label_follows_the_scheme_of_the_old_one(
    label: str, version: str | None, old: ImageIdentity, new: ImageIdentity, expected: str | None
) -> None:
    others = {"com.docker.compose.service": "web", **({"com.docker.compose.version": version} if version else {})}
    body = {"Image": "shop", "Labels": {IMAGE_LABEL: label, **others}}
    labelled = with_image_label(body, old, new)
    assert labelled.body == {"Image": "shop", "Labels": {IMAGE_LABEL: label if expected is None else expected, **others}}
    assert bool(labelled.problem) == (expected is None)
    assert body["Labels"][IMAGE_LABEL] == label


def test_a_container_that_compose_did_not_create_gets_no_image_label() -> None:
    for body in ({}, {"Labels": None}, {"Labels": {"owner": "me"}}):
        assert with_image_label(body, OLD, NEW) == (body, "")


def container_with(labels: dict[str, str] | None) -> dict[str, Any]:
    return {"Config": {"Labels": labels}}


def test_the_labels_of_compose_are_those_with_its_prefix() -> None:
    ours = {"com.docker.compose.service": "web", "com.docker.compose.container-number": "1"}
    assert labels_of_compose({**ours, "team": "shop"}) == ours


def test_labels_that_an_image_inherits_from_compose_do_not_count() -> None:
    """Compose also labels the images that it builds, but without a container number."""
    assert labels_of_compose({"com.docker.compose.service": "web"}) == {}


@pytest.mark.parametrize(("value", "one_off"), [("True", True), ("False", False), (None, False)])
def test_a_one_off_container_is_known_by_its_label(value: str | None, one_off: bool) -> None:
    labels = {"com.docker.compose.oneoff": value} if value else None
    assert is_one_off(container_with(labels)) is one_off


@pytest.mark.parametrize(
    ("depends_on", "services"),
    [(None, ()), ("", ()), ("db:service_healthy:true, cache:service_started:false", ("db", "cache")), ("db", ("db",))],
)
def test_a_service_lists_the_services_that_it_depends_on(depends_on: str | None, services: tuple[str, ...]) -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    if depends_on is not None:
        labels["com.docker.compose.depends_on"] = depends_on
    assert service_of(container_with(labels)) == ("shop", "web", services)


@pytest.mark.parametrize("labels", [None, {}, {"com.docker.compose.project": "shop"}, {"com.docker.compose.service": "web"}])
def test_a_container_that_compose_did_not_create_has_no_service(labels: dict[str, str] | None) -> None:
    assert service_of(container_with(labels)) is None


def stored(name: str, *manifests: tuple[str, str], reports_manifests: bool = True) -> dict[str, Any]:
    """The inspect document of an image that was pulled by its index. `manifests` are their digests and architectures."""
    entries = [
        {
            "ID": digest,
            "Descriptor": {"digest": digest},
            "Kind": "attestation" if architecture == "unknown" else "image",
            "Available": True,
            "ImageData": {"Platform": {"os": "linux", "architecture": architecture}},
        }
        for digest, architecture in manifests
    ]
    document = {"Id": name, "Os": "linux", "Architecture": "amd64", "Config": {}, "RootFS": {"Layers": [name]}}
    described = {"Descriptor": {"mediaType": INDEX_MEDIA_TYPES[0], "digest": name}, "Manifests": entries}
    return {**document, **described} if reports_manifests else document


def pulled_without_index(name: str) -> dict[str, Any]:
    manifest = {"ID": name, "Descriptor": {"digest": name}, "Kind": "image", "Available": True}
    return {**stored(name), "Descriptor": {"mediaType": "manifest", "digest": name}, "Manifests": [manifest]}


IMAGES = {
    "attested": stored("index", ("amd64", "amd64"), ("attestation", "unknown")),
    "newer, attested": stored("newer-index", ("newer-amd64", "amd64"), ("attestation-2", "unknown")),
    "for two platforms": stored("both", ("both-amd64", "amd64"), ("both-s390x", "s390x")),
    "without an index": pulled_without_index("manifest"),
    "on the classic store": stored("config", reports_manifests=False),
    "on the classic store, newer": stored("newer-config", reports_manifests=False),
}


@pytest.mark.parametrize("version", [(2, 40), (5, 3), (5, 4), (5, 5)])
@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before in IMAGES for after in IMAGES if ("classic" in before) == ("classic" in after)]
)
def test_the_image_label_is_the_one_that_compose_computes(before: str, after: str, version: tuple[int, int]) -> None:
    """F-E4, against a copy of its rule: Compose 5 is not available for tests."""
    labels = {IMAGE_LABEL: image_label(IMAGES[before], version), "com.docker.compose.version": ".".join(map(str, (*version, 0)))}
    container = {"Image": IMAGES[before]["Id"], "Config": {"Image": "shop:1"}}
    shop = ImageReference.parse("shop:1")
    labelled = with_image_label({"Labels": labels}, image_of_container(container, IMAGES[before], shop), stored_image(IMAGES[after], shop))
    assert (labelled.body["Labels"][IMAGE_LABEL], labelled.problem) == (image_label(IMAGES[after], version), "")
