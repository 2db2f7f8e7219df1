# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with the container web on the fake engine, and an inspection of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import HostInfo, UpdateQuery
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.update_info import inspect_host
from support.fakes.engine import FakeClock, FakeEngine, FakeProcesses
from support.fakes.host_reader import FakeHostReader

NOW = 1_790_000_000
DAY = 24 * 3600
TAG = "docker.io/library/shop:1"


def host_of_web() -> FakeHostReader:
    """The container web runs image old of `shop:1`, which is also what the registry has."""
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    engine.add_container("web", "shop:1", "old")
    engine.registry[TAG] = "old"
    return FakeHostReader(engine)


def inspect(reader: FakeHostReader, processes: FakeProcesses | None = None, **query: Any) -> HostInfo:
    return inspect_host(reader, processes or FakeProcesses(), reader.engine.clock, UpdateQuery(**query))
