# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The labels that docker compose gives to its containers and reads again later."""

from __future__ import annotations

import re
import typing as t

from ..engine.model import Document, ImageIdentity

_PREFIX = "com.docker.compose."
_PROJECT = f"{_PREFIX}project"
_SERVICE = f"{_PREFIX}service"
_DEPENDS_ON = f"{_PREFIX}depends_on"
_ONE_OFF = f"{_PREFIX}oneoff"
# Compose gives this label to each of its containers and to nothing else.
_CONTAINER_NUMBER = f"{_PREFIX}container-number"
IMAGE_LABEL = f"{_PREFIX}image"
"""The image that compose created the container from. If it differs, compose recreates the container."""
_VERSION_LABEL = f"{_PREFIX}version"
_FIRST_VERSION_WITH_MANIFEST = (5, 4)
"""Compose writes the digest of the platform's manifest since this version, if the engine reports it, and the image's ID before."""


class ComposeService(t.NamedTuple):
    """A compose service, and the services of the same project that it depends on."""

    project: str
    service: str
    depends_on: tuple[str, ...] = ()


class ImageLabel(t.NamedTuple):
    """A create body with the right image label for compose. `problem` is empty, or says why the label is still that of the old image."""

    body: Document
    problem: str = ""


def next_up_recreates(container: str, why: str) -> str:
    """Warn that compose will recreate a container, because its label was kept. `why` is a sentence without its end."""
    return f"The next 'docker compose up' recreates {container}: {why}. The label was kept as it is."


def with_image_label(body: Document, old_image: ImageIdentity, new_image: ImageIdentity) -> ImageLabel:
    """Set compose's image label to the new image as compose would, so that it sees the container as up to date.

    The scheme is that of the old container's label. A body without that label is returned unchanged.
    """
    labels = body.get("Labels") or {}
    if IMAGE_LABEL not in labels:
        return ImageLabel(body)
    is_id, is_manifest = (labels[IMAGE_LABEL] == value for value in (old_image.id, old_image.manifest))
    if not is_id and not is_manifest:
        why = f"its label {IMAGE_LABEL} is {labels[IMAGE_LABEL]}, which does not tell how this version of compose identifies an image"
        return ImageLabel(body, why)
    has_manifest = is_manifest and (not is_id or _version(labels) >= _FIRST_VERSION_WITH_MANIFEST)
    label = new_image.manifest if has_manifest else new_image.id
    if new_image.id and not label:
        why = f"its label {IMAGE_LABEL} is the manifest of its image, and the engine does not report that of the new one"
        return ImageLabel(body, why)
    # Before the pull, the label is not known.
    return ImageLabel({**body, "Labels": {**labels, IMAGE_LABEL: label or ""}})


def _version(labels: t.Mapping[str, str]) -> tuple[int, ...]:
    """Return the version of compose that created the container, or () if it is unknown."""
    found = re.match(r"v?(\d+)\.(\d+)", labels.get(_VERSION_LABEL) or "")
    return tuple(map(int, found.groups())) if found else ()


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
