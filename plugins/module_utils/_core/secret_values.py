# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which texts give a secret away: a value, its parts, and the forms in which programs print them."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
import urllib.parse

MIN_LENGTH = 6
"""A value with fewer characters is not secret: it would be found inside ordinary words and numbers, and logs would become unreadable."""
MIN_LENGTH_OF_SECRET = 3
"""The same, for a value whose name or position says that it is a secret. Below that, a mask would hit almost every line."""
MIN_LENGTH_OF_TOKEN = 16
"""The same, for what is rarely a secret: a user name or a path segment in a URL. Tokens in such places are longer than words."""
_SHORT_WORD = re.compile(r"[a-z]{1,7}")
"""A part of a value that only looks like this is a setting, such as `require` in `sslmode=require`, unless its name says otherwise."""

_DEEPEST = 4
"""How many structures may be nested in each other: a DSN in a list in JSON in base64."""

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|auth|cred|signature", re.IGNORECASE)
# Values of switches, such as AUTH_ENABLED=true.
_SWITCH_VALUES = frozenset(("true", "false", "yes", "off", "none", "null"))
# A URL ends before the next URL of a list. The hosts of a URL may be a list too.
_URL = re.compile(r"[a-z][a-z0-9+.-]*://((?:(?![,;|]\s*[a-z][a-z0-9+.-]*://)[^\s\"'<>])+)", re.IGNORECASE)
_NAMED_VALUE = re.compile(r"([\w.-]+)[\"']?\s*[=:]\s*(\"[^\"]*\"|'[^']*'|[^\s,;&|\"']+)")
_SEPARATORS = re.compile(r"[\s,;&|]+")
_LIST = re.compile(r"[,;&|]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_QUOTES_AND_BRACKETS = "\"'`()[]{}<>"


def is_secret_name(name: str) -> bool:
    """Whether a variable, an option or a key with this name usually has a secret as its value."""
    return bool(_SECRET_NAME.search(name))


def forms_of_parts(value: str, min_length: int) -> set[str]:
    """Return all texts that give away `value` or a part of it that is long enough, in all their forms."""
    return {form for part in parts_of(value, min_length) for form in _forms_of(part)}


def parts_of(value: str, min_length: int) -> set[str]:
    """Return the value and its secret parts, also decoded: lines, items of lists, values in JSON, passwords and parameters in URLs."""
    whole = {text for text in (value, value.strip(), *map(str.strip, value.splitlines())) if _is_long_enough(text, min_length)}
    return whole | {text for text, minimum in _parts(value, min_length, _DEEPEST) if _is_part(text, minimum)}


def _is_long_enough(text: str, minimum: int) -> bool:
    return len(text) >= minimum and bool(text.strip("*")) and text.lower() not in _SWITCH_VALUES


def _is_part(text: str, minimum: int) -> bool:
    return _is_long_enough(text, minimum) and (minimum < MIN_LENGTH or not _SHORT_WORD.fullmatch(text))


_Part = t.Tuple[str, int]
"""A text, and how long it must be to count as a secret."""


def _parts(value: str, minimum: int, depth: int) -> t.Iterator[_Part]:
    for part in _structure(value, minimum):
        yield part
        if depth and part[0] != value:
            yield from _parts(*part, depth - 1)


def _structure(value: str, minimum: int) -> t.Iterator[_Part]:
    for decoded in {urllib.parse.unquote(value), urllib.parse.unquote_plus(value), _from_base64(value)} - {value, ""}:
        yield decoded, minimum
    document = _from_json(value)
    if document is not None:
        yield from _leaves(document, minimum)
        return
    urls = list(_URL.finditer(value))
    for url in urls:
        yield from _parts_of_url(url.group(1), minimum)
    yield from _items(_URL.sub(" ", value) if urls else value, minimum)


def _leaves(document: t.Any, minimum: int) -> t.Iterator[_Part]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _leaves(value, _minimum_for(key, minimum))
    elif isinstance(document, list):
        for value in document:
            yield from _leaves(value, minimum)
    elif isinstance(document, str) or (isinstance(document, (int, float)) and not isinstance(document, bool)):
        yield str(document), minimum


def _parts_of_url(rest: str, minimum: int) -> t.Iterator[_Part]:
    """Yield the parts of a URL without its scheme. Its host, its port and a short path are no secrets."""
    authority, *path = re.split(r"[/?#;]", rest, maxsplit=1)
    # Programs accept passwords with an @ or a slash in them, although a URL may not have them.
    for user_info in dict.fromkeys((authority.rpartition("@")[0], rest.rpartition("@")[0])):
        user, _colon, password = user_info.partition(":")
        yield user, MIN_LENGTH_OF_TOKEN
        if password:
            yield password, MIN_LENGTH_OF_SECRET
            yield user_info, MIN_LENGTH
    for text in re.split(r"[?&;#]", "".join(path)):
        name, equals, parameter = text.partition("=")
        if equals:
            yield parameter, _minimum_for(name, minimum)
        else:
            yield from ((segment, MIN_LENGTH_OF_TOKEN) for segment in text.split("/"))


def _items(value: str, minimum: int) -> t.Iterator[_Part]:
    """Yield the items of a list, the values of `name=value`, `name: value` and `--name value`, and passwords in `user:password@host`."""
    for name, text in _NAMED_VALUE.findall(value):
        yield text.strip(_QUOTES_AND_BRACKETS), _minimum_for(name, minimum)
    if not _LIST.search(value) and " " in value:
        minimum = max(minimum, MIN_LENGTH)  # The words of a pass phrase.
    name_before = ""
    for item in (item.strip(_QUOTES_AND_BRACKETS) for item in _SEPARATORS.split(value)):
        if item.startswith("-") or item.endswith((":", "=")):
            name_before = item
            continue
        if "=" not in item:
            yield item, _minimum_for(name_before, minimum)
        user_info = item.rpartition("@")[0]
        user, colon, password = user_info.partition(":")
        if user and colon:
            yield password, MIN_LENGTH_OF_SECRET
        elif minimum < MIN_LENGTH:
            yield user_info, MIN_LENGTH  # The end of a password with a space in a URL.
        name_before = ""


def _minimum_for(name: str, minimum: int) -> int:
    return MIN_LENGTH_OF_SECRET if is_secret_name(name) else minimum


def _from_json(value: str) -> t.Any:
    if value.strip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _from_base64(value: str) -> str:
    """Decode the value if it is a printable text in base64. Otherwise, return an empty string."""
    text = value.strip()
    if not _BASE64.fullmatch(text):
        return ""
    try:
        # Programs drop the padding, and both alphabets are common. Surplus padding is ignored.
        decoded = base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "==").decode()
    except ValueError:
        return ""
    return decoded if decoded.isprintable() else ""


def _forms_of(value: str) -> set[str]:
    """Return the value as it is, and as it looks in JSON, in Python, in a URL, in HTML and in base64."""
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    in_json_of_go = {form.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e") for form in in_json}
    # What Python, Go and browsers leave unescaped.
    in_url = {urllib.parse.quote(value, safe=safe) for safe in ("", "/", "$&+,;=", "$&+,/:;=@", "!'()*", ";,/?:@&=+$!*'()#")}
    in_url.add(urllib.parse.quote_plus(value))
    in_url |= {re.sub("%[0-9A-F]{2}", lambda code: code.group().lower(), form) for form in in_url}
    # The base64 form of a short value would match in unrelated text.
    raw = value.encode("utf-8", "surrogateescape") if len(value) >= MIN_LENGTH else b""
    in_base64 = {encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode) if raw}
    return {value, html.escape(value), *in_json, *in_json_of_go, *in_url, *in_base64}
