# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an image could not be had, or a registry not be asked, by name.

The engine tells it by its words only, and each release, with each image store, has its own. Those of 20.10, 26 and 28 were provoked; those
of 29 are 28's with the containerd store.
"""

from __future__ import annotations

import re
import typing as t

from ..engine.errors import CredentialsUnavailable, EngineError, Forbidden, NoAnswer, NotFound, PullErrorKind


class _Words(t.NamedTuple):
    """A kind of problem for people: what is wrong, as a clause, and what to do, as a sentence."""

    wrong: str
    remedy: str


_WORDS = {
    PullErrorKind.NOT_FOUND: _Words("there is no such image", "Check the spelling of the reference, and that the image was published."),
    PullErrorKind.AUTHENTICATION: _Words(
        "the registry wants credentials, or other ones",
        "Set registry_username and registry_password, or log in with 'docker login' on the target as the user that the task runs as.",
    ),
    PullErrorKind.RATE_LIMITED: _Words("rate limited by the registry", "Try again later, or log in where that raises the limit."),
    PullErrorKind.UNREACHABLE: _Words(
        "the registry cannot be reached, or is out of order",
        "Check from the engine's host that the registry is up, and name resolution, proxy and firewall on the way to it.",
    ),
    PullErrorKind.TLS: _Words(
        "no trusted TLS connection to the registry",
        "Give the engine the registry's CA certificate (/etc/docker/certs.d/<registry>/ca.crt), or name the registry among its "
        "insecure-registries.",
    ),
    PullErrorKind.NO_PLATFORM: _Words(
        "there is no image for the platform of this host", "Publish one for it, or name an image that is made for it."
    ),
    PullErrorKind.BROKEN_LAYER: _Words(
        "a layer of the image is broken or was cut off", "Try again; if it stays like this, publish the image anew."
    ),
    PullErrorKind.DISK_FULL: _Words(
        "the disk of the engine's host is full", "Make room on it, for example with 'docker image prune', and try again."
    ),
    PullErrorKind.TIMEOUT: _Words("no answer came in time", "Check the registry, and the way to it, for what is slow, or wait longer."),
    PullErrorKind.FORBIDDEN: _Words(
        "what stands before the engine does not let this call through", "Let the proxy before the engine's socket allow it."
    ),
    PullErrorKind.ENGINE_LOST: _Words(
        "the connection to the engine broke", "Check that the engine runs, and the connection to it, and run this again."
    ),
    PullErrorKind.OTHER: _Words("the engine refused", "See the engine's log for more."),
}

# Ways to say it, as regular expressions. The first that fits counts, so what is the cause of others stands before them.
_SIGNS: tuple[tuple[PullErrorKind, tuple[str, ...]], ...] = (
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

# References, addresses and paths may hold any word. Only 'i/o' is one of the engine's own.
_NAMES = re.compile(r"(?<!\S)(?!i/o\b)\S*/\S*")
_SILENCE = re.compile(r"timed? ?out|said nothing", re.IGNORECASE)
_HINT = re.compile(r"toomanyrequests:\s*(.*)", re.DOTALL | re.IGNORECASE)


def classify(error: EngineError) -> PullErrorKind:
    """Tell the kind of problem from the error that a pull, or a question to the registry, ended in."""
    if isinstance(error, CredentialsUnavailable):
        return PullErrorKind.AUTHENTICATION
    if isinstance(error, Forbidden):
        return PullErrorKind.FORBIDDEN
    if isinstance(error, NoAnswer):
        return PullErrorKind.TIMEOUT if _SILENCE.search(str(error)) else PullErrorKind.ENGINE_LOST
    words = _NAMES.sub("", str(error)).strip().lower()
    for problem, signs in _SIGNS:
        if re.search("|".join(signs), words):
            return problem
    return PullErrorKind.NOT_FOUND if isinstance(error, NotFound) else PullErrorKind.OTHER


def remedy_for(problem: PullErrorKind) -> str:
    """One sentence that says what to do about it."""
    return _WORDS[problem].remedy


def describe(error: EngineError) -> str:
    """A clause: what is wrong, by its name, then in the engine's own words, or in those of a registry that limits the rate."""
    return f"{_WORDS[classify(error)].wrong}: {(rate_limit_hint(error) or str(error)).strip().rstrip('.')}"


def rate_limit_hint(error: EngineError) -> str:
    """What a registry that limits the rate says itself, for example when to come back. Empty when the engine does not pass it on."""
    found = _HINT.search(str(error)) if classify(error) is PullErrorKind.RATE_LIMITED else None
    return found.group(1) if found else ""
