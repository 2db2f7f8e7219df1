# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine that other tests stop and start."""

from __future__ import annotations

import docker.errors
import pytest

from support.real.sandbox import Sandbox, wait_for
from testbed.engines import ContainedEngine
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
