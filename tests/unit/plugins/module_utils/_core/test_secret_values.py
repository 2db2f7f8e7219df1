# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""F-H18: which parts of a value are secrets, and in which forms they are found in a text."""

from __future__ import annotations

import base64
import json
import string
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK, Secrets
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.secret_values import MIN_LENGTH, parts_of

IN_BASE64 = base64.b64encode(b"shop:hunter2!").decode()


def mask_with(entry: str, text: str) -> str:
    secrets = Secrets()
    secrets.learn_environment([entry])
    return secrets.mask(text)


@pytest.mark.behaviour("F-H18")
@pytest.mark.parametrize(
    ("entry", "printed"),
    [
        # URLs and DSNs
        ("DSN=postgres://user:pa%40ss@host/db?x=y", ["pa@ss", "pa%40ss", "user:pa@ss"]),
        ("DSN=postgres://user:p%2Fa%3As@host/db", ["p/a:s", "p%2Fa%3As", "p%2fa%3as"]),
        ("DSN=postgres://user:p@s/s@host/db", ["p@s/s"]),
        ("DSN=redis://:pw1@h1,redis://:pw2@h2", ["pw1", "pw2"]),
        ("DSN=mongodb://u:pw1@h1:27017,h2:27017/db", ["pw1"]),
        ("DSN=postgres://host/db?user=u&password=abc", ["abc"]),
        ("DSN=postgres://host/db?sslpassword=a%2Bc", ["a+c", "a%2Bc"]),
        ("DSN=jdbc:sqlserver://host:1433;databaseName=x;user=sa;password=Secr3t!", ["Secr3t!"]),
        ("DSN=user:pa55@tcp(host:3306)/db?parseTime=true", ["pa55"]),
        ("HOOK=https://hooks.example/services/T000/B000/abcdefghijklmnopqrstuvwx", ["abcdefghijklmnopqrstuvwx"]),
        ("REMOTE=https://ghp_abcdefghijklmnop@git.example/x.git", ["ghp_abcdefghijklmnop"]),
        ("CALLBACK=https://a.example/?next=https%3A%2F%2Fu%3Apw9%40b.example", ["pw9"]),
        # Key and value
        ("CONF=host=db user=shop password='hun ter 2' sslmode=require", ["hun ter 2"]),
        ("CONF=Server=db;User Id=sa;Password=abc;", ["abc"]),
        ("OPTS=--user shop --password abc", ["abc"]),
        ("OPTS=-Xmx512m -Ddb.password=abc", ["abc"]),
        ("CONF=token: abc\nother: efgh12", ["abc", "efgh12"]),
        ("CONF={'user': 'shop', 'password': 'abc'}", ["abc"]),
        # JSON
        ('CONF={"db": {"password": "abc", "port": 5432}}', ["abc"]),
        ('CONF={"db": {"password": {"value": "abc"}}}', ["abc"]),
        ('CONF=["alpha1", "beta-2"]', ["alpha1", "beta-2"]),
        ('CONF={"pin": 123456}', ["123456"]),
        ('CONF={"dsn": "postgres://u:a%40c@h/db"}', ["a@c"]),
        (f'CONF={{"auths": {{"registry": {{"auth": "{IN_BASE64}"}}}}}}', ["hunter2!", IN_BASE64]),
        # Lists
        ("LIST=first-secret,second-secret", ["first-secret", "second-secret"]),
        ("LIST=first-secret; second-secret", ["first-secret", "second-secret"]),
        ("LIST=first-secret second-secret", ["first-secret", "second-secret"]),
        ("LIST=first-secret|second-secret", ["first-secret", "second-secret"]),
        ("API_KEYS=abc,def", ["abc", "def"]),
        ("USERS=admin:s3cr3t,bob:hunter2", ["s3cr3t", "hunter2"]),
        # Encodings
        (f"BASIC={IN_BASE64}", ["shop:hunter2!", "hunter2!"]),
        ("VALUE=hunter%202", ["hunter 2"]),
        ("VALUE=hunter+2", ["hunter 2"]),
        ("A_TOKEN=a<b>&c", ["a&lt;b&gt;&amp;c", "a\\u003cb\\u003e\\u0026c"]),
    ],
)
def test_parts_are_masked(entry: str, printed: list[str]) -> None:
    assert [mask_with(entry, f"<{text}>") for text in printed] == [f"<{MASK}>"] * len(printed)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("DSN=postgres://shopuser:pw1@db.internal:5432/shop?sslmode=require", "could not connect to db.internal:5432 as shopuser: require"),
        ("API=https://api.example.com/v1/orders", "GET /v1/orders from api.example.com"),
        ("LIST=one,two,three", "one two three"),
        ("DB_PASSWORD=the best of all pass phrases", "the end of all"),
        ('CONF={"password": true, "level": "info"}', "true info"),
        ("AUTH_MODES=true,false,none", "true false none"),
        ("REPLICAS=3,5,17", "3 5 17"),
    ],
)
def test_ordinary_words_stay(entry: str, text: str) -> None:
    assert mask_with(entry, text) == text


SECRETS = st.text(string.ascii_letters + string.digits + "!@$*-_.", min_size=8, max_size=24).filter(
    lambda text: any(map(str.isupper, text)) and text[0].isalnum() and text[-1].isalnum()
)

STRUCTURES: dict[str, Callable[[str], str]] = {
    "url": lambda secret: f"postgres://user:{urllib.parse.quote(secret, safe='')}@host/db?x=y",
    "raw url": lambda secret: f"postgres://user:{secret}@host/db",
    "query": lambda secret: f"https://host/?a=b&token={urllib.parse.quote_plus(secret)}",
    "json": lambda secret: json.dumps({"a": [{"b": secret}]}),
    "comma": lambda secret: f"1,{secret},3",
    "semicolon": lambda secret: f"a=b;password={secret};c=d",
    "space": lambda secret: f"host=h password={secret}",
    "base64": lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
}


@pytest.mark.properties
@example("0000000A", ["space", "raw url"])
@given(SECRETS, st.lists(st.sampled_from(sorted(STRUCTURES)), min_size=1, max_size=2))
def test_no_structure_hides_a_secret(secret: str, nesting: list[str]) -> None:
    value = secret
    for structure in nesting:
        value = json.dumps([value]) if value != secret and structure == "comma" else STRUCTURES[structure](value)
    assert secret not in mask_with(f"CONF={value}", f"failed: {secret} is wrong")


@pytest.mark.properties
@given(st.text(max_size=200))
def test_any_value_can_be_taken_apart(value: str) -> None:
    assert all(len(part) >= 3 for part in parts_of(value, MIN_LENGTH))
