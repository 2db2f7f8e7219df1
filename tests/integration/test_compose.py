# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that docker compose made: what compose says to them after an update."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.real.ansible import COLLECTIONS, play, run_module, run_playbook
from support.real.faulty_proxy import Call, Proxy, socket_of
from support.real.index_changes import CHANGES, Publish
from support.real.repository import Repository, Where
from support.real.sandbox import Sandbox
from testbed import compose, engine, registry
from testbed.images import WebImage, shell

V1, V2, BROKEN = WebImage("v1"), WebImage("v2"), WebImage("v3", health="false")
IMAGE_LABEL = "com.docker.compose.image"


class Project:
    """A compose project, named like the sandbox. Its service `web` is there in each project."""

    def __init__(self, sandbox: Sandbox, program: Path, folder: Path) -> None:
        self._sandbox = sandbox
        self._program = program
        self._folder = folder
        self.container = self.container_of("web")

    def container_of(self, service: str) -> str:
        return f"{self._sandbox.prefix}-{service}-1"

    def up(self, image: str, **others: dict[str, Any]) -> dict[str, Any]:
        """`up` with a file in which `web` has the image. `others` are the other services. Returns the container of `web`."""
        web = {
            "image": image,
            "volumes": ["data:/data"],
            "networks": {"front": {"aliases": ["shop"]}},
            "restart": "always",
            "ipc": "shareable",
            "stop_grace_period": "1s",
        }
        document = {"services": {"web": web, **others}, "volumes": {"data": {}}, "networks": {"front": {}}}
        (self._folder / "compose.yaml").write_text(json.dumps(document))
        self.up_again()
        return self._sandbox.inspect(self.container)

    def up_again(self) -> None:
        """`up` with the same files."""
        self._compose("up", "--detach", "--timeout", "1")

    def identities(self) -> dict[str, tuple[str, str]]:
        """What changes when a container is recreated or restarted, by the container's name."""
        documents = {name: self._sandbox.inspect(name) for name in self.containers()}
        return {name: (document["Id"], document["State"]["StartedAt"]) for name, document in documents.items()}

    def containers(self) -> list[str]:
        """Those that compose takes for this project's, stopped ones included."""
        return self._compose("ps", "--all", "--format", "{{.Name}}").split()

    def down(self) -> None:
        self._compose("down", "--volumes", "--timeout", "1")

    def _compose(self, *arguments: str) -> str:
        run = subprocess.run(
            (self._program, "--project-name", self._sandbox.prefix, *arguments),
            cwd=self._folder,
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


class TestDependents:
    """Services that share with `web` by its ID. They follow a tag of their own, which does not move (F-N13)."""

    @pytest.fixture
    def _installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        install(tmp_path, monkeypatch, "standalone")

    @pytest.fixture(autouse=True)
    def _sidecar(self, sandbox: Sandbox) -> None:
        self.image = sandbox.image("sidecar", WebImage("sidecar", command=shell("trap 'exit 0' TERM; sleep 600 & wait"), health=None))

    @staticmethod
    def set_up(project: Project, tmp_path: Path, image: str, **services: dict[str, Any]) -> None:
        (tmp_path / "all.env").write_text("PASSWORD='hunter$2'\n")
        (tmp_path / ".env").write_text("TAG=7\n")
        project.up(image, **services)

    def sidecars(self, project: Project) -> dict[str, dict[str, Any]]:
        """A service for each way to share, and one that shares in several ways, and takes variables from files."""
        common = {"image": self.image, "stop_grace_period": "1s"}
        return {
            "net": {**common, "network_mode": "service:web", "container_name": project.container_of("net")},
            "pid": {**common, "pid": "service:web", "environment": {"A": "x$$y"}},
            "ipc": {**common, "ipc": "service:web", "deploy": {"resources": {"limits": {"memory": "64M"}}}},
            "all": {
                **common,
                "network_mode": "service:web",
                "pid": "service:web",
                "volumes_from": ["web:ro"],
                "env_file": ["all.env"],
                "environment": ["TAG=${TAG:?}"],
            },
        }

    @pytest.mark.behaviour("I6")
    @pytest.mark.parametrize("program", ["standalone", "plugin"])
    def test_compose_finds_nothing_to_do_after_an_update(
        self, sandbox: Sandbox, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
    ) -> None:
        install(tmp_path, monkeypatch, program)
        self.set_up(project, tmp_path, sandbox.moved_tag(V1, V2), **self.sidecars(project))
        before = project.identities()
        result = run_module("container_recreate", name=project.container, poll_interval=0.2)
        assert (result["outcome"], len(result["dependents"]), result.get("warnings", [])) == ("recreated", 4, [])
        updated = project.identities()
        assert not set(updated.values()) & set(before.values())
        project.up_again()
        assert project.identities() == updated

    @pytest.mark.usefixtures("_installed")
    def test_compose_finds_nothing_to_do_after_a_rollback(self, sandbox: Sandbox, project: Project, tmp_path: Path) -> None:
        self.set_up(project, tmp_path, sandbox.moved_tag(V1, BROKEN), **self.sidecars(project))
        result = run_module("container_recreate", name=project.container, health_timeout=2, poll_interval=0.2)
        assert result["outcome"] == "rolled_back"
        back = project.identities()
        project.up_again()
        assert project.identities() == back

    @pytest.mark.usefixtures("_installed")
    def test_compose_finds_nothing_to_do_after_going_back(self, sandbox: Sandbox, project: Project, tmp_path: Path) -> None:
        self.set_up(project, tmp_path, sandbox.moved_tag(V1, V2), **self.sidecars(project))
        for module, options in (("container_recreate", {"keep_archive": True}), ("container_rollback", {})):
            result = run_module(module, name=project.container, poll_interval=0.2, **options)
            assert (result["failed"], len(result["dependents"]), result.get("warnings", [])) == (False, 4, [])
        back = project.identities()
        project.up_again()
        assert project.identities() == back

    @pytest.mark.usefixtures("_installed")
    @pytest.mark.parametrize(("call", "number"), [("/rename", 1), ("/containers/create", 2), ("/containers/create", 3)])
    def test_compose_finds_nothing_to_do_after_a_recovered_interruption(
        self, sandbox: Sandbox, project: Project, tmp_path: Path, call: str, number: int
    ) -> None:
        """Killed before there is a new `web`, and while its dependents are recreated."""
        self.set_up(project, tmp_path, sandbox.moved_tag(V1, V2), **self.sidecars(project))
        kill_update_at(project.container, call, number)
        result = run_module("container_recreate", name=project.container, poll_interval=0.2)
        assert (result["failed"], result["changed"]) == (False, True)
        recovered = project.identities()
        assert len(recovered) == 5
        project.up_again()
        assert project.identities() == recovered

    @pytest.mark.usefixtures("_installed")
    def test_service_that_names_the_container_itself_keeps_its_hash(self, sandbox: Sandbox, project: Project) -> None:
        image = sandbox.moved_tag(V1, V2)
        project.up(image)
        project.up(image, named={"image": self.image, "network_mode": f"container:{project.container}", "stop_grace_period": "1s"})
        result = run_module("container_recreate", name=project.container, poll_interval=0.2)
        assert (len(result["dependents"]), result.get("warnings", [])) == (1, [])
        updated = project.identities()
        project.up_again()
        assert project.identities() == updated

    @pytest.mark.parametrize("cause", ["no compose", "no file", "changed file"])
    def test_warning_names_what_compose_will_recreate(
        self, sandbox: Sandbox, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
    ) -> None:
        """Check mode knows it too."""
        install(tmp_path, monkeypatch, "standalone")
        common = {"image": self.image, "stop_grace_period": "1s"}
        services = {"net": {**common, "network_mode": "service:web"}, "lent": {**common, "volumes_from": ["web"]}}
        self.set_up(project, tmp_path, sandbox.moved_tag(V1, V2), **services, other=common)
        file, elsewhere = tmp_path / "compose.yaml", tmp_path / "elsewhere"
        if cause == "no compose":
            monkeypatch.setenv("PATH", "/usr/bin:/bin")
        elif cause == "no file":
            file.rename(elsewhere)
        else:
            for service in services.values():
                service["stop_grace_period"] = "2s"
            web = json.loads(file.read_text())
            file.write_text(json.dumps({**web, "services": {**web["services"], **services}}))
        options = {"name": project.container, "poll_interval": 0.2}
        predicted = run_playbook([play({"evenkeel.fleet.container_recreate": options})], "--check").results[0]
        result = run_module("container_recreate", **options)
        assert predicted["warnings"] == result["warnings"]
        warned = {warning.partition(" recreates ")[2].partition(":")[0] for warning in result["warnings"]}
        if elsewhere.exists():
            elsewhere.rename(file)
        updated = project.identities()
        project.up_again()
        recreated = {name for name, identity in project.identities().items() if identity != updated[name]}
        assert recreated == warned == {project.container_of(name) for name in services}


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the modules find docker compose, as the `plugin` of the docker CLI or as the `standalone` program."""
    folder = tmp_path / "installed" / ("cli-plugins" if program == "plugin" else "bin")
    folder.mkdir(parents=True)
    (folder / "docker-compose").symlink_to(compose.program())
    if program == "plugin":
        monkeypatch.setenv("DOCKER_CONFIG", str(folder.parent))
    else:
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def kill_update_at(container: str, call: str, number: int) -> None:
    """Update the container, and kill the run at its call with this number whose path ends like this. The engine carries the call out."""
    calls, killed = itertools.count(1), threading.Event()
    run: subprocess.Popen[str] | None = None

    def kill(made: Call) -> None:
        if not made.reads and made.path.partition("?")[0].endswith(call) and next(calls) == number and run:
            run.kill()
            killed.set()

    with Proxy(socket_of(engine.host()), before=kill) as proxy:
        run = subprocess.Popen(
            (sys.executable, "-m", "ansible_collections.evenkeel.fleet.plugins.modules.container_recreate"),
            env={**os.environ, "PYTHONPATH": COLLECTIONS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        output, _none = run.communicate(
            json.dumps({"ANSIBLE_MODULE_ARGS": {"name": container, "docker_host": proxy.url, "poll_interval": 0.2}})
        )
    assert killed.is_set(), f"the module did not make that call:\n{output}"
