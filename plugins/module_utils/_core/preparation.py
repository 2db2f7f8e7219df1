# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the image of a later update on the host, and find out what that update would come to, while nothing else is touched."""

from __future__ import annotations

import typing as t

from .errors import NotFound
from .foresight import Foreseen
from .guard import Guard
from .image_reference import ImageReference
from .obtaining import pull
from .plan import RecreateRequest
from .ports import DockerOps, Inspected, Ports, PullPolicy
from .recreate import CycleResult, Outcome
from .rehearsal import rehearse_recreation


class Prepared(t.NamedTuple):
    """What the update would come to, and whether its image was not on the host before."""

    foretold: CycleResult
    brought: bool


def prepare(ports: Ports, guard: Guard, request: RecreateRequest) -> Prepared:
    """Raises what the update would raise before it touched anything."""
    delivery = _Delivery()
    return Prepared(rehearse_recreation(ports, guard, request, delivery.obtain), delivery.brought)


def rehearse_preparation(ports: Ports, guard: Guard, request: RecreateRequest) -> Prepared:
    """The same without the pull."""
    foretold = rehearse_recreation(ports, guard, request)
    return Prepared(foretold, foretold.outcome is Outcome.RECREATED and not foretold.new_image.id)


class _Delivery:
    """A pull that remembers whether it brought anything."""

    def __init__(self) -> None:
        self.brought = False

    def obtain(self, ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> Foreseen:
        before = _id_here(ops, reference)
        foreseen = pull(ops, reference, policy, inspected)
        self.brought = foreseen.image.id != before
        return foreseen


def _id_here(ops: DockerOps, reference: ImageReference) -> t.Optional[str]:
    try:
        return ops.local_image(reference).id
    except NotFound:
        return None
