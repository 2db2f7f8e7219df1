# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect the core to a real engine."""

from __future__ import annotations

import typing as t

from .._core.engine.compose import NoCompose
from .._core.engine.interfaces import Context
from .._core.engine.timing import require_seconds
from .._core.masking import Secrets
from .._core.state.lock import RunLock
from .client import connect
from .clock import SystemClock
from .compose_cli import ComposeCli
from .credentials import RegistryLogin
from .docker_ops import SdkDockerOps
from .health_probe import SdkHealthProbe
from .images import DEFAULT_PULL_TIMEOUT
from .processes import LocalProcesses
from .secret_collecting_client import SecretCollectingClient
from .volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal


class Engine(t.NamedTuple):
    """A connected engine: the interfaces to it, and the lock for the containers on it."""

    context: Context
    lock: RunLock


def open_engine(options: t.Mapping[str, t.Any], lock_timeout: float, secrets: Secrets) -> Engine:
    """Connect to the engine that the connection options name, with the credentials of the registry options.

    `secrets` collects the secrets in all options and answers. Raise InvalidInput or EngineUnavailable.
    """
    secrets.learn_login({"username": options.get("registry_username"), "password": options.get("registry_password")})
    client = SecretCollectingClient(connect(options, secrets.mask), secrets)
    clock = SystemClock()
    ops = SdkDockerOps(client, clock, RegistryLogin.from_options(options), _pull_timeout(options))
    processes = LocalProcesses(options["docker_host"])
    compose = ComposeCli() if processes.me().local else NoCompose()
    context = Context(ops, SdkHealthProbe(client), clock, VolumeJournal(client, MEMORY_LABEL), compose)
    lock = RunLock(VolumeJournal(client, JOURNAL_LABEL), processes, clock, lock_timeout)
    return Engine(context, lock)


def _pull_timeout(options: t.Mapping[str, t.Any]) -> float:
    seconds: float = options.get("pull_timeout", DEFAULT_PULL_TIMEOUT)
    require_seconds("pull_timeout", seconds)
    return seconds
