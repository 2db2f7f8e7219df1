# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is masked in a text, and what must stay readable."""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK, Secrets, mask_credentials

NO_STAR = st.characters(exclude_characters="*", exclude_categories=("Cs",))


def secrets_of(*environment: str, names: t.Iterable[str] = ()) -> Secrets:
    secrets = Secrets()
    secrets.learn_environment(environment)
    secrets.learn_names(*names)
    return secrets


class TestSecretValues:
    @pytest.mark.parametrize("entry", ["MODE=winter", "DB_PASSWORD=abc", "apikey=abc", "AUTH=xyz", "MY_PWD=p w", "A_TOKEN=1234"])
    def test_environment_value_is_masked(self, entry: str) -> None:
        value = entry.partition("=")[2]
        assert secrets_of(entry).mask(f"<{value}> {value}") == f"<{MASK}> {MASK}"

    @pytest.mark.parametrize(
        "entry", ["MODE=short", "DB_PASSWORD=ab", "PATH=/usr/bin:/bin", "LC_ALL=de_DE.UTF-8", "AUTH_ENABLED=true", "EMPTY=", "NOTHING"]
    )
    def test_environment_value_is_not_masked(self, entry: str) -> None:
        text = f"<{entry.partition('=')[2]}>"
        assert secrets_of(entry).mask(text) == text

    def test_value_with_equals_signs(self) -> None:
        assert secrets_of("OPTS=a=b=c=d").mask("a=b=c=d") == MASK

    def test_only_secret_log_driver_options_are_masked(self) -> None:
        secrets = Secrets()
        secrets.learn_container({"HostConfig": {"LogConfig": {"Config": {"splunk-token": "hunter2", "max-size": "100000"}}}})
        assert secrets.mask("hunter2 100000") == f"{MASK} 100000"

    def test_login_is_masked_except_its_username(self) -> None:
        login = {"Username": "shop", "Password": "hunter2", "IdentityToken": "abc", "Other": None}
        secrets = Secrets()
        secrets.learn_login(login)
        secrets.learn_login(None)
        header = base64.urlsafe_b64encode(json.dumps(login).encode()).decode()
        assert secrets.mask(f"hunter2 abc c2hvcDpodW50ZXIy {header}") == f"{MASK} {MASK} {MASK} {MASK}"
        assert secrets.mask("shop") == "shop"
        secrets.learn_login({"username": "bob", "password": "a?>?>z~~~x"})
        assert secrets.mask("Ym9iOmE/Pj8+en5+fng Ym9iOmE_Pj8-en5-fng=") == f"{MASK} {MASK}"

    def test_environments_of_all_documents_are_learned(self) -> None:
        secrets = Secrets()
        secrets.learn_container({"Config": {"Env": ["A=of-the-container"]}})
        secrets.learn_image({"Config": {"Env": ["A=of-the-image"]}})
        secrets.learn_body("web", {"Env": ["A=of-the-body"], "HostConfig": {}})
        assert secrets.mask("of-the-container of-the-image of-the-body") == f"{MASK} {MASK} {MASK}"

    @pytest.mark.parametrize("document", [{}, {"Config": None}, {"Config": {"Env": None}}])
    def test_documents_without_environment(self, document: dict[str, t.Any]) -> None:
        secrets = Secrets()
        secrets.learn_container(document)
        secrets.learn_image(document)
        secrets.learn_body("", document)
        assert secrets.mask("text") == "text"


class TestFormsOfAValue:
    VALUE = 'a "b" ü&/c\\d'

    @pytest.mark.parametrize(
        "form",
        [
            VALUE,
            json.dumps(VALUE)[1:-1],
            json.dumps(VALUE, ensure_ascii=False)[1:-1],
            json.dumps(VALUE, ensure_ascii=False)[1:-1].replace("&", "\\u0026"),
            urllib.parse.quote(VALUE, safe=""),
            urllib.parse.quote_plus(VALUE),
            base64.b64encode(VALUE.encode()).decode(),
        ],
    )
    def test_encoded_value_is_masked(self, form: str) -> None:
        masked_text = secrets_of(f"A={self.VALUE}").mask(f"<{form}>")
        assert masked_text.rstrip("=>") == f"<{MASK}"

    def test_each_line_of_a_value_is_masked(self) -> None:
        secrets = secrets_of("CERTIFICATE=first line\n\n  second line\nab\n")
        assert secrets.mask("log: second line") == f"log: {MASK}"
        assert secrets.mask("first line\\n\\n  second line\\nab\\n") == MASK

    def test_password_of_a_url_value_is_masked_alone(self) -> None:
        assert secrets_of("DB=postgres://shop:hunter2@db/shop").mask("hunter2 is wrong") == f"{MASK} is wrong"

    def test_overlapping_secrets_share_one_mask(self) -> None:
        secrets = secrets_of("A=abcdef", "B=abcdefgh", "C=efghijkl")
        assert secrets.mask("-abcdefghijkl-abcdef-") == f"-{MASK}-{MASK}-"

    @pytest.mark.properties
    @given(st.text(NO_STAR, min_size=6), st.text(NO_STAR), st.text(NO_STAR))
    def test_any_value_is_masked_in_any_text(self, value: str, before: str, after: str) -> None:
        secrets = secrets_of(f"A={value}")
        text = secrets.mask(before + value + after)
        assert value not in text
        assert secrets.mask(text) == text


class TestReadableText:
    def test_names_that_contain_a_secret_stay(self) -> None:
        secrets = secrets_of("HOST=database", "VERSION=1.29.1", names=["database", "shop:1.29.1-alpine"])
        text = "database-old-1000 runs shop:1.29.1-alpine"
        assert secrets.mask(text) == text
        assert secrets.mask("server 1.29.1") == f"server {MASK}"

    def test_secrets_that_contain_a_name_are_masked(self) -> None:
        assert secrets_of("DB_PASSWORD=webmaster1", names=["web"]).mask("web: webmaster1") == f"web: {MASK}"

    def test_names_in_documents_stay(self) -> None:
        secrets = secrets_of("A=sidecar-1", "B=shop-net", "C=shop:latest", "D=webdata", f"E={'0a' * 6}")
        secrets.learn_container(
            {
                "Name": "/sidecar-1",
                "Id": "0a" * 32,
                "Config": {"Image": "shop:latest"},
                "Mounts": [{"Name": "webdata"}, {"Source": "/x"}],
                "NetworkSettings": {"Networks": {"shop-net": {"NetworkID": "n"}}},
            }
        )
        text = f"sidecar-1 {'0a' * 6} shop-net shop:latest webdata"
        assert secrets.mask(text) == text

    def test_text_without_secrets_stays(self) -> None:
        text = "Head https://registry.example/v2/shop/manifests/1?token: unauthorized, see key=value and auth:"
        assert Secrets().mask(text) == text
        assert Secrets().mask("") == ""


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("https://shop:hunter2@registry/v2", f"https://{MASK}@registry/v2"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ('"Authorization": "Basic c2hvcA=="', f'"Authorization": "Basic {MASK}"'),
        ("X-Registry-Auth: eyJ1c2VyIn0=", f"X-Registry-Auth: {MASK}"),
        ("addr=nas,username=u,password=hunter2,vers=3", f"addr=nas,username=u,password={MASK},vers=3"),
        ("GET /blob?X-Amz-Signature=abc&x=1", f"GET /blob?X-Amz-Signature={MASK}&x=1"),
        ('{"db_password": "hunter2"}', f'{{"db_password": "{MASK}"}}'),
    ],
)
def test_secrets_are_recognized_by_their_context(text: str, result: str) -> None:
    assert Secrets().mask(text) == result
    assert Secrets().mask(result) == result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit of 'acme' reached", f"limit of '{MASK}' reached"),
        ("denied: acme.", f"denied: {MASK}."),
        ("wrong: hunter2 for acme", f"wrong: {MASK} for {MASK}"),
        ("pull access denied for acme/shop on acme.example", "pull access denied for acme/shop on acme.example"),
        ("Get https://acme:hunter2@registry/v2/: EOF", f"Get https://{MASK}@registry/v2/: EOF"),
    ],
)
@pytest.mark.parametrize("login", [{"username": "acme", "password": "hunter2"}, {"Username": "acme", "Password": "hunter2"}])
def test_mask_credentials_masks_password_and_username(login: dict[str, str], text: str, expected: str) -> None:
    assert mask_credentials(text, login) == expected


@pytest.mark.parametrize("field", ["identitytoken", "IdentityToken", "registrytoken", "auth"])
def test_mask_credentials_masks_tokens(field: str) -> None:
    assert mask_credentials("bad token xyz", {field: "xyz", "email": "", "expires": None}) == f"bad token {MASK}"


def test_mask_credentials_without_login_masks_urls_only() -> None:
    assert mask_credentials("ssh://deploy@host: no answer for acme") == f"ssh://{MASK}@host: no answer for acme"


def test_values_of_a_document_are_masked_but_not_its_keys_and_our_placeholders() -> None:
    secrets = secrets_of("A_KEY=hunter2", "B_KEY=(new value)")
    document = {"hunter2": ["hunter2", 1, None, True, {"env": ("(new value)", "is (new value)")}]}
    assert secrets.mask_values(document, ["(new value)"]) == {"hunter2": [MASK, 1, None, True, {"env": ["(new value)", f"is {MASK}"]}]}


def test_a_value_learned_twice_counts_as_secret_if_one_name_says_so() -> None:
    secrets = secrets_of("A_LIST=abc,defgh")
    assert secrets.mask("<abc>") == "<abc>"
    secrets.learn_environment(["A_TOKEN=abc,defgh"])
    assert secrets.mask("<abc>") == f"<{MASK}>"
