# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine reports about an image, on both image stores."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.reported_image import (
    image_of_container,
    is_readable,
    stored_image,
    was_built_here,
)

SHOP = ImageReference.parse("shop:1")
INDEX, MANIFEST, ARM, CONFIG = (f"sha256:{letter * 64}" for letter in "abcd")
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"

CONTENT = {
    "Os": "linux",
    "Architecture": "amd64",
    "Created": "2026-11-27T10:00:00Z",
    "RootFS": {"Type": "layers", "Layers": ["sha256:l1", "sha256:l2"]},
    "Config": {"Env": ["A=1"], "Cmd": ["serve"]},
}
CLASSIC = {"Id": CONFIG, "RepoTags": ["shop:1"], "RepoDigests": [f"shop@{INDEX}"], **CONTENT}


def entry(digest: str, architecture: str, variant: str = "", *, available: bool = True, os: str = "linux") -> dict[str, t.Any]:
    platform = {"os": os, "architecture": architecture, **({"variant": variant} if variant else {})}
    return {"ID": digest, "Descriptor": {"digest": digest}, "Available": available, "Kind": "image", "ImageData": {"Platform": platform}}


ATTESTATION = {"ID": "sha256:x", "Descriptor": {"digest": "sha256:x"}, "Available": True, "Kind": "attestation"}


def containerd(*manifests: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    """The inspect document of an image that was pulled by its index."""
    descriptor = {"mediaType": OCI_INDEX, "digest": INDEX}
    return {"Id": INDEX, "RepoDigests": [f"shop@{INDEX}"], "Descriptor": descriptor, "Manifests": list(manifests), **CONTENT, **changes}


def container(image_id: str, manifest: str | None = None, reference: str = "shop:1") -> dict[str, t.Any]:
    descriptor = {"ImageManifestDescriptor": {"digest": manifest}} if manifest else {}
    return {"Image": image_id, "Config": {"Image": reference}, **descriptor}


class TestManifest:
    @pytest.mark.parametrize(
        ("manifests", "found"),
        [
            ([entry(MANIFEST, "amd64")], MANIFEST),
            ([entry(MANIFEST, "amd64"), entry(ARM, "arm64")], MANIFEST),
            ([entry(ARM, "arm64"), entry(MANIFEST, "amd64"), ATTESTATION], MANIFEST),
            ([entry(MANIFEST, "amd64", available=False)], None),
            ([entry(MANIFEST, "amd64", "v2")], MANIFEST),  # It is the only one that the engine can describe.
            ([entry(MANIFEST, "amd64", "v1"), entry(ARM, "amd64", "v3")], MANIFEST),
            ([entry(MANIFEST, "amd64"), entry(ARM, "amd64", "v3")], MANIFEST),
            ([entry(MANIFEST, "amd64", "v2"), entry(ARM, "amd64", "v3")], None),
            ([entry(MANIFEST, "amd64", os="windows")], None),
            ([entry(ARM, "arm64")], None),
            ([ATTESTATION], None),
            ([entry(MANIFEST, "amd64"), entry(ARM, "amd64")], None),  # Which of the two the engine describes is unknown.
            ([entry(MANIFEST, "amd64"), entry(MANIFEST, "amd64")], MANIFEST),
            ([], None),
        ],
    )
    def test_manifest_in_an_index_is_that_of_the_platform(self, manifests: list[dict[str, t.Any]], found: str | None) -> None:
        assert stored_image(containerd(*manifests), SHOP).manifest == found

    def test_image_without_an_index_is_its_own_manifest(self) -> None:
        image = {**containerd(), "Id": MANIFEST, "Descriptor": {"mediaType": OCI_MANIFEST, "digest": MANIFEST}}
        assert stored_image(image, SHOP).manifest == MANIFEST

    def test_unreadable_image_has_no_known_manifest(self) -> None:
        assert stored_image(containerd(entry(MANIFEST, ""), Os="", Architecture=""), SHOP).manifest is None

    def test_classic_store_has_no_manifests(self) -> None:
        assert stored_image(CLASSIC, SHOP).manifest is None


class TestDigest:
    @pytest.mark.parametrize(
        ("image", "reference", "digest"),
        [
            (CLASSIC, "shop:1", INDEX),
            (CLASSIC, "mirror.example/shop:1", None),
            ({**CLASSIC, "RepoDigests": None}, "shop:1", None),
            (containerd(), "shop:1", INDEX),
            (containerd(RepoDigests=[]), "shop:1", INDEX),  # The tag was moved to another image.
            (containerd(RepoDigests=None), f"shop@{MANIFEST}", MANIFEST),
        ],
    )
    def test_digest_in_the_repository(self, image: dict[str, t.Any], reference: str, digest: str | None) -> None:
        assert stored_image(image, ImageReference.parse(reference)).digest == digest

    def test_every_name_of_an_image_is_known(self) -> None:
        image = containerd(entry(MANIFEST, "amd64"), entry(ARM, "arm64"), RepoDigests=[f"mirror.example/shop@{CONFIG}"])
        assert stored_image(image, SHOP).digests == tuple(sorted((INDEX, MANIFEST, CONFIG)))
        assert stored_image(CLASSIC, SHOP).digests == (INDEX,)


class TestContent:
    @pytest.mark.parametrize(
        "change",
        [
            {"Id": "sha256:other"},
            {"Variant": "v1"},
            {"Config": {**CONTENT["Config"], "Hostname": "builder", "Image": "sha256:parent", "Tty": True}},  # type: ignore[dict-item]
            {"RepoDigests": []},
            {"Size": 3},
            {"Config": {**CONTENT["Config"], "Labels": None, "Entrypoint": [], "User": ""}},  # type: ignore[dict-item]
        ],
    )
    def test_what_a_container_does_not_get_makes_no_difference(self, change: dict[str, t.Any]) -> None:
        assert stored_image({**CLASSIC, **change}, SHOP).content == stored_image(CLASSIC, SHOP).content

    @pytest.mark.parametrize(
        "change",
        [
            {"RootFS": {"Layers": ["sha256:l1"]}},
            {"Config": {"Env": ["A=2"], "Cmd": ["serve"]}},
            {"Config": {}},
            {"Created": "2026-11-28T10:00:00Z"},
            {"Os": "windows"},
            {"Architecture": "arm64"},
            {"Variant": "v8"},
        ],
    )
    def test_what_a_container_gets_makes_a_difference(self, change: dict[str, t.Any]) -> None:
        assert stored_image({**CLASSIC, **change}, SHOP).content != stored_image(CLASSIC, SHOP).content

    def test_both_stores_agree(self) -> None:
        classic, other = (stored_image(image, SHOP).content for image in (CLASSIC, containerd()))
        assert classic
        assert classic == other

    @pytest.mark.parametrize("change", [{"Os": "", "Architecture": ""}, {"Os": None, "Architecture": None, "Config": None}])
    def test_unreadable_image_has_no_known_content(self, change: dict[str, t.Any]) -> None:
        image = {**CLASSIC, **change}
        assert (is_readable(image), stored_image(image, SHOP).content) == (False, None)

    @pytest.mark.parametrize("change", [{"RootFS": {"Type": "layers"}, "Config": None}, {"Architecture": ""}])
    def test_image_that_names_a_platform_is_readable(self, change: dict[str, t.Any]) -> None:
        image = {**CLASSIC, **change}
        assert (is_readable(image), stored_image(image, SHOP).content is None) == (True, False)

    def test_entry_in_the_list_of_images_does_not_tell_the_content(self) -> None:
        assert stored_image({"Id": CONFIG, "RepoTags": ["shop:1"], "RepoDigests": None, "Created": 3}, SHOP).content is None


class TestContainer:
    def test_image_is_known_by_the_reference_of_the_container(self) -> None:
        image = image_of_container(container(CONFIG), CLASSIC, SHOP)
        assert (image.reference, image.id, image.digest) == ("shop:1", CONFIG, INDEX)

    @pytest.mark.parametrize("manifest", [None, MANIFEST])
    def test_manifest_is_that_of_the_container(self, manifest: str | None) -> None:
        image = image_of_container(container(INDEX, manifest), containerd(entry(MANIFEST, "amd64")), SHOP)
        assert (image.manifest, image.content) == (MANIFEST, stored_image(CLASSIC, SHOP).content)

    def test_container_of_another_platform_has_unknown_content(self) -> None:
        image = image_of_container(container(INDEX, ARM), containerd(entry(MANIFEST, "amd64"), entry(ARM, "arm64")), SHOP)
        assert (image.manifest, image.content, image.digests) == (ARM, None, (INDEX, ARM))

    def test_container_of_another_platform_has_unknown_content_even_if_no_manifest_fits(self) -> None:
        two = (entry(MANIFEST, "amd64", "v2"), entry(INDEX, "amd64", "v3"))
        assert image_of_container(container(INDEX, ARM), containerd(*two, entry(ARM, "arm64")), SHOP).content is None
        assert image_of_container(container(INDEX, MANIFEST), containerd(*two), SHOP).content is not None

    def test_container_tells_the_manifest_that_its_index_does_not_tell(self) -> None:
        image = image_of_container(container(INDEX, MANIFEST), containerd(), SHOP)
        assert (image.manifest, image.content) == (MANIFEST, stored_image(CLASSIC, SHOP).content)

    def test_image_that_is_gone_is_known_by_the_container(self) -> None:
        assert image_of_container(container(CONFIG), None, SHOP) == ImageIdentity("shop:1", CONFIG)
        gone = image_of_container(container(INDEX, MANIFEST), None, SHOP)
        assert gone == ImageIdentity("shop:1", INDEX, INDEX, MANIFEST, None, (INDEX, MANIFEST))

    def test_reference_that_cannot_be_parsed_is_kept(self) -> None:
        image = image_of_container(container(CONFIG, reference=CONFIG), CLASSIC, None)
        assert (image.reference, image.digest, image.digests) == (CONFIG, None, (INDEX,))


@pytest.mark.parametrize(
    ("image", "built_here"),
    [(CLASSIC, False), ({**CLASSIC, "RepoDigests": []}, True), ({**CLASSIC, "RepoDigests": None}, True), (containerd(), None)],
)
def test_only_the_classic_store_tells_whether_an_image_was_built_here(image: dict[str, t.Any], built_here: bool | None) -> None:
    assert was_built_here(image) is built_here
