# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What DockerOps and HealthProbe promise, asked of the fake and of a real engine alike. It keeps the fake honest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.clock import SystemClock
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.docker_ops import SdkDockerOps
from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.health_probe import SdkHealthProbe
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Conflict, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.interfaces import DockerOps, HealthProbe
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document, HookRun, RuntimeStatus
from support.fakes.engine import RUNNING, FakeEngine, exited
from support.real.sandbox import Sandbox
from testbed.images import reference

IMAGE = reference("v1")


class Engine:
    """One of the two, with a name of its own for everything that a test makes."""

    def __init__(self, ops: DockerOps, probe: HealthProbe, prefix: str) -> None:
        self.ops = ops
        self.probe = probe
        self.name = prefix

    def create(self, name: str | None = None, image: str = IMAGE) -> str:
        return self.ops.create(name or self.name, body(image))

    def running(self) -> str:
        container = self.create()
        self.ops.start(container)
        return container


def body(image: str) -> Document:
    return {
        "Image": image,
        "Cmd": ["sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"],
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {},
        "NetworkingConfig": {"EndpointsConfig": {}},
    }


@pytest.fixture(params=["fake", "real"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "real":
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        sandbox.client.pull(*IMAGE.rsplit(":", 1))
        yield Engine(SdkDockerOps(sandbox.client, SystemClock()), SdkHealthProbe(sandbox.client), sandbox.prefix)
    else:
        fake = FakeEngine()
        fake.registry[IMAGE] = fake.local[IMAGE] = "image"
        fake.looks[""] = [RUNNING, exited(0)]
        yield Engine(fake, fake, f"fake-{secrets.token_hex(4)}")


def test_inspect_by_name_and_by_id(engine: Engine) -> None:
    container = engine.create()
    by_name = engine.ops.inspect(engine.name)
    assert by_name.container["Id"] == engine.ops.inspect(container).container["Id"] == container
    assert by_name.container["Name"] == f"/{engine.name}"
    assert by_name.container["Config"]["Image"] == IMAGE
    assert by_name.image is not None


def test_the_first_digits_of_an_id_are_nobody(engine: Engine) -> None:
    """Such as db or fe, which are names."""
    container = engine.create()
    with pytest.raises(NotFound):
        engine.ops.inspect(container[:12])


def test_inspect_gives_copies(engine: Engine) -> None:
    engine.create()
    document = engine.ops.inspect(engine.name).container
    document["Config"]["Image"] = "changed"
    assert engine.ops.inspect(engine.name).container["Config"]["Image"] == IMAGE


@pytest.mark.parametrize("call", ["inspect", "start", "remove"])
def test_nobody_is_not_found(engine: Engine, call: str) -> None:
    with pytest.raises(NotFound):
        getattr(engine.ops, call)(f"{engine.name}-nobody")
    with pytest.raises(NotFound):
        engine.ops.stop(f"{engine.name}-nobody", 1)
    with pytest.raises(NotFound):
        engine.probe.probe(f"{engine.name}-nobody")


def test_rename(engine: Engine) -> None:
    container = engine.create()
    engine.ops.rename(container, f"{engine.name}-old-1")
    assert engine.ops.inspect(f"{engine.name}-old-1").container["Id"] == container
    with pytest.raises(NotFound):
        engine.ops.inspect(engine.name)


def test_a_name_can_be_had_once(engine: Engine) -> None:
    engine.create()
    other = engine.create(f"{engine.name}-other")
    with pytest.raises(Conflict):
        engine.ops.rename(other, engine.name)
    with pytest.raises(Conflict):
        engine.create()


def test_start_and_stop_twice_is_no_error(engine: Engine) -> None:
    container = engine.running()
    engine.ops.start(container)
    assert engine.ops.inspect(container).container["State"]["Status"] == "running"
    engine.ops.stop(container, 5)
    engine.ops.stop(container, 5)
    assert engine.ops.inspect(container).container["State"]["Status"] == "exited"


def test_a_running_container_is_removed_by_force_only(engine: Engine) -> None:
    container = engine.running()
    with pytest.raises(Conflict):
        engine.ops.remove(container)
    engine.ops.remove(container, force=True)
    with pytest.raises(NotFound):
        engine.ops.inspect(container)


def test_a_command_is_run_in_a_running_container_only(engine: Engine) -> None:
    container = engine.running()
    assert engine.ops.run_in(container, ["true"], 30) == HookRun(0, "")
    engine.ops.stop(container, 5)
    with pytest.raises(Conflict):
        engine.ops.run_in(container, ["true"], 30)


def test_pull(engine: Engine) -> None:
    here = ImageReference.parse(IMAGE)
    identity = engine.ops.pull(here)
    assert (identity.reference, identity.id) == (IMAGE, engine.ops.local_image(here).id)


def test_what_is_published_is_what_a_pull_brings(engine: Engine) -> None:
    here = ImageReference.parse(IMAGE)
    pulled = engine.ops.pull(here)
    published = engine.ops.published(here)
    assert engine.ops.local_image(here).id == pulled.id
    assert engine.ops.local_image(here.at(published.digest)).id == pulled.id
    assert not published.is_index


def test_nothing_is_published_and_nothing_here_where_nobody_pushed(engine: Engine) -> None:
    nowhere = ImageReference.parse(reference("nowhere"))
    for look in (engine.ops.published, engine.ops.local_image):
        with pytest.raises(NotFound):
            look(nowhere)


def test_pull_of_what_is_nowhere(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.ops.pull(ImageReference.parse(reference("nowhere")))


def test_probe(engine: Engine) -> None:
    if isinstance(engine.probe, FakeEngine):
        engine.probe.looks["NEW"] = [RUNNING, exited(0)]
    container = engine.running()
    assert engine.probe.probe(container).status is RuntimeStatus.RUNNING
    engine.ops.stop(container, 5)
    state = engine.probe.probe(container)
    assert (state.status, state.exit_code) == (RuntimeStatus.EXITED, 0)
