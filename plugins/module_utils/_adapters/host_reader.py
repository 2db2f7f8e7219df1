# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Census over the SDK's low-level client. Everything here is a GET."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from .._core.engine.errors import EngineError, EngineUnavailable, NoAnswer
from .._core.engine.image_reference import ImageReference
from .._core.engine.model import Document, Record
from .._core.host.reader import Answer
from .._core.masking import Secrets
from .client import connect
from .clock import SystemClock
from .credentials import RegistryLogin
from .images import ask_registry
from .processes import LocalProcesses
from .sdk import engine_errors
from .secret_collecting_client import SecretCollectingClient
from .volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal

MOST_AT_ONCE = 6
"""How many registries, or images of one, to ask at the same time."""


class SdkHostReader:
    """The host behind one `docker.APIClient`. `another_client` makes more of the same, None where there are to be no more."""

    def __init__(self, client: t.Any, login: RegistryLogin, another_client: t.Callable[[], t.Any] | None = None) -> None:
        self._client = client
        self._login = login
        self._another_client = another_client
        self._journal = VolumeJournal(client, JOURNAL_LABEL)
        self._memory = VolumeJournal(client, MEMORY_LABEL)

    def containers(self) -> tuple[Document, ...]:
        with engine_errors():
            return tuple(self._client.containers(all=True))

    def container(self, container_id: str) -> Document:
        with engine_errors():
            document: Document = self._client.inspect_container(container_id)
            return document

    def images(self) -> tuple[Document, ...]:
        with engine_errors():
            return tuple(self._client.images(all=True))

    def architecture(self) -> str:
        with engine_errors():
            return str(self._client.version()["Arch"])

    def ask(self, references: t.Sequence[ImageReference]) -> tuple[Answer, ...]:
        if self._another_client is None or len(references) < 2:
            return tuple(self._ask(self._client, reference) for reference in references)
        # A client is not made to be used by several threads at once.
        own, made = threading.local(), []

        def ask(reference: ImageReference) -> Answer:
            if not hasattr(own, "client"):
                try:
                    own.client = self._another_client()  # type: ignore[misc]
                except EngineUnavailable as error:
                    return NoAnswer(str(error))
                made.append(own.client)
            return self._ask(own.client, reference)

        try:
            with ThreadPoolExecutor(min(MOST_AT_ONCE, len(references))) as pool:
                return tuple(pool.map(ask, references))
        finally:
            for client in made:
                client.close()

    def journal(self) -> t.Mapping[str, Record]:
        return self._journal.read_all()

    def memory(self) -> t.Mapping[str, Record]:
        return self._memory.read_all()

    def age(self, note: Record) -> float:
        return self._journal.age(note)

    def _ask(self, client: t.Any, reference: ImageReference) -> Answer:
        try:
            return ask_registry(client, reference, self._login)
        except EngineError as error:
            return error


class Host(t.NamedTuple):
    """One host, to be looked at only."""

    reader: SdkHostReader
    runs: LocalProcesses
    clock: SystemClock


def open_host(options: t.Mapping[str, t.Any], secrets: Secrets) -> Host:
    """The host that the connection options name, and who to be to registries. Raises InvalidInput or EngineUnavailable.

    `secrets` learns from whatever is seen there.
    """
    secrets.learn_login({"username": options["registry_username"], "password": options["registry_password"]})
    client = SecretCollectingClient(connect(options), secrets)
    same = {**options, "api_version": client.api_version}
    over_ssh = options["docker_host"].startswith("ssh://")  # Each client would log in anew.
    reader = SdkHostReader(
        client, RegistryLogin.from_options(options), None if over_ssh else lambda: SecretCollectingClient(connect(same), secrets)
    )
    return Host(reader, LocalProcesses(options["docker_host"]), SystemClock())
