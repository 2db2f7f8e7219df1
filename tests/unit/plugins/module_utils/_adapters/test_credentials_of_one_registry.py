# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import InvalidInput
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference

OWN = {"username": "us", "password": "ours"}


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.mark.parametrize(
    ("registry", "image", "shown"),
    [
        (None, "registry.example.com:5000/shop:1", True),
        ("registry.example.com:5000", "registry.example.com:5000/shop:1", True),
        ("registry.example.com:5000", "registry.example.com/shop:1", False),
        ("registry.example.com", "shop:1", False),
        ("docker.io", "shop:1", True),
        ("docker.io", "index.docker.io/acme/shop:1", True),
    ],
)
def test_credentials_are_shown_to_their_registry_only(registry: str | None, image: str, shown: bool) -> None:
    login = RegistryLogin(OWN["username"], OWN["password"], registry)
    assert (login.auth_config(ImageReference.parse(image)) == OWN) is shown


@pytest.mark.parametrize(("registry", "shown"), [("index.docker.io", True), ("docker.io", True), ("ghcr.io", False)])
def test_other_names_of_one_registry(registry: str, shown: bool) -> None:
    options = {"registry_username": "us", "registry_password": "ours", "registry": registry}
    assert (RegistryLogin.from_options(options).auth_config(ImageReference.parse("shop:1")) == OWN) is shown


@pytest.mark.parametrize("registry", ["https://index.docker.io/v1/", "registry.example.com/", "registry.example.com/shop", "nodots", "A B"])
def test_what_is_no_registry(registry: str) -> None:
    with pytest.raises(InvalidInput, match="registry must be"):
        RegistryLogin.from_options({"registry": registry})
