# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Implement HostReader with the SDK's low-level client. It only sends GET requests."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._core.engine.errors import EngineError, EngineUnavailable, NoAnswer, NotFound
from .._core.engine.image_reference import ImageReference
from .._core.engine.model import Document, Record
from .._core.host.reader import Answer
from .._core.masking import Secrets
from .client import another_client, connect
from .clock import SystemClock
from .credentials import RegistryLogin
from .images import ask_registry, inspect_image
from .processes import LocalProcesses
from .sdk import engine_errors
from .secret_collecting_client import SecretCollectingClient
from .volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal

MAX_CONCURRENT_QUERIES = 6
"""How many images to look up in registries at the same time."""
_LIST_ATTEMPTS = 5
"""How often to list the images. With the containerd store, the list is an error if an image is removed meanwhile."""


class SdkHostReader:
    """Read the host that `client` is connected to.

    `new_client` creates more clients for concurrent queries. If it is None, all queries go through `client`, one after the other.
    """

    def __init__(self, client: t.Any, login: RegistryLogin, new_client: t.Callable[[], t.Any] | None = None) -> None:
        self._client = client
        self._login = login
        self._new_client = new_client
        self._journal = VolumeJournal(client, JOURNAL_LABEL)
        self._memory = VolumeJournal(client, MEMORY_LABEL)

    def containers(self) -> tuple[Document, ...]:
        with engine_errors(self._client):
            return tuple(self._client.containers(all=True))

    def container(self, container_id: str) -> Document:
        with engine_errors(self._client):
            document: Document = self._client.inspect_container(container_id)
            return document

    def images(self) -> tuple[Document, ...]:
        for _attempt in range(_LIST_ATTEMPTS - 1):
            with contextlib.suppress(NotFound):
                return self._list_images()
        return self._list_images()

    def image(self, image_id: str) -> Document:
        with engine_errors(self._client):
            return inspect_image(self._client, image_id)

    def architecture(self) -> str:
        with engine_errors(self._client):
            return str(self._client.version()["Arch"])

    def ask(self, references: t.Sequence[ImageReference]) -> tuple[Answer, ...]:
        if self._new_client is None or len(references) < 2:
            return tuple(self._ask(self._client, reference) for reference in references)
        # A client is not safe to share between threads.
        thread, clients = threading.local(), []

        def ask(reference: ImageReference) -> Answer:
            if not hasattr(thread, "client"):
                try:
                    thread.client = self._new_client()  # type: ignore[misc]
                except EngineUnavailable as error:
                    return NoAnswer(str(error))
                clients.append(thread.client)
            return self._ask(thread.client, reference)

        try:
            with ThreadPoolExecutor(min(MAX_CONCURRENT_QUERIES, len(references))) as pool:
                return tuple(pool.map(ask, references))
        finally:
            for client in clients:
                client.close()

    def journal(self) -> t.Mapping[str, Record]:
        return self._journal.read_all()

    def memory(self) -> t.Mapping[str, Record]:
        return self._memory.read_all()

    def age(self, record: Record) -> float:
        return self._journal.age(record)

    def _list_images(self) -> tuple[Document, ...]:
        with engine_errors(self._client):
            return tuple(self._client.images(all=True))

    def _ask(self, client: t.Any, reference: ImageReference) -> Answer:
        try:
            return ask_registry(client, reference, self._login)
        except EngineError as error:
            return error


class Host(t.NamedTuple):
    """A host to read."""

    reader: SdkHostReader
    processes: LocalProcesses
    clock: SystemClock


def open_host(options: t.Mapping[str, t.Any], secrets: Secrets) -> Host:
    """Connect to the host that the connection options name, with the credentials of the registry options.

    `secrets` collects the secrets in all options and answers. Raise InvalidInput or EngineUnavailable.
    """
    secrets.learn_login({"username": options["registry_username"], "password": options["registry_password"]})
    client = SecretCollectingClient(connect(options, secrets.mask), secrets)
    over_ssh = options["docker_host"].startswith("ssh://")  # Every client would open another SSH session.

    def one_more() -> SecretCollectingClient:
        return SecretCollectingClient(another_client(options, client.api_version, secrets.mask), secrets)

    reader = SdkHostReader(client, RegistryLogin.from_options(options), None if over_ssh else one_more)
    return Host(reader, LocalProcesses(options["docker_host"]), SystemClock())
