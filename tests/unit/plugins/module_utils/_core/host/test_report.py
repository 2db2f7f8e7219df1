# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What container_update_info returns."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import Status
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.report import host_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from support.fakes.engine import FakeEngine, digest_of
from support.fakes.host_of_web import TAG, host_of_web, inspect
from support.fakes.host_reader import FakeHostReader


@pytest.fixture
def reader() -> FakeHostReader:
    return host_of_web()


@pytest.fixture
def engine(reader: FakeHostReader) -> FakeEngine:
    return reader.engine


def test_the_return_values_of_an_up_to_date_container(reader: FakeHostReader) -> None:
    info = inspect(reader)
    assert host_report(info) == {
        "changed": False,
        "containers": [
            {
                "name": "web",
                "id": reader.engine.container("web")["Id"],
                "state": "running",
                "created": 1795428000,
                "image": {"reference": "shop:1", "id": "old", "digest": digest_of("old")},
                "registry": {"digest": digest_of("old"), "platforms": []},
                "status": "up_to_date",
                "outdated": False,
                "certain": True,
                "reason": "",
                "problem": None,
                "obstacle": "",
                "archives": [],
                "interrupted": False,
                "busy": False,
                "compose": None,
            }
        ],
        "outdated": [],
        "interrupted": [],
        "missing": [],
        "left_over": [],
    }
    assert info.warnings == ()


def test_environment_and_labels_are_not_returned(engine: FakeEngine, reader: FakeHostReader) -> None:
    engine.registry[TAG] = "new"
    engine._find("web")["Config"].update(Env=["PASSWORD=hunter2"], Labels={"token": "hunter3"})
    rejected = Rejected("shop:1", "new", digest_of("new"), "start_failed: cannot run with PASSWORD=hunter2", 1)
    engine.add_container("bad", "shop:1", "old")
    Rejections(reader.records["memory"]).remember("bad", rejected)
    info = inspect(reader)
    assert [one.assessment.status for one in info.containers] == [Status.REJECTED, Status.OUTDATED]
    assert "hunter" not in str(host_report(info)) + str(info.warnings)


def test_the_service_of_docker_compose_is_returned(engine: FakeEngine, reader: FakeHostReader) -> None:
    prefix = "com.docker.compose"
    labels = {f"{prefix}.project": "shop", f"{prefix}.service": "app", f"{prefix}.depends_on": "db:service_healthy:true"}
    engine.add_container("app", "shop:1", "old", Labels=labels)
    (app, _web) = host_report(inspect(reader))["containers"]
    assert app["compose"] == {"project": "shop", "service": "app", "depends_on": ["db"]}
