# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which API version a client uses, and which options are refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.sdk import docker
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineUnavailable
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION

OPTIONS = {name: option.get("default") for name, option in CONNECTION.argument_spec.items()}


@pytest.mark.parametrize(
    ("option", "newest", "oldest", "used"),
    [
        ("auto", "1.41", "1.12", "1.41"),
        ("auto", "1.51", "1.24", "1.51"),
        ("auto", "1.54", "1.44", "1.51"),
        ("auto", "1.60", "1.52", "1.60"),
        ("1.52", "1.54", "1.44", "1.52"),
    ],
)
def test_auto_uses_the_newest_version_that_reports_configured_mac_addresses(
    monkeypatch: pytest.MonkeyPatch, option: str, newest: str, oldest: str, used: str
) -> None:
    class Client:
        def __init__(self, version: str, **_options: Any) -> None:
            self._version = version

        @property
        def api_version(self) -> str:
            return self._version

        def version(self, *, api_version: bool) -> dict[str, str]:
            assert not api_version, "the engine may refuse the version that the client speaks before it has asked"
            return {"ApiVersion": newest, "MinAPIVersion": oldest}

    monkeypatch.setattr(docker, "APIClient", Client)
    assert connect({**OPTIONS, "api_version": option}).api_version == used


def test_engine_that_is_too_old_is_refused_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        api_version = "1.40"

        def __init__(self, **_options: Any) -> None:
            pass

        def version(self, **_options: Any) -> dict[str, Any]:
            return {"ApiVersion": "1.40", "MinAPIVersion": "1.12", "Version": "19.03.15"}

    monkeypatch.setattr(docker, "APIClient", Client)
    for api_version in ("auto", "1.30", "1.45"):
        with pytest.raises(EngineUnavailable, match=r"Engine 19\.03\.15 .* only API 1\.40; 1\.41 or newer .* Nothing was changed"):
            connect({**OPTIONS, "api_version": api_version})


@pytest.mark.parametrize(
    "components", [[{"Name": "Podman Engine", "Version": "5.8.6"}], [{"Name": "Conmon"}, {"Name": "Podman Engine", "Version": "5.8.6"}]]
)
def test_podman_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, components: list[dict[str, str]]) -> None:
    class Client:
        api_version = "1.44"

        def __init__(self, **_options: Any) -> None:
            pass

        def version(self, **_options: Any) -> dict[str, Any]:
            return {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Components": components}

    monkeypatch.setattr(docker, "APIClient", Client)
    with pytest.raises(EngineUnavailable, match=r"is Podman 5\.8\.6\. .* Nothing was changed"):
        connect({**OPTIONS, "api_version": "auto"})
