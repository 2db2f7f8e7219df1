# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the identity of an image from what an engine reports about it.

On the classic image store, an image's ID is the digest of its configuration. On the containerd store, it is the digest of the index or the
manifest that was pulled, and the engine also reports that as `Descriptor` (API 1.48). An index lists one manifest for each platform.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from .image_reference import ImageReference, digest_in, parse_if_possible
from .model import Document, ImageIdentity

INDEX_MEDIA_TYPES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")

_DEFAULT_VARIANTS = {"amd64": "v1", "arm64": "v8", "arm": "v7"}
"""By architecture: the variant that an index, or the configuration of an image, may leave out."""

_NOT_FOR_CONTAINERS = frozenset(
    (
        "AttachStderr",
        "AttachStdin",
        "AttachStdout",
        "Domainname",
        "Hostname",
        "Image",
        "MacAddress",
        "NetworkDisabled",
        "OpenStdin",
        "StdinOnce",
        "Tty",
    )
)
"""Fields of an image's `Config` that no container gets. Engines report them only up to API 1.49."""


class _Platform(t.NamedTuple):
    os: str
    architecture: str
    variant: str


def is_readable(image: Document) -> bool:
    """Whether the engine could read an image. Takes an inspect document. An image that names no platform is not empty, but unreadable.

    With the containerd store, engines 28 and 29.0 report an image without the blob of a layer as empty instead of failing
    (https://github.com/moby/moby/issues/51629).
    """
    return bool(image.get("Os") or image.get("Architecture"))


def was_built_here(image: Document) -> bool | None:
    """Whether an image was built or loaded on this host instead of pulled. None if the engine does not tell.

    The classic store knows a digest only of images that a registry had. The containerd store knows one of each image.
    """
    return None if image.get("Descriptor") else not _digests_of(image, None)


def stored_image(image: Document, reference: ImageReference | None, as_written: str = "") -> ImageIdentity:
    """Return the identity of an image on this host. `image` is its inspect document, or its entry in the engine's list of images.

    `reference` is what it was looked up by, None if that is only `as_written` and cannot be parsed.
    """
    manifest = _manifest_of(image)
    return ImageIdentity(
        reference=reference.as_written if reference else as_written,
        id=image["Id"],
        digest=_digest_of(image, reference) if reference else None,
        manifest=manifest,
        content=_content_of(image),
        digests=_digests_of(image, manifest),
    )


def image_of_container(container: Document, image: Document | None, reference: ImageReference | None) -> ImageIdentity:
    """Return the identity of the image that a container runs.

    `container` is its inspect document or its entry in the engine's list, and `image` that of its image, None if that is not known.
    """
    as_written = container["Config"]["Image"]
    runs = (container.get("ImageManifestDescriptor") or {}).get("digest")
    if image is None and runs is None:
        return ImageIdentity(as_written, container["Image"])
    if image is None:
        # Only the containerd store reports what a container runs, and there the ID of an image is a digest.
        digests = tuple(sorted({container["Image"], runs}))
        return ImageIdentity(as_written, container["Image"], digest=container["Image"], manifest=runs, digests=digests)
    identity = stored_image(image, reference, as_written)._replace(reference=as_written)
    if runs in (None, identity.manifest):
        return identity
    # The engine describes another platform of the index than the one that the container was created for, or does not name the manifest.
    digests = tuple(sorted({*identity.digests, runs} - {identity.manifest}))
    is_described = identity.manifest is None and _is_described(image, runs)
    return identity._replace(manifest=runs, content=identity.content if is_described else None, digests=digests)


def _manifest_of(image: Document) -> str | None:
    """Return the digest of the manifest that the inspect document describes, or None if that is not known."""
    descriptor = image.get("Descriptor") or {}
    if descriptor.get("mediaType") not in INDEX_MEDIA_TYPES:
        return descriptor.get("digest")
    if not is_readable(image):
        return None
    described = _platform(image.get("Os"), image.get("Architecture"), image.get("Variant"))
    available = [manifest for manifest in image.get("Manifests") or () if manifest.get("Available")]
    same_architecture = {
        manifest["Descriptor"]["digest"]: _platform_of(manifest) for manifest in available if _platform_of(manifest)[:2] == described[:2]
    }
    if len(same_architecture) > 1:
        same_architecture = {digest: platform for digest, platform in same_architecture.items() if platform == described}
    return next(iter(same_architecture)) if len(same_architecture) == 1 else None


def _platform(os: str | None, architecture: str | None, variant: str | None) -> _Platform:
    return _Platform(os or "", architecture or "", variant or _DEFAULT_VARIANTS.get(architecture or "", ""))


def _platform_of(manifest: Document) -> _Platform:
    platform = (manifest.get("ImageData") or {}).get("Platform") or {}
    return _platform(platform.get("os"), platform.get("architecture"), platform.get("variant"))


def _is_described(image: Document, digest: str) -> bool:
    """Whether a manifest of an index can be what the inspect document describes. True if the engine does not say."""
    entries = [manifest for manifest in image.get("Manifests") or () if manifest["Descriptor"]["digest"] == digest]
    described = _platform(image.get("Os"), image.get("Architecture"), image.get("Variant"))
    return all(_platform_of(manifest)[:2] == described[:2] for manifest in entries)


def _digest_of(image: Document, reference: ImageReference) -> str | None:
    """Return the digest of an image in the repository of a reference. On the containerd store, the ID is the digest."""
    return reference.digest or digest_in(image.get("RepoDigests"), reference) or (image["Id"] if image.get("Descriptor") else None)


def _digests_of(image: Document, manifest: str | None) -> tuple[str, ...]:
    names = map(parse_if_possible, image.get("RepoDigests") or ())
    digests = {name.digest for name in names if name and name.digest}
    return tuple(sorted(digests | set(filter(None, (image["Id"] if image.get("Descriptor") else None, manifest)))))


def _content_of(image: Document) -> str | None:
    """Return a fingerprint of what a container gets from an image: equal if images differ only in compression or annotations."""
    if not is_readable(image) or "RootFS" not in image:
        return None
    layers = (image["RootFS"] or {}).get("Layers") or []
    config = {field: value for field, value in (image.get("Config") or {}).items() if value and field not in _NOT_FOR_CONTAINERS}
    platform = _platform(image.get("Os"), image.get("Architecture"), image.get("Variant"))
    parts = [layers, config, image.get("Created"), platform]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
