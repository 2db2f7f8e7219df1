# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: argument spec, and the client made of them."""

from __future__ import annotations

import re
import typing as t

from .._core.engine.errors import EngineUnavailable, InvalidInput
from .._core.engine.timing import LONGEST
from .sdk import docker, docker_auth, require_sdk, sdk_version

OLDEST_API = "1.41"
NEWEST_API = "1.51"
"""Later versions do not tell any more which MAC address a container was asked to have."""
_API_VERSION = re.compile(r"auto|[0-9]+\.[0-9]+")
SDK_WITHOUT_TLS_HOSTNAME = (7, 0, 0)


def connect(options: t.Mapping[str, t.Any]) -> t.Any:
    """A low-level SDK client for an engine that answers.

    `options` are the values of `CONNECTION_OPTIONS`.
    Raises InvalidInput or EngineUnavailable.
    """
    require_sdk()
    if not 0 < options["timeout"] <= LONGEST:
        raise InvalidInput(f"timeout must be a number of seconds from 1 to {LONGEST}, not {options['timeout']}.")
    if not _API_VERSION.fullmatch(options["api_version"]):
        raise InvalidInput(f"api_version must be auto or a version such as 1.41, not '{options['api_version']}'.")
    if options["tls_hostname"] and sdk_version() >= SDK_WITHOUT_TLS_HOSTNAME:
        raise InvalidInput("tls_hostname (or DOCKER_TLS_HOSTNAME) is set, which the Docker SDK for Python no longer knows from 7.0.0 on.")
    _require_client_configuration()
    host = options["docker_host"]
    url = f"unix://{host}" if host.startswith("/") else host
    try:
        client = _client(url, options["api_version"], options)
        if options["api_version"] == "auto" and docker.utils.version_lt(NEWEST_API, client.api_version):
            oldest = client.version().get("MinAPIVersion") or NEWEST_API
            client = client if docker.utils.version_lt(NEWEST_API, oldest) else _client(url, NEWEST_API, options)
    except Exception as error:  # The SDK lets many kinds out: its own, those of requests, of ssh, of ssl.
        raise EngineUnavailable(
            _without_credentials(
                f"There is no Docker engine to talk to at {url}: {error}. Nothing was touched. "
                "Check that the engine runs there, and that this user may use it."
            )
        ) from None
    if docker.utils.version_lt(client.api_version, OLDEST_API):
        raise EngineUnavailable(
            f"The engine at {_without_credentials(url)} speaks API {client.api_version}; {OLDEST_API} or newer is needed."
        )
    return client


def _client(url: str, api_version: str, options: t.Mapping[str, t.Any]) -> t.Any:
    return docker.APIClient(
        base_url=url,
        version=api_version,
        timeout=options["timeout"],
        tls=_tls(options),
        use_ssh_client=options["use_ssh_client"],
    )


def _require_client_configuration() -> None:
    """The SDK reads it whenever it makes a client, and what is wrong with it would look like an engine that is not there."""
    try:
        docker_auth.load_config()
    except Exception as error:  # Its text may have a part of the file.
        raise EngineUnavailable(
            f"The configuration of the Docker client on the target cannot be read ({type(error).__name__}), and nothing was touched. "
            "Look at config.json in the folder ~/.docker of the user that the task runs as, or in the one that DOCKER_CONFIG names."
        ) from None


def _without_credentials(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//", text)


def _tls(options: t.Mapping[str, t.Any]) -> t.Any:
    if not (options["tls"] or options["validate_certs"]):
        return False
    extra = {"assert_hostname": options["tls_hostname"]} if options["tls_hostname"] else {}
    certificate = (options["client_cert"], options["client_key"]) if options["client_cert"] else None
    return docker.tls.TLSConfig(
        client_cert=certificate,
        ca_cert=options["ca_path"],
        verify=options["validate_certs"],
        **extra,
    )
