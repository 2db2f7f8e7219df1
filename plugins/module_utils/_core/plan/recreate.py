# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan an update before anything is changed: inspect the container, pull the image, and decide what to do."""

from __future__ import annotations

import typing as t

from ..container.archive_name import owner_by_name
from ..container.old_container import OldContainer, old_container
from ..engine.errors import EngineError, InspectFailed, InvalidImageReference, Refused
from ..engine.image_reference import ImageReference, parse_if_possible
from ..engine.interfaces import Context
from ..engine.lookup import find_container, require_container
from ..engine.model import PullPolicy
from ..engine.timing import Stopwatch
from ..image.identity import is_same_image
from ..image.pull import ImageSource, get_image, pull, pull_reference, warn_if_tag_moved
from ..image.resolve import followed_reference, image_of
from .decision import Decision, Replacement, Skipped, SkipReason, Unchanged
from .requests import RecreateRequest
from .skip_rules import is_excluded, why_age_is_unknown, why_excluded, why_too_young

if t.TYPE_CHECKING:
    from ..state.rejections import Rejected


def plan_regardless_of_rules(
    context: Context, stopwatch: Stopwatch, request: RecreateRequest, source: ImageSource = pull
) -> Unchanged | Skipped | Replacement:
    """Inspect the container, get the image from `source`, and decide. Does not look at rejections and at the age of the image.

    Raise InvalidInput and StepFailed. In each case, the container was not changed.
    """
    with stopwatch.step("inspect"):
        inspected = require_container(context.ops, request.container)
    container = inspected.container
    old = old_container(container, context.memory)
    refuse_archive(context, old)
    if request.respect_labels and is_excluded(container):
        return Skipped(old, image_of(inspected), image_of(inspected), SkipReason.EXCLUDED, why_excluded(old.name))
    reference = _target_reference(context, request, old, container["Image"])
    with stopwatch.step("pull"):
        resolved = get_image(source, context.ops, pull_reference(reference, request.image_digest), request.pull, inspected)
        warnings = warn_if_tag_moved(context.ops, reference, request.image_digest, request.pull)
    old_image = image_of(inspected)
    if is_same_image(resolved.image, old_image) and not request.force:
        return Unchanged(old, old_image, resolved.image, request.image_digest is None, warnings)
    with stopwatch.step("preflight"):
        from .replacement import build_replacement

        return build_replacement(context, request, inspected, old, reference, old_image, resolved, warnings)


def _target_reference(context: Context, request: RecreateRequest, old: OldContainer, image_id: str) -> ImageReference:
    """Return the reference to update to. Raise InspectFailed and InvalidImageReference."""
    if request.image is not None:
        return ImageReference.parse(request.image)
    try:
        followed = followed_reference(context.ops, old.image_ref, image_id)
    except EngineError as error:
        raise InspectFailed(f"Container {old.name} was not changed: its image {old.image_ref} could not be looked up: {error}") from error
    if followed is None:
        raise InvalidImageReference(
            f"Container {old.name} was not changed: it was created from an image ID ({old.image_ref}), and no registry can look up an ID. "
            "Set image to the image that it should run."
        )
    return followed


def refuse_archive(context: Context, old: OldContainer) -> None:
    """Refuse to replace an archive, because it could not be restored afterwards. Raise Refused and InspectFailed."""
    if not owner_by_name(old.name):
        return
    from ..state.archives import owner_of_archive

    try:
        owner = owner_of_archive(context.memory, old.id, old.name)
    except EngineError as error:
        raise InspectFailed(f"Container {old.name} was not changed: whether it is an archive could not be determined. {error}") from error
    if owner:
        raise Refused(
            f"{old.name} is an archive of {owner}, kept for a rollback, and was not changed. Name {owner} to update that container. "
            "Use container_rollback to restore the archive, or container_finalize to drop it."
        )


def plan_update(context: Context, stopwatch: Stopwatch, request: RecreateRequest, source: ImageSource = pull) -> Decision:
    """Like `plan_regardless_of_rules`, but skip an image that is too young, and an image that was rejected before unless `force` is set."""
    decision = plan_regardless_of_rules(context, stopwatch, request, source)
    if not isinstance(decision, Replacement):
        return decision
    skipped = _skip_rejected(context, request, decision) or _skip_young(context, request, decision)
    if skipped:
        return skipped
    warnings = (*decision.warnings, *_age_warning(context, request, decision), *_tag_warnings(context, decision))
    return decision._replace(warnings=warnings)


def _skip_rejected(context: Context, request: RecreateRequest, decision: Replacement) -> Skipped | None:
    from ..state.rejections import Rejections, why_rejected

    name = decision.old.name
    rejected = None if request.force else Rejections(context.memory).recall(name)
    if rejected is None or not rejected.is_image(decision.new_image) or _is_other_case(context, request, decision, rejected):
        return None
    why = why_rejected(name, rejected)
    skipped = _skip(decision, SkipReason.REJECTED, why, rejected=rejected, moved_tag=request.image_digest is None)
    return skipped._replace(warnings=(*skipped.warnings, why))


def _is_other_case(context: Context, request: RecreateRequest, decision: Replacement, rejected: Rejected) -> bool:
    """Whether the operator asks for another image by its reference, or has configured the container in another way since."""
    wanted, known = (parse_if_possible(reference or "") for reference in (request.image, rejected.reference))
    if wanted and known and not wanted.names_same_image_as(known):
        return True
    return not rejected.is_case(require_container(context.ops, decision.old.id), request.all_kept)


def _skip_young(context: Context, request: RecreateRequest, decision: Replacement) -> Skipped | None:
    """Skip a young image. Its tag is pointed back only with `pull: always`: other policies would never look for a newer image again."""
    now = context.clock.unix_seconds()
    too_young = why_too_young(decision.new_image.reference, decision.new_image_created, now, request.min_image_age)
    if too_young is None or is_same_image(decision.new_image, decision.old_image):
        return None
    why = f"{decision.old.name} was not updated: {too_young}."
    return _skip(decision, SkipReason.TOO_YOUNG, why, moved_tag=request.pull is PullPolicy.ALWAYS and request.image_digest is None)


def _skip(decision: Replacement, reason: SkipReason, why: str, *, moved_tag: bool, rejected: Rejected | None = None) -> Skipped:
    return Skipped(decision.old, decision.old_image, decision.new_image, reason, why, rejected, moved_tag, decision.warnings)


def _age_warning(context: Context, request: RecreateRequest, decision: Replacement) -> t.Iterator[str]:
    if request.min_image_age and decision.new_image.id:
        why = why_age_is_unknown(decision.new_image.reference, decision.new_image_created, context.clock.unix_seconds())
        if why:
            yield f"{decision.old.name}: min_image_age is not applied, because {why}."


def _tag_warnings(context: Context, decision: Replacement) -> t.Iterator[str]:
    """Warn about other containers that follow the tag, and were rolled back from the image that it points to from now on."""
    from ..state.rejections import Rejections

    reference = parse_if_possible(decision.new_image.reference)
    if reference is None or reference.digest:
        return
    for name, rejected in Rejections(context.memory).of_others(decision.old.name):
        if rejected.is_image(decision.new_image) and _follows(context, name, reference):
            yield (
                f"With this update, {reference.as_written} points to an image on this host that {name} was rolled back from "
                f"({rejected.reason.partition(':')[0]}). 'docker compose up', for example, would give {name} that image. "
                "Give the two containers different tags."
            )


def _follows(context: Context, name: str, reference: ImageReference) -> bool:
    try:
        found = find_container(context.ops, name)
    except EngineError:
        return False
    followed = parse_if_possible(found.container["Config"]["Image"]) if found else None
    return followed is not None and followed.names_same_image_as(reference)
