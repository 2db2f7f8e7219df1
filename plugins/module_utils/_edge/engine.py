# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the core is given a real engine."""

from __future__ import annotations

import typing as t

from .._core.guard import Guard
from .._core.ports import Ports
from .clock import SystemClock
from .connection import connect
from .docker_ops import SdkDockerOps
from .health_probe import SdkHealthProbe
from .registry_login import RegistryLogin
from .runs import LocalRuns
from .volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal


class Engine(t.NamedTuple):
    """One engine: the ports to it, and the guard over its containers."""

    ports: Ports
    guard: Guard


def open_engine(options: t.Mapping[str, t.Any], lock_timeout: float) -> Engine:
    """The engine that the connection options name, and who to be to registries. Raises InvalidInput or EngineUnavailable."""
    client = connect(options)
    clock = SystemClock()
    ops = SdkDockerOps(client, clock, RegistryLogin.from_options(options))
    ports = Ports(ops, SdkHealthProbe(client), clock, VolumeJournal(client, MEMORY_LABEL))
    return Engine(ports, Guard(VolumeJournal(client, JOURNAL_LABEL), LocalRuns(options["docker_host"]), clock, lock_timeout))
