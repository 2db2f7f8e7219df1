# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The edge on its own: what it makes of a real engine's answers, and of answers that never come."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import docker
import pytest
import requests.exceptions

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters import docker_ops
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.client import connect
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.docker_ops import SdkDockerOps
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.events import Events
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.health_probe import SdkHealthProbe
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Conflict,
    CreateIncomplete,
    EngineError,
    EngineUnavailable,
    InvalidInput,
    NoAnswer,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._module.options import CONNECTION
from support.fakes.engine import FakeClock
from support.real.faulty_proxy import Call, Fault, Proxy, socket_of
from support.real.sandbox import Sandbox, wait_for
from testbed import engine
from testbed.images import WebImage, reference, shell

pytestmark = pytest.mark.oldest_engine


@pytest.fixture
def ops(sandbox: Sandbox) -> SdkDockerOps:
    return SdkDockerOps(sandbox.client, SystemClock())


class TestEvents:
    """It makes a look come early, and must never make it come late, nor fail."""

    PATIENCE = 30
    BRIEFLY = 0.5

    @pytest.fixture
    def container(self, sandbox: Sandbox) -> str:
        check = {"Test": ["CMD", "test", "-e", "/tmp/well"], "Interval": 300_000_000, "Retries": 1}
        return sandbox.container("web", reference("v1"), Healthcheck=check)

    def test_events_are_health_and_exit_of_this_container_only(self, sandbox: Sandbox, container: str) -> None:
        wait_for(lambda: self.health(sandbox, container) == "unhealthy", "the first health check")
        news, event_of_another = (Events(sandbox.client, of) for of in (container, sandbox.container("other", reference("v1"))))
        for stream in (news, event_of_another):
            assert self.is_told(stream, self.PATIENCE), "a look is worth while as soon as the stream is open"
        sandbox.run_in(container, "touch", "/tmp/well")
        assert self.is_told(news, self.PATIENCE)
        assert self.health(sandbox, container) == "healthy"
        sandbox.client.kill(container)
        assert self.is_told(news, self.PATIENCE)
        assert sandbox.inspect(container)["State"]["Status"] == "exited"
        assert not self.is_told(event_of_another, self.BRIEFLY)

    @pytest.mark.parametrize("answer", ["none", "a refusal"])
    def test_missing_event_stream_is_ignored(self, container: str, answer: str) -> None:
        over = threading.Event()

        class WithoutEvents(Proxy):
            def refusal_of(self, _method: str, target: str) -> bytes:
                if "/events" not in target:
                    return b""
                return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" if answer == "a refusal" else bytes(over.wait())

        with WithoutEvents(socket_of(engine.host())) as proxy:
            client = docker.APIClient(base_url=proxy.url, version="auto")
            news = Events(client, container)
            news.wait(self.BRIEFLY)  # One look may come early all the same.
            assert not self.is_told(news, self.BRIEFLY)
            assert client.inspect_container(container)["State"]["Running"], "other calls go on beside it"
            over.set()

    @staticmethod
    def is_told(news: Events, seconds: float) -> bool:
        began = time.monotonic()
        news.wait(seconds)
        return time.monotonic() - began < seconds

    @staticmethod
    def health(sandbox: Sandbox, container: str) -> str:
        status: str = sandbox.inspect(container)["State"]["Health"]["Status"]
        return status


class TestPull:
    def test_an_error_inside_the_stream_is_an_error(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        """Although the engine began its answer with HTTP 200, and an older image of that name is here."""
        image = sandbox.moved_tag(WebImage("old"), WebImage(sandbox.prefix))
        sandbox.break_layer(image)
        with pytest.raises(EngineError):
            ops.pull(ImageReference.parse(image))

    def test_pulled_digest_is_the_digest_of_the_registry(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        identity = ops.pull(ImageReference.parse(reference("v1")))
        assert identity.digest == sandbox.client.inspect_distribution(reference("v1"))["Descriptor"]["digest"]

    def test_pull_by_digest(self, ops: SdkDockerOps) -> None:
        by_tag = ops.pull(ImageReference.parse(reference("v1")))
        pinned = f"{reference('v1')}@{by_tag.digest}"
        identity = ops.pull(ImageReference.parse(pinned))
        assert (identity.reference, identity.id) == (pinned, by_tag.id)


class TestCreate:
    def test_create_posts_the_body_unchanged(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        sandbox.client.pull(*reference("v1").rsplit(":", 1))
        body = {
            "Image": reference("v1"),
            "Labels": {"kept": "yes"},
            "HostConfig": {"CgroupnsMode": "host", "MaskedPaths": ["/proc/kcore"], "CpuShares": 77},
            "NetworkingConfig": {"EndpointsConfig": {}},
        }
        created = sandbox.inspect(ops.create(sandbox.prefix, body))
        assert created["Config"]["Labels"] == {"kept": "yes"}
        assert {key: created["HostConfig"][key] for key in body["HostConfig"]} == body["HostConfig"]

    def test_all_networks_are_connected_before_the_start(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        networks = [sandbox.network(suffix) for suffix in ("a", "b", "c")]
        created = sandbox.inspect(ops.create(sandbox.prefix, self.on(networks)))
        assert created["State"]["Status"] == "created"
        assert {name: "shop" in endpoint["Aliases"] for name, endpoint in created["NetworkSettings"]["Networks"].items()} == dict.fromkeys(
            networks, True
        )

    def test_failed_network_connection_names_the_incomplete_container(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        first, second = sandbox.network("a"), sandbox.network("b")
        body = self.on([first, second])
        body["NetworkingConfig"]["EndpointsConfig"][second]["IPAMConfig"] = {"IPv4Address": "203.0.113.9"}
        with pytest.raises(EngineError, match=f"(?s)network {second}: .*user specified IP address") as caught:
            ops.create(sandbox.prefix, body)
        # An engine that takes all networks at create leaves nothing behind.
        left = [caught.value.container] if isinstance(caught.value, CreateIncomplete) else []
        assert [sandbox.inspect(name)["Id"] for name in sandbox.containers] == left
        one_by_one = docker.utils.version_lt(sandbox.client.api_version, "1.44")
        assert bool(left) == one_by_one

    def on(self, networks: list[str]) -> dict[str, Any]:
        return {
            "Image": reference("v1"),
            "HostConfig": {"NetworkMode": networks[0]},
            "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": ["shop"]} for network in networks}},
        }


class TestStop:
    STUBBORN = WebImage("v1", command=shell("trap '' TERM; sleep 600 & wait"), health=None)

    def test_stop_may_take_longer_than_the_client_timeout(self, sandbox: Sandbox) -> None:
        service = sandbox.service(sandbox.image("1", self.STUBBORN, push=False), wait=False)
        impatient = engine.client(timeout=1)
        SdkDockerOps(impatient, SystemClock()).stop(service.id, 3)
        assert sandbox.inspect(service.id)["State"]["ExitCode"] == 137

    def test_stop_without_an_answer_is_waited_for(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer breaks off at once; the stop itself takes longer than the margin that an answer gets."""
        service = sandbox.service(sandbox.image("1", self.STUBBORN, push=False), wait=False)
        monkeypatch.setattr(docker_ops, "_STOP_MARGIN", 2)
        cut = engine.client()

        def stop_and_hang_up(container: str, timeout: int) -> None:
            threading.Thread(target=engine.client().stop, args=(container,), kwargs={"timeout": timeout}, daemon=True).start()
            raise requests.exceptions.ConnectionError("cut")

        monkeypatch.setattr(cut, "stop", stop_and_hang_up)
        SdkDockerOps(cut, SystemClock()).stop(service.id, 4)
        assert not sandbox.inspect(service.id)["State"]["Running"]

    def test_stop_that_never_arrived_fails_in_the_end(self) -> None:
        """With or without a stop timeout: nothing waits for ever."""
        for timeout, longest in ((5, 40), (-1, 700)):
            clock = FakeClock()
            with pytest.raises(NoAnswer):
                SdkDockerOps(DeadClient(), clock).stop("web", timeout)
            assert timeout < clock.now < longest

    def test_stop_waits_longer_than_the_stop_timeout_for_an_answer(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        service = sandbox.service(sandbox.image("1", self.STUBBORN, push=False), wait=False)
        impatient = engine.client(timeout=1)
        # An SDK that forgets to add the stop timeout to its own, as those before 5 did when none was named.
        monkeypatch.setattr(
            impatient,
            "stop",
            lambda container, timeout: impatient._post(impatient._url("/containers/{0}/stop", container), params={"t": timeout}, timeout=1),
        )
        SdkDockerOps(impatient, SystemClock()).stop(service.id, 3)
        assert not sandbox.inspect(service.id)["State"]["Running"]


class TestRemove:
    def test_remove_keeps_the_volumes_of_an_archive_only(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        for force, volume_stays in ((False, True), (True, False)):
            service = sandbox.service(reference("v1"), f"force-{force}", wait=False, Volumes={"/data": {}})
            volume = sandbox.inspect(service.id)["Mounts"][0]["Name"]
            sandbox.client.stop(service.id)
            ops.remove(service.id, force=force)
            assert sandbox.volume_exists(volume) is volume_stays

    def test_removal_of_an_image_in_use_is_a_conflict(self, ops: SdkDockerOps, sandbox: Sandbox) -> None:
        image = sandbox.image("1", WebImage(sandbox.prefix), push=False)
        sandbox.service(image)
        with pytest.raises(Conflict):
            ops.remove_image(sandbox.client.inspect_image(image)["Id"])


class TestFailure:
    def test_failure_has_exit_code_health_log_and_logs(self, sandbox: Sandbox) -> None:
        script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do echo line $i; done; exit 9"
        service = sandbox.service(sandbox.image("1", WebImage("v1", command=shell(script), health=None), push=False), wait=False)
        sandbox.client.wait(service.id)
        failure = SdkHealthProbe(sandbox.client).failure(service.id)
        assert (failure.exit_code, failure.oom_killed, failure.error, failure.health_log) == (9, False, "", ())
        assert (len(failure.logs), failure.logs[-1]) == (20, "line 22")

    def test_failure_has_both_output_streams(self, sandbox: Sandbox) -> None:
        script = "echo out; echo err >&2; printf 'a\\rb'; exit 9"
        service = sandbox.service(sandbox.image("1", WebImage("v1", command=shell(script), health=None), push=False), wait=False)
        sandbox.client.wait(service.id)
        assert sorted(SdkHealthProbe(sandbox.client).failure(service.id).logs) == ["a\rb", "err", "out"]

    def test_failure_without_readable_logs(self, sandbox: Sandbox) -> None:
        service = sandbox.service(reference("v1"), wait=False, HostConfig={"LogConfig": {"Type": "none", "Config": {}}})
        failure = SdkHealthProbe(sandbox.client).failure(service.id)
        assert failure.logs[0].startswith("(no logs: ")


class TestNoAnswer:
    @pytest.fixture
    def mute(self) -> Iterator[docker.APIClient]:
        """A client of an engine that takes every call and hangs up."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._hang_up, args=(server,), daemon=True).start()
            yield docker.APIClient(base_url=f"tcp://127.0.0.1:{server.getsockname()[1]}", version="1.41", timeout=2)

    def test_a_broken_connection_is_no_answer(self, mute: docker.APIClient) -> None:
        ops = SdkDockerOps(mute, SystemClock())
        for call in (
            lambda: ops.inspect("web"),
            lambda: ops.start("web"),
            lambda: ops.create("web", {"NetworkingConfig": {"EndpointsConfig": {}}}),
        ):
            with pytest.raises(NoAnswer, match="no answer from the engine"):
                call()

    def _hang_up(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            connection.recv(4096)
            connection.close()


class DeadClient:
    """An engine that has gone away."""

    def stop(self, *_arguments: object, **_options: object) -> None:
        raise requests.exceptions.ConnectionError("cut")

    inspect_container = stop


class TestConnect:
    def options(self, **options: Any) -> dict[str, Any]:
        defaults = {name: spec.get("default") for name, spec in CONNECTION.argument_spec.items()}
        return {**defaults, **options}

    def test_docker_host_may_be_a_socket_path(self, client: docker.APIClient) -> None:
        if not engine.host().startswith("unix://"):
            pytest.skip("the engine is not behind a Unix socket")
        client.ping()
        assert connect(self.options(docker_host=engine.host()[len("unix://") :])).ping()

    def test_credentials_are_masked_in_errors(self) -> None:
        with pytest.raises(EngineUnavailable) as caught:
            connect(self.options(docker_host="tcp://user:geheim@127.0.0.1:1"))
        assert "geheim" not in str(caught.value)
        assert "tcp://********@127.0.0.1:1" in str(caught.value)

    def test_silent_pull_ends_with_the_pull_timeout(self) -> None:
        """The SDK by itself waits for ever."""
        with Proxy(socket_of(engine.host()), at=1, fault=Fault.HANG) as proxy:
            ops = SdkDockerOps(connect(self.options(docker_host=proxy.url)), SystemClock(), pull_timeout=0.5)
            with pytest.raises(NoAnswer):
                ops.pull(ImageReference.parse(reference("v1")))
        assert proxy.calls[1:] == [Call("POST", "/images/create")]

    @pytest.mark.parametrize(("option", "value"), [("timeout", 0), ("tls_hostname", "engine.example"), ("api_version", "abc")])
    def test_invalid_connection_is_an_error(self, option: str, value: Any) -> None:
        with pytest.raises(InvalidInput, match=option):
            connect(self.options(**{option: value}))

    def test_api_version_that_is_too_old_is_an_error(self, client: docker.APIClient) -> None:
        client.ping()
        with pytest.raises(InvalidInput, match=r"api_version is 1\.30, but 1\.41 or newer is required"):
            connect(self.options(docker_host=engine.host(), api_version="1.30"))
