# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret comes out: they lie everywhere that a container can carry them, everything goes wrong, and all that is printed is searched.

The same search over the same runs, with a collection that masks nothing, has to find them: otherwise it would prove nothing.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.masking import MASK
from support.real.ansible import CHECKOUT, COLLECTIONS, Run, play, run_playbook
from support.real.sandbox import Sandbox
from testbed.images import PROBE, WebImage, serve_after, shell

# Programs print the values in other forms, and parts of them.
DECODE = "/bin/busybox printf \"$(echo $password | /bin/busybox sed 's/%/\\\\x/g')\""
PRINT_ALL = (
    '/bin/busybox env; echo "$CERTIFICATE"; setting=${SETTINGS#*: }; echo ${LIST%%,*} ${LIST#*,} ${setting#*: };'
    f"password=${{BROKER#*shop:}}; password=${{password%%@nowhere*}}; {DECODE}; echo"
)
# What the engine says of it when it is to be a volume. Were it not masked, it would be in the error.
A_FILE = "/www/index.html"
# Our own warning names the path of a new volume.
NAMED_ON_PURPOSE = re.compile(rf"did\s+not\s+declare\s+before:\s+{A_FILE}")


CITE_NOTHING = {"pull fails", "check mode", "refused", "kept", "back", "look"}
"""Ways in which nobody says anything that holds a secret, as far as anybody knows."""


def a_secret(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(6)}"


@dataclasses.dataclass(frozen=True)
class Seeds:
    """The secrets, by where they lie. Each is another one."""

    short: str = dataclasses.field(default_factory=lambda: "".join(secrets.choice("QXZJKVWY") for _letter in range(5)))
    plain: str = dataclasses.field(default_factory=lambda: a_secret("plain"))
    quoted: str = dataclasses.field(default_factory=lambda: f'quoted"{secrets.token_hex(6)}\\&<ü>')
    lines: tuple[str, str] = dataclasses.field(default_factory=lambda: (a_secret("line"), a_secret("line")))
    in_url: str = dataclasses.field(default_factory=lambda: a_secret("inurl"))
    encoded: str = dataclasses.field(default_factory=lambda: f"{a_secret('encoded')}@/x")
    in_json: str = dataclasses.field(default_factory=lambda: a_secret("injson"))
    in_list: tuple[str, str] = dataclasses.field(default_factory=lambda: (a_secret("item"), a_secret("item")))
    old_image: str = dataclasses.field(default_factory=lambda: a_secret("oldimage"))
    new_image: str = dataclasses.field(default_factory=lambda: a_secret("newimage"))
    password: str = dataclasses.field(default_factory=lambda: a_secret("password"))
    header: str = dataclasses.field(default_factory=lambda: a_secret("header"))

    @property
    def environment(self) -> list[str]:
        return [
            f"A_TOKEN={self.short}",
            f"SETTING={self.plain}",
            f"QUOTED={self.quoted}",
            "CERTIFICATE=" + "\n".join(self.lines),
            f"DATABASE=postgres://shop:{self.in_url}@nowhere/shop",
            f"BROKER=amqp://shop:{quote(self.encoded, safe='')}@nowhere/shop",
            f"SETTINGS={json.dumps({'db': {'secret': self.in_json}})}",
            f"LIST={','.join(self.in_list)}",
            # Words of our own sentences.
            "WORD=container",
            "PHRASE=rolled",
            "A_KEY=was",
        ]

    def found_in(self, text: str) -> set[str]:
        """The parts of secrets that stand in a text, however often their quotes were escaped."""
        of_environment = (self.short, self.plain, self.quoted, self.quoted[7:19], *self.lines, self.in_url, self.in_json, *self.in_list)
        parts = (
            *of_environment,
            self.encoded,
            quote(self.encoded, safe=""),
            self.old_image,
            self.new_image,
            self.password,
            self.header,
            A_FILE,
        )
        text = NAMED_ON_PURPOSE.sub("", text.replace("\\", ""))
        return {part for part in parts if part.replace("\\", "") in text}


@pytest.fixture(autouse=True)
def _tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer releases of Ansible print them only then. Older ones always do with -vvv."""
    monkeypatch.setenv("ANSIBLE_DISPLAY_TRACEBACK", "always")


class Everything:
    """One run of a playbook that takes every way out, each with a container of its own."""

    def __init__(self, sandbox: Sandbox, seeds: Seeds, collections: str, folder: Path) -> None:
        self.seeds = seeds
        Path(folder, "config.json").write_text(json.dumps({"HttpHeaders": {"X-Meta": seeds.header}}))
        self.ways: list[str] = []
        self._sandbox = sandbox
        self._tasks: list[dict[str, Any]] = []
        old = WebImage("v1", health=None, changes=(f"ENV OLD_DEFAULT={seeds.old_image}",))
        self._old = sandbox.image("old", old, push=False)
        good = self._image("good", WebImage("v2"))
        crash = self._image("crash", WebImage("v3", command=shell(f"{PRINT_ALL}; exit 3"), health=None))
        hooks = {"pre_update": PRINT_ALL, "post_update": f'{PRINT_ALL}; echo "$A_TOKEN" >&2; exit 1'}
        self._way("recreated", good, hooks=hooks)
        login = {"registry_username": "shop", "registry_password": seeds.password}
        self._way("pull fails", good.replace(":good", ":nowhere"), pull="always", **login)
        self._way("check mode", good, check_mode=True)
        self._way("refused", good)
        sandbox.client.pause(f"{sandbox.prefix}-refused")
        self._way("kept", good, keep_archive=True)
        self._add("back", "container_rollback", name=f"{sandbox.prefix}-kept", grace_period=1)
        self._add("look", "container_update_info", **login, registry="registry.example")
        self._way("pre_update fails", good, hooks={**hooks, "pre_update": f"{PRINT_ALL}; exit 1"})
        self._way("create fails", self._image("create", WebImage("v3", changes=(f"ENV PAGE={A_FILE}", f"VOLUME {A_FILE}"))))
        self._way("start fails", self._image("start", WebImage("v3", command=(seeds.new_image,))), again=True)
        self._way("crash", crash)
        sick = f"{PRINT_ALL}; {PROBE.replace('8080', '9')}"
        self._way("health timeout", self._image("sick", WebImage("v3", health=sick)), health_timeout=3)
        once = dataclasses.replace(old, command=serve_after("test -e /tmp/up && exit 1; touch /tmp/up;"))
        self._old = sandbox.image("once", once, push=False)
        self._way("rollback fails", crash)
        playbook = [{**play(*self._tasks), "name": "Everything", "environment": {"DOCKER_CONFIG": str(folder)}}]
        self.run: Run = run_playbook(playbook, "-vvvv", "--diff", collections=collections)

    def _image(self, tag: str, image: WebImage) -> str:
        changes = (f"ENV NEW_DEFAULT={self.seeds.new_image}", *image.changes)
        return self._sandbox.image(tag, WebImage(image.page, image.command, image.health, changes), push=False)

    def _add(self, way: str, module: str, *, check_mode: bool = False, **options: Any) -> None:
        self.ways.append(way)
        self._tasks.append({"name": way, f"evenkeel.fleet.{module}": options, "check_mode": check_mode, "ignore_errors": True})

    def _way(self, name: str, image: str, *, again: bool = False, check_mode: bool = False, **options: Any) -> None:
        suffix = name.replace(" ", "-")
        body = {
            "Image": self._old,
            "Env": self.seeds.environment,
            "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"env": "A_TOKEN,SETTING,QUOTED"}}},
        }
        client = self._sandbox.client
        client.start(client.create_container_from_config(body, f"{self._sandbox.prefix}-{suffix}"))
        module = {
            "name": f"{self._sandbox.prefix}-{suffix}",
            "image": image,
            "pull": "never",
            "poll_interval": 0.2,
            "grace_period": 1,
            "stop_timeout": 2,
            **options,
        }
        for way in (name, "skipped") if again else (name,):
            self._add(way, "container_recreate", check_mode=check_mode, **module)

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        assert len(self.run.results) == len(self.ways), self.run.output
        return dict(zip(self.ways, self.run.results, strict=True))

    @property
    def labels(self) -> str:
        """What lies in the engine for later runs."""
        notes = [self._sandbox.client.inspect_volume(volume) for volume in (*self._sandbox.memory, *self._sandbox.journal)]
        return json.dumps(notes)


def copy_with(folder: Path, file: str, addition: str) -> str:
    """A folder with a copy of the collection, with more at the end of one file of its core."""
    copy = folder / "ansible_collections/evenkeel/fleet"
    shutil.copytree(Path(COLLECTIONS, "ansible_collections/evenkeel/fleet/plugins"), copy / "plugins")
    for other in ("galaxy.yml", "meta/runtime.yml"):
        (copy / other).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / other, copy / other)
    with Path(copy, "plugins/module_utils/_core", file).open("a") as source:
        source.write(f"\n\n{addition}\n")
    return str(folder)


def found_in_each(everything: Everything) -> dict[str, set[str]]:
    assert_it_went_as_it_was_meant_to(everything.results)
    return {way: everything.seeds.found_in(json.dumps(result, ensure_ascii=False)) for way, result in everything.results.items()}


@pytest.mark.cores
@pytest.mark.behaviour("F-H18")
def test_no_secret_is_printed(sandbox: Sandbox, tmp_path: Path) -> None:
    everything = Everything(sandbox, Seeds(), COLLECTIONS, tmp_path)
    assert {way: parts for way, parts in found_in_each(everything).items() if parts} == {}
    assert everything.seeds.found_in(everything.run.output) == set()
    assert everything.seeds.found_in(everything.labels) == set()
    result = everything.results["rollback fails"]
    assert result["msg"].endswith(f"Bring it back with: docker start {result['rollback']['container']}")


def test_search_finds_a_leak(sandbox: Sandbox, tmp_path: Path) -> None:
    everything = Everything(sandbox, Seeds(), copy_with(tmp_path, "masking.py", "Secrets.mask = lambda self, text: text"), tmp_path)
    found = found_in_each(everything)
    seeds = everything.seeds
    of_the_container = seeds.found_in("\n".join((*seeds.environment, seeds.new_image)))
    assert {way for way, parts in found.items() if parts} == set(found) - CITE_NOTHING
    assert found["recreated"] >= of_the_container | {seeds.old_image}
    assert found["crash"] >= of_the_container
    assert found["health timeout"] >= of_the_container
    assert seeds.found_in(everything.run.output) >= of_the_container | {A_FILE, seeds.old_image}
    assert seeds.found_in(everything.labels)


@pytest.mark.cores
def test_unexpected_error_prints_no_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ansible prints those as they are, with all that they say."""
    seeds = Seeds()
    name = f"{sandbox.prefix}-web"
    sandbox.container("web", sandbox.image("old", WebImage("v1"), push=False), Env=seeds.environment)
    collection = copy_with(
        tmp_path, "plan/preflight.py", "def run_checks(name, candidate):\n    raise KeyError(candidate.inspected.container)"
    )
    module = {"name": name, "image": sandbox.image("new", WebImage("v2"), push=False), "pull": "never"}
    run = run_playbook([play({"name": "Update", "evenkeel.fleet.container_recreate": module})], "-vvvv", collections=collection)
    assert run.status == 2
    assert run.results[0]["error_class"] == "unexpected_error"
    assert run.results[0]["msg"].startswith("Unexpected error in evenkeel.fleet (KeyError: ")
    assert "run_checks" in run.output
    assert seeds.found_in(run.output + json.dumps(run.results)) == set()


def assert_it_went_as_it_was_meant_to(results: dict[str, dict[str, Any]]) -> None:
    assert {way: result.get("outcome") or result.get("failed_step") for way, result in results.items()} == {
        "recreated": "recreated",
        "check mode": "recreated",
        "refused": "preflight",
        "kept": "recreated",
        "back": "restored",
        "look": None,
        "pull fails": "pull",
        "pre_update fails": "pre_update",
        "create fails": "rolled_back",
        "start fails": "rolled_back",
        "skipped": "skipped",
        "crash": "rolled_back",
        "health timeout": "rolled_back",
        "rollback fails": "rolled_back",
    }
    assert {way: result["rollback"]["reason"] for way, result in results.items() if result.get("rollback")} == {
        "create fails": "create_failed",
        "start fails": "start_failed",
        "crash": "crashed",
        "health timeout": "health_timeout",
        "rollback fails": "crashed",
    }
    assert results["rollback fails"]["rollback_failed"]
    assert len(results["recreated"]["warnings"]) == 1


@pytest.mark.behaviour("F-H19")
def test_words_of_our_sentences_are_not_masked(sandbox: Sandbox) -> None:
    """F-H19: only what the program says is masked."""
    words = ["container", "rolled", "stay", "exited", "same container", "did not stay up"]
    image = sandbox.image("crash", WebImage("v3", command=shell("echo the container rolled over; exit 3"), health=None), push=False)
    environment = [f"A_KEY_{number}={word}" for number, word in enumerate(words)]
    old = sandbox.image("old", WebImage("v1", health=None), push=False)
    sandbox.container("web", old, Cmd=None, Env=environment)
    name = f"{sandbox.prefix}-web"
    module = {"name": name, "image": image, "pull": "never", "grace_period": 1, "registry_username": "x", "registry_password": "was"}
    (result,) = run_playbook([play({"name": "Update", "evenkeel.fleet.container_recreate": module})], "-vvvv").results
    failure = f"The new container of {image} did not stay up: {name} exited with code 3."
    assert result["msg"].startswith(f"{failure} Its last log lines: ")
    assert f" {name} was rolled back and runs" in result["msg"]
    assert result["rollback"]["failure"]["logs"] == [f"the {MASK} {MASK} over"]
