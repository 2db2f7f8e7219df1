# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pulls and look-ups, with a client that answers as the SDK does."""

from __future__ import annotations

from typing import Any

import docker.errors
import pytest
import requests

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.images import (
    ask_registry,
    image_with_id,
    local_image,
    pull_image,
    untagged_images,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, ImageUnreadable, NoAnswer, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity, Published

DIGEST = "sha256:" + "d" * 64
SHOP = ImageReference.parse("registry.example/shop:1")
LOGIN = RegistryLogin("acme", "hunter2")
IMAGE = ImageIdentity("registry.example/shop:1", "image-id", DIGEST, digests=(DIGEST, f"sha256:{'e' * 64}"))


class Client:
    """The image calls of `docker.APIClient`. `stream` is the answer to a pull."""

    def __init__(self, stream: list[dict[str, Any]] | Exception | None = None) -> None:
        self.stream = stream or []
        self.pull: dict[str, Any] = {}
        self.closed = False
        self.image: dict[str, Any] = {}
        self.detailed: dict[str, Any] = {}

    def inspect_image(self, reference: str) -> dict[str, Any]:
        assert reference == SHOP.normalised
        digests = [f"other.example/shop@sha256:{'e' * 64}", f"registry.example/shop@{DIGEST}"]
        return {"Id": "image-id", "Os": "linux", "Architecture": "amd64", "RepoDigests": digests, **self.image}

    def inspect_distribution(self, _reference: str, auth_config: Any) -> dict[str, Any]:
        assert auth_config == {"username": "acme", "password": "hunter2"}
        return {
            "Descriptor": {"digest": DIGEST, "mediaType": "application/vnd.oci.image.index.v1+json"},
            "Platforms": [{"os": "linux", "architecture": "arm", "variant": "v7"}, {"os": "linux", "architecture": "amd64"}],
        }

    def _url(self, path: str, *names: str) -> str:
        return path.format(*names)

    def _get(self, url: str, params: dict[str, Any]) -> dict[str, Any]:
        assert (url, params) == ("/images/image-id/json", {"manifests": 1})
        return self.detailed

    def _result(self, response: dict[str, Any], *, json: bool) -> dict[str, Any]:
        assert json
        return response

    def _post(self, url: str, **options: Any) -> Client:
        assert url == "/images/create"
        self.pull = options
        return self

    def _raise_for_status(self, _response: Any) -> None:
        pass

    def _stream_helper(self, _response: Any, *, decode: bool) -> Any:
        assert decode
        if isinstance(self.stream, Exception):
            raise self.stream
        yield from self.stream

    def close(self) -> None:
        self.closed = True


def test_pull_returns_the_image_on_the_host() -> None:
    client = Client([{"status": "Pulling"}, {"status": "Done"}])
    assert pull_image(client, SHOP, LOGIN, 30) == IMAGE
    assert (client.pull["params"], client.pull["timeout"]) == ({"fromImage": "registry.example/shop", "tag": "1"}, 30)
    assert client.closed


@pytest.mark.parametrize("line", [{"error": "denied"}, {"errorDetail": {"message": "denied"}, "error": "other"}])
def test_error_in_the_stream_fails_the_pull(line: dict[str, Any]) -> None:
    client = Client([{"status": "Pulling"}, line])
    with pytest.raises(EngineError, match="^denied$"):
        pull_image(client, SHOP, LOGIN, 30)
    assert client.closed


def test_pull_without_progress() -> None:
    client = Client(requests.ReadTimeout("Read timed out."))
    with pytest.raises(NoAnswer, match=r"^no pull progress for 30 s \(pull_timeout\): the registry is not responding$"):
        pull_image(client, SHOP, LOGIN, 30)


def test_lost_connection_is_not_reported_as_missing_progress() -> None:
    with pytest.raises(NoAnswer, match="reset by peer"):
        pull_image(Client(requests.ConnectionError("reset by peer")), SHOP, LOGIN, 30)


def test_error_of_a_pull_hides_the_credentials() -> None:
    with pytest.raises(EngineError, match=r"^wrong password \*+ for \*+$"):
        pull_image(Client([{"error": "wrong password hunter2 for acme"}]), SHOP, LOGIN, 30)


def test_look_up_in_the_registry() -> None:
    assert ask_registry(Client(), SHOP, LOGIN) == Published(DIGEST, ("linux/arm/v7", "linux/amd64"), is_index=True)


def test_look_up_on_the_host() -> None:
    assert local_image(Client(), SHOP) == IMAGE


def test_manifests_of_an_index_are_looked_up() -> None:
    client = Client()
    client.image = {"Descriptor": {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "image-id"}}
    manifest = {
        "Descriptor": {"digest": "sha256:m"},
        "Available": True,
        "ImageData": {"Platform": {"os": "linux", "architecture": "amd64"}},
    }
    client.detailed = {"Id": "image-id", "Manifests": [manifest]}
    assert local_image(client, SHOP).manifest == "sha256:m"
    client.detailed = {"Id": "image-id"}
    assert local_image(client, SHOP).manifest is None


def test_incomplete_image_counts_as_missing() -> None:
    client = Client()
    client.image = {"Os": "", "Architecture": ""}
    with pytest.raises(ImageUnreadable, match="registry.example/shop:1 is on this host, but a part of it is missing"):
        local_image(client, SHOP)


class TestImagesById:
    class Client(Client):
        """Knows the images `documents` by their ID, or by the beginning of it. `Exception`s are raised."""

        def __init__(self, **documents: Any) -> None:
            super().__init__()
            self.documents = documents
            self.listed: dict[str, dict[str, Any]] = {}

        def inspect_image(self, reference: str) -> dict[str, Any]:
            for image_id, document in self.documents.items():
                if image_id.startswith(reference):
                    if isinstance(document, Exception):
                        raise document
                    return {"Id": image_id, "Os": "linux", "Architecture": "amd64", **document}
            raise docker.errors.ImageNotFound(reference)

        def images(self) -> list[dict[str, Any]]:
            return [{"Id": image_id, "RepoTags": None, **self.listed.get(image_id, {})} for image_id in self.documents]

    def test_image_is_found_by_its_whole_id(self) -> None:
        client = self.Client(abc={}, empty={"Os": "", "Architecture": ""})
        assert image_with_id(client, "abc").id == "abc"
        for wrong in ("ab", "empty", "nowhere"):
            with pytest.raises(NotFound):
                image_with_id(client, wrong)

    def test_untagged_images_are_those_that_are_still_there(self) -> None:
        client = self.Client(one={}, removed=docker.errors.ImageNotFound("gone"), unreadable={"Os": "", "Architecture": ""}, two={})
        assert [image.id for image in untagged_images(client, "registry.example/shop")] == ["one", "two"]

    @pytest.mark.parametrize(
        ("listed", "found"),
        [
            ({"RepoTags": [], "RepoDigests": []}, True),
            ({"RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"]}, True),
            ({"RepoTags": [], "RepoDigests": [f"registry.example/shop@{DIGEST}"]}, True),
            ({"RepoTags": [], "RepoDigests": [f"registry.example/shop@{DIGEST}", f"mirror.example/shop@{DIGEST}"]}, False),
            ({"RepoTags": ["registry.example/shop:1"], "RepoDigests": []}, False),
            ({"RepoTags": [f"registry.example/shop@{DIGEST}"], "RepoDigests": [f"registry.example/shop@{DIGEST}"]}, True),
            ({"RepoTags": [f"mirror.example/shop@{DIGEST}"], "RepoDigests": []}, False),
        ],
    )
    def test_image_with_a_name_that_somebody_may_use_is_not_untagged(self, listed: dict[str, Any], found: bool) -> None:
        client = self.Client(one={})
        client.listed["one"] = listed
        assert bool(untagged_images(client, "registry.example/shop")) is found
