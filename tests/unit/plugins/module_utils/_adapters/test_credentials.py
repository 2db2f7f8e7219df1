# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin, without_credentials
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    CredentialsUnavailable,
    EngineError,
    EngineUnavailable,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION

SHOP = ImageReference.parse("registry.example/acme/shop:1")
Configure = Callable[[dict[str, Any]], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write the client configuration, and let helper programs be found beside it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return lambda config: (tmp_path / "config.json").write_text(json.dumps(config)) and None


@pytest.fixture
def helper(tmp_path: Path) -> Callable[[str], None]:
    """Write a helper program called test."""

    def write(script: str) -> None:
        program = tmp_path / "docker-credential-test"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_the_options_outrank_the_configuration(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"other:one").decode()}}})
    login = RegistryLogin.from_options({"registry_username": "acme", "registry_password": "secret"})
    assert login.auth_config(SHOP) == {"username": "acme", "password": "secret"}


def test_the_configuration(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"acme:secret").decode()}}})
    shown = RegistryLogin().auth_config(SHOP)
    assert shown
    assert (shown["username"], shown["password"]) == ("acme", "secret")


def test_nothing_to_show(configure: Configure) -> None:
    configure({"auths": {"registry.elsewhere": {"auth": base64.b64encode(b"acme:secret").decode()}}})
    assert RegistryLogin.from_options({}).auth_config(SHOP) is None


def test_a_helper_program(configure: Configure, helper: Callable[[str], None]) -> None:
    configure({"credHelpers": {"registry.example": "test"}})
    helper("""echo '{"Username": "acme", "Secret": "secret"}'""")
    shown = RegistryLogin().auth_config(SHOP)
    assert shown
    assert (shown["Username"], shown["Password"]) == ("acme", "secret")


def test_a_helper_program_that_has_nothing(configure: Configure, helper: Callable[[str], None]) -> None:
    configure({"credHelpers": {"registry.example": "test"}})
    helper("echo credentials not found in native keychain; exit 1")
    assert RegistryLogin().auth_config(SHOP) is None


@pytest.mark.parametrize(
    "script", ["echo secret; exit 1", "echo secret", "echo '[\"secret\"]'", "echo '{}'"], ids=["fails", "no JSON", "a list", "empty"]
)
def test_a_helper_program_that_fails(configure: Configure, helper: Callable[[str], None], script: str) -> None:
    configure({"credsStore": "test"})
    helper(script)
    with pytest.raises(CredentialsUnavailable, match="docker-credential-test, .* for registry.example, failed") as caught:
        RegistryLogin().auth_config(SHOP)
    assert "secret" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:docker-credential-missing not installed")
def test_a_helper_program_that_is_missing(configure: Configure) -> None:
    configure({"credsStore": "missing"})
    with pytest.raises(CredentialsUnavailable, match="docker-credential-missing, .* is not installed there"):
        RegistryLogin().auth_config(SHOP)


def test_a_configuration_that_cannot_be_read(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"secret").decode()}}})
    options = {name: option.get("default") for name, option in CONNECTION.argument_spec.items()}
    with pytest.raises(EngineUnavailable, match="The configuration of the Docker client on the target cannot be read") as caught:
        connect(options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit of 'acme' reached", "limit of '********' reached"),
        ("denied: acme.", "denied: ********."),
        ("wrong: hunter2 for acme", "wrong: ******** for ********"),
        ("pull access denied for acme/shop on acme.example", "pull access denied for acme/shop on acme.example"),
    ],
)
@pytest.mark.parametrize("shown", [{"username": "acme", "password": "hunter2"}, {"Username": "acme", "Password": "hunter2"}])
def test_errors_do_not_repeat_credentials(shown: dict[str, str], text: str, expected: str) -> None:
    error = without_credentials(NotFound(text), shown)
    assert (type(error), str(error)) == (NotFound, expected)


@pytest.mark.parametrize("key", ["identitytoken", "IdentityToken", "registrytoken", "auth"])
def test_nor_tokens(key: str) -> None:
    assert str(without_credentials(EngineError("bad token xyz"), {key: "xyz", "email": ""})) == "bad token ********"


def test_nothing_was_shown() -> None:
    assert str(without_credentials(EngineError("no"), None)) == "no"
