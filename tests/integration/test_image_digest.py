# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`image_digest`: exactly that image, and a container that goes on following its tag."""

from __future__ import annotations

from typing import Any

import pytest

from support.real.ansible import play, run_module, run_playbook
from support.real.polling_client import fetch
from support.real.sandbox import Sandbox, Service
from testbed.images import WebImage, reference


@pytest.fixture
def images(sandbox: Sandbox) -> tuple[str, str]:
    """A tag that the operator tested when it meant v2, by the digest that it had then. On this host it means v1, in the registry v3."""
    tag = sandbox.image("latest", WebImage("v2"))
    tested: str = sandbox.client.inspect_distribution(tag)["Descriptor"]["digest"]
    sandbox.client.remove_image(tag)
    sandbox.image("latest", WebImage("v3"))
    sandbox.client.remove_image(tag)
    sandbox.image("latest", WebImage("v1"), push=False)
    sandbox._images.add(f"{tag.rsplit(':', 1)[0]}@{tested}")
    return tag, tested


@pytest.fixture
def service(sandbox: Sandbox, images: tuple[str, str]) -> Service:
    return sandbox.service(images[0])


def test_container_moves_to_the_digest_and_later_to_its_tag(sandbox: Sandbox, service: Service, images: tuple[str, str]) -> None:
    """To the digest; again, which changes nothing; with the image at hand only, neither; and without it to where the tag is by now."""
    tag, tested = images
    options = {"name": service.name, "poll_interval": 0.2}
    steps: list[dict[str, Any]] = [
        {"image_digest": tested},
        {"image_digest": tested},
        {"image_digest": tested, "pull": "never"},
    ]
    run = run_playbook([play(*({"evenkeel.fleet.container_recreate": {**options, **step}} for step in steps))])
    assert [result.get("outcome") for result in run.results] == ["recreated", "unchanged", "unchanged"], run.output
    first, again, here = run.results
    assert fetch(service.port) == "v2"
    assert first["image"]["new"] == {"reference": tag, "digest": tested, "id": sandbox.inspect(service.name)["Image"]}
    assert sandbox.inspect(service.name)["Config"]["Image"] == tag
    assert sandbox.client.inspect_image(tag)["Id"] == first["image"]["new"]["id"]
    newest = sandbox.client.inspect_distribution(tag)["Descriptor"]["digest"]
    for result in (first, again):
        assert [f"{tag} is {newest} in the registry, not {tested}" in warning for warning in result["warnings"]] == [True]
    assert not here.get("warnings")
    assert run_module("container_recreate", **options)["image"]["new"]["digest"] == newest
    assert fetch(service.port) == "v3"


def test_rollback_from_the_digest_points_the_tag_back(sandbox: Sandbox, images: tuple[str, str]) -> None:
    """The tag means the old image again on this host."""
    tag, _tested = images
    service = sandbox.service(tag, "other")
    before = sandbox.inspect(service.id)["Image"]
    bad = sandbox.image("bad", WebImage("v4", health="false"))
    digest = sandbox.client.inspect_distribution(bad)["Descriptor"]["digest"]
    result = run_module("container_recreate", name=service.name, image_digest=digest, poll_interval=0.2, health_timeout=2, stop_timeout=1)
    assert (result["outcome"], result["error_class"], result["rollback_failed"]) == ("rolled_back", "health_timeout", False)
    assert sandbox.inspect(service.name)["Id"] == service.id
    assert sandbox.client.inspect_image(tag)["Id"] == before


def test_invalid_digest_is_refused(sandbox: Sandbox) -> None:
    service = sandbox.service(reference("v1"))
    digest, other = (f"sha256:{character * 64}" for character in "ab")
    wrong: list[dict[str, Any]] = [
        {"image_digest": "latest"},
        {"image_digest": digest, "image": f"{reference('v1')}@{other}"},
        {"image_digest": digest},
    ]
    tasks = ({"evenkeel.fleet.container_recreate": {"name": service.name, **options}, "ignore_errors": True} for options in wrong)
    run = run_playbook([play(*tasks)])
    assert [result["error_class"] for result in run.results] == ["invalid_input", "invalid_input", "not_found"], run.output
    assert digest in run.results[2]["msg"]
    assert sandbox.inspect(service.name)["Id"] == service.id
