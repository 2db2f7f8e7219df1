# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which image a pull would bring, without pulling."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, NotFound
from ..engine.image_reference import ImageReference, digest_in, parse_if_possible
from ..engine.model import ImageIdentity, Inspected, Published, PullPolicy

_MAYBE_THE_SAME = (
    "the registry has another index of images than this host knows, and whether the image for this platform is another one, too, "
    "only a pull can tell"
)

_MAYBE_PACKED_ANEW = (
    "the registry has an image under a digest that this host does not know. That it is the same image, packed anew, is unlikely, "
    "and only a pull can tell"
)

_ALSO_RUNS = {"amd64": "386", "arm64": "arm"}
"""What the engine takes from an index that has nothing closer, by what it runs
(https://github.com/containerd/containerd/blob/main/platforms/compare.go)."""


class ResolvedImage(t.NamedTuple):
    """The image that a pull would bring.

    Its ID is empty when it is not on this host yet. `doubt` then says why it may turn out to be an image that is, empty when it cannot.
    `platforms` are those that the registry has it for, empty when nobody asked the registry or it did not say. `is_index` tells whether
    each of them has an image of its own there.
    """

    image: ImageIdentity
    doubt: str = ""
    platforms: tuple[str, ...] = ()
    is_index: bool = False

    def architecture_for(self, engine: str) -> str:
        """What the image is made for that a pull brings to an engine which runs `engine`, such as `amd64`, by itself.

        Raises EngineError when the pull would fail for want of one. `platforms` must not be empty.
        """
        offered = [platform.split("/")[1] for platform in self.platforms if "/" in platform]
        if not self.is_index and offered:
            return offered[0]
        for architecture in (engine, _ALSO_RUNS.get(engine)):
            if architecture in offered:
                return architecture
        known = ", ".join(platform for platform in self.platforms if "unknown" not in platform)
        raise EngineError(f"no matching manifest for {engine}: the registry has the image for {known or 'no platform'}")


class Images(t.Protocol):
    """The images of a registry and of a host, as DockerOps knows them. Each raises EngineError."""

    def published(self, reference: ImageReference) -> Published:
        """What the registry has under a reference."""

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        """Which image a reference means on this host. NotFound when it means none."""


def resolve(ops: Images, reference: ImageReference, policy: PullPolicy) -> ResolvedImage:
    """What `reference` would mean on this host after a pull with this policy.

    Raises EngineError where the pull would, and where nobody can say.
    """
    here = resolve_locally(ops, reference, policy)
    return ResolvedImage(here) if here else match_published(ops, reference, ops.published(reference))


def resolve_locally(ops: Images, reference: ImageReference, policy: PullPolicy) -> ImageIdentity | None:
    """The image on this host that is taken with this policy, None when the registry has to be asked. Raises EngineError."""
    if policy is PullPolicy.ALWAYS:
        return None
    try:
        return ops.local_image(reference)
    except NotFound:
        if policy is PullPolicy.NEVER:
            raise NotFound("it is not on this host, and the pull policy is 'never'") from None
        return None


def match_running(resolved: ResolvedImage, running: str, digests_of_running: t.Container[str]) -> ResolvedImage:
    """The same, with the ID `running` where that image is known by the same digest: in another repository, it is the same image."""
    if resolved.image.id or resolved.image.digest not in digests_of_running:
        return resolved
    return resolved._replace(image=resolved.image._replace(id=running), doubt="")


def match_published(ops: Images, reference: ImageReference, published: Published) -> ResolvedImage:
    """Which image on this host it is that the registry has under a reference. Raises EngineError."""
    try:
        known = ops.local_image(reference.at(published.digest)).id
    except NotFound:
        known = ""
    doubt = _MAYBE_THE_SAME if published.is_index else _MAYBE_PACKED_ANEW
    image = ImageIdentity(reference.as_written, known, published.digest)
    return ResolvedImage(image, "" if known else doubt, published.platforms, published.is_index)


def image_of(inspected: Inspected) -> ImageIdentity:
    """The image that a container runs, by the reference that it was created from."""
    reference = inspected.container["Config"]["Image"]
    followed = parse_if_possible(reference)
    digest = digest_in((inspected.image or {}).get("RepoDigests"), followed) if followed else None
    return ImageIdentity(reference=reference, id=inspected.container["Image"], digest=digest)


def has_other_tags(inspected: Inspected) -> bool:
    """Whether somebody calls a container's image by another name than the one that the container follows."""
    followed = parse_if_possible(inspected.container["Config"]["Image"])
    tags = [parse_if_possible(tag) for tag in (inspected.image or {}).get("RepoTags") or ()]
    return any(followed is None or not tag.names_same_image_as(followed) for tag in tags if tag)
