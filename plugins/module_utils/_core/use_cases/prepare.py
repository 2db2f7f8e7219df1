# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the image of a later update on the host, and find out what that update would come to, while nothing else is touched."""

from __future__ import annotations

import typing as t

from ..cycle.report import Report, cycle_report
from ..cycle.result import CycleResult, Outcome
from ..engine.errors import NotFound
from ..engine.image_reference import ImageReference
from ..engine.interfaces import DockerOps, Ports
from ..engine.model import Inspected, PullPolicy
from ..image.pull import pull
from ..image.resolve import Foreseen
from ..plan.requests import RecreateRequest
from ..state.lock import Guard
from .check_mode import rehearse_recreation


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


def _id_here(ops: DockerOps, reference: ImageReference) -> str | None:
    try:
        return ops.local_image(reference).id
    except NotFound:
        return None


_FORETOLD = ("outcome", "container", "image", "dependents", "lost_files", "rejected", "doubt", "msg", "skip_reason")


def preparation_report(prepared: Prepared) -> Report:
    """The return values of container_prepare: what the update would come to, and whether anything was done for it."""
    foretold = cycle_report(prepared.foretold)
    return {**{name: foretold[name] for name in _FORETOLD if name in foretold}, "changed": prepared.brought}
