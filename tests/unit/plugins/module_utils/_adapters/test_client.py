# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which API version a client uses, and which options are refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.sdk import docker
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
            self.api_version = newest if version == "auto" else version

        def version(self) -> dict[str, str]:
            return {"MinAPIVersion": oldest}

    monkeypatch.setattr(docker, "APIClient", Client)
    assert connect({**OPTIONS, "api_version": option}).api_version == used
