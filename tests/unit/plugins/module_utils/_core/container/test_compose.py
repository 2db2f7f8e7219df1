# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.compose import (
    IMAGE_LABEL,
    is_one_off,
    labels_of_compose,
    service_of,
    with_image_label,
)


def test_the_image_label_is_set_to_the_new_image() -> None:
    body = {"Image": "shop", "Labels": {IMAGE_LABEL: "old", "com.docker.compose.service": "web"}}
    assert with_image_label(body, "new") == {"Image": "shop", "Labels": {IMAGE_LABEL: "new", "com.docker.compose.service": "web"}}
    assert body["Labels"][IMAGE_LABEL] == "old"


def test_a_container_that_compose_did_not_create_gets_no_image_label() -> None:
    for body in ({}, {"Labels": None}, {"Labels": {"owner": "me"}}):
        assert with_image_label(body, "new") == body


def container_with(labels: dict[str, str] | None) -> dict[str, Any]:
    return {"Config": {"Labels": labels}}


def test_the_labels_of_compose_are_those_with_its_prefix() -> None:
    ours = {"com.docker.compose.service": "web", "com.docker.compose.container-number": "1"}
    assert labels_of_compose({**ours, "team": "shop"}) == ours


def test_labels_that_an_image_inherits_from_compose_do_not_count() -> None:
    """Compose also labels the images that it builds, but without a container number."""
    assert labels_of_compose({"com.docker.compose.service": "web"}) == {}


@pytest.mark.parametrize(("value", "one_off"), [("True", True), ("False", False), (None, False)])
def test_a_one_off_container_is_known_by_its_label(value: str | None, one_off: bool) -> None:
    labels = {"com.docker.compose.oneoff": value} if value else None
    assert is_one_off(container_with(labels)) is one_off


@pytest.mark.parametrize(
    ("depends_on", "services"),
    [(None, ()), ("", ()), ("db:service_healthy:true, cache:service_started:false", ("db", "cache")), ("db", ("db",))],
)
def test_a_service_lists_the_services_that_it_depends_on(depends_on: str | None, services: tuple[str, ...]) -> None:
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
    if depends_on is not None:
        labels["com.docker.compose.depends_on"] = depends_on
    assert service_of(container_with(labels)) == ("shop", "web", services)


@pytest.mark.parametrize("labels", [None, {}, {"com.docker.compose.project": "shop"}, {"com.docker.compose.service": "web"}])
def test_a_container_that_compose_did_not_create_has_no_service(labels: dict[str, str] | None) -> None:
    assert service_of(container_with(labels)) is None
