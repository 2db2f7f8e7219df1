# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    CredentialsUnavailable,
    EngineUnavailable,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION_OPTIONS
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.run import take_options

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
    with pytest.raises(CredentialsUnavailable, match="docker-credential-missing, .* is not installed"):
        RegistryLogin().auth_config(SHOP)


def test_a_configuration_that_cannot_be_read(configure: Configure) -> None:
    configure({"auths": {"registry.example": {"auth": base64.b64encode(b"secret").decode()}}})
    options = {name: option.get("default") for name, option in CONNECTION_OPTIONS.items()}
    with pytest.raises(EngineUnavailable, match="The Docker client configuration on the target cannot be read") as caught:
        connect(options)
    assert "secret" not in str(caught.value)


def test_a_user_name_is_not_masked_everywhere() -> None:
    module = SimpleNamespace(params={"registry_username": "acme", "registry_password": "secret"}, no_log_values={"acme", "secret"})
    assert take_options(module)["registry_username"] == "acme"
    assert module.params["registry_username"] != "acme"
    assert module.no_log_values == {"secret"}


def test_a_password_is_even_if_it_is_the_user_name() -> None:
    module = SimpleNamespace(params={"registry_username": "acme", "registry_password": "acme"}, no_log_values={"acme"})
    assert "acme" in take_options(module).values()
    assert module.no_log_values == {"acme"}
