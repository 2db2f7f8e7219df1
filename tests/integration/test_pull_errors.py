# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that cannot be had, each for its own reason: told by name, and the container goes on running as if nobody had asked."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from support.real.ansible import Run, play, run_module, run_playbook
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed.engines import ContainedEngine, beside
from testbed.images import WebImage, reference
from testbed.scripted_registry import scripted_registry
from testbed.secured_registry import Credentials, SecuredRegistry, bridge_address, trusted

LIMIT = "You have reached your pull rate limit. Come back in 5 hours"


@dataclass(frozen=True)
class Pull:
    """One that has to fail: how it is done, and what has to be said of it."""

    image: str
    error_class: str
    says: str
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def task(self, service: Service) -> dict[str, Any]:
        options = {"name": service.name, "image": self.image, **self.options}
        return {"evenkeel.fleet.container_recreate": options, "environment": self.environment, "ignore_errors": True}


@pytest.fixture
def service(sandbox: Sandbox) -> Service:
    return sandbox.service(reference("v1"))


Fail = Callable[..., Run]


@pytest.fixture
def fail(sandbox: Sandbox, service: Service) -> Fail:
    """Let updates fail at the pull, one after another. Same ID, same start time, nothing beside it, and the page is served."""

    def run(*pulls: Pull, arguments: tuple[str, ...] = ()) -> Run:
        before = sandbox.inspect(service.id)
        run = run_playbook([play(*(pull.task(service) for pull in pulls))], *arguments)
        after = sandbox.inspect(service.name)
        assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
        assert (sandbox.containers, sandbox.journal, sandbox.memory) == ([service.name], [], [])
        assert fetch(service.port) == "v1"
        assert "Traceback" not in run.output
        for pull, result in zip(pulls, run.results, strict=True):
            check(result, service, pull)
        return run

    return run


def check(result: dict[str, Any], service: Service, pull: Pull) -> None:
    message = result["msg"]
    told = (result["failed"], result["changed"], result.get("failed_step"), result.get("error_class"))
    assert told == (True, False, "pull", pull.error_class), message
    assert message.startswith(f"Image {pull.image} could not be obtained, and container {service.name} was not changed: ")
    assert pull.says in message


@pytest.mark.behaviour("A1", "J3")
def test_missing_image_is_not_found(fail: Fail) -> None:
    there = reference("v1")
    names = [there.replace("web:v1", name) for name in ("web:nope", "nope:1", f"web@sha256:{'a' * 64}")]
    run = fail(*(Pull(name, "not_found", ": the image does not exist: ") for name in names))
    assert all("Check the spelling" in result["msg"] for result in run.results)


class TestCredentials:
    @pytest.fixture
    def private(self, client: docker.APIClient, sandbox: Sandbox, password_registry: SecuredRegistry) -> str:
        """An image that only the registry's user can have."""
        image = password_registry.publish(client, sandbox.image("2", WebImage("v2"), push=False), f"{sandbox.prefix}/shop:2")
        sandbox._images.add(image)
        return image

    @pytest.mark.behaviour("G8")
    def test_missing_or_wrong_credentials(self, fail: Fail, private: str, password_registry: SecuredRegistry, tmp_path: Path) -> None:
        """What was wrong with them is not shown at any verbosity either."""
        user, password, printed = (f"{kind}-{secrets.token_hex(8)}" for kind in ("user", "password", "printed"))
        (tmp_path / "missing").mkdir()
        failing = self.helper(tmp_path, password_registry, f"echo {printed}; exit 1")
        missing = {**self.helper(tmp_path / "missing", password_registry, ""), "PATH": os.environ["PATH"]}
        program = "the credential helper docker-credential-test, which the Docker client configuration on the target sets for"
        run = fail(
            Pull(private, "authentication", "the registry requires credentials, or rejected the given ones: "),
            Pull(private, "authentication", "nauthorized", {"registry_username": user, "registry_password": password}),
            Pull(private, "authentication", program, environment=failing),
            Pull(private, "authentication", "is not installed", environment=missing),
            arguments=("-vvvv",),
        )
        for secret in (user, password, printed):
            assert secret not in run.output
            assert secret not in json.dumps(run.results)

    @pytest.mark.behaviour("G8")
    def test_credentials_without_access_are_denied(self, fail: Fail) -> None:
        with scripted_registry() as first, scripted_registry() as second:
            first.refuse_with(401, "UNAUTHORIZED", "no access", WWW_Authenticate='Basic realm="test"')
            second.refuse_with(403, "DENIED", "no access")
            fail(*(Pull(each.reference(), "authentication", "the registry requires credentials") for each in (first, second)))

    def test_credentials_from_the_options(self, service: Service, private: str, password_registry: SecuredRegistry) -> None:
        """Not shown at any verbosity, neither plain nor as they are sent."""
        known = known_to(password_registry)
        options = {"registry_username": known.username, "registry_password": known.password}
        run = self.update(service, private, options, arguments=("-vvvv",))
        for secret in (known.username, known.password, known.basic):
            assert secret not in run.output
            assert secret not in json.dumps(run.results)

    def test_user_name_that_is_a_word_of_the_result_is_not_masked_there(
        self, client: docker.APIClient, sandbox: Sandbox, service: Service, password_registry: SecuredRegistry
    ) -> None:
        """The image reference and the rest stay as they are, also where the user's name is in them."""
        known = known_to(password_registry)
        name = f"{sandbox.prefix}/{known.username}:2"
        image = password_registry.publish(client, sandbox.image("2", WebImage("v2"), push=False), name)
        sandbox._images.add(image)
        run = self.update(service, image, {"registry_username": known.username, "registry_password": known.password})
        assert run.results[0]["image"]["new"]["reference"] == image

    def test_credentials_from_the_client_configuration(
        self, service: Service, private: str, password_registry: SecuredRegistry, tmp_path: Path
    ) -> None:
        config = {"auths": {password_registry.address: {"auth": known_to(password_registry).basic}}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        self.update(service, private, environment={"DOCKER_CONFIG": str(tmp_path)})

    @pytest.mark.behaviour("G8")
    def test_credentials_from_a_credential_helper(
        self, service: Service, private: str, password_registry: SecuredRegistry, tmp_path: Path
    ) -> None:
        known = known_to(password_registry)
        answer = json.dumps({"ServerURL": password_registry.address, "Username": known.username, "Secret": known.password})
        self.update(service, private, environment=self.helper(tmp_path, password_registry, f"echo '{answer}'"))

    def update(
        self,
        service: Service,
        image: str,
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> Run:
        task = {"name": service.name, "image": image, "poll_interval": 0.2, **(options or {})}
        plays = [play({"evenkeel.fleet.container_recreate": task, "environment": environment or {}})]
        run = run_playbook(plays, *arguments)
        assert [result.get("outcome") for result in run.results] == ["recreated"], run.output
        assert fetch(service.port) == "v2"
        return run

    def helper(self, folder: Path, registry: SecuredRegistry, script: str) -> dict[str, str]:
        """The environment in which the client is configured to ask a program that runs `script`."""
        program = folder / "docker-credential-test"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        (folder / "config.json").write_text(json.dumps({"credHelpers": {registry.address: "test"}}))
        return {"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.behaviour("G9")
@pytest.mark.oldest_engine
@pytest.mark.skipif(beside() != "20.10", reason="the certificates of a contained engine lie inside its container")
def test_certificate_that_the_engine_trusts(
    client: docker.APIClient, sandbox: Sandbox, service: Service, tls_registry: SecuredRegistry
) -> None:
    """The engine's settings count, without a word to the module."""
    with trusted(tls_registry):
        image = tls_registry.publish(client, sandbox.image("2", WebImage("v2"), push=False), f"{sandbox.prefix}/shop:2")
        sandbox._images.add(image)
        result = run_module("container_recreate", name=service.name, image=image, poll_interval=0.2)
    assert (result.get("outcome"), fetch(service.port)) == ("recreated", "v2"), result.get("msg")


@pytest.mark.behaviour("G6", "G7")
def test_registry_errors_are_classified(fail: Fail) -> None:
    with contextlib.ExitStack() as stack:
        limited, broken, closed, foreign = (stack.enter_context(scripted_registry()) for _registry in range(4))
        limited.refuse_with(429, "TOOMANYREQUESTS", LIMIT)
        broken.refuse_with(500, "UNKNOWN", "no")
        closed.refuse_with(503, "UNAVAILABLE", "no")
        foreign.only_platform = "s390x"
        run = fail(
            Pull(limited.reference(), "rate_limited", "rate limited by the registry: "),
            Pull(broken.reference(), "unreachable", "500 Internal Server Error"),
            Pull(closed.reference(), "unreachable", "503 Service Unavailable"),
            Pull(foreign.reference(), "no_platform", "there is no image for the platform of this host: "),
        )
        assert LIMIT in run.results[0]["msg"]


@pytest.mark.behaviour("A2")
def test_broken_layers_are_classified(fail: Fail, sandbox: Sandbox) -> None:
    says = "a layer of the image is corrupt or incomplete: "
    gone = sandbox.moved_tag(WebImage("old"), WebImage(sandbox.prefix))
    sandbox.break_layer(gone)
    with scripted_registry() as corrupt:
        corrupt.corrupt_layer = True
        run = fail(Pull(gone, "broken_layer", says), Pull(corrupt.reference(), "broken_layer", says))
    assert "pull=missing or pull=never would use it" in run.results[0]["msg"]


def test_silent_registry_is_a_timeout(fail: Fail) -> None:
    with scripted_registry() as mute, scripted_registry() as stuck:
        mute.hang, stuck.hang_in_layer = True, True
        says = "no pull progress for 2 s"
        fail(*(Pull(each.reference(), "timeout", says, {"pull_timeout": 2}) for each in (mute, stuck)))


@pytest.mark.behaviour("G9")
def test_unreachable_or_unknown_registry(fail: Fail, tls_registry: SecuredRegistry) -> None:
    run = fail(
        Pull("127.0.0.1:9/shop:2", "unreachable", "connection refused"),
        Pull("registry.invalid/shop:2", "unreachable", "the registry is unreachable or out of order: "),
        Pull(f"{tls_registry.address}/shop:2", "tls", "x509: certificate signed by unknown authority"),
    )
    assert "/etc/docker/certs.d/" in run.results[2]["msg"]


@pytest.mark.behaviour("G13")
def test_unreachable_registry_with_a_local_image_suggests_another_policy(
    client: docker.APIClient, sandbox: Sandbox, service: Service
) -> None:
    image = f"127.0.0.1:9/{sandbox.prefix}:2"
    client.tag(sandbox.image("2", WebImage("v2"), push=False), *image.rsplit(":", 1))
    sandbox._images.add(image)
    result = run_module("container_recreate", name=service.name, image=image, pull="missing", poll_interval=0.2)
    assert (result["outcome"], fetch(service.port)) == ("recreated", "v2")


def test_invalid_pull_timeout_is_refused(service: Service) -> None:
    result = run_module("container_recreate", name=service.name, pull_timeout=0)
    assert (result["failed"], result["error_class"]) == (True, "invalid_input")
    assert "pull_timeout" in result["msg"]


@pytest.fixture(scope="module")
def small_engine(client: docker.APIClient) -> Iterator[ContainedEngine]:
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine in a container")
    insecure = f"--insecure-registry={bridge_address(client)}/16"
    engine = ContainedEngine(beside(), f"small-{secrets.token_hex(4)}", disk=96, options=("--max-download-attempts=1", insecure))
    try:
        engine.up()
        yield engine
    finally:
        engine.down()


class TestOnASmallDisk:
    """On an engine whose images lie on a small file system of their own."""

    @pytest.fixture
    def sandbox(self, small_engine: ContainedEngine) -> Iterator[Sandbox]:
        client = small_engine.client()
        sandbox = Sandbox(client)
        yield sandbox
        sandbox.clean_up()
        client.close()

    @pytest.fixture
    def service(self, sandbox: Sandbox) -> Service:
        return sandbox.service(sandbox.image("1", WebImage("v1"), push=False), wait=False)

    @pytest.mark.behaviour("G10")
    def test_full_disk_is_classified(self, sandbox: Sandbox, service: Service, small_engine: ContainedEngine) -> None:
        image = sandbox.image("2", WebImage("v2" * (8 << 20)))
        sandbox.client.remove_image(image)
        filler = small_engine.data / "filler"
        disk = os.statvfs(small_engine.data)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - (8 << 20))
        try:
            self.fails(sandbox, service, small_engine, Pull(image, "disk_full", "no space left on device"))
        finally:
            filler.unlink()

    @pytest.mark.behaviour("A2")
    @pytest.mark.oldest_engine
    @pytest.mark.skipif(beside() != "20.10", reason="it does not reach a registry in the namespace of another contained engine")
    def test_connection_cut_off_in_mid_stream_is_a_broken_layer(
        self, client: docker.APIClient, sandbox: Sandbox, service: Service, small_engine: ContainedEngine
    ) -> None:
        """Here, since this engine does not try for more than a minute."""
        with scripted_registry(bridge_address(client)) as registry:
            registry.cut_layer = True
            self.fails(sandbox, service, small_engine, Pull(registry.reference(), "broken_layer", "unexpected EOF"))

    def fails(self, sandbox: Sandbox, service: Service, engine: ContainedEngine, pull: Pull) -> None:
        before = sandbox.inspect(service.id)
        result = run_module("container_recreate", name=service.name, image=pull.image, docker_host=engine.host)
        after = sandbox.inspect(service.name)
        check(result, service, pull)
        assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
        assert sandbox.containers == [service.name]


def known_to(registry: SecuredRegistry) -> Credentials:
    assert registry.credentials
    return registry.credentials
