# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Docker Compose, run from Debian's package without installing it. It works with every supported engine."""

from __future__ import annotations

import fcntl
from pathlib import Path

from .common import STATE
from .packages import unpacked

# The first suite with a current Compose. Tested with Engine 20.10 to 28.
_SUITE = "forky"


def program() -> Path:
    """The path of the program. It takes the arguments of `docker compose`."""
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "compose.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return unpacked("docker-compose", _SUITE) / "usr/libexec/docker/cli-plugins/docker-compose"
