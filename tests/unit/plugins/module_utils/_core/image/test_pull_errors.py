# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classify error texts of real engines.

The comments name the releases; c is the containerd image store. Texts marked with K are known from elsewhere and were not provoked.
"""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    CredentialsUnavailable,
    EngineError,
    Forbidden,
    NoAnswer,
    NotFound,
    PullErrorKind,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.pull_errors import classify, describe, rate_limit_hint, remedy_for

LIMIT = "Come back in 5 hours, or see https://www.docker.com/increase-rate-limit."
RESOLVE = 'failed to resolve reference "127.0.0.1:5871/shop:1": '
HEAD = 'failed to do request: Head "https://127.0.0.1:5871/v2/shop/manifests/1": '
STATUS = f"unknown: {RESOLVE}unexpected status from HEAD request to http://127.0.0.1:5871/v2/shop/manifests/1: "
DENIED = "pull access denied, repository does not exist"
COMMIT = 'failed commit on ref "layer-sha256:2d01": commit failed: '

ENGINE_ERRORS = {
    PullErrorKind.NOT_FOUND: [
        "manifest for 127.0.0.1:5871/shop:1 not found: manifest unknown: manifest unknown",  # 20.10, 26: pull
        "manifest unknown: manifest unknown",  # 20.10, 26, 28c: question
        f"{RESOLVE}127.0.0.1:5871/shop:1: not found",  # 28c
        "name unknown: repository name not known to registry",  # K
        "manifest for 127.0.0.1:5871/denied/unauthorized:timeout not found: manifest unknown",
    ],
    PullErrorKind.AUTHENTICATION: [
        'Head "http://127.0.0.1:5871/v2/shop/manifests/1": no basic auth credentials',  # 20.10, 26, 28c
        "unauthorized: authentication required",  # 20.10, 26, 28c
        "unauthorized",  # 20.10, 26
        "denied",  # 20.10, 26
        f"{RESOLVE}{DENIED} or may require authorization: authorization failed: no basic auth credentials",  # 28c
        f"{STATUS}401 Unauthorized",  # 28c
        f"{STATUS}403 Forbidden",  # 28c
        "pull access denied for shop, repository does not exist or may require 'docker login': denied: no access",  # K, 20.10
        'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password',  # K
        f"{RESOLVE}failed to authorize: failed to fetch oauth token: status from GET request to https://x/t: 401 Unauthorized",  # K, 28c
    ],
    PullErrorKind.RATE_LIMITED: [
        f"toomanyrequests: {LIMIT}",  # 20.10, 26: pull and question
        f"{STATUS}429 Too Many Requests",  # 28c: pull
        'error parsing HTTP 429 response body: no error details found in HTTP response body: "{}"',  # 20.10, 26
        f"failed to copy: unexpected status from GET request to https://x/v2/: 429 Too Many Requests\ntoomanyrequests: {LIMIT}",  # K, 28c
    ],
    PullErrorKind.UNREACHABLE: [
        'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused',  # 20.10, 26
        f"{RESOLVE}{HEAD}dial tcp 127.0.0.1:9: connect: connection refused",  # 28c
        'Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 192.0.2.53:53: no such host',  # 20.10, 26, 28c
        'Get "https://registry.example/v2/": dial tcp: lookup registry.example: Temporary failure in name resolution',  # K
        'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: no route to host',  # K
        'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: network is unreachable',  # K
        'Get "https://registry.example/v2/": read tcp 192.0.2.2:4711->192.0.2.1:443: read: connection reset by peer',  # K
        'Get "https://registry.example/v2/": proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused',  # K
        'Get "http://127.0.0.1:5871/v2/": EOF',  # K
        f"{RESOLVE}{HEAD}EOF",  # K, 28c
        "received unexpected HTTP status: 500 Internal Server Error",  # 20.10, 26
        "received unexpected HTTP status: 503 Service Unavailable",  # 20.10, 26
        f"{STATUS}500 Internal Server Error",  # 28c
        f"{STATUS}503 Service Unavailable",  # 28c
        f'{RESOLVE}failed to authorize: failed to fetch anonymous token: Get "https://x/token": dial tcp: lookup x: no such host',  # K, 28c
    ],
    PullErrorKind.TLS: [
        'Get "https://172.17.0.1:5443/v2/": x509: certificate signed by unknown authority',  # 20.10
        'Get "https://172.17.0.1:5443/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',  # 26
        f"{RESOLVE}{HEAD}tls: failed to verify certificate: x509: certificate signed by unknown authority",  # 28c
        'Get "https://192.0.2.1:5000/v2/": http: server gave HTTP response to HTTPS client',  # K
        'Get "https://registry.example/v2/": x509: certificate has expired or is not yet valid',  # K
        'Get "https://registry.example/v2/": remote error: tls: handshake failure',  # K
    ],
    PullErrorKind.NO_PLATFORM: [
        "no matching manifest for linux/amd64 in the manifest list entries",  # 20.10, 26
        "no matching manifest for linux/amd64 in the manifest list entries: no match for platform in manifest: not found",  # 28c
        "image with reference shop was found but its platform (linux/s390x) does not match the specified platform (linux/amd64)",  # K
        "image with reference shop was found but does not provide the specified platform (linux/amd64)",  # K, 28
        'image operating system "windows" cannot be used on this platform: operating system is not supported',  # K
    ],
    PullErrorKind.BROKEN_LAYER: [
        "filesystem layer verification failed for digest sha256:42d4",  # 20.10, 26
        "expected HTTP 206 from byte range request",  # 20.10
        "unexpected EOF",  # 26
        "unknown blob",  # 20.10
        f"{COMMIT}unexpected commit digest sha256:c599, expected sha256:98df: failed precondition",  # 28c
        'failed commit on ref "layer-sha256:2d01": "layer-sha256:2d01" failed size validation: 100 != 200: failed precondition',  # K, 28c
        "failed to copy: httpReadSeeker: failed open: content at https://x/v2/shop/blobs/sha256:2d01 not found: not found",  # K
        "failed to register layer: archive/tar: invalid tar header",  # K
    ],
    PullErrorKind.DISK_FULL: [
        "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",  # 20.10
        "failed to register layer: Error processing tar file(exit status 1): write /noise: no space left on device",  # 20.10
        "failed to extract layer sha256:42d4: mount callback failed on /var/lib/x: write /x: no space left on device: unknown",  # K, 28c
        "failed to copy: failed to send write: write /var/lib/containerd/ingest/x/data: no space left on device: unknown",  # K, 28c
        "failed to register layer: write /x: disk quota exceeded",  # K
    ],
    PullErrorKind.TIMEOUT: [
        'Get "https://192.0.2.1/v2/": dial tcp 192.0.2.1:443: i/o timeout',  # K
        'Get "http://127.0.0.1:5871/v2/": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',  # K
        'Get "https://192.0.2.1/v2/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',  # K
        'Get "https://192.0.2.1/v2/": net/http: TLS handshake timeout',  # K
        f"{RESOLVE}{HEAD}dial tcp 192.0.2.1:443: i/o timeout",  # K, 28c
    ],
    PullErrorKind.OTHER: ["the engine says no", "failed to create a file: permission denied"],
}


@pytest.mark.parametrize(("expected", "text"), [(expected, text) for expected, texts in ENGINE_ERRORS.items() for text in texts])
@pytest.mark.parametrize("error_class", [EngineError, NotFound])
def test_kind_depends_on_the_text(expected: PullErrorKind, text: str, error_class: type[EngineError]) -> None:
    """The status does not decide: 20.10 answers 404 if credentials are missing."""
    if error_class is NotFound and expected is PullErrorKind.OTHER:
        expected = PullErrorKind.NOT_FOUND
    assert classify(error_class(text)) is expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Forbidden("Request forbidden by administrative rules"), PullErrorKind.FORBIDDEN),
        (NoAnswer("no answer from the engine (Read timed out)"), PullErrorKind.TIMEOUT),
        (NoAnswer("no pull progress for 600 s (pull_timeout): the registry is not responding"), PullErrorKind.TIMEOUT),
        (NoAnswer("no answer from the engine (Connection aborted: reset by peer)"), PullErrorKind.ENGINE_LOST),
        (CredentialsUnavailable("the helper program failed"), PullErrorKind.AUTHENTICATION),
        (NotFound("it is not on this host, and the pull policy is 'never'"), PullErrorKind.NOT_FOUND),
    ],
)
def test_kind_depends_on_the_error_class(error: EngineError, kind: PullErrorKind) -> None:
    assert classify(error) is kind


@pytest.mark.parametrize("kind", list(PullErrorKind))
def test_each_kind_has_a_remedy(kind: PullErrorKind) -> None:
    assert remedy_for(kind).endswith(".")


def test_description_has_the_cause_and_the_text_of_the_engine() -> None:
    assert describe(EngineError("unauthorized: authentication required")) == (
        "the registry requires credentials, or rejected the given ones: unauthorized: authentication required"
    )


@pytest.mark.parametrize("text", [text for text in ENGINE_ERRORS[PullErrorKind.RATE_LIMITED] if "toomanyrequests" in text])
def test_hint_of_a_registry_that_limits_the_rate(text: str) -> None:
    assert rate_limit_hint(EngineError(text)) == LIMIT
    assert describe(EngineError(text)) == f"rate limited by the registry: {LIMIT.rstrip('.')}"


def test_no_hint_without_a_message_of_the_registry() -> None:
    assert rate_limit_hint(EngineError(f"{STATUS}429 Too Many Requests")) == ""
