# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that replaces a container and waits for the health gate."""

    DOCUMENTATION = r"""
options:
  health_timeout:
    description:
      - How long a container with a health check may take to become healthy, in seconds. The module keeps waiting while the container
        reports V(starting) or V(unhealthy).
    type: float
    default: 120
  grace_period:
    description:
      - How long a container without a health check must stay up, in seconds.
    type: float
    default: 10
  poll_interval:
    description:
      - How often to check the container that is in the health gate, in seconds. The module also checks it whenever the engine reports an
        event for it.
    type: float
    default: 1
  min_healthy_time:
    description:
      - How long a container must stay healthy after it first becomes healthy, in seconds. If it becomes unhealthy during this time, it is
        rolled back immediately.
    type: float
    default: 0
  stop_timeout:
    description:
      - How long a container may take to stop before it is killed, in seconds.
      - The default is the container's own stop timeout, which is 10 seconds unless its operator changed it.
    type: int
"""
