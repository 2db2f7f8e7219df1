# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How docker compose is run. The programs here are scripts; tests/integration/test_compose.py runs the real one."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.compose_cli import ComposeCli
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.compose import ComposeProject, HashUnknown

MODEL = {
    "name": "shop",
    "networks": {"default": {}},
    "services": {"vpn": {"image": "vpn"}, "web": {"image": "web", "depends_on": {"vpn": {}}, "environment": {"PASSWORD": "hunter2"}}},
}
COMPOSE = f"""
import json, os, sys
record = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ), "input": sys.stdin.read()}}
with open(os.environ["TEST_RECORD"], "a") as file:
    file.write(json.dumps(record) + "\\n")
if "--hash" not in sys.argv:
    print(json.dumps({MODEL!r}))
else:
    for name, service in sorted(json.loads(record["input"])["services"].items(), reverse=True):
        print(name, "hash-of-" + service.get("network_mode", "nothing"))
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_RECORD", str(tmp_path / "record"))
    return tmp_path / "record"


@pytest.fixture
def project(tmp_path: Path) -> ComposeProject:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("compose.yaml", "more.yaml", "prod.env"):
        (folder / name).touch()
    return ComposeProject("shop", str(folder), (str(folder / "compose.yaml"), "more.yaml"), (str(folder / "prod.env"),))


def program(tmp_path: Path, name: str, code: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\n{code}")
    (folder / name).chmod(0o755)


def compose(tmp_path: Path, deadline: float = 30) -> ComposeCli:
    return ComposeCli(str(tmp_path / "bin"), deadline)


def runs(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


VARIANTS = [{"network_mode": "container:1"}, {}]


def test_compose_reads_the_files_and_computes_the_hash_of_each_variant(tmp_path: Path, project: ComposeProject, record: Path) -> None:
    program(tmp_path, "docker-compose", COMPOSE)
    assert compose(tmp_path).config_hashes(project, "web", VARIANTS) == ("hash-of-container:1", "hash-of-nothing")
    read, computed = runs(record)
    common = ["--project-name", "shop", "--project-directory", project.folder, "--profile", "*"]
    files = ["--file", project.files[0], "--file", "more.yaml", "--env-file", project.env_files[0]]
    assert read["arguments"] == [*common, *files, "config", "--no-consistency", "--format", "json"]
    assert computed["arguments"] == [*common, "--file", "-", "config", "--no-consistency", "--hash", "*"]
    assert (read["folder"], read["input"]) == (project.folder, "")
    model = json.loads(computed["input"])
    web = {"image": "web", "environment": {"PASSWORD": "hunter2"}}
    assert model["services"] == {"variant0": {**web, "network_mode": "container:1"}, "variant1": web}
    assert model["networks"] == MODEL["networks"]


def test_project_is_read_once(tmp_path: Path, project: ComposeProject, record: Path) -> None:
    program(tmp_path, "docker-compose", COMPOSE)
    cli = compose(tmp_path)
    for service in ("web", "vpn"):
        cli.config_hashes(project, service, VARIANTS)
    assert ["--hash" in run["arguments"] for run in runs(record)] == [False, True, True]


def test_variables_of_compose_do_not_reach_it_and_nothing_is_downloaded(
    tmp_path: Path, project: ComposeProject, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "other")
    monkeypatch.setenv("TAG", "7")
    program(tmp_path, "docker-compose", COMPOSE)
    compose(tmp_path).config_hashes(project, "web", VARIANTS)
    environment = runs(record)[0]["environment"]
    assert "COMPOSE_PROFILES" not in environment
    assert (environment["TAG"], environment["COMPOSE_EXPERIMENTAL_GIT_REMOTE"]) == ("7", "false")


def test_plugin_comes_before_the_standalone_program(tmp_path: Path, project: ComposeProject, record: Path) -> None:
    for name in ("docker", "docker-compose"):
        program(tmp_path, name, COMPOSE)
    compose(tmp_path).config_hashes(project, "web", VARIANTS)
    assert all(run["arguments"][0] == "compose" for run in runs(record))


def test_standalone_program_is_used_if_docker_has_no_plugin(tmp_path: Path, project: ComposeProject, record: Path) -> None:
    program(tmp_path, "docker", "raise SystemExit(1)")
    program(tmp_path, "docker-compose", COMPOSE)
    assert compose(tmp_path).config_hashes(project, "web", VARIANTS)
    assert len(runs(record)) == 2


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (None, "docker compose is not installed on this host"),
        (
            "import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(15)",
            "'docker compose config' failed with exit code 15",
        ),
        ("print('hunter2')", "docker compose did not print the project as JSON"),
        ("print('{}')", "the project's files have no service web"),
        ("import sys; print(%r if '--hash' not in sys.argv else 'hunter2')" % json.dumps(MODEL), "docker compose did not print the hashes"),
    ],
)
def test_failure_says_why_and_shows_no_output(tmp_path: Path, project: ComposeProject, code: str | None, why: str) -> None:
    if code:
        program(tmp_path, "docker-compose", code)
    with pytest.raises(HashUnknown) as caught:
        compose(tmp_path).config_hashes(project, "web", VARIANTS)
    assert str(caught.value) == why


@pytest.mark.parametrize("gone", ["files", "env_files"])
def test_missing_file_is_named_and_nothing_is_run(tmp_path: Path, project: ComposeProject, record: Path, gone: str) -> None:
    program(tmp_path, "docker-compose", COMPOSE)
    with pytest.raises(HashUnknown, match="the project's file gone is not on this host"):
        compose(tmp_path).config_hashes(project._replace(**{gone: ("gone",)}), "web", VARIANTS)
    assert not record.exists()


def test_program_that_cannot_be_started_is_no_error_of_its_own(tmp_path: Path, project: ComposeProject) -> None:
    program(tmp_path, "docker-compose", "")
    (tmp_path / "bin" / "docker-compose").write_text("#!/no/such/interpreter\n")
    with pytest.raises(HashUnknown, match="docker compose could not be started"):
        compose(tmp_path).config_hashes(project, "web", VARIANTS)


@pytest.mark.parametrize("hangs_at", ["--format", "--hash"])
def test_hanging_program_is_killed_with_its_children_and_not_waited_for_again(
    tmp_path: Path, project: ComposeProject, record: Path, hangs_at: str
) -> None:
    """The child holds the output open, as compose does under the docker CLI."""
    hang = f"""
import subprocess, sys
if {hangs_at!r} in sys.argv:
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
"""
    program(tmp_path, "docker-compose", hang + COMPOSE)
    cli = compose(tmp_path, deadline=0.5)
    begin = time.monotonic()
    for _time in range(2):
        with pytest.raises(HashUnknown, match=r"docker compose did not answer within 0.5 s"):
            cli.config_hashes(project, "web", VARIANTS)
    assert time.monotonic() - begin < 20
    assert len(runs(record) if record.exists() else []) == (0 if hangs_at == "--format" else 1)
