# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets in all requests and answers are learned."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.secret_collecting_client import SecretCollectingClient
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK, Secrets

WITH_SECRET = {"Config": {"Env": ["A=hunter22"]}}


class Client:
    """Answers as an SDK client does."""

    def __init__(self) -> None:
        self._auth_configs: Any = {}
        self._general_configs: Any = {}
        self.api_version = "1.41"

    def inspect_container(self, container: str) -> Any:
        return {**WITH_SECRET, "Id": container}

    def inspect_image(self, image: str) -> Any:
        return {**WITH_SECRET, "Id": image}

    def create_container_from_config(self, config: Any, name: str) -> Any:
        return {"Id": name, "Warnings": config["Env"]}

    def rename(self, container: str, name: str) -> Any:
        return f"{container} is {name}"

    def inspect_distribution(self, image: str, auth_config: Any = None) -> Any:
        return {"image": image, "auth_config": auth_config}


@pytest.mark.parametrize(
    ("call", "arguments", "options", "answer"),
    [
        ("inspect_container", ["web"], {}, {**WITH_SECRET, "Id": "web"}),
        ("inspect_image", ["shop:1"], {}, {**WITH_SECRET, "Id": "shop:1"}),
        ("create_container_from_config", [{"Env": ["A=hunter22"]}, "web"], {}, {"Id": "web", "Warnings": ["A=hunter22"]}),
        (
            "inspect_distribution",
            ["shop:1"],
            {"auth_config": {"password": "hunter22"}},
            {"image": "shop:1", "auth_config": {"password": "hunter22"}},
        ),
    ],
)
def test_secrets_in_requests_and_answers_are_learned(call: str, arguments: list[Any], options: dict[str, Any], answer: Any) -> None:
    secrets = Secrets()
    assert getattr(SecretCollectingClient(Client(), secrets), call)(*arguments, **options) == answer
    assert secrets.mask("<hunter22>") == f"<{MASK}>"


def test_new_name_of_a_container_is_learned() -> None:
    secrets = Secrets()
    secrets.learn_environment(["A=web-old"])
    SecretCollectingClient(Client(), secrets).rename("web", "web-old-1000")
    assert secrets.mask("docker rename web-old-1000 web") == "docker rename web-old-1000 web"


def test_secrets_in_the_client_configuration_are_learned() -> None:
    client, secrets = Client(), Secrets()
    client._auth_configs = {"auths": {"registry": {"username": "shop", "password": "hunter22"}}}
    client._general_configs = {"HttpHeaders": {"X-Shop": "a header"}}
    SecretCollectingClient(client, secrets)
    assert secrets.mask("hunter22, a header") == f"{MASK}, {MASK}"


def test_other_attributes_are_those_of_the_client() -> None:
    assert SecretCollectingClient(Client(), Secrets()).api_version == "1.41"
