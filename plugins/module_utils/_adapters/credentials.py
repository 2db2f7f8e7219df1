# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who we are to a registry: as the options say, or else as the client configuration on the target does."""

from __future__ import annotations

import re
import shutil
import typing as t

from .._core.engine.errors import CredentialsUnavailable, EngineError, InvalidInput
from .._core.engine.image_reference import ImageReference, parse_if_possible
from .sdk import docker_auth

MASK = "********"

AuthConfig = t.Mapping[str, str]
"""As the Engine API wants it, with the keys that the client configuration happens to use."""

_SECRET = ("password", "identitytoken", "registrytoken", "auth")


class RegistryLogin:
    """Credentials for every registry, or only for the one that is named, or for none.

    For the others there are those of the client configuration on the target.
    """

    def __init__(self, username: str | None = None, password: str | None = None, registry: str | None = None) -> None:
        self._own = {"username": username, "password": password or ""} if username else None
        self._registry = registry

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> RegistryLogin:
        """`options` may have the values of the registry options. Raises InvalidInput."""
        registry = options.get("registry")
        return cls(options.get("registry_username"), options.get("registry_password"), _registry_called(registry) if registry else None)

    def auth_config(self, reference: ImageReference) -> AuthConfig | None:
        """What to show to the registry of a reference, None where there is nothing to show. Raises CredentialsUnavailable."""
        theirs = self._registry in (None, reference.domain)
        return self._own if self._own and theirs else _configured(reference)


def _registry_called(name: str) -> str:
    """A registry as `ImageReference.domain` has it. Raises InvalidInput."""
    reference = parse_if_possible(f"{name}/image")
    if reference is None or reference.path not in ("image", "library/image"):
        raise InvalidInput(f"registry must be as in image references, such as registry.example.com:5000 or docker.io, not '{name}'.")
    return reference.domain


def _configured(reference: ImageReference) -> AuthConfig | None:
    config = docker_auth.load_config()
    try:
        found: AuthConfig | None = docker_auth.resolve_authconfig(config, reference.domain)
    except Exception as error:  # What a helper program prints may be anything, secrets included. Nothing of it is passed on.
        helper = f"docker-credential-{config.get_credential_store(reference.domain)}"
        state = f"failed ({type(error.__cause__ or error).__name__})" if shutil.which(helper) else "is not installed there"
        raise CredentialsUnavailable(
            f"the helper program {helper}, which the client configuration on the target names for {reference.domain}, {state}"
        ) from None
    return found


def without_credentials(error: EngineError, auth_config: AuthConfig | None) -> EngineError:
    """The same error, with a mask over the credentials that were shown, wherever it has them."""
    shown = {key.lower(): value for key, value in (auth_config or {}).items() if value and isinstance(value, str)}
    text = str(error)
    for secret in filter(None, (shown.get(key) for key in _SECRET)):
        text = text.replace(secret, MASK)
    if "username" in shown:
        # Not where it is a part of something else, such as the image reference.
        text = re.sub(rf"(?<![\w./:@-]){re.escape(shown['username'])}(?![\w/@-]|[.:]\w)", MASK, text)
    return type(error)(text)
