# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mask secrets in everything that a module returns.

Messages of engines, registries and containers are free text that may quote anything, above all environment values. This is why `Secrets`
collects every value that a run sees and masks it in the free text of the report. Names, IDs and image references are not masked:
without them, no message would make sense and no command that restores a container would work.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.parse

from .engine.model import Document

MASK = "********"
"""The mask that Ansible uses too."""

MIN_LENGTH = 6
"""A value with fewer characters is not masked."""
MIN_LENGTH_OF_SECRET = 3
"""The same, for a value whose name suggests a secret."""

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|auth|cred", re.IGNORECASE)
# Settings that are no secrets and have the same values in most containers.
_PLAIN = frozenset(("DEBIAN_FRONTEND", "HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TZ", "USER"))
_PLAIN_PREFIX = "LC_"
# Values of switches, such as AUTH_ENABLED=true.
_SWITCH_VALUES = frozenset(("true", "false", "yes", "off", "none", "null"))
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/@\s:]*:([^/@\s]+)@", re.IGNORECASE)
# Commands in our messages. They stay readable, even if an environment value happens to be `docker` or `start`.
_OUR_COMMANDS = re.compile(
    r"docker (?:rename|start|stop|rm(?: --force)?|volume rm|update --restart=(?:no|always|unless-stopped|on-failure(?::\d+)?))(?![\w-])"
)
_CREDENTIALS_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
# Secrets that the text around them gives away: credentials in a URL, headers, and values with a telling name. The first group stays.
_SECRETS_IN_CONTEXT = (
    _CREDENTIALS_IN_URL,
    re.compile(r"(\b(?:proxy-)?authorization['\"]?[:=]\s*['\"]?(?:(?:basic|bearer|digest)\s+)?)[^\s,;'\"]+", re.IGNORECASE),
    re.compile(r"(\bx-registry-(?:auth|config)['\"]?[:=]\s*['\"]?)[^\s,;'\"]+", re.IGNORECASE),
    re.compile(r"(\b[\w-]{0,40}(?:password|passwd|secret|token|signature|credential)['\"]?=['\"]?)[^\s,;&'\"]+", re.IGNORECASE),
    re.compile(r"(\"[\w-]{0,40}(?:password|passwd|secret|token|signature|credential)\"\s*:\s*\")[^\"]+", re.IGNORECASE),
)

FREE_TEXT: tuple[tuple[str, ...], ...] = (
    ("msg",),
    ("exception",),
    ("warnings",),
    ("diff",),
    ("doubt",),
    ("rollback", "failure", "error"),
    ("rollback", "failure", "logs"),
    ("rollback", "failure", "health_log", "*", "output"),
    ("hooks", "*", "output"),
    ("dependents", "*", "problem"),
    ("rejected", "reason"),
    ("containers", "*", "reason"),
    ("containers", "*", "obstacle"),
)
"""The paths of all free text in a report. A star stands for every key or element."""

_LOGIN_SECRETS = ("password", "identitytoken", "registrytoken", "auth")
"""The secret fields of a login, in lower case."""


class Secrets:
    """The secrets of a run, and the names that are not masked."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        """All secrets, in all the forms in which they may appear in a text."""
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
                self._learn(value, MIN_LENGTH_OF_SECRET if _SECRET_NAME.search(name) else MIN_LENGTH)

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
                    self.learn_credential(encoded)
                    self.learn_credential(encoded.rstrip("="))

    def learn_names(self, *names: str | None) -> None:
        """Learn names and IDs, which are not masked. None and empty names are ignored."""
        self._names.update(name for name in names if name)
        self._names.update(name[:12] for name in names if name and re.fullmatch(r"[0-9a-f]{64}", name))

    def mask(self, text: str) -> str:
        """Mask all known secrets in `text`, except where they are part of a name. Idempotent."""
        if not text:
            return text
        secrets = self._spans(self._secrets, text)
        if secrets:
            readable = {*self._spans(self._names, text), *(match.span() for match in _OUR_COMMANDS.finditer(text))}
            secrets = [span for span in secrets if not any(start <= span[0] and span[1] <= end for start, end in readable)]
        text = _mask_spans(text, secrets)
        for pattern in _SECRETS_IN_CONTEXT:
            text = pattern.sub(_mask_after_first_group, text)
        return text

    def _learn_options(self, options: t.Mapping[str, str] | None) -> None:
        """Learn those options of a log driver whose names suggest a secret."""
        for name, value in (options or {}).items():
            if _SECRET_NAME.search(name):
                self._learn(value, MIN_LENGTH_OF_SECRET)

    def _learn(self, value: str, min_length: int) -> None:
        # A program may print only some lines of a multi-line value.
        for part in {value, value.strip(), *(line.strip() for line in value.splitlines()), *_PASSWORD_IN_URL.findall(value)}:
            if len(part) >= min_length and part.strip("*") and part.lower() not in _SWITCH_VALUES:
                self._secrets.update(_forms_of(part))

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


def _forms_of(value: str) -> set[str]:
    """Return the value as it is, and as it looks in JSON, in Python, in a URL and in base64."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    in_json_of_go = {form.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for form in in_json}
    in_url = {urllib.parse.quote(value, safe=""), urllib.parse.quote(value), urllib.parse.quote_plus(value)}
    # The base64 form of a short value would match in unrelated text.
    raw = value.encode("utf-8", "surrogateescape") if len(value) >= MIN_LENGTH else b""
    in_base64 = {encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode) if raw}
    return {value, *in_json, *in_json_of_go, *in_url, *in_base64}


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


def masked(report: t.Mapping[str, t.Any], mask: t.Callable[[str], str]) -> dict[str, t.Any]:
    """Return the report with its free text masked. States, numbers, names, IDs and image references stay as they are."""
    result: t.Any = dict(report)
    for path in FREE_TEXT:
        result = _masked_at(result, path, mask)
    return t.cast(t.Dict[str, t.Any], result)


def _masked_at(value: t.Any, path: tuple[str, ...], mask: t.Callable[[str], str]) -> t.Any:
    if not path:
        return _masked_everywhere(value, mask)
    key, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {name: _masked_at(inner, rest, mask) if key in ("*", name) else inner for name, inner in value.items()}
    if isinstance(value, list) and key == "*":
        return [_masked_at(inner, rest, mask) for inner in value]
    return value


def _masked_everywhere(value: t.Any, mask: t.Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked_everywhere(inner, mask) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked_everywhere(inner, mask) for inner in value]
    return value
