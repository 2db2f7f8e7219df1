# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module's own core and edge in a process that SIGKILLs itself at one call to the engine.

C(python -m support.killed OPTIONS), with JSON as the only argument: C(name), C(image), C(health_timeout), and C(kill), the number of the
call (None: none) with C(after), whether that call is still made. Prints how many calls there were.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cleanup import Cleanup
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._edge.connection import CONNECTION_OPTIONS
from ansible_collections.evenkeel.fleet.plugins.module_utils._edge.engine import open_engine
from testbed import engine as testbed_engine


class Killer:
    """Counts the calls of all ports, and ends the process at one of them."""

    def __init__(self, kill: int | None, *, after: bool) -> None:
        self._kill = kill
        self._after = after
        self.calls: list[str] = []

    def watch(self, port: Any) -> Any:
        return _Watched(port, self)

    def call(self, name: str, method: Any, arguments: Any, options: Any) -> Any:
        self.calls.append(name)
        this_one = len(self.calls) - 1 == self._kill
        if this_one and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*arguments, **options)
        if this_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


class _Watched:
    def __init__(self, port: Any, killer: Killer) -> None:
        self._port = port
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *arguments, **options: self._killer.call(name, method, arguments, options)


def main() -> None:
    options = json.loads(sys.argv[1])
    killer = Killer(options["kill"], after=options["after"])
    defaults = {name: spec.get("default") for name, spec in CONNECTION_OPTIONS.items()}
    ports, guard = open_engine({**defaults, "docker_host": testbed_engine.host()}, lock_timeout=60)
    guard._journal = killer.watch(guard._journal)
    watched = ports._replace(ops=killer.watch(ports.ops), probe=killer.watch(ports.probe))
    request = RecreateRequest(options["name"], options["image"])
    recreate_with_health(watched, guard, request, HealthConfig(options["health_timeout"], 1, 0.2), Cleanup())
    print(json.dumps(killer.calls))


if __name__ == "__main__":
    main()
