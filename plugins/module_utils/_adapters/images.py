# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: what the registry has, what this host has, and the pull of one, hearing what the registry says while it streams."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.engine.errors import EngineError, NoAnswer
from .._core.engine.image_reference import ImageReference, digest_in
from .._core.engine.model import ImageIdentity, Published
from .credentials import AuthConfig, RegistryLogin, without_credentials
from .sdk import docker_auth, engine_errors

DEFAULT_PULL_TIMEOUT = 600.0

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


def pull_image(client: t.Any, reference: ImageReference, login: RegistryLogin, patience: float) -> ImageIdentity:
    """Bring what the registry has to this host, and look up what the reference means there now. Raises EngineError.

    `patience` in seconds is how long the engine may go without a word while it pulls.
    """
    _pull(client, reference, login, patience)
    return local_image(client, reference)


def ask_registry(client: t.Any, reference: ImageReference, login: RegistryLogin) -> Published:
    """Ask what the registry has under a reference, through the engine. Raises EngineError."""
    with _shown_to_registry(reference, login) as auth_config:
        answer = client.inspect_distribution(reference.normalised, auth_config=auth_config)
        descriptor = answer["Descriptor"]
        return Published(
            digest=descriptor["digest"],
            platforms=tuple(map(_platform, answer.get("Platforms") or ())),
            is_index=descriptor.get("mediaType") in _INDEXES,
        )


def _platform(platform: t.Mapping[str, str]) -> str:
    return "/".join(filter(None, (platform.get("os"), platform.get("architecture"), platform.get("variant"))))


@contextlib.contextmanager
def _shown_to_registry(reference: ImageReference, login: RegistryLogin) -> t.Iterator[AuthConfig | None]:
    """What to show to the registry; and whatever fails with it says nothing of it."""
    auth_config = login.auth_config(reference)
    try:
        with engine_errors():
            yield auth_config
    except EngineError as error:
        raise without_credentials(error, auth_config) from None


def _pull(client: t.Any, reference: ImageReference, login: RegistryLogin, patience: float) -> None:
    try:
        _pull_through(client, reference, login, patience)
    except NoAnswer as error:
        if "timed out" not in str(error):
            raise
        raise NoAnswer(f"while it pulled, the engine said nothing for {patience:g} s, so it hears nothing from the registry") from error


def _pull_through(client: t.Any, reference: ImageReference, login: RegistryLogin, patience: float) -> None:
    with _shown_to_registry(reference, login) as auth_config:
        response = _begin_pull(client, reference, auth_config, patience)
        with contextlib.closing(response):  # So that the engine gives up too, when we do.
            # An error in the middle comes as one more line of a stream that began with HTTP 200.
            for line in client._stream_helper(response, decode=True):  # noqa: SLF001
                error = (line.get("errorDetail") or {}).get("message") or line.get("error")
                if error:
                    raise EngineError(error)


def _begin_pull(client: t.Any, reference: ImageReference, auth_config: AuthConfig | None, patience: float) -> t.Any:
    # The SDK's own pull waits for ever for a registry that has gone silent, as the engine does.
    response = client._post(  # noqa: SLF001
        client._url("/images/create"),  # noqa: SLF001
        params={"fromImage": reference.repository, "tag": reference.version},
        headers={"X-Registry-Auth": docker_auth.encode_header(auth_config)} if auth_config else {},
        stream=True,
        timeout=patience,
    )
    client._raise_for_status(response)  # noqa: SLF001
    return response


def local_image(client: t.Any, reference: ImageReference) -> ImageIdentity:
    """Look up what the reference means on this host. Raises NotFound and other EngineErrors."""
    with engine_errors():
        image = client.inspect_image(reference.normalised)
    return ImageIdentity(
        reference=reference.as_written, id=image["Id"], digest=reference.digest or digest_in(image.get("RepoDigests"), reference)
    )
