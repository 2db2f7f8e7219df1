# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Engines that are stopped, started and changed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import docker.errors
import pytest

from support.real.ansible import run_module
from support.real.sandbox import Sandbox, wait_for
from testbed.engines import KINDS, ContainedEngine, beside
from testbed.images import WebImage


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_engine_restart_restarts_only_containers_with_a_policy(
    private_engine: ContainedEngine, private_sandbox: Sandbox, signal: str
) -> None:
    image = private_sandbox.image("1", WebImage("v1"))
    comes_back = private_sandbox.service(image, "always", wait=False, HostConfig={"RestartPolicy": {"Name": "always"}}).id
    stays_down = private_sandbox.service(image, "no", wait=False).id
    before = private_sandbox.inspect(comes_back)["State"]
    private_engine.stop(signal)
    try:
        with pytest.raises(docker.errors.DockerException):
            private_engine.client()
    finally:
        private_engine.start()
    wait_for(lambda: private_sandbox.inspect(comes_back)["State"]["StartedAt"] > before["StartedAt"], "the restart")
    assert private_sandbox.inspect(comes_back)["State"]["Running"]
    assert not private_sandbox.inspect(stays_down)["State"]["Running"]


@pytest.mark.skipif(KINDS[beside()].suite != KINDS["28"].suite, reason="this engine has only one image store")
class TestChangedImageStore:
    """An engine shows only containers whose image is in the store that it uses now."""

    @pytest.fixture
    def changing_engine(self) -> Iterator[ContainedEngine]:
        if os.geteuid() != 0:
            pytest.skip("only root can start an engine in a container")
        engine = ContainedEngine("28", f"changing-{secrets.token_hex(4)}")
        try:
            engine.up()
            yield engine
        finally:
            engine.down()

    @pytest.mark.behaviour("H9")
    def test_container_of_another_image_store_is_not_found_and_comes_back_with_its_store(self, changing_engine: ContainedEngine) -> None:
        sandbox = Sandbox(changing_engine.client())
        image = sandbox.image("1", WebImage("v1"), push=False)
        before = sandbox.service(image, wait=False)
        changing_engine.set_options("--feature", "containerd-snapshotter=true")
        for module in ("container_recreate", "container_prepare", "container_finalize"):
            result = run_module(module, name=before.name, docker_host=changing_engine.host)
            assert (result["failed"], result["changed"], result["failed_step"]) == (True, False, "inspect")
            assert "If the engine's image store or data folder was changed" in result["msg"]
        changing_engine.set_options()
        assert changing_engine.client().inspect_container(before.name)["Id"] == before.id
