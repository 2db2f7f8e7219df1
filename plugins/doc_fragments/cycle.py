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
      - How long a container with a health check may take to become healthy. The module keeps waiting while the container
        reports V(starting), and V(unhealthy) unless O(on_unhealthy=fail).
    type: raw
    default: 120
  grace_period:
    description:
      - How long a container without a health check must stay up.
    type: raw
    default: 10
  poll_interval:
    description:
      - How often to check the container that is in the health gate. The module also checks it whenever the engine reports an
        event for it.
    type: raw
    default: 1
  min_healthy_time:
    description:
      - How long a container must stay healthy after it first becomes healthy. If it becomes unhealthy during this time, it is
        rolled back immediately.
    type: raw
    default: 0
  on_unhealthy:
    description:
      - What to do if the new container reports the status V(unhealthy) during the health gate.
      - V(wait) gives it until O(health_timeout) to recover. V(fail) ends the health gate at once, so that the rollback begins earlier.
      - This option does not apply to the check of an old container after a rollback. It always gets its time to recover.
    type: str
    choices: [wait, fail]
    default: wait
  stop_timeout:
    description:
      - How long a container may take to stop before it is killed.
      - The default is the container's own stop timeout, which is 10 seconds unless its operator changed it. Whole seconds only.
    type: raw
"""
