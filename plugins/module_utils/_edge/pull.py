# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: what the registry has, what this host has, and the pull of one, hearing what the registry says while it streams."""

from __future__ import annotations

import contextlib
import typing as t

from .._core.errors import EngineError, NotFound
from .._core.image_reference import ImageReference, digest_in
from .._core.ports import ImageIdentity, Published, PullPolicy
from .registry_login import AuthConfig, RegistryLogin, without_credentials
from .sdk import engine_errors

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


def pull_image(client: t.Any, reference: ImageReference, policy: PullPolicy, login: RegistryLogin) -> ImageIdentity:
    """Have the image on the host as C(policy) says and look up what the reference means there now. Raises EngineError."""
    if policy is PullPolicy.ALWAYS:
        try:
            _pull(client, reference, login)
        except EngineError as error:
            raise _with_hint(client, reference, error) from error
        return local_image(client, reference)
    try:
        return local_image(client, reference)
    except NotFound:
        if policy is PullPolicy.NEVER:
            raise NotFound("it is not on this host, and the pull policy is 'never'") from None
    _pull(client, reference, login)
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
def _shown_to_registry(reference: ImageReference, login: RegistryLogin) -> t.Iterator[t.Optional[AuthConfig]]:
    """What to show to the registry; and whatever fails with it says nothing of it."""
    auth_config = login.auth_config(reference)
    try:
        with engine_errors():
            yield auth_config
    except EngineError as error:
        raise without_credentials(error, auth_config) from None


def _pull(client: t.Any, reference: ImageReference, login: RegistryLogin) -> None:
    with _shown_to_registry(reference, login) as auth_config:
        # An error in the middle comes as one more line of a stream that began with HTTP 200.
        for line in client.pull(reference.repository, tag=reference.version, stream=True, decode=True, auth_config=auth_config):
            error = (line.get("errorDetail") or {}).get("message") or line.get("error")
            if error:
                raise EngineError(error)


def _with_hint(client: t.Any, reference: ImageReference, error: EngineError) -> EngineError:
    try:
        local_image(client, reference)
    except EngineError:
        return error
    return type(error)(f"{error} (it is on this host already: pull=missing or pull=never would take that one)")


def local_image(client: t.Any, reference: ImageReference) -> ImageIdentity:
    """Look up what the reference means on this host. Raises NotFound and other EngineErrors."""
    with engine_errors():
        image = client.inspect_image(reference.normalised)
    return ImageIdentity(reference=reference.as_written, id=image["Id"], digest=digest_in(image.get("RepoDigests"), reference))
