# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Something else that acts on the new container while a run is at work."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import docker
import docker.errors

from support.real.sandbox import Service

Act = Callable[[docker.APIClient, str], object]


@contextlib.contextmanager
def interference(client: docker.APIClient, service: Service, act: Act) -> Iterator[None]:
    """Do something to the new container as soon as it runs."""
    gave_up = threading.Event()

    def new_container() -> str | None:
        with contextlib.suppress(docker.errors.NotFound):
            found = client.inspect_container(service.name)
            if found["Id"] != service.id and found["State"]["Running"]:
                return str(found["Id"])
        return None

    def interfere() -> None:
        while not gave_up.is_set():
            container = new_container()
            if container:
                act(client, container)
                return

    thread = threading.Thread(target=interfere)
    thread.start()
    try:
        yield
    finally:
        gave_up.set()
        thread.join()
