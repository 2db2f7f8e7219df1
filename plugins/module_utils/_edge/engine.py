# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the core is given a real engine."""

from __future__ import annotations

import typing as t

from .._core.ports import Ports
from .clock import SystemClock
from .connection import connect
from .docker_ops import SdkDockerOps
from .health_probe import SdkHealthProbe


def engine_ports(options: t.Mapping[str, t.Any]) -> Ports:
    """The engine that the connection options name. Raises EngineUnavailable."""
    client = connect(options)
    clock = SystemClock()
    return Ports(SdkDockerOps(client, clock), SdkHealthProbe(client), clock)
