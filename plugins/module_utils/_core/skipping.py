# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a recreation, and leave the container as it is where the new image was rejected before or is too young."""

from __future__ import annotations

import typing as t

from .obtaining import Obtain, pull
from .plan import RecreateRequest, Replacement, Skipped, Unchanged, plan_replacement
from .policy import SkipReason, says_its_age, why_too_young
from .ports import Ports, PullPolicy
from .stopwatch import Stopwatch

if t.TYPE_CHECKING:
    from .rejection import Rejected

Decision = t.Union[Unchanged, Skipped, Replacement]


def plan_recreation(ports: Ports, watch: Stopwatch, request: RecreateRequest, obtain: Obtain = pull) -> Decision:
    """As C(plan_replacement), but an image that is too young is not used, and one that was rejected before only if the operator insists."""
    decision = plan_replacement(ports, watch, request, obtain)
    if not isinstance(decision, Replacement):
        return decision
    return _skip_rejected(ports, request, decision) or _skip_young(ports, request, decision) or _with_doubt_about_age(request, decision)


def _skip_rejected(ports: Ports, request: RecreateRequest, decision: Replacement) -> t.Optional[Skipped]:
    from .rejection import Rejections, why_rejected

    rejected = None if request.force else Rejections(ports.memory).recall(decision.old.name)
    if rejected is None or not rejected.is_image(decision.new_image):
        return None
    why = why_rejected(decision.old.name, rejected)
    return _skip(decision, SkipReason.REJECTED, why, rejected=rejected, moved_tag=request.image_digest is None)


def _skip_young(ports: Ports, request: RecreateRequest, decision: Replacement) -> t.Optional[Skipped]:
    """Its tag is given back only after a pull that always asks: any other would never ask again once the tag means the old image."""
    now = ports.clock.unix_seconds()
    young = why_too_young(decision.new_image.reference, decision.new_image_made_at, now, request.min_image_age)
    if young is None or decision.new_image.id == decision.old_image.id:
        return None
    why = f"{decision.old.name} was left as it is: {young}."
    return _skip(decision, SkipReason.TOO_YOUNG, why, moved_tag=request.pull is PullPolicy.ALWAYS and request.image_digest is None)


def _skip(decision: Replacement, reason: SkipReason, why: str, *, moved_tag: bool, rejected: t.Optional[Rejected] = None) -> Skipped:
    return Skipped(decision.old, decision.old_image, decision.new_image, reason, why, rejected, moved_tag, decision.warnings)


def _with_doubt_about_age(request: RecreateRequest, decision: Replacement) -> Replacement:
    if not request.min_image_age or not decision.new_image.id or says_its_age(decision.new_image_made_at):
        return decision
    doubt = f"{decision.new_image.reference} does not tell when it was built, so min_image_age did not hold it back."
    return decision._replace(warnings=(*decision.warnings, doubt))
