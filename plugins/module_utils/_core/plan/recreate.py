# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide before anything is touched: what runs, what it should run, and how to get there."""

from __future__ import annotations

import typing as t

from ..container.archive_name import owner_by_name
from ..container.old_container import OldContainer, old_container
from ..engine.errors import EngineError, InspectFailed, InvalidImageReference, NotFound, Refused
from ..engine.image_reference import ImageReference, followed_by
from ..engine.interfaces import Context, DockerOps
from ..engine.model import Inspected, PullPolicy
from ..engine.timing import Stopwatch
from ..image.pull import ImageSource, get_image, pull, pull_reference, warn_if_tag_moved
from ..image.resolve import image_of
from .decision import Decision, Replacement, Skipped, SkipReason, Unchanged
from .requests import RecreateRequest
from .skip_rules import is_excluded, says_its_age, why_excluded, why_too_young

if t.TYPE_CHECKING:
    from ..state.rejections import Rejected


def plan_replacement(
    context: Context, watch: Stopwatch, request: RecreateRequest, source: ImageSource = pull
) -> Unchanged | Skipped | Replacement:
    """Inspect, pull and decide. Whatever this raises (InvalidInput or StepFailed), the container was not touched.

    `source` is what to do in place of the pull.
    """
    with watch.step("inspect"):
        inspected = inspect_exactly(context.ops, request.container)
    container = inspected.container
    old = old_container(container, context.clock.unix_seconds())
    refuse_archive(context, old)
    if request.respect_labels and is_excluded(container):
        return Skipped(old, image_of(inspected), image_of(inspected), SkipReason.EXCLUDED, why_excluded(old.name))
    reference = _wanted(request, old, container["Image"])
    with watch.step("pull"):
        resolved = get_image(source, context.ops, pull_reference(reference, request.image_digest), request.pull, inspected)
        warnings = warn_if_tag_moved(context.ops, reference, request.image_digest, request.pull)
    old_image = image_of(inspected)
    if resolved.image.id == old_image.id and not request.force:
        return Unchanged(old, old_image, resolved.image, warnings)
    with watch.step("preflight"):
        from .replacement import replacement_for

        return replacement_for(context, request, inspected, old, reference, old_image, resolved, warnings)


def inspect_exactly(ops: DockerOps, container: str) -> Inspected:
    """Look at a container that has to be there. Raises InspectFailed."""
    try:
        return ops.inspect(container)
    except NotFound:
        raise InspectFailed(
            f"There is no container with the full name or full ID {container} on this engine, so there is nothing to update."
        ) from None
    except EngineError as error:
        raise InspectFailed(f"Container {container} could not be inspected, and was not touched: {error}") from error


def _wanted(request: RecreateRequest, old: OldContainer, image_id: str) -> ImageReference:
    if request.image is not None:
        return ImageReference.parse(request.image)
    followed = followed_by(old.image_ref, image_id)
    if followed is None:
        raise InvalidImageReference(
            f"Container {old.name} was not touched: it was created from an image ID ({old.image_ref}), which no registry knows. "
            "Name the image to move it to."
        )
    return followed


def refuse_archive(context: Context, old: OldContainer) -> None:
    """To replace an archive would be to lose the way back that it was kept for. Raises Refused and InspectFailed."""
    if not owner_by_name(old.name):
        return
    from ..state.archives import owner_of_archive

    try:
        owner = owner_of_archive(context.memory, old.id, old.name)
    except EngineError as error:
        raise InspectFailed(f"It could not be found out whether {old.name} is an archive, and it was not touched: {error}") from error
    if owner:
        raise Refused(
            f"{old.name} is an archive of {owner}, kept to go back to, and was not touched. Name {owner} to update it, put this one back "
            "with container_rollback, or drop it with container_finalize."
        )


def plan_recreation(context: Context, watch: Stopwatch, request: RecreateRequest, source: ImageSource = pull) -> Decision:
    """As `plan_replacement`, but an image that is too young is not used, and one that was rejected before only if the operator insists."""
    decision = plan_replacement(context, watch, request, source)
    if not isinstance(decision, Replacement):
        return decision
    return _skip_rejected(context, request, decision) or _skip_young(context, request, decision) or _with_doubt_about_age(request, decision)


def _skip_rejected(context: Context, request: RecreateRequest, decision: Replacement) -> Skipped | None:
    from ..state.rejections import Rejections, why_rejected

    rejected = None if request.force else Rejections(context.memory).recall(decision.old.name)
    if rejected is None or not rejected.is_image(decision.new_image):
        return None
    why = why_rejected(decision.old.name, rejected)
    return _skip(decision, SkipReason.REJECTED, why, rejected=rejected, moved_tag=request.image_digest is None)


def _skip_young(context: Context, request: RecreateRequest, decision: Replacement) -> Skipped | None:
    """Its tag is given back only after a pull that always asks: any other would never ask again once the tag means the old image."""
    now = context.clock.unix_seconds()
    young = why_too_young(decision.new_image.reference, decision.new_image_created, now, request.min_image_age)
    if young is None or decision.new_image.id == decision.old_image.id:
        return None
    why = f"{decision.old.name} was left as it is: {young}."
    return _skip(decision, SkipReason.TOO_YOUNG, why, moved_tag=request.pull is PullPolicy.ALWAYS and request.image_digest is None)


def _skip(decision: Replacement, reason: SkipReason, why: str, *, moved_tag: bool, rejected: Rejected | None = None) -> Skipped:
    return Skipped(decision.old, decision.old_image, decision.new_image, reason, why, rejected, moved_tag, decision.warnings)


def _with_doubt_about_age(request: RecreateRequest, decision: Replacement) -> Replacement:
    if not request.min_image_age or not decision.new_image.id or says_its_age(decision.new_image_created):
        return decision
    doubt = f"{decision.new_image.reference} does not tell when it was built, so min_image_age did not hold it back."
    return decision._replace(warnings=(*decision.warnings, doubt))
