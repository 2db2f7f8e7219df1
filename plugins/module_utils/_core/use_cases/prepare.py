# Copyright (c) 2026, evenkeel contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""container_prepare: pull the image for a later update, and predict the outcome. Nothing else is touched."""

from __future__ import annotations

import typing as t

from ..cycle.report import cycle_report
from ..cycle.result import CycleResult
from ..engine.image_reference import ImageReference
from ..engine.interfaces import Context, DockerOps
from ..engine.model import Inspected, PullPolicy, ReturnValues
from ..image.pull import ImageSource, pull
from ..image.resolve import ResolvedImage, ask_registry, local_image_id
from ..plan.requests import RecreateRequest
from ..state.lock import RunLock
from .check_recreate import check_recreate


class Prepared(t.NamedTuple):
    """The predicted result of the update, and whether its image was pulled now."""

    predicted: CycleResult
    pulled: bool


def prepare(context: Context, lock: RunLock, request: RecreateRequest) -> Prepared:
    """Pull the image and predict the update. Raise what the update would raise before it touches anything."""
    return _prepare_from(pull, context, lock, request)


def check_prepare(context: Context, lock: RunLock, request: RecreateRequest) -> Prepared:
    """Predict what `prepare` would return, without the pull."""
    return _prepare_from(ask_registry, context, lock, request)


def _prepare_from(source: ImageSource, context: Context, lock: RunLock, request: RecreateRequest) -> Prepared:
    recording = _RecordingSource(source)
    return Prepared(check_recreate(context, lock, request, recording.source), recording.pulled)


class _RecordingSource:
    """Records whether the image of a source is another one than the reference points at on this host."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self.pulled = False

    def source(self, ops: DockerOps, reference: ImageReference, policy: PullPolicy, inspected: Inspected) -> ResolvedImage:
        before = local_image_id(ops, reference)
        resolved = self._source(ops, reference, policy, inspected)
        self.pulled = resolved.image.id != before
        return resolved


_PREDICTED = ("outcome", "container", "image", "dependents", "lost_files", "rejected", "doubt", "msg", "skip_reason")


def preparation_report(prepared: Prepared) -> ReturnValues:
    """The return values of container_prepare."""
    predicted = cycle_report(prepared.predicted)
    return {**{name: predicted[name] for name in _PREDICTED if name in predicted}, "changed": prepared.pulled}
