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
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    CredentialsUnavailable,
    EngineUnavailable,
    InvalidInput,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION

OPTION_LOGIN = {"username": "acme", "password": "secret"}
SHOP = ImageReference.parse("registry.example/acme/shop:1")
Configure = Callable[[dict[str, Any]], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write the Docker client configuration. Credential helpers are found in the same directory."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return lambda config: (tmp_path / "config.json").write_text(json.dumps(config)) and None


@pytest.fixture
def helper(tmp_path: Path) -> Callable[[str], None]:
    """Write a credential helper called `test`."""

    def write(script: str) -> None:
        program = tmp_path / "docker-credential-test"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_options_take_precedence_over_the_configuration(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"other:one").decode()}}})
    login = RegistryLogin.from_options({"registry_username": "acme", "registry_password": "secret"})
    assert login.auth_config(SHOP) == {"username": "acme", "password": "secret"}


def test_credentials_from_the_configuration(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"acme:secret").decode()}}})
    login = RegistryLogin().auth_config(SHOP)
    assert login
    assert (login["username"], login["password"]) == ("acme", "secret")


def test_no_credentials_for_this_registry(configure: Configure) -> None:
    configure({"auths": {"registry.elsewhere": {"auth": base64.b64encode(b"acme:secret").decode()}}})
    assert RegistryLogin.from_options({}).auth_config(SHOP) is None


def test_credentials_from_a_helper(configure: Configure, helper: Callable[[str], None]) -> None:
    configure({"credHelpers": {"registry.example": "test"}})
    helper("""echo '{"Username": "acme", "Secret": "secret"}'""")
    login = RegistryLogin().auth_config(SHOP)
    assert login
    assert (login["Username"], login["Password"]) == ("acme", "secret")


def test_helper_without_credentials_for_this_registry(configure: Configure, helper: Callable[[str], None]) -> None:
    configure({"credHelpers": {"registry.example": "test"}})
    helper("echo credentials not found in native keychain; exit 1")
    assert RegistryLogin().auth_config(SHOP) is None


@pytest.mark.parametrize(
    "script", ["echo secret; exit 1", "echo secret", "echo '[\"secret\"]'", "echo '{}'"], ids=["fails", "no JSON", "a list", "empty"]
)
def test_error_of_a_failing_helper_hides_its_output(configure: Configure, helper: Callable[[str], None], script: str) -> None:
    configure({"credsStore": "test"})
    helper(script)
    with pytest.raises(CredentialsUnavailable, match="docker-credential-test, .* for registry.example, failed") as caught:
        RegistryLogin().auth_config(SHOP)
    assert "secret" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:docker-credential-missing not installed")
def test_helper_that_is_not_installed(configure: Configure) -> None:
    configure({"credsStore": "missing"})
    with pytest.raises(CredentialsUnavailable, match="docker-credential-missing, .* is not installed"):
        RegistryLogin().auth_config(SHOP)


def test_error_of_a_broken_configuration_hides_its_content(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"secret").decode()}}})
    options = {name: option.get("default") for name, option in CONNECTION.argument_spec.items()}
    with pytest.raises(EngineUnavailable, match="The Docker client configuration on the target cannot be read") as caught:
        connect(options)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("registry", "image", "used"),
    [
        (None, "registry.example.com:5000/shop:1", True),
        ("registry.example.com:5000", "registry.example.com:5000/shop:1", True),
        ("registry.example.com:5000", "registry.example.com/shop:1", False),
        ("registry.example.com", "shop:1", False),
        ("docker.io", "shop:1", True),
        ("docker.io", "index.docker.io/acme/shop:1", True),
    ],
)
def test_credentials_are_used_only_for_their_registry(configure: Configure, registry: str | None, image: str, used: bool) -> None:
    configure({})
    login = RegistryLogin(OPTION_LOGIN["username"], OPTION_LOGIN["password"], registry)
    assert (login.auth_config(ImageReference.parse(image)) == OPTION_LOGIN) is used


@pytest.mark.parametrize(("registry", "used"), [("index.docker.io", True), ("docker.io", True), ("ghcr.io", False)])
def test_all_names_of_a_registry_count(configure: Configure, registry: str, used: bool) -> None:
    configure({})
    options = {"registry_username": "acme", "registry_password": "secret", "registry": registry}
    assert (RegistryLogin.from_options(options).auth_config(ImageReference.parse("shop:1")) == OPTION_LOGIN) is used


@pytest.mark.parametrize("registry", ["https://index.docker.io/v1/", "registry.example.com/", "registry.example.com/shop", "nodots", "A B"])
def test_invalid_registry_is_refused(registry: str) -> None:
    with pytest.raises(InvalidInput, match="registry must be"):
        RegistryLogin.from_options({"registry": registry})
