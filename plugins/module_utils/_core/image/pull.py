# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the image that a container is to run, or say by name why it cannot be had."""

from __future__ import annotations

import typing as t

from ..engine.errors import EngineError, InvalidInput, PullErrorKind, PullFailed
from ..engine.image_reference import ImageReference
from ..engine.interfaces import DockerOps
from ..engine.model import Inspected, PullPolicy, Surroundings, name_of
from .pull_errors import classify, describe, rate_limit_hint, remedy_for
from .resolve import ResolvedImage, resolve_locally

ImageSource = t.Callable[[DockerOps, ImageReference, PullPolicy, Inspected], ResolvedImage]
"""Tells which image a reference means for a container, and has it on the host or not. Raises EngineError."""


def pull(ops: DockerOps, reference: ImageReference, policy: PullPolicy, _inspected: Inspected) -> ResolvedImage:
    """Have the image on the host, as `policy` says."""
    return ResolvedImage(resolve_locally(ops, reference, policy) or ops.pull(reference))


def pull_reference(reference: ImageReference, image_digest: str | None) -> ImageReference:
    """What is pulled, or looked for on the host, for a container that is to be created from `reference`.

    It goes on being called as the operator wrote it. Raises InvalidInput when the reference has another digest already.
    """
    if image_digest is None:
        return reference
    if reference.digest not in (None, image_digest):
        raise InvalidInput(f"image_digest is {image_digest}, but the image reference has a digest of its own: {reference.as_written}.")
    return reference._replace(digest=image_digest)


def get_image(source: ImageSource, ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
    """The image for a container, obtained in that way. Raises PullFailed, with the problem by its name."""
    try:
        return source(ops, reference, policy, inspected)
    except EngineError as error:
        raise _pull_failed(ops, reference, name_of(inspected.container), error, _other_policies(ops, reference, policy)) from error


def _other_policies(ops: DockerOps, reference: ImageReference, policy: PullPolicy) -> str:
    """A sentence that names them where they would help."""
    if policy is not PullPolicy.ALWAYS:
        return ""
    try:
        ops.local_image(reference)
    except EngineError:
        return ""
    return " It is on this host already: pull=missing or pull=never would take that one."


def _pull_failed(ops: DockerOps, reference: ImageReference, container: str, error: EngineError, advice: str = "") -> PullFailed:
    problem = classify(error)
    words = describe(error)
    if problem is PullErrorKind.RATE_LIMITED and not rate_limit_hint(error):
        words += _hint_of_registry(ops, reference)
    digest = f" ({reference.digest})" if reference.digest and reference.digest not in reference.as_written else ""
    return PullFailed(
        f"Image {reference.as_written}{digest} could not be had, and container {container} was not touched: {words}. "
        f"{remedy_for(problem)}{advice}",
        problem,
    )


def _hint_of_registry(ops: DockerOps, reference: ImageReference) -> str:
    """Engines with the containerd image store do not pass on what the registry says when they pull, but when they only ask."""
    try:
        ops.published(reference)
    except EngineError as error:
        hint = rate_limit_hint(error)
        return f" ({hint.strip().rstrip('.')})" if hint else ""
    return ""


def warn_if_tag_moved(ops: DockerOps, reference: ImageReference, image_digest: str | None, policy: PullPolicy) -> tuple[str, ...]:
    """A warning when the reference means another digest in the registry than the one that was asked for. Nothing when nobody can say."""
    if image_digest is None or reference.digest or policy is not PullPolicy.ALWAYS:
        return ()
    try:
        digest = ops.published(reference).digest
    except EngineError:
        return ()
    if digest == image_digest:
        return ()
    there = f"{reference.as_written} means {digest} in the registry, not {image_digest} as image_digest says."
    return (f"{there} The container goes on following it, so without image_digest the next run moves it there.",)


def with_platform(
    ops: DockerOps, surroundings: Surroundings, resolved: ResolvedImage, reference: ImageReference, container: str
) -> Surroundings:
    """What lies around, with as much of an image that is not on this host as can be known of it. Raises PullFailed."""
    if surroundings.new_image or not resolved.platforms:
        return surroundings
    try:
        architecture = resolved.architecture_for(surroundings.architecture)
    except EngineError as error:
        raise _pull_failed(ops, reference, container, error) from error
    return surroundings._replace(new_image={"Architecture": architecture})
