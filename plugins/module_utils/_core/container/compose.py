# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The labels that docker compose gives to its containers and reads again later."""

from __future__ import annotations

import typing as t

from ..engine.model import Document

_PREFIX = "com.docker.compose."
_PROJECT = f"{_PREFIX}project"
_SERVICE = f"{_PREFIX}service"
_DEPENDS_ON = f"{_PREFIX}depends_on"
_ONE_OFF = f"{_PREFIX}oneoff"
# Compose gives this label to each of its containers and to nothing else.
_CONTAINER_NUMBER = f"{_PREFIX}container-number"
IMAGE_LABEL = f"{_PREFIX}image"
"""The ID of the image that compose created the container from. If it differs, compose recreates the container."""


class ComposeService(t.NamedTuple):
    """A compose service, and the services of the same project that it depends on."""

    project: str
    service: str
    depends_on: tuple[str, ...] = ()


def with_image_label(body: Document, image_id: str) -> Document:
    """Return the create body with compose's image label set to `image_id`, so that compose sees the container as up to date.

    A body without that label is returned unchanged.
    """
    labels = body.get("Labels") or {}
    if IMAGE_LABEL not in labels:
        return body
    return {**body, "Labels": {**labels, IMAGE_LABEL: image_id}}


def labels_of_compose(labels: t.Mapping[str, str]) -> dict[str, str]:
    """Return the labels by which compose finds this container. If compose did not create it, there are none."""
    if _CONTAINER_NUMBER not in labels:
        return {}
    return {label: value for label, value in labels.items() if label.startswith(_PREFIX)}


def is_one_off(container: Document) -> bool:
    """Whether `docker compose run` created this container. Takes an inspect document."""
    return (container["Config"].get("Labels") or {}).get(_ONE_OFF) == "True"


def service_of(container: Document) -> ComposeService | None:
    """Read the service from the labels of an inspected container. Return None if compose did not create it.

    The label for dependencies looks like `db:service_healthy:true,cache:service_started:false`: the service, the condition to wait for, and
    whether to restart together with it.
    """
    labels = container["Config"].get("Labels") or {}
    project, service = labels.get(_PROJECT), labels.get(_SERVICE)
    if not project or not service:
        return None
    dependencies = (labels.get(_DEPENDS_ON) or "").split(",")
    return ComposeService(project, service, tuple(filter(None, (entry.partition(":")[0].strip() for entry in dependencies))))
