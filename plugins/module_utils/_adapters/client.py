# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create an SDK client from the connection options."""

from __future__ import annotations

import re
import typing as t

from .._core.engine.errors import EngineUnavailable, InvalidInput
from .._core.engine.timing import require_seconds
from .._core.masking import mask_credentials
from .reachability import why_unavailable
from .sdk import docker, docker_auth, require_sdk, sdk_version

OLDEST_API = "1.41"
NEWEST_API = "1.51"
"""Later versions no longer report whether a container's MAC address was configured or assigned."""
_API_VERSION = re.compile(r"auto|[0-9]+\.[0-9]+")
SDK_WITHOUT_TLS_HOSTNAME = (7, 0, 0)
Mask = t.Callable[[str], str]


def connect(options: t.Mapping[str, t.Any], mask: Mask = mask_credentials) -> t.Any:
    """Return a low-level SDK client for an engine that responds.

    `options` are the values of `CONNECTION`. `mask` masks what the SDK says. Raise InvalidInput or EngineUnavailable.
    """
    require_sdk()
    require_seconds("timeout", options["timeout"])
    if not _API_VERSION.fullmatch(options["api_version"]):
        raise InvalidInput(f"api_version must be 'auto' or a version such as 1.41, not '{options['api_version']}'.")
    if options["tls_hostname"] and sdk_version() >= SDK_WITHOUT_TLS_HOSTNAME:
        raise InvalidInput(
            f"tls_hostname (or DOCKER_TLS_HOSTNAME) is set, but the Docker SDK for Python on the target is {docker.__version__}, and 7.0.0 "
            "removed this setting. Unset it, or install an older SDK."
        )
    _require_client_configuration()
    url = _url_of(options)
    try:
        is_auto = options["api_version"] == "auto"
        client = _client(url, OLDEST_API if is_auto else options["api_version"], options)
        about = _require_version(client.version(api_version=False))
        if is_auto:
            client._version = _version_for(about)  # noqa: SLF001  With "auto", the SDK would make the same request.
    except Exception as error:  # The SDK lets errors of requests, ssh and ssl through.
        cause, remedy = why_unavailable(url, error)
        raise EngineUnavailable(
            f"Cannot connect to a Docker engine at {mask_credentials(url)}: {cause} ({mask(str(error))}). Nothing was changed. {remedy}"
        ) from None
    _refuse_podman(about, url)
    _refuse_old_versions(about, client.api_version, url)
    return client


def _require_version(about: t.Any) -> t.Mapping[str, t.Any]:
    if not isinstance(about, dict) or "ApiVersion" not in about:
        raise TypeError("the answer to GET /version has no ApiVersion")
    return about


def another_client(options: t.Mapping[str, t.Any], api_version: str, mask: Mask = mask_credentials) -> t.Any:
    """Return one more client for an engine that `connect` has checked. It sends no request. Raise EngineUnavailable."""
    url = _url_of(options)
    try:
        return _client(url, api_version, options)
    except Exception as error:  # The SDK lets errors of requests, ssh and ssl through.
        raise EngineUnavailable(
            f"Cannot connect to the Docker engine at {mask_credentials(url)} once more: {mask(str(error))}. "
            "Check that the engine is running."
        ) from None


def _url_of(options: t.Mapping[str, t.Any]) -> str:
    host: str = options["docker_host"]
    return f"unix://{host}" if host.startswith("/") else host


def _version_for(about: t.Mapping[str, t.Any]) -> str:
    """Return the API version to use with the engine that describes itself like this."""
    newest = str(about["ApiVersion"])
    oldest = about.get("MinAPIVersion") or NEWEST_API
    if docker.utils.version_lt(newest, NEWEST_API) or docker.utils.version_lt(NEWEST_API, oldest):
        return newest
    return NEWEST_API


def _refuse_podman(about: t.Mapping[str, t.Any], url: str) -> None:
    """Raise EngineUnavailable if Podman answers in Docker's place."""
    for component in about.get("Components") or ():
        if "podman" in str(component.get("Name")).lower():
            raise EngineUnavailable(
                f"The service at {mask_credentials(url)} is Podman {component.get('Version', '')}. This collection supports only Docker "
                "Engine, because rollbacks and health gates do not work with Podman. Nothing was changed. Use 'podman auto-update' there, "
                "or set docker_host to a Docker engine."
            )


def _refuse_old_versions(about: t.Mapping[str, t.Any], in_use: str, url: str) -> None:
    """Raise EngineUnavailable if the engine is too old, and InvalidInput if only the requested API version is."""
    if docker.utils.version_lt(about["ApiVersion"], OLDEST_API):
        raise EngineUnavailable(
            f"Engine {about['Version']} at {mask_credentials(url)} supports only API {about['ApiVersion']}; {OLDEST_API} or newer "
            "(Engine 20.10) is required. Nothing was changed. Upgrade the engine."
        )
    if docker.utils.version_lt(in_use, OLDEST_API):
        raise InvalidInput(f"api_version is {in_use}, but {OLDEST_API} or newer is required. Nothing was changed. Set api_version to auto.")


def _client(url: str, api_version: str, options: t.Mapping[str, t.Any]) -> t.Any:
    return docker.APIClient(
        base_url=url,
        version=api_version,
        timeout=options["timeout"],
        tls=_tls(options),
        use_ssh_client=options["use_ssh_client"],
    )


def _require_client_configuration() -> None:
    """Raise EngineUnavailable if the configuration file is broken.

    The SDK reads it whenever it creates a client, so a broken file would look like an engine that does not respond.
    """
    try:
        docker_auth.load_config()
    except Exception as error:  # Its text may contain a part of the file.
        raise EngineUnavailable(
            f"The Docker client configuration on the target cannot be read ({type(error).__name__}). Nothing was changed. "
            "Fix the file config.json in the directory ~/.docker of the user that the task runs as, or in the directory that DOCKER_CONFIG "
            "names."
        ) from None


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
