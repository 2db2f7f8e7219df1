# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can change in a registry although the image for this host stays the same. The first image is that of this host."""

from __future__ import annotations

from collections.abc import Callable

from testbed.manifests import packed_anew

from .repository import Repository

Publish = Callable[[Repository, str, str], object]
"""Publishes the first image, with the second one for another platform."""


def only_an_attestation(repository: Repository, image: str, _other: str) -> None:
    repository.publish_attested(image, 2)


def no_attestation_any_more(repository: Repository, image: str, _other: str) -> None:
    repository.publish_index(amd64=image)


def only_another_platform(repository: Repository, image: str, other: str) -> None:
    repository.publish_index(amd64=image, s390x=other)


def only_the_index_itself(repository: Repository, _image: str, _other: str) -> None:
    repository.manifests.write("latest", packed_anew(repository.manifests.read("latest")))


def no_index_any_more(repository: Repository, image: str, _other: str) -> None:
    repository.publish(image)


def only_the_manifest_itself(repository: Repository, image: str, _other: str) -> None:
    repository.publish(image, "again")
    repository.manifests.write("latest", packed_anew(repository.manifests.read("again")))


CHANGES = [
    only_an_attestation,
    no_attestation_any_more,
    only_another_platform,
    only_the_index_itself,
    no_index_any_more,
    only_the_manifest_itself,
]
