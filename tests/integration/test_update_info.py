# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What container_update_info tells of a real host, and what it asks for that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import pytest
import yaml

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.snapshot import as_inspected
from ansible_collections.evenkeel.fleet.plugins.modules import container_update_info
from support.real.ansible import CHECKOUT, documentation, play, run_module, run_module_here, run_playbook
from support.real.faulty_proxy import Fault, socket_of
from support.real.matrix import SUCCESS, MatrixRunner
from support.real.read_only_proxy import ReadOnlyProxy
from support.real.sandbox import Sandbox, wait_for
from testbed import engine
from testbed.engine import has_containerd_store
from testbed.images import WebImage, reference, shell

V1, V2 = WebImage("v1"), WebImage("v2")
BROKEN = WebImage("v3", command=shell("exit 3"))
NO_REGISTRY = "127.0.0.1:1"


def look(**options: Any) -> dict[str, Any]:
    result = run_module("container_update_info", **options)
    assert not result["failed"], result
    assert result["changed"] is False
    return result


def of(sandbox: Sandbox) -> str:
    """A label of all containers of a scene that were made for it."""
    return f"evenkeel.test.scene={sandbox.prefix}"


def make(sandbox: Sandbox, suffix: str, image: str, *, start: bool = False, **labels: str) -> str:
    """A container, created only, that `of` finds. Returns its ID."""
    key, value = of(sandbox).split("=")
    labels = {name.replace("__", "."): text for name, text in labels.items()}
    return sandbox.container(suffix, image, start=start, Labels={key: value, **labels})


def by_suffix(sandbox: Sandbox, result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {container["name"].removeprefix(f"{sandbox.prefix}-"): container for container in result["containers"]}


@pytest.fixture(scope="module")
def shared(client: docker.APIClient) -> Iterator[Sandbox]:
    sandbox = Sandbox(client)
    yield sandbox
    sandbox.clean_up()


@pytest.fixture(scope="module")
def one_of_each(shared: Sandbox) -> Sandbox:
    """A container for each status that needs no run before."""
    current, local = shared.image("current", V1), shared.image("local", WebImage("local"), push=False)
    moved = shared.moved_tag(V1, V2)
    make(shared, "current", current)
    make(shared, "moved", moved)
    make(shared, "excluded", moved, evenkeel__enable="false")
    make(shared, "swarm", moved, com__docker__swarm__task__id="1")
    digest = shared.client.inspect_distribution(current)["Descriptor"]["digest"]
    make(shared, "pinned", f"{current.rsplit(':', 1)[0]}@{digest}")
    make(shared, "tagged-and-pinned", f"{current}@{digest}")
    make(shared, "local", local)
    make(shared, "of-an-id", shared.client.inspect_image(current)["Id"])
    shared.client.tag(local, f"{NO_REGISTRY}/{shared.prefix}", "1")
    shared._images.add(f"{NO_REGISTRY}/{shared.prefix}:1")
    make(shared, "unreachable", f"{NO_REGISTRY}/{shared.prefix}:1")
    young = shared.image("young", V1)
    make(shared, "young", young)
    shared.image("young", V2)
    return shared


def test_status_of_each_kind_of_container(one_of_each: Sandbox) -> None:
    result = look(labels=[of(one_of_each)], min_image_age="1d")
    found = by_suffix(one_of_each, result)
    assert {suffix: container["status"] for suffix, container in found.items()} == {
        "current": "up_to_date",
        "excluded": "excluded",
        "local": "local",
        "moved": "outdated",
        "of-an-id": "local",
        "pinned": "pinned",
        "swarm": "managed_elsewhere",
        "tagged-and-pinned": "pinned",
        "unreachable": "unknown",
        "young": "too_young",
    }
    assert result["outdated"] == [f"{one_of_each.prefix}-moved"]
    moved, current, unreachable = found["moved"], found["current"], found["unreachable"]
    old = one_of_each.inspect(moved["name"])["Image"]
    assert (moved["outdated"], moved["certain"]) == (True, False)
    assert moved["image"]["digest"] == (old if has_containerd_store(one_of_each.client) else None)
    assert "compressed again. That is unlikely" in moved["reason"]
    assert moved["reason"].endswith("; the age of the image is unknown until it is pulled")
    assert moved["registry"]["digest"].startswith("sha256:")
    assert current["registry"]["digest"] == current["image"]["digest"]
    # Engines do not read the platform of an image without an index if its manifest is an OCI manifest.
    assert current["registry"]["platforms"] in ([], ["linux/amd64"])
    assert "connection refused" in unreachable["reason"]
    assert unreachable["registry"] is None
    assert "was built" in found["young"]["reason"]
    assert "Swarm" in found["swarm"]["reason"]
    assert {(one["archives"] == [], one["interrupted"], one["busy"]) for one in found.values()} == {(True, False, False)}


@pytest.mark.behaviour("G12")
def test_local_tags_decide_without_a_registry(one_of_each: Sandbox) -> None:
    """Check mode makes no difference."""
    with ReadOnlyProxy(socket_of(engine.host()), forbidden="/distribution/") as proxy:
        options = {"labels": [of(one_of_each)], "pull": "never", "docker_host": proxy.url}
        run = run_playbook([{**play({"evenkeel.fleet.container_update_info": options}), "check_mode": True}])
    found = by_suffix(one_of_each, run.results[0])
    assert {suffix for suffix, container in found.items() if container["outdated"]} == {"young"}
    assert {found[suffix]["status"] for suffix in ("local", "unreachable", "moved", "current")} == {"up_to_date"}
    assert proxy.refused == []


@pytest.mark.behaviour("G1", "G12")
def test_update_agrees_with_the_status(one_of_each: Sandbox) -> None:
    """The gates that the look was given are gates of the run, too."""
    made = {suffix: one_of_each.inspect(f"{one_of_each.prefix}-{suffix}")["Id"] for suffix in ("excluded", "young", "pinned", "local")}
    tasks = [
        {"name": "excluded", "respect_labels": True},
        {"name": "young", "min_image_age": "1d"},
        {"name": "pinned"},
        {"name": "local", "pull": "never"},
    ]
    run = run_playbook([play(*({"evenkeel.fleet.container_recreate": {**t, "name": f"{one_of_each.prefix}-{t['name']}"}} for t in tasks))])
    skipped, unchanged = ("skipped", False), ("unchanged", False)
    assert [(result["outcome"], result["changed"]) for result in run.results] == [skipped, skipped, unchanged, unchanged]
    assert [result.get("skip_reason") for result in run.results] == ["excluded", "too_young", None, None]
    assert {suffix: one_of_each.inspect(f"{one_of_each.prefix}-{suffix}")["Id"] for suffix in made} == made


@pytest.mark.behaviour("G16")
def test_young_image_is_pulled_and_its_tag_pointed_back(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, V2)
    make(sandbox, "web", image)
    name = f"{sandbox.prefix}-web"
    old = sandbox.inspect(name)["Image"]
    result = run_module("container_recreate", name=name, min_image_age="36h")
    assert (result["outcome"], result["skip_reason"]) == ("skipped", "too_young")
    assert re.search(r"was built .* ago, but min_image_age is 36 hours\.", result["msg"])
    assert sandbox.client.inspect_image(image)["Id"] == old
    assert look(name=[name], min_image_age="36h")["containers"][0]["status"] == "too_young"
    assert look(name=[name])["outdated"] == [name]
    assert run_module("container_recreate", name=name)["outcome"] == "recreated"


@pytest.fixture(scope="module")
def thirty(client: docker.APIClient) -> Iterator[Sandbox]:
    """30 containers on 5 images."""
    sandbox = Sandbox(client)
    images = [sandbox.image(str(number), WebImage(f"page {number}")) for number in range(5)]
    for number in range(30):
        make(sandbox, f"{number}", images[number % 5])
    yield sandbox
    sandbox.clean_up()


def test_thirty_containers_on_five_images(thirty: Sandbox) -> None:
    """Through a proxy that lets GET through and nothing else."""
    with ReadOnlyProxy(socket_of(engine.host())) as proxy:
        result = look(docker_host=proxy.url, labels=[of(thirty)])
    assert [container["status"] for container in result["containers"]] == ["up_to_date"] * 30
    assert {request.method for request in proxy.requests} == {"GET"}
    images = {container["image"]["reference"] for container in result["containers"]}
    assert sorted(proxy.asked("/distribution/")) == sorted(f"/distribution/{image}/json" for image in images)
    assert len(images) == 5
    lists = ["/containers/json", "/images/json", "/version", "/volumes", "/volumes"]
    assert sorted(request.path for request in proxy.requests if "/distribution/" not in request.path) == lists


def test_status_is_unknown_where_a_proxy_forbids_a_request(one_of_each: Sandbox) -> None:
    with ReadOnlyProxy(socket_of(engine.host()), forbidden=r"^/(distribution|volumes)") as proxy:
        result = look(docker_host=proxy.url, labels=[of(one_of_each)])
    found = by_suffix(one_of_each, result)
    assert {found[suffix]["problem"] for suffix in ("current", "moved", "young", "local")} == {"forbidden"}
    assert {found[suffix]["status"] for suffix in ("current", "moved", "young", "local")} == {"unknown"}
    assert "Request forbidden by administrative rules" in found["current"]["reason"]
    assert [found[suffix]["status"] for suffix in ("pinned", "excluded", "of-an-id")] == ["pinned", "excluded", "local"]
    assert {(one["archives"], one["interrupted"], one["busy"]) for one in found.values()} == {(None, None, None)}
    assert any("are unknown" in warning for warning in result["warnings"])
    assert result["outdated"] == []


def test_forbidden_container_list_is_an_error() -> None:
    with ReadOnlyProxy(socket_of(engine.host()), forbidden="^/containers") as proxy:
        result = run_module("container_update_info", docker_host=proxy.url)
    assert result["failed"]
    assert "could not be listed" in result["msg"]


@pytest.mark.behaviour("A21")
def test_status_is_rejected_after_a_rollback_until_there_is_a_newer_image(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, BROKEN)
    name = sandbox.service(image).name
    assert look(name=[name])["outdated"] == [name]
    assert run_module("container_recreate", name=name, poll_interval=0.2)["outcome"] == "rolled_back"
    result = look(name=[name])
    (container,) = result["containers"]
    assert (container["status"], result["outdated"]) == ("rejected", [])
    assert "crashed" in container["reason"]
    sandbox.image("latest", V2)
    assert look(name=[name])["outdated"] == [name]


def test_archives_are_listed_with_their_container(sandbox: Sandbox) -> None:
    image = sandbox.moved_tag(V1, V2)
    old = make(sandbox, "web", image)
    stranger = make(sandbox, "web-old-2", image)
    name = f"{sandbox.prefix}-web"
    archive = run_module("container_recreate", name=name, keep_archive=True)["archive"]
    result = look(labels=[of(sandbox)])
    assert [(one["name"], one["status"]) for one in result["containers"]] == [(name, "up_to_date"), (f"{name}-old-2", "outdated")]
    assert result["containers"][0]["archives"] == [{"name": archive, "id": old, "kept": True, "rollout": None}]
    assert result["containers"][1]["id"] == stranger
    sandbox.client.remove_container(name)
    result = look(name=[name, f"{sandbox.prefix}-nobody"])
    assert result["missing"] == [f"{sandbox.prefix}-nobody", name]
    assert archive in result["left_over"]


def test_interrupted_run_is_reported(runner: MatrixRunner) -> None:
    rename = next(at for at, call in enumerate(runner.calls(SUCCESS)) if call.path.endswith("/rename"))
    with runner.container_under_test() as subject:
        runner.kill(subject, SUCCESS, rename, Fault.KILL_AFTER)
        assert subject.state_or_none() is None
        journal = subject.journal
        result = look(name=[subject.name])
        (container,) = result["containers"]
        assert result["interrupted"] == [subject.name]
        assert (container["id"], container["interrupted"], container["busy"]) == (subject.id, True, False)
        assert [archive["id"] for archive in container["archives"]] == [subject.id]
        assert subject.journal == journal, "to look changes nothing"
        runner.run(subject, SUCCESS)
        result = look(name=[subject.name])
        assert (result["interrupted"], result["missing"], result["containers"][0]["archives"]) == ([], [], [])


def test_live_run_is_reported(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    sick = sandbox.image("2", WebImage("v3", health="false"))
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(run_module, "container_recreate", name=service.name, image=sick, health_timeout=12)
        wait_for(lambda: bool(sandbox.journal), "the journal")
        (container,) = look(name=[service.name])["containers"]
        assert (container["busy"], container["interrupted"]) == (True, False)
        assert run.result()["outcome"] == "rolled_back"


def test_container_list_agrees_with_the_inspect_document(shared: Sandbox) -> None:
    """Else what is decided on the one would not hold for the other."""
    network = shared.network("net")
    image = shared.image("plain", V1)
    provider = make(shared, "provider", image, start=True)
    shared.container("user", image, start=False, HostConfig={"NetworkMode": f"container:{provider}"})
    shared.container("linker", image, HostConfig={"Links": [f"{shared.prefix}-provider:db"]}, Labels={"a": "b=c"})
    shared.container("on-network", image, start=False, HostConfig={"NetworkMode": network})
    for listed in shared.client.containers(all=True, filters={"name": f"{shared.prefix}-(provider|user|linker|on-network)"}):
        whole, part = shared.inspect(listed["Id"]), as_inspected(listed)
        assert part["Config"] == {"Image": whole["Config"]["Image"], "Labels": whole["Config"]["Labels"] or {}}
        assert part["HostConfig"] == {"NetworkMode": whole["HostConfig"]["NetworkMode"]}
        assert part["State"] == {"Status": whole["State"]["Status"]}
        assert {key: part[key] for key in ("Id", "Name", "Image")} == {key: whole[key] for key in ("Id", "Name", "Image")}


def compose(project: str, service: str, depends_on: str = "") -> dict[str, str]:
    prefix = "com__docker__compose__"
    return {f"{prefix}project": project, f"{prefix}service": service, f"{prefix}depends_on": depends_on}


@pytest.mark.behaviour("I3")
def test_documented_loop_updates_outdated_labelled_containers_in_order(sandbox: Sandbox) -> None:
    image, current = sandbox.moved_tag(V1, V2), sandbox.image("current", V1)
    made = {
        "a-app": make(sandbox, "a-app", image, **compose(sandbox.prefix, "app", "db:service_started:true,cache:service_started:false")),
        "b-cache": make(sandbox, "b-cache", image, **compose(sandbox.prefix, "cache", "db:service_started:true")),
        "c-db": make(sandbox, "c-db", image, **compose(sandbox.prefix, "db")),
        "d-current": make(sandbox, "d-current", current),
        "e-excluded": make(sandbox, "e-excluded", image, evenkeel__enable="no"),
        "f-not-labelled": sandbox.container("f-not-labelled", image, start=False),
    }
    guide = (CHECKOUT / "docs/what_is_outdated.md").read_text()
    (text,) = re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    tasks = json.loads(json.dumps(yaml.safe_load(text)).replace("evenkeel.enable=true", of(sandbox)))
    run = run_playbook([play(*tasks)])
    assert run.status == 0, run.output
    in_order = [f"{sandbox.prefix}-{suffix}" for suffix in ("c-db", "b-cache", "a-app")]
    assert run.results[0]["outdated"] == in_order
    updated = {suffix for suffix, before in made.items() if sandbox.inspect(f"{sandbox.prefix}-{suffix}")["Id"] != before}
    assert updated == {"a-app", "b-cache", "c-db"}
    times = [sandbox.inspect(name)["Created"] for name in in_order]
    assert times == sorted(times)
    again = run_playbook([play(*tasks)])
    assert again.results[0]["outdated"] == []
    assert not any(result["changed"] for result in again.results)


def test_examples_of_the_module_run(sandbox: Sandbox) -> None:
    """On the containers of this test in place of all."""
    make(sandbox, "web", sandbox.moved_tag(V1, V2), start=True)
    sandbox.client.tag(reference("v1"), f"{NO_REGISTRY}/{sandbox.prefix}", "1")
    make(sandbox, "cache", f"{NO_REGISTRY}/{sandbox.prefix}:1")
    sandbox.client.remove_image(f"{NO_REGISTRY}/{sandbox.prefix}:1")
    tasks = yaml.safe_load(documentation("container_update_info")["examples"])
    for task in tasks:
        if "evenkeel.fleet.container_update_info" in task:
            options = {**(task["evenkeel.fleet.container_update_info"] or {}), "labels": [of(sandbox)]}
            options["name"] = [f"{sandbox.prefix}-{name}" for name in options.get("name", [])]
            task["evenkeel.fleet.container_update_info"] = options
    run = run_playbook([play(*tasks)])
    assert run.status == 0, run.output
    looks = [result for result in run.results if "outdated" in result]
    assert [result["outdated"] for result in looks] == [[f"{sandbox.prefix}-web"], [f"{sandbox.prefix}-web"], [f"{sandbox.prefix}-web"]]
    assert [len(result["containers"]) for result in looks] == [2, 1, 2]
    assert f"{sandbox.prefix}-cache: " in run.output
    assert [result["skip_reason"] for result in run.results[-1]["results"]] == ["too_young"]


@pytest.mark.behaviour("F-N4")
def test_unknown_status_is_a_warning_or_a_failure_if_asked_to(sandbox: Sandbox) -> None:
    """A registry that is down leaves nothing outdated, so a loop over the outdated containers would do nothing without a word."""
    image = sandbox.image("1", V1)
    unreachable = f"{NO_REGISTRY}/{sandbox.prefix}/shop"
    sandbox.client.tag(image, unreachable, tag="1")
    name = f"{sandbox.prefix}-web"
    sandbox.container("web", f"{unreachable}:1")
    info = run_module_here(container_update_info, name=[name])
    assert (info["failed"], info["outdated"]) == (False, [])
    assert f"{name}: whether it is outdated is unknown: " in str(info["warnings"])
    refused = run_module_here(container_update_info, name=[name], fail_on_unknown=True)
    assert (refused["failed"], refused["changed"], refused["error_class"]) == (True, False, "outcome_unknown")
    assert refused["containers"][0]["status"] == "unknown"
    assert f"{name}: whether it is outdated is unknown: " in refused["msg"]
    assert run_module_here(container_update_info, name=[name], fail_on_rejected=True)["failed"] is False
    sandbox.client.remove_image(f"{unreachable}:1", force=True)
