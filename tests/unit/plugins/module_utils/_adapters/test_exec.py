# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run commands in a container, with a client that answers as the SDK does."""

from __future__ import annotations

import threading
from typing import Any

import docker.errors
import pytest
import requests

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters import exec as exec_adapter
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.exec import run_in_container
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, NoAnswer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.interfaces import Clock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import HookRun
from support.fakes.engine import FakeClock


class Client:
    """The exec calls of `docker.APIClient` for one command with this output and exit code. None means that it never ends."""

    def __init__(self, output: list[bytes], exit_code: int | None = 0) -> None:
        self.output = output
        self.exit_code = exit_code
        self.stream_ended = threading.Event()

    def exec_create(self, _container: str, _command: list[str]) -> dict[str, str]:
        return {"Id": "exec-id"}

    def exec_start(self, _exec_id: str, *, stream: bool) -> Any:
        assert stream
        yield from self.output
        self.stream_ended.set()

    def exec_inspect(self, _exec_id: str) -> dict[str, Any]:
        self.stream_ended.wait(5)
        return {"Running": self.exit_code is None, "ExitCode": self.exit_code}


def run(client: Any, timeout: float = 1, clock: Clock | None = None) -> HookRun:
    return run_in_container(client, clock or FakeClock(), "web", ("true",), timeout)


def test_exit_code_and_output() -> None:
    assert run(Client([b"out\n", b"err\xff\n"], 3)) == HookRun(3, "out\nerr\ufffd\n")


def test_command_that_does_not_end() -> None:
    assert run(Client([b"waiting"], None)) == HookRun(None, "waiting")


def test_only_the_end_of_a_long_output_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_adapter, "_MAX_OUTPUT", 5)
    assert run(Client([b"ab", b"cd", b"ef", b"gh"])).output == "defgh"


@pytest.mark.parametrize("exit_code", [126, 127])
def test_program_that_does_not_exist(exit_code: int) -> None:
    with pytest.raises(EngineError, match="^OCI runtime exec failed: no such file$"):
        run(Client([b"OCI runtime exec failed: no such file\r\n"], exit_code))
    assert run(Client([b"sh: nothing: not found"], exit_code)).exit_code == exit_code


def test_command_that_cannot_be_started() -> None:
    class Refusing(Client):
        def exec_start(self, _exec_id: str, *, stream: bool) -> Any:
            raise docker.errors.APIError(f"cannot start, stream={stream}")

        def exec_inspect(self, _exec_id: str) -> dict[str, Any]:
            return {"Running": False, "ExitCode": None}

    with pytest.raises(EngineError, match="cannot start"):
        run(Refusing([]), 30, SystemClock())


def test_engine_that_answers_again_before_the_timeout() -> None:
    class Recovering(Client):
        failures = 2

        def exec_inspect(self, exec_id: str) -> dict[str, Any]:
            if self.failures:
                self.failures -= 1
                raise requests.ConnectionError("cut")
            return super().exec_inspect(exec_id)

    assert run(Recovering([], 0)).exit_code == 0
    with pytest.raises(NoAnswer, match="cut"):
        run(Recovering([], 0), timeout=0)


def test_secrets_in_the_output_are_masked() -> None:
    class Masking(Client):
        def mask(self, text: str) -> str:
            return text.replace("hunter2", "***")

    assert run(Masking([b"my pass is hun", b"ter2"])).output == "my pass is ***"
    with pytest.raises(EngineError, match=r"\*\*\*") as raised:
        run(Masking([b"OCI runtime exec failed: hunter2: not found"], 127))
    assert raised.value.said == "OCI runtime exec failed: hunter2: not found"
