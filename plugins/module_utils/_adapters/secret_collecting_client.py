# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wrap an SDK client so that the secrets in all requests and answers are known, and texts of the engine can be masked."""

from __future__ import annotations

import typing as t

from .._core.masking import Secrets


class SecretCollectingClient:
    """A `docker.APIClient` that passes what it sees to `secrets`. Callers need not think of them."""

    def __init__(self, client: t.Any, secrets: Secrets) -> None:
        self._client = client
        self._secrets = secrets
        self._learn_configuration()

    def mask(self, text: str) -> str:
        """Mask all secrets seen so far in a text that comes from the engine, a registry or a program."""
        return self._secrets.mask(text)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._client, name)

    def inspect_container(self, container: str) -> t.Any:
        document = self._client.inspect_container(container)
        self._secrets.learn_container(document)
        return document

    def inspect_image(self, image: str) -> t.Any:
        self._secrets.learn_names(image)
        document = self._client.inspect_image(image)
        self._secrets.learn_image(document)
        return document

    def create_container_from_config(self, config: t.Any, name: str | None = None) -> t.Any:
        self._secrets.learn_body(name or "", config)
        return self._client.create_container_from_config(config, name)

    def rename(self, container: str, name: str) -> t.Any:
        self._secrets.learn_names(name)
        return self._client.rename(container, name)

    def inspect_distribution(self, image: str, **options: t.Any) -> t.Any:
        self._secrets.learn_names(image)
        self._secrets.learn_login(options.get("auth_config"))
        return self._client.inspect_distribution(image, **options)

    def _learn_configuration(self) -> None:
        """Learn the credentials and the HTTP headers in the Docker client configuration."""
        configuration: t.Any = getattr(self._client, "_auth_configs", None) or {}
        for login in (configuration.get("auths") or {}).values():
            self._secrets.learn_login(login)
        for header in ((getattr(self._client, "_general_configs", None) or {}).get("HttpHeaders") or {}).values():
            self._secrets.learn_credential(header)
