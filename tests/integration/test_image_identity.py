# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new digest is not always a new image: what changed in the registry decides, on both image stores."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate, container_update_info
from support.real.ansible import run_module_here
from support.real.index_changes import CHANGES, Publish
from support.real.repository import Repository, Where
from support.real.sandbox import Sandbox
from testbed import engine, registry
from testbed.engine import has_containerd_store
from testbed.images import WebImage, listed
from testbed.manifests import index_of

V1, V2, BROKEN = WebImage("v1"), WebImage("v2"), WebImage("v3", health="false")
FAST = {"poll_interval": 0.2, "health_timeout": 3, "stop_timeout": 1}


@pytest.fixture
def repository(sandbox: Sandbox) -> Repository:
    return Repository(sandbox, Where(registry.ADDRESS), "web")


@pytest.fixture
def v1(sandbox: Sandbox) -> str:
    return local(sandbox, "v1", V1)


def local(sandbox: Sandbox, tag: str, image: WebImage, **options: Any) -> str:
    """Build an image, and return its ID."""
    image_id: str = sandbox.client.inspect_image(sandbox.image(tag, image, push=False, **options))["Id"]
    return image_id


def recreate(repository: Repository, **options: Any) -> dict[str, Any]:
    return run_module_here(container_recreate, docker_host=engine.host(), name=repository.container_name, **FAST, **options)


def look(repository: Repository) -> dict[str, Any]:
    info = run_module_here(container_update_info, docker_host=engine.host(), name=[repository.container_name])
    (container,) = info["containers"]
    return {**container, "warnings": info.get("warnings")}


def identity(sandbox: Sandbox, repository: Repository) -> tuple[str, str]:
    """What would be different if the container had been recreated or restarted."""
    container = sandbox.inspect(repository.container_name)
    return container["Id"], container["State"]["StartedAt"]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_container_whose_own_image_did_not_change_stays(sandbox: Sandbox, repository: Repository, v1: str, change: Publish) -> None:
    """Neither by one task, nor by the loop over everything that is outdated, nor by a second task."""
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    before = identity(sandbox, repository)
    change(repository, v1, local(sandbox, "other", V2, architecture="s390x"))
    first = look(repository)
    assert (first["outdated"], first["certain"]) in ((True, False), (False, True)), first
    assert recreate(repository)["outcome"] == "unchanged"
    again = look(repository)
    assert (again["status"], again["outdated"], again["certain"]) == ("up_to_date", False, True)
    assert recreate(repository)["outcome"] == "unchanged"
    assert identity(sandbox, repository) == before


def test_container_whose_own_image_changed_is_updated(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    repository.publish_attested(local(sandbox, "v2", V2), 1)
    assert recreate(repository)["outcome"] == "recreated"


@pytest.mark.behaviour("A21")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_rejected_image_stays_rejected_in_a_new_index(sandbox: Sandbox, repository: Repository, v1: str, change: Publish) -> None:
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    bad = local(sandbox, "bad", BROKEN)
    repository.publish_attested(bad, 1)
    assert recreate(repository)["outcome"] == "rolled_back"
    before = identity(sandbox, repository)
    change(repository, bad, v1)
    again = recreate(repository)
    assert (again["outcome"], again.get("skip_reason")) == ("skipped", "rejected")
    assert identity(sandbox, repository) == before


def test_exact_digests_of_the_running_image_change_nothing(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    """That of the index, that of a newer index, and that of the manifest."""
    index = repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    before = identity(sandbox, repository)
    newer = repository.publish_attested(v1, 2, "newer")
    for digest in (index, newer, repository.manifests.read("attested").digest):
        assert recreate(repository, image_digest=digest)["outcome"] == "unchanged"
    assert identity(sandbox, repository) == before


def test_tag_that_came_back_to_the_running_image_is_not_outdated(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    before = identity(sandbox, repository)
    first = repository.manifests.read("latest")
    repository.publish_attested(local(sandbox, "v2", V2), 1)
    repository.pull()
    repository.manifests.write("latest", first)
    info = look(repository)
    assert (info["status"], info["outdated"], info["certain"]) == ("up_to_date", False, True)
    assert recreate(repository)["outcome"] == "unchanged"
    assert identity(sandbox, repository) == before


def test_removed_images_leave_nothing_unused_behind(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    """Three indexes of the old image were pulled, of which the container used the first; the last one was pulled by its digest."""
    v2 = local(sandbox, "v2", V2)
    repository.publish_attested(v2, 1, "newer")
    old = set()
    for attestation in (1, 2):
        repository.publish_attested(v1, attestation)
        old.add(sandbox.client.inspect_image(repository.pull())["Id"])
        if attestation == 1:
            sandbox.service(repository.reference())
    third = repository.publish_attested(v1, 3, "third")
    assert recreate(repository, image_digest=third)["outcome"] == "unchanged"
    old.add(sandbox.client.inspect_image(f"{repository.repository}@{third}")["Id"])
    repository.manifests.write("latest", repository.manifests.read("newer"))
    for tag in ("v1", "v2"):
        sandbox.client.remove_image(f"{registry.ADDRESS}/{sandbox.prefix}/shop:{tag}")
    result = recreate(repository, cleanup={"remove_replaced": True})
    assert result["outcome"] == "recreated"
    assert old.isdisjoint(image["Id"] for image in listed(sandbox.client, all=True))


def test_image_that_was_pulled_by_its_digest_is_removed_too(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    """A rollout updates every host like this."""
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    replaced = []
    for tag, image in (("v2", V2), ("v3", WebImage("v3"))):
        replaced.append(sandbox.inspect(repository.container_name)["Image"])
        digest = repository.publish_attested(local(sandbox, tag, image), 1)
        sandbox.client.remove_image(f"{registry.ADDRESS}/{sandbox.prefix}/shop:{tag}")
        if tag == "v2":
            sandbox.client.remove_image(f"{registry.ADDRESS}/{sandbox.prefix}/shop:v1")
        result = recreate(repository, image_digest=digest, cleanup={"remove_replaced": True})
        assert result["outcome"] == "recreated"
    assert set(replaced).isdisjoint(image["Id"] for image in listed(sandbox.client, all=True))


@pytest.mark.parametrize("only", ["attestations", "another platform"])
def test_index_without_an_image_for_this_host_is_refused_before_the_stop(
    sandbox: Sandbox, repository: Repository, v1: str, only: str
) -> None:
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    before = identity(sandbox, repository)
    if only == "attestations":
        repository.manifests.write("latest", index_of({}, repository.manifests.read("attestation-1")))
    else:
        repository.publish_index(s390x=local(sandbox, "other", V2, architecture="s390x"))
    result = recreate(repository)
    assert (result["failed"], result["failed_step"]) == (True, "pull")
    assert "was not changed" in result["msg"]
    assert identity(sandbox, repository) == before


def test_nested_index(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    """The classic store refuses it, and nothing is touched."""
    repository.publish_attested(v1, 1)
    sandbox.service(repository.pull())
    before = identity(sandbox, repository)
    repository.manifests.write("latest", index_of({"amd64": repository.manifests.read("latest")}))
    result = recreate(repository)
    if has_containerd_store(sandbox.client):
        assert result["outcome"] == "unchanged"
    else:
        assert (result["failed"], result["failed_step"]) == (True, "pull")
    assert identity(sandbox, repository) == before


def test_image_that_was_saved_and_loaded_is_the_same(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    repository.publish(v1)
    reference = repository.pull()
    sandbox.service(reference)
    before = identity(sandbox, repository)
    saved = b"".join(sandbox.client.get_image(reference))
    for _line in sandbox.client.load_image(saved, quiet=True):
        pass
    assert recreate(repository, pull="never")["outcome"] == "unchanged"
    assert recreate(repository)["outcome"] == "unchanged"
    assert identity(sandbox, repository) == before


def test_image_that_was_built_here_is_local(sandbox: Sandbox, repository: Repository, v1: str) -> None:
    sandbox.service(repository.call(v1))
    assert look(repository)["status"] == "local"


@pytest.mark.behaviour("F-H15")
@pytest.mark.parametrize("is_name", [True, False])
def test_digits_of_the_own_image_id_are_a_name_if_there_is_one(sandbox: Sandbox, repository: Repository, v1: str, *, is_name: bool) -> None:
    digits = v1[len("sha256:") :][:10]
    try:
        if is_name:
            sandbox.client.tag(v1, digits)
        repository.make(digits, start=True)
        options: dict[str, Any] = {"pull": "never", "grace_period": 1}
        if not is_name:
            assert "created from an image ID" in recreate(repository, **options)["msg"]
            return
        assert "image ID" not in look(repository)["reason"]
        assert recreate(repository, **options)["outcome"] == "unchanged"
        sandbox.client.tag(local(sandbox, "v2", WebImage("v2", health=None)), digits)
        result = recreate(repository, **options)
        assert (result["outcome"], result["image"]["new"]["reference"]) == ("recreated", digits)
    finally:
        if is_name:
            sandbox.client.remove_image(f"{digits}:latest", force=True)
