# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where this process runs, and through what it reaches the engine."""

from __future__ import annotations

import re
import urllib.parse

MOUNTS = "/proc/self/mountinfo"

# What the engine mounts into every container from a folder that has the container's ID in its name.
_GIVEN_TO_EACH = frozenset(("/etc/hostname", "/etc/hosts", "/etc/resolv.conf"))
_ID = re.compile(r"/containers/([0-9a-f]{64})/")


def own_container(mounts: str = MOUNTS) -> str | None:
    """Its full ID, told from the file `mounts` (https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html), None outside of one."""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as lines:
            fields = [line.split(" ") for line in lines]
    except OSError:
        return None
    roots = (line[3] for line in fields if len(line) > 4 and line[4] in _GIVEN_TO_EACH)
    found = (_ID.search(root) for root in roots)
    return next((match.group(1) for match in found if match), None)


def gateway(base_url: str) -> tuple[str, int] | None:
    """The host and the port in the SDK client's `base_url`, None when it goes through a socket or SSH."""
    url = urllib.parse.urlsplit(base_url)
    return (url.hostname, url.port) if url.hostname and url.port else None
