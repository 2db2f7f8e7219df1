# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a snapshot of everything on the engine, and listen to which containers start and end. Uses none of the collection's code."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import docker
import docker.errors

from .images import FETCH_PAGE, tag_of
from .story import Change, Container, Snapshot
from .world import SERVICE, World, source_of

_SETTLE = 10
"""Seconds that a container with a health check, or with a restart policy, gets to show its state."""
_TIME_TO_SERVE = 10
"""Seconds that a running container gets to serve its page."""


def snapshot(world: World, *, pages: bool = False) -> Snapshot:
    """What is on the engine, once no container is starting or restarting. With `pages`, also what each container serves."""
    client = world.client
    _wait_until_settled(client)
    containers = []
    for listed in client.containers(all=True):
        with contextlib.suppress(docker.errors.NotFound):  # It was removed meanwhile.
            document = client.inspect_container(listed["Id"])
            page = _page(client, document) if pages and document["State"]["Status"] == "running" else ""
            containers.append(_container(world, document, page))
    sources = {volume["Name"] for volume in client.volumes()["Volumes"] or ()}
    sources |= {str(world.bind_folder(service.name)) for service in world.scenario.services if service.bind}
    networks = frozenset(world.short(network["Name"]) for network in client.networks())
    return Snapshot(tuple(containers), {world.short(source): _marker(world, source) for source in sorted(sources)}, networks)


def _container(world: World, document: dict[str, Any], page: str) -> Container:
    config, host, state = document["Config"], document["HostConfig"], document["State"]
    modes = [str(host.get(mode) or "") for mode in ("NetworkMode", "PidMode", "IpcMode")]
    joined = [mode.removeprefix("container:") for mode in modes if mode.startswith("container:")]
    return Container(
        document["Id"],
        world.short(document["Name"]),
        (config.get("Labels") or {}).get(SERVICE, ""),
        state["Status"],
        (state.get("Health") or {}).get("Status", ""),
        tag_of(config["Image"]),
        host["RestartPolicy"]["Name"],
        state["StartedAt"],
        {mount["Destination"]: world.short(source_of(mount)) for mount in document["Mounts"]},
        frozenset(world.short(network) for network in document["NetworkSettings"]["Networks"]),
        {key: value for key, value in (config.get("Labels") or {}).items() if key.startswith("com.docker.compose.")},
        "".join(joined[:1]),
        page,
    )


def _page(client: docker.APIClient, document: dict[str, Any]) -> str:
    """What the container serves. A program may need a moment to listen, and a busy engine sometimes loses the output of a command."""
    deadline = time.monotonic() + _TIME_TO_SERVE
    while time.monotonic() < deadline:
        with contextlib.suppress(docker.errors.APIError):
            output: bytes = client.exec_start(client.exec_create(document["Id"], list(FETCH_PAGE), stderr=False))
            if output:
                return output.decode(errors="replace").strip()
        time.sleep(0.1)
    return ""


def _marker(world: World, source: str) -> str:
    try:
        return world.ground.marker_in(source).read_text()
    except OSError:
        return ""


def _wait_until_settled(client: docker.APIClient) -> None:
    deadline = time.monotonic() + _SETTLE
    unsettled = {"status": ["restarting", "removing"]}
    while time.monotonic() < deadline:
        if not client.containers(all=True, filters=unsettled) and not client.containers(filters={"health": ["starting"]}):
            return
        time.sleep(0.1)


class Listener:
    """Record which containers of the world start and end, from the engine's events. It survives a restart of the engine."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since = time.time()
        self._changes: list[tuple[int, Change]] = []
        self._done = threading.Event()
        self._stream: Any = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._done.is_set():
            client = self._world.ground.new_client_or_none()
            if client is None:
                continue
            filters = {"type": "container", "event": ["start", "die", "destroy"], "label": SERVICE}
            with contextlib.suppress(Exception), contextlib.closing(client):  # The end of the engine ends the stream.
                self._stream = client.events(since=f"{self._since:.6f}", filters=filters, decode=True)
                for event in self._stream:
                    self._record(event)

    def _record(self, event: dict[str, Any]) -> None:
        change = Change(event["Action"], event["id"], event["Actor"]["Attributes"][SERVICE])
        entry = (event["timeNano"], change)
        if entry not in self._changes:
            self._changes.append(entry)

    def stop(self) -> tuple[Change, ...]:
        """Return everything recorded, in the order in which it happened."""
        self._done.set()
        with contextlib.suppress(Exception):
            self._stream.close()
        self._thread.join(timeout=5)
        return tuple(change for _time, change in sorted(self._changes))
