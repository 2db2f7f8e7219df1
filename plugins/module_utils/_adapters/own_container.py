# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out in which container this process runs, and through which address it reaches the engine."""

from __future__ import annotations

import re
import urllib.parse

MOUNT_INFO = "/proc/self/mountinfo"

# The engine mounts these files into every container, from a directory that has the container's ID as its name.
_ENGINE_MOUNTS = frozenset(("/etc/hostname", "/etc/hosts", "/etc/resolv.conf"))
_ID = re.compile(r"/containers/([0-9a-f]{64})/")


def own_container(mount_info: str = MOUNT_INFO) -> str | None:
    """Return the full ID of the container that this process runs in. None if it does not run in a container.

    `mount_info` is a file in the format of https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html.
    """
    try:
        with open(mount_info, encoding="utf-8", errors="replace") as lines:
            fields = [line.split(" ") for line in lines]
    except OSError:
        return None
    roots = (line[3] for line in fields if len(line) > 4 and line[4] in _ENGINE_MOUNTS)
    matches = (_ID.search(root) for root in roots)
    return next((match.group(1) for match in matches if match), None)


def gateway(base_url: str) -> tuple[str, int] | None:
    """Return the host and the port in the SDK client's `base_url`. None for a Unix socket or SSH."""
    url = urllib.parse.urlsplit(base_url)
    return (url.hostname, url.port) if url.hostname and url.port else None
