# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identify the process that holds a lock, and tell whether it still runs on this machine."""

from __future__ import annotations

import os
import socket
import typing as t
import uuid

from .._core.state.journal import TOKEN_LENGTH, Holder


class LocalProcesses:
    """The processes of this machine. `docker_host` tells whether the engine runs on this machine too."""

    def __init__(self, docker_host: str) -> None:
        pid = os.getpid()
        own = _stat(pid)
        self._me = Holder(
            token=uuid.uuid4().hex[:TOKEN_LENGTH],
            host=socket.gethostname(),
            boot=_read("/proc/sys/kernel/random/boot_id"),
            pid_namespace=_link("/proc/self/ns/pid"),
            pid=pid,
            pid_started=own.started if own else "",
            local=docker_host.startswith(("unix://", "/")),
        )

    def me(self) -> Holder:
        return self._me

    def is_dead(self, holder: Holder) -> bool | None:
        if not (holder.boot and self._me.boot):
            return None
        if holder.boot != self._me.boot:
            # Both processes run on the engine's machine, but their boot IDs differ: the machine has rebooted since.
            return True if holder.local and self._me.local else None
        if holder.pid_namespace != self._me.pid_namespace or not holder.pid_namespace:
            return None
        return not _is_running(holder.pid, holder.pid_started)


def _is_running(pid: int, started: str) -> bool:
    stat = _stat(pid)
    if stat:
        return stat == _Stat(started, ended=False)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # The process exists, but /proc hides processes of other users.
    return True


class _Stat(t.NamedTuple):
    started: str
    ended: bool


def _stat(pid: int) -> _Stat | None:
    """Read the state and the start time from /proc/<pid>/stat. A process ID can be reused, but not with the same start time."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return _Stat(started=fields[19], ended=fields[0] in "ZX") if len(fields) > 19 else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
