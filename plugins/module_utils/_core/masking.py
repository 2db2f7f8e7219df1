# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret leaves with what a module returns.

What an engine, a registry, or a container says is free text and may cite anything, above all environment values. So every value that is
seen is remembered, and taken out of the free text of a report at the end. What identifies things (names, IDs, image references) stays,
since without it no message could be understood, and no command that brings a container back could be used.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import urllib.parse

from .engine.model import Document

MASK = "********"
"""Ansible's own."""

SHORTEST = 6
SHORTEST_SECRET = 3
"""Characters that a value has to have to be masked: any value, and one whose name sounds like a secret."""

_SOUNDS_SECRET = re.compile(r"pass|pwd|secret|token|key|auth|cred", re.IGNORECASE)
# How a container is set up, the same in nearly all of them.
_PLAIN = frozenset(("DEBIAN_FRONTEND", "HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TZ", "USER"))
_PLAIN_PREFIX = "LC_"
# AUTH_ENABLED=true is no secret.
_SWITCHES = frozenset(("true", "false", "yes", "off", "none", "null"))
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/@\s:]*:([^/@\s]+)@", re.IGNORECASE)
# The commands that a message ends with. A value that is just such a word tells nobody anything there.
_OUR_COMMANDS = re.compile(
    r"docker (?:rename|start|stop|rm(?: --force)?|volume rm|update --restart=(?:no|always|unless-stopped|on-failure(?::\d+)?))(?![\w-])"
)
# What is a secret wherever it stands: the credentials in a URL, headers, and what is named as one. The first group stays.
_SECRETS_BY_PLACE = (
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE),
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
"""Where in a report is free text. A star stands for every key, or every element."""


class Secrets:
    """What must not leave, and what may although it looks like it."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._names: set[str] = set()

    def learn_container(self, container: Document) -> None:
        """An inspect document of a container."""
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
        """An inspect document of an image."""
        self.learn_environment((image.get("Config") or {}).get("Env"))
        self.learn_names(image.get("Id"), *(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ()))

    def learn_body(self, name: str, body: Document) -> None:
        """A create body, and the name of the container that it makes."""
        self.learn_environment(body.get("Env"))
        self._learn_options(((body.get("HostConfig") or {}).get("LogConfig") or {}).get("Config"))
        self.learn_names(name, body.get("Image"))

    def learn_environment(self, entries: t.Iterable[str] | None) -> None:
        """Entries such as `NAME=value`."""
        for entry in entries or ():
            name, _equals, value = entry.partition("=")
            if name not in _PLAIN and not name.startswith(_PLAIN_PREFIX):
                self._learn(value, SHORTEST_SECRET if _SOUNDS_SECRET.search(name) else SHORTEST)

    def learn_credential(self, value: str | None) -> None:
        """A password, a token, the value of a header."""
        self._learn(value or "", SHORTEST_SECRET)

    def learn_login(self, login: t.Mapping[str, t.Any] | None) -> None:
        """What is shown to a registry, with the keys of the Engine API or of the client configuration."""
        fields = {field.lower(): value for field, value in (login or {}).items() if isinstance(value, str)}
        for field in ("password", "auth", "identitytoken", "registrytoken"):
            self.learn_credential(fields.get(field))
        if fields.get("password"):
            # As it stands in headers.
            basic = f"{fields.get('username', '')}:{fields['password']}"
            for text in (basic, json.dumps(dict(login or {}))):
                for encode in (base64.b64encode, base64.urlsafe_b64encode):
                    encoded = encode(text.encode()).decode()
                    self.learn_credential(encoded)
                    self.learn_credential(encoded.rstrip("="))

    def learn_names(self, *names: str | None) -> None:
        """What identifies a thing, None and nothing being no names."""
        self._names.update(name for name in names if name)
        self._names.update(name[:12] for name in names if name and re.fullmatch(r"[0-9a-f]{64}", name))

    def mask(self, text: str) -> str:
        """The text without what must not leave. What lies within the name of a thing stays. Masking twice is the same as once."""
        if not text:
            return text
        hidden = self._spans(self._forms, text)
        if hidden:
            kept = sorted({*self._spans(self._names, text), *(match.span() for match in _OUR_COMMANDS.finditer(text))})
            hidden = [span for span in hidden if not any(begin <= span[0] and span[1] <= end for begin, end in kept)]
        text = _without(text, hidden)
        for pattern in _SECRETS_BY_PLACE:
            text = pattern.sub(_masked_place, text)
        return text

    def _learn_options(self, options: t.Mapping[str, str] | None) -> None:
        """Those of a log driver. Only some are secrets."""
        for name, value in (options or {}).items():
            if _SOUNDS_SECRET.search(name):
                self._learn(value, SHORTEST_SECRET)

    def _learn(self, value: str, shortest: int) -> None:
        # A value of many lines is printed line by line.
        for part in {value, value.strip(), *(line.strip() for line in value.splitlines()), *_PASSWORD_IN_URL.findall(value)}:
            if len(part) >= shortest and part.strip("*") and part.lower() not in _SWITCHES:
                self._forms.update(_forms(part))

    @staticmethod
    def _spans(words: t.Iterable[str], text: str) -> list[tuple[int, int]]:
        """Where they stand, overlapping ones too."""
        spans = []
        for word in tuple(words):  # Somebody may still be learning in another thread.
            begin = text.find(word)
            while begin >= 0:
                spans.append((begin, begin + len(word)))
                begin = text.find(word, begin + 1)
        return spans


def _forms(value: str) -> set[str]:
    """The value, and how it looks in JSON, in Python, in a URL, and in base64."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    by_go = {form.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for form in in_json}
    in_url = {urllib.parse.quote(value, safe=""), urllib.parse.quote(value), urllib.parse.quote_plus(value)}
    # Of a short one it would be found where it is not.
    raw = value.encode("utf-8", "surrogateescape") if len(value) >= SHORTEST else b""
    in_base64 = {encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode) if raw}
    return {value, *in_json, *by_go, *in_url, *in_base64}


def _without(text: str, spans: t.Iterable[tuple[int, int]]) -> str:
    """One mask for each stretch that the spans cover."""
    parts: list[str] = []
    at = 0
    for begin, end in sorted(spans):
        if begin > at or not parts:
            parts += (text[at:begin], MASK)
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _masked_place(match: t.Match[str]) -> str:
    return f"{match.group(1)}{MASK}{'@' if match.group(0).endswith('@') else ''}"


def masked(
    report: t.Mapping[str, t.Any], mask: t.Callable[[str], str], free_text: t.Iterable[tuple[str, ...]] = FREE_TEXT
) -> dict[str, t.Any]:
    """The report with its free text masked. States, numbers, and what identifies things stay as they are."""
    result: t.Any = dict(report)
    for path in free_text:
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
