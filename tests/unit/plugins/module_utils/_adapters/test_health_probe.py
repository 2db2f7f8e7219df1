# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state and the failure of a container, with a client that answers as the SDK does."""

from __future__ import annotations

from typing import Any

import docker.errors

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.health_probe import MAX_LINE_LENGTH, SdkHealthProbe
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Failure, RuntimeStatus


class Client:
    """The calls of `docker.APIClient` for one container."""

    def __init__(self, logs: bytes | None) -> None:
        self.output = logs

    def inspect_container(self, _container: str) -> dict[str, Any]:
        check = {"Start": "s", "End": "e", "ExitCode": 1, "Output": "hunter2"}
        state = {"Status": "exited", "ExitCode": 3, "OOMKilled": True, "Error": "exec hunter2", "Health": {"Log": [check]}}
        return {"Name": "/web", "State": state}

    def mask(self, text: str) -> str:
        return text.replace("hunter2", "***")

    def logs(self, _container: str, **_options: Any) -> bytes:
        if self.output is None:
            raise docker.errors.APIError("configured logging driver does not support reading")
        return self.output


def test_state() -> None:
    state = SdkHealthProbe(Client(b"")).probe("web")
    assert (state.status, state.exit_code, state.name) == (RuntimeStatus.EXITED, 3, "web")


def test_failure_is_masked() -> None:
    failure = SdkHealthProbe(Client(b"a\r\n\nhunter2\n")).failure("web")
    check = {"start": "s", "end": "e", "exit_code": 1, "output": "***"}
    assert failure == Failure("exec ***", exit_code=3, oom_killed=True, health_log=(check,), logs=("a", "***"))


def test_secret_is_masked_before_a_long_line_is_cut() -> None:
    line = "x" * (MAX_LINE_LENGTH - 3) + "hunter2"
    (logged,) = SdkHealthProbe(Client(line.encode())).failure("web").logs
    assert logged == "x" * (MAX_LINE_LENGTH - 3) + "***"


def test_logs_that_cannot_be_read() -> None:
    assert SdkHealthProbe(Client(None)).failure("web").logs == ("(no logs: configured logging driver does not support reading)",)
