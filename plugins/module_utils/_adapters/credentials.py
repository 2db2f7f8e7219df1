# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials for a registry: from the options, or else from the Docker client configuration on the target."""

from __future__ import annotations

import shutil
import typing as t

from .._core.engine.errors import CredentialsUnavailable, InvalidInput
from .._core.engine.image_reference import ImageReference, parse_if_possible
from .sdk import docker_auth

AuthConfig = t.Mapping[str, str]
"""An AuthConfig of the Engine API. The case of its keys depends on where the client configuration has the credentials."""


class RegistryLogin:
    """The credentials from the options, for every registry or only for `registry`.

    Other registries get the credentials in the Docker client configuration on the target.
    """

    def __init__(self, username: str | None = None, password: str | None = None, registry: str | None = None) -> None:
        self._login = {"username": username, "password": password or ""} if username else None
        self._registry = registry

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> RegistryLogin:
        """Read the registry options, each of which may be missing in `options`. Raise InvalidInput."""
        registry = options.get("registry")
        return cls(options.get("registry_username"), options.get("registry_password"), _normalised(registry) if registry else None)

    def auth_config(self, reference: ImageReference) -> AuthConfig | None:
        """Return the credentials for the registry of `reference`, or None. Raise CredentialsUnavailable."""
        applies = self._registry in (None, reference.domain)
        return self._login if self._login and applies else _from_client_configuration(reference)


def _normalised(name: str) -> str:
    """Return the name of a registry as `ImageReference.domain` has it. Raise InvalidInput."""
    reference = parse_if_possible(f"{name}/image")
    if reference is None or reference.path not in ("image", "library/image"):
        raise InvalidInput(
            f"registry must be written as in image references, such as registry.example.com:5000 or docker.io, not '{name}'."
        )
    return reference.domain


def _from_client_configuration(reference: ImageReference) -> AuthConfig | None:
    config = docker_auth.load_config()
    try:
        found: AuthConfig | None = docker_auth.resolve_authconfig(config, reference.domain)
    except Exception as error:  # The output of a credential helper may contain secrets, so the message leaves it out.
        helper = f"docker-credential-{config.get_credential_store(reference.domain)}"
        state = f"failed ({type(error.__cause__ or error).__name__})" if shutil.which(helper) else "is not installed"
        raise CredentialsUnavailable(
            f"the credential helper {helper}, which the Docker client configuration on the target sets for {reference.domain}, {state}"
        ) from None
    return found
