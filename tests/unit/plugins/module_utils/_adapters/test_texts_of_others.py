# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine says is masked where it enters, whichever call it answers. New methods of an adapter are tested without a change here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import docker.errors
import pytest
import requests

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.docker_ops import SdkDockerOps
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.health_probe import SdkHealthProbe
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.host_reader import SdkHostReader
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.secret_collecting_client import SecretCollectingClient
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL, VolumeJournal
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Record
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK, Secrets
from support.fakes.engine import FakeClock

QUOTED = "hunter2-hunter2"
ARGUMENTS: dict[str, Any] = {
    "reference": ImageReference.parse("registry.example/shop:1"),
    "references": [ImageReference.parse("registry.example/shop:1")],
    "body": {"NetworkingConfig": {"EndpointsConfig": {}}},
    "policy": {"Name": "no"},
    "timeout": 1,
    "command": ("true",),
    "record": Record("text", "2026-11-28T03:20:00Z"),
}
"""The arguments whose type is not str, by their names."""


class RefusingClient:
    """An SDK client whose every call fails, and quotes a secret."""

    base_url = "http+docker://localhost"
    api_version = "1.44"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Callable[..., NoReturn]:
        return self._refuse

    def _refuse(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise self._error

    _auth_configs = _general_configs = None


def adapters(client: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    ops = SdkDockerOps(client, FakeClock())
    for adapter in (ops, SdkHealthProbe(client), SdkHostReader(client, RegistryLogin()), VolumeJournal(client, JOURNAL_LABEL)):
        for name, method in inspect.getmembers(adapter, inspect.ismethod):
            if not name.startswith("_"):
                yield f"{type(adapter).__name__}.{name}", method


def call(method: Callable[..., Any]) -> Any:
    parameters = inspect.signature(method).parameters.values()
    wanted = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    return method(**{name: ARGUMENTS.get(name, "web") for name in wanted})


NO_CALL = {"SdkHealthProbe.events"}
"""Returns before the stream is open, and shows nothing of it."""
RETURNS_ERRORS = {"SdkHostReader.ask"}


@pytest.mark.parametrize("error", [docker.errors.APIError(QUOTED), requests.ConnectionError(QUOTED), ValueError(QUOTED)], ids=type)
@pytest.mark.parametrize("name", sorted(name for name, _method in adapters(RefusingClient(ValueError()))))
def test_no_error_quotes_a_secret(name: str, error: Exception) -> None:
    secrets = Secrets()
    secrets.learn_environment([f"A={QUOTED}"])
    method = dict(adapters(SecretCollectingClient(RefusingClient(error), secrets)))[name]
    if name in NO_CALL:
        call(method)
        return
    try:
        results = call(method)
        assert name in RETURNS_ERRORS
    except EngineError as caught:
        results = [caught]
    assert [(QUOTED in str(result), MASK in str(result), QUOTED in result.said) for result in results] == [(False, True, True)]
