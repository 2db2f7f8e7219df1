# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that replaces a container by another one and waits for the verdict on it."""

    DOCUMENTATION = r"""
options:
  health_timeout:
    description:
      - How long a container that declares a health check has until it reports healthy, in seconds. Reporting unhealthy before that does
        not end the wait.
    type: float
    default: 120
  grace_period:
    description:
      - How long a container that declares no health check has to stay up, in seconds.
    type: float
    default: 10
  poll_interval:
    description:
      - How often to look at the container on trial, in seconds. It is also looked at when the engine tells that something happened to it.
    type: float
    default: 1
  min_healthy_time:
    description:
      - How long a container has to stay healthy after it first reported healthy, in seconds. One that turns unhealthy again within that
        time is rolled back at once.
    type: float
    default: 0
  stop_timeout:
    description:
      - How long a container gets to stop by itself before it is killed, in seconds.
      - Without it, the container's own stop timeout counts, which is 10 seconds unless its operator set another one.
    type: int
"""
