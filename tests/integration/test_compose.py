# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that docker compose made: what compose says to them after an update."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.real.ansible import run_module
from support.real.index_changes import CHANGES, Publish
from support.real.repository import Repository, Where
from support.real.sandbox import Sandbox
from testbed import compose, engine, registry
from testbed.images import WebImage

V1, V2, BROKEN = WebImage("v1"), WebImage("v2"), WebImage("v3", health="false")
IMAGE_LABEL = "com.docker.compose.image"


class Project:
    """A compose project with one service, `web`, named like the scene."""

    def __init__(self, sandbox: Sandbox, program: Path, folder: Path) -> None:
        self._sandbox = sandbox
        self._program = program
        self._file = folder / "compose.yaml"
        self.container = f"{sandbox.prefix}-web-1"

    def up(self, image: str) -> dict[str, Any]:
        """`up` with a file that asks for the image. Returns the service's container."""
        web = {"image": image, "volumes": ["data:/data"], "networks": {"front": {"aliases": ["shop"]}}, "restart": "always"}
        self._file.write_text(json.dumps({"services": {"web": web}, "volumes": {"data": {}}, "networks": {"front": {}}}))
        self._compose("up", "--detach")
        return self._sandbox.inspect(self.container)

    def containers(self) -> list[str]:
        """Those that compose takes for this project's, stopped ones included."""
        return self._compose("ps", "--all", "--format", "{{.Name}}").split()

    def down(self) -> None:
        self._compose("down", "--volumes", "--timeout", "1")

    def _compose(self, *arguments: str) -> str:
        run = subprocess.run(
            (self._program, "--project-name", self._sandbox.prefix, "--file", self._file, *arguments),
            env={**os.environ, "DOCKER_HOST": engine.host()},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)} failed:\n{run.stderr}")
        return run.stdout


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Iterator[Project]:
    project = Project(sandbox, compose.program(), tmp_path)
    yield project
    project.down()


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The same container, and not restarted."""
    return (one["Id"], one["State"]["StartedAt"]) == (other["Id"], other["State"]["StartedAt"])


@pytest.mark.behaviour("I1", "I4")
def test_compose_finds_an_updated_container_up_to_date(sandbox: Sandbox, project: Project) -> None:
    image = sandbox.moved_tag(V1, V2)
    before = project.up(image)
    result = run_module("container_recreate", name=project.container, poll_interval=0.2)
    assert result["outcome"] == "recreated"
    updated = sandbox.inspect(project.container)
    assert updated["Id"] != before["Id"]
    assert is_same(project.up(image), updated)
    labels, labels_before = (document["Config"]["Labels"] for document in (updated, before))
    assert labels == {**labels_before, IMAGE_LABEL: updated["Image"]}
    assert labels_before[IMAGE_LABEL] == before["Image"]


@pytest.mark.behaviour("I2")
def test_after_an_update_compose_sees_one_container(sandbox: Sandbox, project: Project) -> None:
    project.up(sandbox.moved_tag(V1, V2))
    run_module("container_recreate", name=project.container, poll_interval=0.2)
    assert project.containers() == sandbox.containers == [project.container]


@pytest.mark.behaviour("I2")
def test_compose_removes_the_kept_archive_and_not_the_new_container(sandbox: Sandbox, project: Project) -> None:
    image = sandbox.moved_tag(V1, V2)
    project.up(image)
    result = run_module("container_recreate", name=project.container, keep_archive=True, poll_interval=0.2)
    assert sorted(project.containers()) == sorted([project.container, result["archive"]])
    updated = sandbox.inspect(project.container)
    assert is_same(project.up(image), updated)
    assert sandbox.containers == [project.container]


@pytest.mark.behaviour("I1", "A22")
def test_compose_finds_the_old_container_up_to_date_after_a_rollback(sandbox: Sandbox, project: Project) -> None:
    image = sandbox.moved_tag(V1, BROKEN)
    before = project.up(image)
    result = run_module("container_recreate", name=project.container, health_timeout=2, poll_interval=0.2)
    assert result["outcome"] == "rolled_back"
    back = sandbox.inspect(project.container)
    assert back["Id"] == before["Id"]
    assert is_same(project.up(image), back)
    assert project.containers() == [project.container]


@pytest.mark.behaviour("I5")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_compose_recreates_nothing_if_only_the_index_changed(sandbox: Sandbox, project: Project, change: Publish) -> None:
    """The engine of a host that runs the same image under a new index has a new ID for its tag. Compose compares IDs (F-E4)."""
    v1, other = (
        sandbox.client.inspect_image(sandbox.image(tag, image, push=False, **options))["Id"]
        for tag, image, options in (("v1", V1, {}), ("other", V2, {"architecture": "s390x"}))
    )
    repository = Repository(sandbox, Where(registry.ADDRESS), "web")
    repository.publish_attested(v1, 1)
    image = repository.pull()
    before = project.up(image)
    change(repository, v1, other)
    for _time in range(2):
        assert run_module("container_prepare", name=project.container)["outcome"] == "unchanged"
        assert is_same(project.up(image), before)
        assert run_module("container_recreate", name=project.container)["outcome"] == "unchanged"
        assert is_same(project.up(image), before)
    assert run_module("container_prepare", name=project.container)["changed"] is False
    (info,) = run_module("container_update_info", name=[project.container])["containers"]
    assert (info["status"], info["outdated"], info["certain"]) == ("up_to_date", False, True)
