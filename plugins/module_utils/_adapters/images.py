# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look up images in a registry and on the host, and pull them with all errors that the pull stream reports."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.engine.errors import EngineError, NoAnswer
from .._core.engine.image_reference import ImageReference, digest_in
from .._core.engine.model import ImageIdentity, Published
from .._core.masking import mask_credentials
from .credentials import AuthConfig, RegistryLogin
from .sdk import docker_auth, engine_errors

DEFAULT_PULL_TIMEOUT = 600.0

_INDEX_MEDIA_TYPES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


def pull_image(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> ImageIdentity:
    """Pull an image and return what `reference` resolves to on this host afterwards. Raise EngineError.

    The pull fails if it makes no progress for `pull_timeout` seconds.
    """
    _pull(client, reference, login, pull_timeout)
    return local_image(client, reference)


def ask_registry(client: t.Any, reference: ImageReference, login: RegistryLogin) -> Published:
    """Let the engine look up a reference in its registry. Raise EngineError."""
    with _registry_auth(reference, login) as auth_config:
        answer = client.inspect_distribution(reference.normalised, auth_config=auth_config)
        descriptor = answer["Descriptor"]
        return Published(
            digest=descriptor["digest"],
            platforms=tuple(map(_platform, answer.get("Platforms") or ())),
            is_index=descriptor.get("mediaType") in _INDEX_MEDIA_TYPES,
        )


def _platform(platform: t.Mapping[str, str]) -> str:
    return "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))


@contextlib.contextmanager
def _registry_auth(reference: ImageReference, login: RegistryLogin) -> t.Iterator[AuthConfig | None]:
    """Provide the credentials for the registry, and mask them in every EngineError."""
    auth_config = login.auth_config(reference)
    try:
        with engine_errors():
            yield auth_config
    except EngineError as error:
        raise type(error)(mask_credentials(str(error), auth_config)) from None


def _pull(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> None:
    try:
        _stream_pull(client, reference, login, pull_timeout)
    except NoAnswer as error:
        if "timed out" not in str(error):
            raise
        raise NoAnswer(f"no pull progress for {pull_timeout:g} s (pull_timeout): the registry is not responding") from error


def _stream_pull(client: t.Any, reference: ImageReference, login: RegistryLogin, pull_timeout: float) -> None:
    with _registry_auth(reference, login) as auth_config:
        response = _start_pull(client, reference, auth_config, pull_timeout)
        with contextlib.closing(response):  # The engine cancels a pull whose connection is closed.
            # The response starts with HTTP 200. A later error is a line in the stream.
            for line in client._stream_helper(response, decode=True):  # noqa: SLF001
                error = (line.get("errorDetail") or {}).get("message") or line.get("error")
                if error:
                    raise EngineError(error)


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
    """Return the image that `reference` resolves to on this host. Raise NotFound and other EngineErrors."""
    with engine_errors():
        image = client.inspect_image(reference.normalised)
    return ImageIdentity(
        reference=reference.as_written, id=image["Id"], digest=reference.digest or digest_in(image.get("RepoDigests"), reference)
    )
