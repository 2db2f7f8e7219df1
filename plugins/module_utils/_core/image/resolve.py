# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out which image a pull would get, without pulling it."""

from __future__ import annotations

import contextlib
import typing as t

from ..engine.errors import EngineError, ImageUnreadable, NotFound
from ..engine.image_reference import ImageReference, followed_by, parse_if_possible
from ..engine.model import ImageIdentity, Inspected, Published, PullPolicy
from ..engine.reported_image import image_of_container
from .identity import is_same_image

_INDEX_CHANGED = (
    "the registry has a new index for this reference, and only a pull can tell whether the image for the platform of this host has changed "
    "too"
)

_DIGEST_CHANGED = (
    "the registry has an image with a digest that is unknown on this host. It could be the same image, compressed again. That is unlikely, "
    "but only a pull can tell"
)

_COMPATIBLE = {"amd64": "386", "arm64": "arm"}
"""By the engine's architecture: what it pulls from an index that does not list that architecture
(https://github.com/containerd/containerd/blob/main/platforms/compare.go)."""


class ResolvedImage(t.NamedTuple):
    """The image that a pull would get.

    Its ID is empty if it is not on this host. Then `doubt` says why it may still turn out to be an image that is on this host; it is empty
    if that is impossible. `platforms` are those that the registry reports, empty if it was not queried or reports none. `is_index` is true
    if the registry has a separate image for each platform.
    """

    image: ImageIdentity
    doubt: str = ""
    platforms: tuple[str, ...] = ()
    is_index: bool = False

    def architecture_for(self, engine: str) -> str:
        """Return the architecture of the image that an engine of the architecture `engine`, such as `amd64`, would pull.

        `platforms` must not be empty. Raise EngineError if there is no image for the engine.
        """
        offered = [platform.split("/")[1] for platform in self.platforms if "/" in platform]
        if not self.is_index and offered:
            return offered[0]
        for architecture in (engine, _COMPATIBLE.get(engine)):
            if architecture in offered:
                return architecture
        known = ", ".join(platform for platform in self.platforms if "unknown" not in platform)
        raise EngineError(f"no matching manifest for {engine}: the registry has the image for {known or 'no platform'}")


class Images(t.Protocol):
    """The methods of DockerOps that look up images. Each raises EngineError."""

    def published(self, reference: ImageReference) -> Published:
        """Look up a reference in its registry."""

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        """Return the image that a reference resolves to on this host. Raise NotFound if there is none."""

    def image_with_id(self, image_id: str) -> ImageIdentity:
        """Return the image on this host with this ID. Raise NotFound if there is none."""


def resolve(ops: Images, reference: ImageReference, policy: PullPolicy) -> ResolvedImage:
    """Return what `reference` would resolve to on this host after a pull with this policy.

    Raise EngineError if the pull would fail, or if the look-up fails.
    """
    local = resolve_locally(ops, reference, policy)
    return ResolvedImage(local) if local else match_published(ops, reference, ops.published(reference))


def resolve_locally(ops: Images, reference: ImageReference, policy: PullPolicy) -> ImageIdentity | None:
    """Return the image on this host that this policy uses, or None if the registry must be queried. Raise EngineError."""
    if policy is PullPolicy.ALWAYS:
        return None
    try:
        return ops.local_image(reference)
    except NotFound as error:
        if isinstance(error, ImageUnreadable) and policy is PullPolicy.NEVER:
            raise
        if policy is PullPolicy.NEVER:
            raise NotFound("it is not on this host, and the pull policy is 'never'") from None
        return None


def match_running(resolved: ResolvedImage, running: ImageIdentity) -> ResolvedImage:
    """Fill in the ID of the running image if it is the resolved one, although this host does not know it by that name."""
    if resolved.image.id or not is_same_image(resolved.image, running):
        return resolved
    return resolved._replace(image=running._replace(reference=resolved.image.reference, digest=resolved.image.digest), doubt="")


def local_image_id(ops: Images, reference: ImageReference) -> str | None:
    """Return the ID of the image that a reference points at on this host, readable or not, or None. Raise EngineError."""
    try:
        return ops.local_image(reference).id
    except ImageUnreadable as error:
        return error.image_id
    except NotFound:
        return None


def followed_reference(ops: Images, text: str, image_id: str) -> ImageReference | None:
    """Return the reference that a container follows (see `followed_by`). Raise EngineError.

    The engine is asked only if the text could be the first digits of the image's ID.
    """
    return followed_by(text, image_id, lambda name: local_image_id(ops, name) is not None)


def match_published(ops: Images, reference: ImageReference, published: Published) -> ResolvedImage:
    """Match the image that the registry has under a reference with the images on this host. Raise EngineError."""
    digest, is_index = published.digest, published.is_index
    known = _local_image_at(ops, reference, digest)
    if known:
        image, doubt = known._replace(reference=reference.as_written, digest=digest), ""
    else:
        image = ImageIdentity(reference.as_written, "", digest, manifest=None if is_index else digest, digests=(digest,))
        doubt = _INDEX_CHANGED if is_index else _DIGEST_CHANGED
    return ResolvedImage(image, doubt, published.platforms, is_index)


def _local_image_at(ops: Images, reference: ImageReference, digest: str) -> ImageIdentity | None:
    """Return the image with a digest, even if it has lost its name: on the containerd store, the digest is its ID."""
    with contextlib.suppress(NotFound):
        return ops.local_image(reference.at(digest))
    with contextlib.suppress(NotFound):
        return ops.image_with_id(digest)
    return None


def image_of(inspected: Inspected) -> ImageIdentity:
    """Return the image of a container, with the reference that the container was created from."""
    followed = parse_if_possible(inspected.container["Config"]["Image"])
    return image_of_container(inspected.container, inspected.image, followed)


def has_other_tags(inspected: Inspected) -> bool:
    """Whether a container's image has tags besides the one that the container follows.

    The containerd store also lists the digest by which an image was pulled. In the same repository, that is no other tag.
    """
    followed = parse_if_possible(inspected.container["Config"]["Image"])
    tags = [parse_if_possible(tag) for tag in (inspected.image or {}).get("RepoTags") or ()]
    return any(followed is None or not _belongs_to(tag, followed) for tag in tags if tag)


def _belongs_to(tag: ImageReference, followed: ImageReference) -> bool:
    return tag.names_same_image_as(followed) or bool(tag.digest and tag.repository == followed.repository)


def ask_registry(ops: Images, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
    """Find out which image a pull would bring to a container, without pulling. Raise EngineError if the pull would, or if it is unknown."""
    return match_running(resolve(ops, reference, policy), image_of(inspected))
