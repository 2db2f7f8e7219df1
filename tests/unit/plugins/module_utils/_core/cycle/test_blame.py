# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures reject an image: a row for each."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.blame import Evidence, FailedStep, is_image_to_blame
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    BadRequest,
    Conflict,
    CreateIncomplete,
    EngineError,
    NoAnswer,
    NotFound,
)

BAD_REQUEST = BadRequest("exec: no such file")
REJECTED = {
    "the image has no such command, seen by create": Evidence(FailedStep.CREATE, BAD_REQUEST),
    "the image has no such command, seen by start": Evidence(FailedStep.START, BAD_REQUEST),
    "the archive has no such command": Evidence(FailedStep.START, BAD_REQUEST, is_archive=True),
    "it crashed or did not become healthy": Evidence(FailedStep.HEALTH_GATE),
    "a later run saw it up, then saw it fail": Evidence(FailedStep.RECOVERY),
    "the operator rolled it back": Evidence(FailedStep.OPERATOR, is_archive=True),
}
NOT_REJECTED = {
    "create was refused": Evidence(FailedStep.CREATE, EngineError("no")),
    "the name was taken": Evidence(FailedStep.CREATE, Conflict("in use")),
    "create did not answer": Evidence(FailedStep.CREATE, NoAnswer("timeout")),
    "a network could not be connected": Evidence(FailedStep.CREATE, CreateIncomplete("no such network", "id")),
    "an archive could not be renamed back": Evidence(FailedStep.CREATE, BAD_REQUEST, is_archive=True),
    "the ID could not be recorded": Evidence(FailedStep.RECORD, BAD_REQUEST),
    "start was refused": Evidence(FailedStep.START, EngineError("port is already allocated")),
    "start did not answer": Evidence(FailedStep.START, NoAnswer("timeout")),
    "the container was gone at the start": Evidence(FailedStep.START, NotFound("no such container")),
    "the gate could not look": Evidence(FailedStep.HEALTH_GATE, was_seen=False),
    "a later run could not look": Evidence(FailedStep.RECOVERY, was_seen=False),
    "a later run never saw it up": Evidence(FailedStep.RECOVERY, was_seen_up=False),
}


@pytest.mark.parametrize("evidence", REJECTED.values(), ids=REJECTED)
def test_image_is_rejected(evidence: Evidence) -> None:
    assert is_image_to_blame(evidence)


@pytest.mark.parametrize("evidence", NOT_REJECTED.values(), ids=NOT_REJECTED)
def test_image_is_not_rejected(evidence: Evidence) -> None:
    assert not is_image_to_blame(evidence)


def test_each_step_has_a_row() -> None:
    assert {evidence.step for evidence in (*REJECTED.values(), *NOT_REJECTED.values())} == set(FailedStep)
