# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Concurrent look-ups in registries, with clients that answer at once."""

from __future__ import annotations

import threading
from typing import Any

import docker.errors
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.credentials import RegistryLogin
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.host_reader import SdkHostReader
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, EngineUnavailable, NoAnswer, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Published

REFERENCES = [ImageReference.parse(f"shop:{number}") for number in range(20)]


class Client:
    """Knows every image but `shop:3`. Notices if two threads use it."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.closed = False

    def inspect_distribution(self, reference: str, auth_config: Any) -> dict[str, Any]:
        assert auth_config is None
        self.threads.add(threading.get_ident())
        if reference.endswith(":3"):
            raise docker.errors.NotFound("manifest unknown")
        return {"Descriptor": {"digest": reference}}

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _no_client_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.mark.parametrize(("failures", "found"), [(0, True), (4, True), (5, False)])
def test_images_are_listed_again_if_one_was_removed_meanwhile(failures: int, found: bool) -> None:
    """The containerd store answers like this."""
    answers: list[Any] = [*[docker.errors.NotFound("content digest sha256:1: not found")] * failures, [{"Id": "1"}]]

    class Removing(Client):
        def images(self, **options: bool) -> Any:
            assert options == {"all": True}
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    reader = SdkHostReader(Removing(), RegistryLogin())
    if found:
        assert reader.images() == ({"Id": "1"},)
    else:
        with pytest.raises(NotFound):
            reader.images()


@pytest.mark.parametrize("concurrent", [True, False])
def test_answers_are_in_the_order_of_the_references(concurrent: bool) -> None:
    made: list[Client] = []

    def new_client() -> Client:
        made.append(Client())
        return made[-1]

    own = Client()
    answers = SdkHostReader(own, RegistryLogin(), new_client if concurrent else None).ask(REFERENCES)
    assert isinstance(answers[3], EngineError)
    others = [(answer, reference) for answer, reference in zip(answers, REFERENCES, strict=True) if reference.tag != "3"]
    assert all(answer == Published(reference.normalised) for answer, reference in others)
    assert bool(made) is concurrent
    assert all(client.closed and len(client.threads) == 1 for client in made)
    assert not own.closed


def test_client_that_cannot_connect_is_no_answer() -> None:
    def new_client() -> Client:
        raise EngineUnavailable("no engine")

    answers = SdkHostReader(Client(), RegistryLogin(), new_client).ask(REFERENCES[:2])
    assert [(type(answer), str(answer)) for answer in answers] == [(NoAnswer, "no engine")] * 2
