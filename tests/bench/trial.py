# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to find out before the stop whether the engine would create a container: create one, and remove it.

`python -m bench.trial` prints the median for the engine in DOCKER_HOST.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import time

import docker

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.trial import plan_trial
from testbed import engine
from testbed.images import STANDARD, build

ROUNDS = 50


def measure(client: docker.APIClient) -> list[float]:
    """Return the milliseconds of each round."""
    name = f"evenkeel-bench-{secrets.token_hex(4)}"
    image = build(client, f"{name}:1", STANDARD["v1"])
    body = plan_trial(name, {"Image": image, "HostConfig": {"Binds": ["/tmp:/mnt"]}}, {}, ()).body
    took = []
    try:
        for _round in range(ROUNDS):
            began = time.monotonic()
            container = client.create_container_from_config(body, f"{name}-trial-1")["Id"]
            client.remove_container(container, force=True, v=True)
            took.append((time.monotonic() - began) * 1000)
    finally:
        client.remove_image(f"{name}:1")
    return took


if __name__ == "__main__":
    with contextlib.closing(docker.APIClient(engine.host(), version="auto")) as connected:
        milliseconds = measure(connected)
        release = connected.version()["Version"]
    print(f"{release}: {statistics.median(milliseconds):.0f} ms (fastest {min(milliseconds):.0f}), load {os.getloadavg()[0]:.1f}")
