# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognise whether a container is still configured as it was, without storing its configuration.

A fingerprint is stored where everyone who can list the engine's volumes can read it, and a configuration contains passwords. So a
fingerprint has 16 bits only: if a password is guessed, they fit to one of 65,536 wrong guesses as well as to the right one, and each guess
needs the whole rest of the configuration and the time of `_ROUNDS`. A change goes unnoticed in one case of 65,536.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ..engine.model import EMPTY, Document, Inspected
from .create_body import SHORT_ID, ContainerSpec

_ROUNDS = 50_000
"""About 30 ms. A fingerprint is needed only if an image was rejected."""
_BYTES = 2

_FOLLOWS_THE_IMAGE = "com.docker.compose."
"""Compose writes what it derives from the configuration and the image into labels with this prefix."""
_MAY_BE_CHANGED_BY_A_RUN = ("RestartPolicy",)
_NETWORK_FIELDS = ("IPAMConfig", "Links", "DriverOpts", "Aliases")


def fingerprint_of(inspected: Inspected, salt: str) -> str:
    """Return the fingerprint of what the operator asked for: everything but the image and its defaults.

    It is the same for another container with the same configuration. `salt` is not secret, and must differ from record to record.
    """
    text = json.dumps(_configuration(inspected), sort_keys=True)
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), _ROUNDS, _BYTES).hex()


def _configuration(inspected: Inspected) -> Document:
    container = inspected.container
    config = dict(ContainerSpec.from_inspect(Inspected(container, inspected.image)).config)
    labels = {name: value for name, value in (config.get("Labels") or {}).items() if not name.startswith(_FOLLOWS_THE_IMAGE)}
    host_config = {name: value for name, value in container["HostConfig"].items() if name not in _MAY_BE_CHANGED_BY_A_RUN}
    return {
        "config": _stable({**config, "Image": None, "Labels": labels}),
        "host_config": _stable({name: _without_ids(value) for name, value in host_config.items()}),
        "networks": _networks(container),
    }


def _networks(container: Document) -> Document:
    networks = (container.get("NetworkSettings") or EMPTY).get("Networks") or {}
    own_alias = container["Id"][:SHORT_ID]
    return {
        name: _stable({field: _without(own_alias, (endpoint or {}).get(field)) for field in _NETWORK_FIELDS})
        for name, endpoint in networks.items()
    }


def _without(alias: str, value: t.Any) -> t.Any:
    return [element for element in value if element != alias] if isinstance(value, list) else value


def _without_ids(value: t.Any) -> t.Any:
    """Drop the ID of another container, as in `container:<ID>`. It changes whenever that container is updated."""
    return "container" if isinstance(value, str) and value.startswith("container:") else value


def _stable(fields: Document) -> Document:
    """Drop empty values, which engines report differently, and the order of lists, which engines change."""
    return {
        name: sorted(value, key=str) if isinstance(value, list) and name not in ("Cmd", "Entrypoint", "Env") else value
        for name, value in fields.items()
        if value not in (None, "", [], {}, False, 0)
    }
