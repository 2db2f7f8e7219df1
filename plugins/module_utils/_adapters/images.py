# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look up images in a registry and on the host, and pull them with all errors that the pull stream reports."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.engine.errors import EngineError, ImageUnreadable, NoAnswer, NotFound
from .._core.engine.image_reference import ImageReference, parse_if_possible
from .._core.engine.model import Document, ImageIdentity, Published
from .._core.engine.reported_image import INDEX_MEDIA_TYPES, is_readable, stored_image
from .._core.masking import mask_credentials
from .credentials import AuthConfig, RegistryLogin
from .sdk import docker_auth, engine_errors, refusal

DEFAULT_PULL_TIMEOUT = 600.0


def pull_image(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> ImageIdentity:
    """Pull an image and return what `reference` resolves to on this host afterwards. Raise EngineError.

    The pull fails if it makes no progress for `pull_timeout` seconds.
    """
    _pull(client, reference, login, pull_timeout)
    return local_image(client, reference)


def ask_registry(client: t.Any, reference: ImageReference, login: RegistryLogin) -> Published:
    """Let the engine look up a reference in its registry. Raise EngineError."""
    with _registry_auth(client, reference, login) as auth_config:
        answer = client.inspect_distribution(reference.normalised, auth_config=auth_config)
        descriptor = answer["Descriptor"]
        return Published(
            digest=descriptor["digest"],
            platforms=tuple(map(_platform, answer.get("Platforms") or ())),
            is_index=descriptor.get("mediaType") in INDEX_MEDIA_TYPES,
        )


def _platform(platform: t.Mapping[str, str]) -> str:
    return "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))


@contextlib.contextmanager
def _registry_auth(client: t.Any, reference: ImageReference, login: RegistryLogin) -> t.Iterator[AuthConfig | None]:
    """Provide the credentials for the registry, and mask them in every EngineError."""
    auth_config = login.auth_config(reference)
    try:
        with engine_errors(client):
            yield auth_config
    except EngineError as error:
        raise type(error)(mask_credentials(str(error), auth_config), error.said) from None


def _pull(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> None:
    try:
        _stream_pull(client, reference, login, pull_timeout)
    except NoAnswer as error:
        if "timed out" not in error.said:
            raise
        raise NoAnswer(f"no pull progress for {pull_timeout:g} s (pull_timeout): the registry is not responding") from error


def _stream_pull(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> None:
    with _registry_auth(client, reference, login) as auth_config:
        response = _start_pull(client, reference, auth_config, pull_timeout)
        with contextlib.closing(response):  # The engine cancels a pull whose connection is closed.
            # The response starts with HTTP 200. A later error is a line in the stream.
            for line in client._stream_helper(response, decode=True):  # noqa: SLF001
                said = (line.get("errorDetail") or {}).get("message") or line.get("error")
                if said:
                    raise refusal(client, said)


def _start_pull(client: t.Any, reference: ImageReference, auth_config: AuthConfig | None, pull_timeout: float) -> t.Any:
    # The SDK's pull() has no timeout, and neither has the engine: they would wait forever for a registry that stops responding.
    response = client._post(  # noqa: SLF001
        client._url("/images/create"),  # noqa: SLF001
        params={"fromImage": reference.repository, "tag": reference.version},
        headers={"X-Registry-Auth": docker_auth.encode_header(auth_config)} if auth_config else {},
        stream=True,
        timeout=pull_timeout,
    )
    client._raise_for_status(response)  # noqa: SLF001
    return response


def local_image(client: t.Any, reference: ImageReference) -> ImageIdentity:
    """Return the image that `reference` resolves to on this host. Raise NotFound, ImageUnreadable and other EngineErrors."""
    with engine_errors(client):
        image = inspect_image(client, reference.normalised)
    if not is_readable(image):
        why = f"{reference.as_written} is on this host, but a part of it is missing, and the engine cannot read it"
        raise ImageUnreadable(why, image["Id"])
    return stored_image(image, reference)


def image_with_id(client: t.Any, image_id: str) -> ImageIdentity:
    """Return the image on this host with this full ID. Raise NotFound and other EngineErrors."""
    with engine_errors(client):
        image = inspect_image(client, image_id)
    if image["Id"] != image_id or not is_readable(image):
        raise NotFound(f"no readable image has the ID {image_id}")
    return stored_image(image, None)


def untagged_images(client: t.Any, repository: str) -> tuple[ImageIdentity, ...]:
    """Return the images on this host without a tag and without a name in another repository. Raise EngineError.

    The engine's own filter for dangling images leaves out those that were pulled by their digest.
    """
    found: list[ImageIdentity] = []
    with engine_errors(client):
        image_ids = [image["Id"] for image in client.images() if _is_untagged(image, repository)]
    for image_id in image_ids:
        with contextlib.suppress(NotFound):
            found.append(image_with_id(client, image_id))
    return tuple(found)


def _is_untagged(image: Document, repository: str) -> bool:
    # The containerd store lists names with a digest among the tags too.
    names = map(parse_if_possible, (*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())))
    return all(name.digest and name.repository == repository for name in names if name)


def inspect_image(client: t.Any, name: str) -> Document:
    """Inspect an image by name or ID, with the manifests of its index if it has one. Raise the SDK's errors."""
    image: Document = client.inspect_image(name)
    if (image.get("Descriptor") or {}).get("mediaType") not in INDEX_MEDIA_TYPES:
        return image
    # The SDK's inspect_image() has no option for this. By its ID, because the name may move between the two calls.
    url = client._url("/images/{0}/json", image["Id"])  # noqa: SLF001
    detailed = client._result(client._get(url, params={"manifests": 1}), json=True)  # noqa: SLF001
    return {**image, "Manifests": detailed.get("Manifests") or []}
