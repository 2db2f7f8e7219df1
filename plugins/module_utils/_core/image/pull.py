# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get the image for a container, or raise PullFailed with the kind of error and its remedy."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, InvalidInput, PullErrorKind, PullFailed
from ..engine.image_reference import ImageReference
from ..engine.interfaces import DockerOps
from ..engine.model import Inspected, PullPolicy, Surroundings, name_of
from .pull_errors import classify, describe, rate_limit_hint, remedy_for
from .resolve import ResolvedImage, resolve_locally

ImageSource = t.Callable[[DockerOps, ImageReference, PullPolicy, Inspected], ResolvedImage]
"""Resolves a reference to an image for a container, with or without a pull. Raise EngineError."""


def pull(ops: DockerOps, reference: ImageReference, policy: PullPolicy, _inspected: Inspected) -> ResolvedImage:
    """Get the image onto the host, as `policy` says."""
    return ResolvedImage(resolve_locally(ops, reference, policy) or ops.pull(reference))


def pull_reference(reference: ImageReference, image_digest: str | None) -> ImageReference:
    """Return the reference to pull, or to look up on the host, for a container that will be created from `reference`.

    Messages show it as the operator wrote it. Raise InvalidInput if the reference already has another digest.
    """
    if image_digest is None:
        return reference
    if reference.digest not in (None, image_digest):
        raise InvalidInput(
            f"image_digest is {image_digest}, but the image reference has another digest: {reference.as_written}. "
            "Remove image_digest, or set image to a reference without a digest."
        )
    return reference._replace(digest=image_digest)


def get_image(source: ImageSource, ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
    """Get the image for a container from `source`. Raise PullFailed with the kind of error."""
    try:
        return source(ops, reference, policy, inspected)
    except EngineError as error:
        raise _pull_failed(ops, reference, name_of(inspected.container), error, _other_policies(ops, reference, policy)) from error


def _other_policies(ops: DockerOps, reference: ImageReference, policy: PullPolicy) -> str:
    """Return a sentence that suggests other pull policies, if they would help."""
    if policy is not PullPolicy.ALWAYS:
        return ""
    try:
        ops.local_image(reference)
    except EngineError:
        return ""
    return " An image with this reference is on the host: pull=missing or pull=never would use it."


def _pull_failed(ops: DockerOps, reference: ImageReference, container: str, error: EngineError, hint: str = "") -> PullFailed:
    kind = classify(error)
    description = describe(error)
    if kind is PullErrorKind.RATE_LIMITED and not rate_limit_hint(error):
        description += _hint_of_registry(ops, reference)
    digest = f" ({reference.digest})" if reference.digest and reference.digest not in reference.as_written else ""
    return PullFailed(
        f"Image {reference.as_written}{digest} could not be obtained, and container {container} was not changed: {description}. "
        f"{remedy_for(kind)}{hint}",
        kind,
    )


def _hint_of_registry(ops: DockerOps, reference: ImageReference) -> str:
    """Return the registry's message about its rate limit.

    Engines with the containerd image store omit it from a pull error, but include it if they only look up the image.
    """
    try:
        ops.published(reference)
    except EngineError as error:
        hint = rate_limit_hint(error)
        return f" ({hint.strip().rstrip('.')})" if hint else ""
    return ""


def warn_if_tag_moved(ops: DockerOps, reference: ImageReference, image_digest: str | None, policy: PullPolicy) -> tuple[str, ...]:
    """Return a warning if the reference resolves to another digest than `image_digest` in the registry. No warning if that is unknown."""
    if image_digest is None or reference.digest or policy is not PullPolicy.ALWAYS:
        return ()
    try:
        digest = ops.published(reference).digest
    except EngineError:
        return ()
    if digest == image_digest:
        return ()
    moved = f"{reference.as_written} is {digest} in the registry, not {image_digest} as image_digest says."
    return (f"{moved} The container still follows this tag: a run without image_digest would update it to the registry's image.",)


def with_platform(
    ops: DockerOps, surroundings: Surroundings, resolved: ResolvedImage, reference: ImageReference, container: str
) -> Surroundings:
    """Add what the registry reports about the new image to `surroundings`, if it is not on this host. Raise PullFailed."""
    if surroundings.new_image or not resolved.platforms:
        return surroundings
    try:
        architecture = resolved.architecture_for(surroundings.architecture)
    except EngineError as error:
        raise _pull_failed(ops, reference, container, error) from error
    return surroundings._replace(new_image={"Architecture": architecture})
