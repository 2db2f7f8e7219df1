# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mask secrets in what programs, engines and registries say.

Their texts may quote anything, above all environment values. This is why `Secrets` collects every value that a run sees. The adapters mask
a text of others where it enters: the text of an engine's error, a log, the output of a health check or a hook. Our own sentences, which
insert such texts, are not masked: a secret may be a common word. In the texts of others, names, IDs and image references are not masked:
without them, no text would make sense.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t

from .engine.model import Document
from .secret_values import MIN_LENGTH, MIN_LENGTH_OF_SECRET, forms_of_parts, is_secret_name

MASK = "********"
"""The mask that Ansible uses too."""

# Settings that are no secrets and have the same values in most containers.
_PLAIN = frozenset(("DEBIAN_FRONTEND", "HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TZ", "USER"))
_PLAIN_PREFIX = "LC_"
_CREDENTIALS_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
# Secrets that the text around them gives away: credentials in a URL, headers, and values with a telling name. The first group stays.
_SECRETS_IN_CONTEXT = (
    _CREDENTIALS_IN_URL,
    re.compile(r"(\b(?:proxy-)?authorization['\"]?[:=]\s*['\"]?(?:(?:basic|bearer|digest)\s+)?)[^\s,;'\"]+", re.IGNORECASE),
    re.compile(r"(\bx-registry-(?:auth|config)['\"]?[:=]\s*['\"]?)[^\s,;'\"]+", re.IGNORECASE),
    re.compile(r"(\b[\w-]{0,40}(?:password|passwd|secret|token|signature|credential)['\"]?=['\"]?)[^\s,;&'\"]+", re.IGNORECASE),
    re.compile(r"(\"[\w-]{0,40}(?:password|passwd|secret|token|signature|credential)\"\s*:\s*\")[^\"]+", re.IGNORECASE),
)

_LOGIN_SECRETS = ("password", "identitytoken", "registrytoken", "auth")
"""The secret fields of a login, in lower case."""


class Secrets:
    """The secrets of a run, and the names that are not masked."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        """All values, each with the length from which on its parts count as secrets."""
        self._expanded: dict[str, int] = {}
        self._forms: set[str] = set()
        """All secrets, in all the forms in which they may appear in a text. Only a text to mask needs them, and most runs have none."""
        self._names: set[str] = set()

    def learn_container(self, container: Document) -> None:
        """Learn the secrets and the names in the inspect document of a container."""
        config, host_config = container.get("Config") or {}, container.get("HostConfig") or {}
        self.learn_environment(config.get("Env"))
        self._learn_options((host_config.get("LogConfig") or {}).get("Config"))
        self.learn_names(
            container.get("Name", "").lstrip("/"),
            container.get("Id"),
            container.get("Image"),
            config.get("Image"),
            *(mount.get("Name") for mount in container.get("Mounts") or ()),
        )
        for name, endpoint in ((container.get("NetworkSettings") or {}).get("Networks") or {}).items():
            self.learn_names(name, endpoint.get("NetworkID"))

    def learn_image(self, image: Document) -> None:
        """Learn the secrets and the names in the inspect document of an image."""
        self.learn_environment((image.get("Config") or {}).get("Env"))
        self.learn_names(image.get("Id"), *(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ()))

    def learn_body(self, name: str, body: Document) -> None:
        """Learn the secrets and the names in a create body, and the `name` of the new container."""
        self.learn_environment(body.get("Env"))
        self._learn_options(((body.get("HostConfig") or {}).get("LogConfig") or {}).get("Config"))
        self.learn_names(name, body.get("Image"))

    def learn_environment(self, entries: t.Iterable[str] | None) -> None:
        """Learn the values of entries such as `NAME=value`."""
        for entry in entries or ():
            name, _equals, value = entry.partition("=")
            if name not in _PLAIN and not name.startswith(_PLAIN_PREFIX):
                self._learn(value, MIN_LENGTH_OF_SECRET if is_secret_name(name) else MIN_LENGTH)

    def learn_credential(self, value: str | None) -> None:
        """Learn a password, a token or the value of a header."""
        self._learn(value or "", MIN_LENGTH_OF_SECRET)

    def learn_login(self, login: t.Mapping[str, t.Any] | None) -> None:
        """Learn the credentials for a registry, with the keys of the Engine API or of the Docker client configuration."""
        fields = _login_fields(login)
        for field in _LOGIN_SECRETS:
            self.learn_credential(fields.get(field))
        if fields.get("password"):
            # The forms that HTTP headers have.
            basic = f"{fields.get('username', '')}:{fields['password']}"
            for text in (basic, json.dumps(dict(login or {}))):
                for encode in (base64.b64encode, base64.urlsafe_b64encode):
                    encoded = encode(text.encode()).decode()
                    self._forms.update((encoded, encoded.rstrip("=")))  # Not its parts, one of which is the username.

    def learn_names(self, *names: str | None) -> None:
        """Learn names and IDs, which are not masked. None and empty names are ignored."""
        self._names.update(name for name in names if name)
        self._names.update(name[:12] for name in names if name and re.fullmatch(r"[0-9a-f]{64}", name))

    def mask(self, text: str) -> str:
        """Mask all known secrets in a `text` of others, except where they are part of a name. Idempotent."""
        if not text:
            return text
        secrets = self._spans(self._all_forms(), text)
        if secrets:
            readable = self._spans(self._names, text)
            secrets = [span for span in secrets if not any(start <= span[0] and span[1] <= end for start, end in readable)]
        text = _mask_spans(text, secrets)
        for pattern in _SECRETS_IN_CONTEXT:
            text = pattern.sub(_mask_after_first_group, text)
        return text

    def mask_values(self, document: t.Any, ours: t.Collection[str] = ()) -> t.Any:
        """Return a document of others with all its texts masked. Its keys, and the texts in `ours`, stay."""
        if isinstance(document, str):
            return document if document in ours else self.mask(document)
        if isinstance(document, t.Mapping):
            return {key: self.mask_values(value, ours) for key, value in document.items()}
        if isinstance(document, (list, tuple)):
            return [self.mask_values(value, ours) for value in document]
        return document

    def _learn_options(self, options: t.Mapping[str, str] | None) -> None:
        """Learn those options of a log driver whose names suggest a secret."""
        for name, value in (options or {}).items():
            if is_secret_name(name):
                self._learn(value, MIN_LENGTH_OF_SECRET)

    def _learn(self, value: str, min_length: int) -> None:
        if len(value) >= min_length:
            self._values[value] = min(min_length, self._values.get(value, min_length))

    def _all_forms(self) -> set[str]:
        for value, min_length in tuple(self._values.items()):  # A copy, since another thread may be adding values.
            if self._expanded.get(value) != min_length:
                self._forms.update(forms_of_parts(value, min_length))
                self._expanded[value] = min_length
        return self._forms

    @staticmethod
    def _spans(words: t.Iterable[str], text: str) -> list[tuple[int, int]]:
        """Return the start and the end of each word in `text`. Spans may overlap."""
        spans = []
        for word in tuple(words):  # A copy, since another thread may be adding words.
            start = text.find(word)
            while start >= 0:
                spans.append((start, start + len(word)))
                start = text.find(word, start + 1)
        return spans


def _login_fields(login: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    return {field.lower(): value for field, value in (login or {}).items() if value and isinstance(value, str)}


def mask_credentials(text: str, login: t.Mapping[str, t.Any] | None = None) -> str:
    """Mask the credentials in URLs, and all secrets of `login`. Mask its username too, except where it is part of another name."""
    text = _CREDENTIALS_IN_URL.sub(_mask_after_first_group, text)
    fields = _login_fields(login)
    for secret in (fields[field] for field in _LOGIN_SECRETS if field in fields):
        text = text.replace(secret, MASK)
    if "username" in fields:
        text = re.sub(rf"(?<![\w./:@-]){re.escape(fields['username'])}(?![\w/@-]|[.:]\w)", MASK, text)
    return text


def _mask_spans(text: str, spans: t.Iterable[tuple[int, int]]) -> str:
    """Replace the spans by masks. Overlapping and adjacent spans share one mask."""
    parts: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start > position or not parts:
            parts += (text[position:start], MASK)
        position = max(position, end)
    return "".join((*parts, text[position:]))


def _mask_after_first_group(match: t.Match[str]) -> str:
    return f"{match.group(1)}{MASK}{'@' if match.group(0).endswith('@') else ''}"
