# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of DockerOps and HealthProbe, checked on the fake and on a real engine, so that the fake stays true."""

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

pytestmark = pytest.mark.oldest_engine

IMAGE = reference("v1")


class Engine:
    """The fake or the real engine, with a name prefix for everything that a test creates."""

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
        fake.probe_results[""] = [RUNNING, exited(0)]
        yield Engine(fake, fake, f"fake-{secrets.token_hex(4)}")


def test_inspect_by_name_and_by_id(engine: Engine) -> None:
    container = engine.create()
    by_name = engine.ops.inspect(engine.name)
    assert by_name.container["Id"] == engine.ops.inspect(container).container["Id"] == container
    assert by_name.container["Name"] == f"/{engine.name}"
    assert by_name.container["Config"]["Image"] == IMAGE
    assert by_name.image is not None


def test_short_id_is_not_found(engine: Engine) -> None:
    """Short IDs such as db or fe may be names."""
    container = engine.create()
    with pytest.raises(NotFound):
        engine.ops.inspect(container[:12])


def test_inspect_returns_copies(engine: Engine) -> None:
    engine.create()
    document = engine.ops.inspect(engine.name).container
    document["Config"]["Image"] = "changed"
    assert engine.ops.inspect(engine.name).container["Config"]["Image"] == IMAGE


@pytest.mark.parametrize("call", ["inspect", "start", "remove"])
def test_missing_container_is_not_found(engine: Engine, call: str) -> None:
    with pytest.raises(NotFound):
        getattr(engine.ops, call)(f"{engine.name}-missing")
    with pytest.raises(NotFound):
        engine.ops.stop(f"{engine.name}-missing", 1)
    with pytest.raises(NotFound):
        engine.probe.probe(f"{engine.name}-missing")


def test_rename_moves_the_name(engine: Engine) -> None:
    container = engine.create()
    engine.ops.rename(container, f"{engine.name}-old-1")
    assert engine.ops.inspect(f"{engine.name}-old-1").container["Id"] == container
    with pytest.raises(NotFound):
        engine.ops.inspect(engine.name)


def test_name_that_is_taken_is_a_conflict(engine: Engine) -> None:
    engine.create()
    other = engine.create(f"{engine.name}-other")
    with pytest.raises(Conflict):
        engine.ops.rename(other, engine.name)
    with pytest.raises(Conflict):
        engine.create()


def test_second_start_or_stop_is_no_error(engine: Engine) -> None:
    container = engine.running()
    engine.ops.start(container)
    assert engine.ops.inspect(container).container["State"]["Status"] == "running"
    engine.ops.stop(container, 5)
    engine.ops.stop(container, 5)
    assert engine.ops.inspect(container).container["State"]["Status"] == "exited"


def test_running_container_is_removed_only_by_force(engine: Engine) -> None:
    container = engine.running()
    with pytest.raises(Conflict):
        engine.ops.remove(container)
    engine.ops.remove(container, force=True)
    with pytest.raises(NotFound):
        engine.ops.inspect(container)


def test_command_runs_only_in_a_running_container(engine: Engine) -> None:
    container = engine.running()
    assert engine.ops.run_in(container, ["true"], 30) == HookRun(0, "")
    engine.ops.stop(container, 5)
    with pytest.raises(Conflict):
        engine.ops.run_in(container, ["true"], 30)


def test_pull_returns_the_local_image(engine: Engine) -> None:
    here = ImageReference.parse(IMAGE)
    identity = engine.ops.pull(here)
    assert (identity.reference, identity.id) == (IMAGE, engine.ops.local_image(here).id)


def test_tag_is_removed_and_a_running_container_keeps_the_image(engine: Engine) -> None:
    here, other = ImageReference.parse(IMAGE), ImageReference.parse(f"{engine.name}:kept")
    image_id = engine.ops.pull(here).id
    engine.ops.tag(image_id, other)
    engine.running()
    engine.ops.untag(other)
    with pytest.raises(NotFound):
        engine.ops.local_image(other)
    assert engine.ops.local_image(here).id == image_id
    with pytest.raises(NotFound):
        engine.ops.untag(other)


def test_published_digest_is_the_pulled_image(engine: Engine) -> None:
    here = ImageReference.parse(IMAGE)
    pulled = engine.ops.pull(here)
    published = engine.ops.published(here)
    assert engine.ops.local_image(here).id == pulled.id
    assert engine.ops.local_image(here.at(published.digest)).id == pulled.id
    assert not published.is_index


def test_unpublished_image_is_not_found(engine: Engine) -> None:
    nowhere = ImageReference.parse(reference("nowhere"))
    for look in (engine.ops.published, engine.ops.local_image):
        with pytest.raises(NotFound):
            look(nowhere)


def test_pull_of_an_unpublished_image_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.ops.pull(ImageReference.parse(reference("nowhere")))


def test_probe_returns_status_and_exit_code(engine: Engine) -> None:
    if isinstance(engine.probe, FakeEngine):
        engine.probe.probe_results["NEW"] = [RUNNING, exited(0)]
    container = engine.running()
    assert engine.probe.probe(container).status is RuntimeStatus.RUNNING
    engine.ops.stop(container, 5)
    state = engine.probe.probe(container)
    assert (state.status, state.exit_code) == (RuntimeStatus.EXITED, 0)
