# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classify the errors of a pull, or of a look-up in a registry.

The engine reports the reason only as text, which differs by release and by image store. The texts of 20.10, 26 and 28 were provoked on real
engines. Those of 29 are the same as those of 28 with the containerd image store.
"""

from __future__ import annotations

import re
import typing as t

from ..engine.errors import CredentialsUnavailable, EngineError, Forbidden, ImageUnreadable, NoAnswer, NotFound, PullErrorKind


class _Explanation(t.NamedTuple):
    """A kind of error for the operator: the cause as a clause, and the remedy as a sentence."""

    cause: str
    remedy: str


_EXPLANATIONS = {
    PullErrorKind.NOT_FOUND: _Explanation(
        "the image does not exist", "Check the spelling of the reference, and check that the image was published."
    ),
    PullErrorKind.AUTHENTICATION: _Explanation(
        "the registry requires credentials, or rejected the given ones",
        "Set registry_username and registry_password, or run 'docker login' on the target as the user that the task runs as.",
    ),
    PullErrorKind.RATE_LIMITED: _Explanation("rate limited by the registry", "Try again later, or log in if that raises the limit."),
    PullErrorKind.UNREACHABLE: _Explanation(
        "the registry is unreachable or out of order",
        "Check from the engine's host that the registry is up, and check name resolution, proxy and firewall.",
    ),
    PullErrorKind.TLS: _Explanation(
        "no trusted TLS connection to the registry",
        "Install the registry's CA certificate on the engine's host (/etc/docker/certs.d/<registry>/ca.crt), or add the registry to the "
        "engine's insecure-registries.",
    ),
    PullErrorKind.NO_PLATFORM: _Explanation(
        "there is no image for the platform of this host", "Publish the image for this platform, or choose one that supports it."
    ),
    PullErrorKind.BROKEN_LAYER: _Explanation(
        "a layer of the image is corrupt or incomplete",
        "Try again. If the error persists, remove the image from this host, or publish it again.",
    ),
    PullErrorKind.DISK_FULL: _Explanation(
        "the disk of the engine's host is full", "Free some space, for example with 'docker image prune', and try again."
    ),
    PullErrorKind.TIMEOUT: _Explanation(
        "there was no response in time", "Check whether the registry or the network is slow, or increase timeout and pull_timeout."
    ),
    PullErrorKind.FORBIDDEN: _Explanation(
        "something in front of the engine blocks this call", "Allow the call in the proxy in front of the engine's socket."
    ),
    PullErrorKind.ENGINE_LOST: _Explanation(
        "the connection to the engine was lost", "Check that the engine is running and reachable, and run the task again."
    ),
    PullErrorKind.OTHER: _Explanation("the engine refused", "See the engine's log for details."),
}

# Regular expressions for the texts of the engine. The first match counts, so a cause comes before its consequences.
_PATTERNS: tuple[tuple[PullErrorKind, tuple[str, ...]], ...] = (
    (PullErrorKind.RATE_LIMITED, ("toomanyrequests", "too many requests", r"\bhttp 429\b", "rate limit")),
    (PullErrorKind.DISK_FULL, ("no space left on device", "disk quota exceeded", "not enough space on the disk")),
    (
        PullErrorKind.NO_PLATFORM,
        (
            "no matching manifest for",
            "no match for platform in manifest",
            "does not (match|provide) the specified platform",
            "cannot be used on this platform",
        ),
    ),
    (
        PullErrorKind.TIMEOUT,
        ("i/o timeout", "timeout exceeded", "deadline exceeded", "handshake timeout", "timeout awaiting", "operation timed out"),
    ),
    (PullErrorKind.TLS, (r"\bx509:", r"\btls:", "http response to https client", "certificate")),
    (
        PullErrorKind.UNREACHABLE,
        (
            "connection refused",
            "connection reset",
            "broken pipe",
            "no such host",
            "no route to host",
            "host is down",
            "network is (unreachable|down)",
            "server misbehaving",
            "failure in name resolution",
            "proxyconnect",
            r"\bdial (tcp|udp)",
            r"\b(get|head)\s+(unexpected )?eof",
            r"unexpected http status: 5\d\d",
            r"\b5\d\d (internal server error|bad gateway|service unavailable|gateway timeout)",
            r"\bhttp 5\d\d response",
        ),
    ),
    (
        PullErrorKind.AUTHENTICATION,
        (
            "no basic auth credentials",
            "unauthorized",
            r"(?<!permission )\bdenied",
            "authentication required",
            "authorization failed",
            "failed to authorize",
            "incorrect username or password",
            "insufficient_scope",
            "docker login",
            r"\bhttp 40[13]\b",
            "403 forbidden",
        ),
    ),
    (
        PullErrorKind.BROKEN_LAYER,
        (
            "layer verification failed",
            "manifest verification failed",
            "image config verification failed",
            "don't match image configuration",
            "unexpected commit digest",
            "failed size validation",
            "unexpected eof",
            "expected http 206",
            "content-range",
            "unknown blob",
            "blob unknown",
            "invalid tar header",
            "gzip: invalid",
            "failed to (register|extract) layer",
            "failed to copy",
            "failed commit on ref",
        ),
    ),
    (PullErrorKind.NOT_FOUND, ("manifest unknown", "name unknown", "name not known to registry", "not found", "does not exist")),
)

# References, addresses and paths can contain any word, so they are ignored. Only 'i/o' belongs to the engine's own text.
_PATHS_AND_NAMES = re.compile(r"(?<!\S)(?!i/o\b)\S*/\S*")
_TIMED_OUT = re.compile(r"timed? ?out|no pull progress", re.IGNORECASE)
_RATE_LIMIT_MESSAGE = re.compile(r"toomanyrequests:\s*(.*)", re.DOTALL | re.IGNORECASE)


def classify(error: EngineError) -> PullErrorKind:
    """Return the kind of an error that ended a pull or a look-up in a registry."""
    if isinstance(error, CredentialsUnavailable):
        return PullErrorKind.AUTHENTICATION
    if isinstance(error, Forbidden):
        return PullErrorKind.FORBIDDEN
    if isinstance(error, ImageUnreadable):
        return PullErrorKind.BROKEN_LAYER
    if isinstance(error, NoAnswer):
        return PullErrorKind.TIMEOUT if _TIMED_OUT.search(error.said) else PullErrorKind.ENGINE_LOST
    text = _PATHS_AND_NAMES.sub("", error.said).strip().lower()
    for kind, patterns in _PATTERNS:
        if re.search("|".join(patterns), text):
            return kind
    return PullErrorKind.NOT_FOUND if isinstance(error, NotFound) else PullErrorKind.OTHER


def remedy_for(kind: PullErrorKind) -> str:
    """Return a sentence that says what to do."""
    return _EXPLANATIONS[kind].remedy


def describe(error: EngineError) -> str:
    """Return a clause with the cause, followed by the text of the engine, or of a registry that limits the rate."""
    return f"{_EXPLANATIONS[classify(error)].cause}: {(rate_limit_hint(error) or str(error)).strip().rstrip('.')}"


def rate_limit_hint(error: EngineError) -> str:
    """Return the registry's own message about its rate limit, for example when to try again. Empty if the error does not contain it."""
    found = _RATE_LIMIT_MESSAGE.search(str(error)) if classify(error) is PullErrorKind.RATE_LIMITED else None
    return found.group(1) if found else ""
