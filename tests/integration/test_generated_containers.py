# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated containers, created on a real engine and created again from their spec. They keep the model of the engine honest too."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from typing import Any

import docker
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.docker_ops import SdkDockerOps
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec
from support.fakes.engine_model import RefusedByEngine, clean, merged_config
from support.fakes.generated_containers import bodies, images
from support.real.sandbox import Sandbox
from testbed.images import WebImage, shell

pytestmark = pytest.mark.properties

Document = dict[str, Any]

SAMPLED, WHOLE = 15, 300
ANSWERS = ("Hostname", "Image", "MacAddress")


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    return WHOLE if request.config.getoption("--whole-matrices") else SAMPLED


class Workshop:
    """Makes generated images and containers in a scene."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ops = SdkDockerOps(sandbox.client, SystemClock())
        self.networks = tuple(sandbox.network(suffix) for suffix in ("front", "back", "side"))
        self._images: list[str] = []
        self.volume = f"{sandbox.prefix}-named"
        sandbox.client.create_volume(self.volume)
        sandbox._volumes.add(self.volume)
        base = sandbox.image("base", WebImage("base", command=shell("sleep 600"), health=None), push=False)
        self._base = sandbox.client.create_container_from_config({"Image": base}, f"{sandbox.prefix}-base")["Id"]
        self.all_at_create = bool(docker.utils.version_gte(sandbox.client.api_version, "1.44"))

    def images(self, values: str) -> st.SearchStrategy[Document]:
        return images(values, start_interval=self.all_at_create)

    def bodies(self, values: str) -> st.SearchStrategy[Document]:
        return bodies(values, self.networks, self.volume, start_interval=self.all_at_create, mac_of_endpoint=self.all_at_create)

    def image(self, config: Document) -> str:
        """Commit makes an image of any Config, without its layers being built."""
        tag = f"g{secrets.token_hex(6)}"
        repository = f"localhost/{self.sandbox.prefix}"
        self.sandbox.client.commit(self._base, repository=repository, tag=tag, conf=config)
        self._images.append(f"{repository}:{tag}")
        return f"{repository}:{tag}"

    def config_of(self, image: str) -> Document:
        config: Document = self.sandbox.client.inspect_image(image)["Config"]
        return config

    def create(self, image: str, body: Document) -> Document:
        """As the module does it, on any number of networks. Returns the inspect document."""
        endpoints = {"NetworkingConfig": {"EndpointsConfig": {}}}
        container = self.ops.create(f"{self.sandbox.prefix}-{secrets.token_hex(6)}", {**endpoints, **body, "Image": image})
        return self.sandbox.inspect(container)

    def spec(self, container: Document) -> ContainerSpec:
        return ContainerSpec.from_inspect(self.ops.inspect(container["Id"]))

    def sweep(self) -> None:
        """Remove what one example made."""
        for name in self.sandbox.containers:
            if not name.endswith("-base"):
                self.sandbox.inspect(name)
                self.sandbox.client.remove_container(name, force=True, v=True)
        while self._images:
            self.sandbox.client.remove_image(self._images.pop(), force=True)
        for volume in self.sandbox._volumes - {self.volume}:
            with contextlib.suppress(docker.errors.NotFound):
                self.sandbox.client.remove_volume(volume)
        self.sandbox._volumes = {self.volume}


@pytest.fixture
def workshop(sandbox: Sandbox) -> Workshop:
    return Workshop(sandbox)


def run(examples: int, test: Callable[[st.DataObject], None], workshop: Workshop) -> None:
    def one(data: st.DataObject) -> None:
        try:
            test(data)
        finally:
            workshop.sweep()

    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    bounded = settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=checks)
    bounded(given(st.data())(one))()


def meaning(config: Document) -> Document:
    """Without what differs from container to container, and without the many ways to say nothing."""
    said = {field: value for field, value in config.items() if value and field not in ANSWERS}
    return {**said, **{field: sorted(said[field]) for field in ("Env",) if field in said}}


def asked(networks: Document, container_id: str) -> Document:
    fields = ("Aliases", "IPAMConfig", "Links", "DriverOpts", "GwPriority", "MacAddress")
    wishes = {name: {field: endpoint[field] for field in fields if endpoint.get(field)} for name, endpoint in networks.items()}
    for endpoint in wishes.values():
        endpoint["Aliases"] = [alias for alias in endpoint.get("Aliases", []) if alias != container_id[:12]]
    return wishes


def volumes(container: Document) -> dict[str, tuple[str, bool]]:
    return {clean(mount["Destination"]): (mount["Source"], mount["RW"]) for mount in container["Mounts"]}


def test_engine_agrees_with_the_model(workshop: Workshop, examples: int) -> None:
    def example(data: st.DataObject) -> None:
        image, body = workshop.image(data.draw(workshop.images("same"))), data.draw(workshop.bodies("same"))
        defaults = workshop.config_of(image)
        try:
            expected = merged_config(body, defaults)
        except RefusedByEngine:
            assume(False)
            raise
        actual = workshop.create(image, body)["Config"]
        assert meaning({field: actual.get(field) for field in expected}) == meaning(expected)

    run(examples, example, workshop)


@pytest.mark.parametrize("state", ["created", "running", "exited"])
def test_recreated_container_has_the_same_spec(workshop: Workshop, examples: int, state: str) -> None:
    def example(data: st.DataObject) -> None:
        image, body = workshop.image(data.draw(workshop.images("same"))), data.draw(workshop.bodies("same"))
        try:
            merged_config(body, workshop.config_of(image))
        except RefusedByEngine:
            assume(False)
        if state != "created":
            body = {**body, "Entrypoint": ["sleep"], "Cmd": ["600"], "User": "0", "WorkingDir": "/", "Healthcheck": {"Test": ["NONE"]}}
        old = workshop.create(image, body)
        if state != "created":
            workshop.sandbox.client.start(old["Id"])
        if state == "exited":
            workshop.sandbox.client.stop(old["Id"], timeout=0)
            for endpoint in (body.get("NetworkingConfig") or {"EndpointsConfig": {}})["EndpointsConfig"].values():
                assume("MacAddress" not in endpoint)
        old, first = workshop.sandbox.inspect(old["Id"]), workshop.spec(old)
        if state == "running":
            workshop.sandbox.client.stop(old["Id"], timeout=0)
        new = workshop.create(image, dict(first.create_body(image)))
        again = workshop.spec(new)
        assert {**again.config, "Image": None} == {**first.config, "Image": None}
        assert again.endpoints == first.endpoints
        assert again.host_config == first.host_config
        assert meaning(new["Config"]) == meaning(old["Config"])
        assert volumes(new) == volumes(old)
        if state == "created":
            # Only then do endpoints show no more than what they were asked for.
            before, after = (asked(each["NetworkSettings"]["Networks"], each["Id"]) for each in (old, new))
            assert after == before

    run(examples if state == "created" else examples // 3, example, workshop)


def test_update_equals_a_new_container_from_the_new_image(workshop: Workshop, examples: int) -> None:
    def example(data: st.DataObject) -> None:
        image, newer = workshop.image(data.draw(workshop.images("1"))), workshop.image(data.draw(workshop.images("2")))
        body = data.draw(workshop.bodies("op"))
        assume(body.get("Entrypoint") not in ([], [""]) or workshop.config_of(image).get("Entrypoint"))
        try:
            merged_config(body, workshop.config_of(image))
            merged_config(body, workshop.config_of(newer))
        except RefusedByEngine:
            assume(False)
        old = workshop.create(image, body)
        updated = workshop.create(newer, dict(workshop.spec(old).create_body(newer)))
        afresh = workshop.create(newer, body)
        assert meaning(updated["Config"]) == meaning(afresh["Config"])
        assert volumes(old).items() <= volumes(updated).items()
        assert set(volumes(afresh)) <= set(volumes(updated))

    run(examples, example, workshop)
