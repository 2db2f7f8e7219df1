# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test bed's folder, messages, commands and background processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

STATE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evenkeel-testbed"


class TestbedError(Exception):
    """The test bed cannot be started here. The text says what is missing and what to do."""

    __test__ = False


def say(text: str) -> None:
    sys.stderr.write(f"testbed: {text}\n")
    sys.stderr.flush()


def run(*command: str, **options: t.Any) -> None:
    """Run a command. Its output is shown only if it fails."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if result.returncode:
        raise TestbedError(f"'{' '.join(command)}' failed:\n{result.stdout.strip()}")


def wait_until(what: str, true: t.Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TestbedError(f"{what} took longer than {seconds:g} s.")
        time.sleep(0.1)


class Daemon:
    """A process that outlives the command that started it. A file has its process ID."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pid_file = STATE / f"{name}.pid"
        self.log = STATE / f"{name}.log"

    def start(self, *command: str) -> None:
        STATE.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._pid_file.write_text(str(process.pid))

    def stop(self) -> None:
        pid = self._pid()
        if pid:
            say(f"stopping {self._name} (process {pid})")
            os.kill(pid, 15)
            wait_until(f"the end of {self._name}", lambda: self._pid() is None)
        self._pid_file.unlink(missing_ok=True)

    def _pid(self) -> int | None:
        """Its process ID, or None if it has ended. The ID may belong to another process by now."""
        try:
            pid = int(self._pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if self._name.encode() in command else None
