# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_prepare: pull the image for a later update, and predict the outcome. Nothing else is touched."""

from __future__ import annotations

import typing as t

from ..cycle.message import Task
from ..cycle.report import cycle_report
from ..cycle.result import CycleResult
from ..cycle.run import point_tag_back_if_moved
from ..engine.image_reference import ImageReference
from ..engine.interfaces import Context, DockerOps
from ..engine.model import Inspected, PullPolicy, ReturnValues
from ..image.pull import ImageSource, pull
from ..image.resolve import ResolvedImage, ask_registry, local_image_id
from ..image.tags import shared_tag
from ..plan.requests import RecreateRequest
from ..state.lock import RunLock
from .check_recreate import check_recreate


class Prepared(t.NamedTuple):
    """The predicted result of the update, and whether its image was pulled now: the reference resolves to another image than before."""

    predicted: CycleResult
    pulled: bool


def prepare(context: Context, lock: RunLock, request: RecreateRequest) -> Prepared:
    """Pull the image and predict the update. Raise what the update would raise before it touches anything.

    If the update would leave the container as it is, the tag that the pull moved points at its image again.
    """
    recording = _RecordingSource(pull)
    predicted = check_recreate(context, lock, request, recording.source)
    if not _leaves_tag(predicted):
        return Prepared(predicted, recording.resolves_to(predicted.new_image.id))
    warnings = point_tag_back_if_moved(context.ops, predicted)
    image_id = predicted.new_image.id if warnings else predicted.old_image.id
    return Prepared(predicted._replace(warnings=(*predicted.warnings, *warnings)), recording.resolves_to(image_id))


def check_prepare(context: Context, lock: RunLock, request: RecreateRequest) -> Prepared:
    """Predict what `prepare` would return, without the pull."""
    recording = _RecordingSource(ask_registry)
    predicted = check_recreate(context, lock, request, recording.source)
    image = predicted.old_image if _leaves_tag(predicted) else predicted.new_image
    return Prepared(predicted, recording.resolves_to(image.id))


def _leaves_tag(predicted: CycleResult) -> bool:
    """Whether the update would leave the container as it is, for sure, so that its tag goes on to point at the image that it runs."""
    return predicted.moved_tag and not predicted.doubt and shared_tag(predicted.old_image, predicted.new_image) is not None


class _RecordingSource:
    """Records which image the reference of a source points at on this host."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._before: str | None = None
        self._resolved = False

    def source(self, ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
        self._before = local_image_id(ops, reference)
        resolved = self._source(ops, reference, policy, inspected)
        self._resolved = True
        return resolved

    def resolves_to(self, image_id: str) -> bool:
        """Whether it is another image than before that the reference now points at, if it has the ID `image_id`."""
        return self._resolved and image_id != self._before


_PREDICTED = ("outcome", "container", "image", "dependents", "lost_files", "rejected", "doubt", "msg", "next_step", "skip_reason")


def preparation_report(prepared: Prepared) -> ReturnValues:
    """The return values of container_prepare."""
    predicted = cycle_report(prepared.predicted, Task.PREPARE, predicted=True)
    return {**{name: predicted[name] for name in _PREDICTED if name in predicted}, "changed": prepared.pulled}
