# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures reject an image: a row for each."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.blame import Stage, is_image_to_blame
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    BadRequest,
    Conflict,
    CreateIncomplete,
    EngineError,
    NoAnswer,
    NotFound,
)

Row = functools.partial[bool]

BAD_REQUEST = BadRequest("exec: no such file")
REJECTED = {
    "the image has no such command, seen by create": functools.partial(is_image_to_blame, Stage.CREATE, BAD_REQUEST),
    "the image has no such command, seen by start": functools.partial(is_image_to_blame, Stage.START, BAD_REQUEST),
    "the archive has no such command": functools.partial(is_image_to_blame, Stage.START, BAD_REQUEST, is_archive=True),
    "it crashed or did not become healthy": functools.partial(is_image_to_blame, Stage.HEALTH_GATE),
    "a later run saw it up, then saw it fail": functools.partial(is_image_to_blame, Stage.RECOVERY),
    "the operator rolled it back": functools.partial(is_image_to_blame, Stage.OPERATOR, is_archive=True),
}
NOT_REJECTED = {
    "create was refused": functools.partial(is_image_to_blame, Stage.CREATE, EngineError("no")),
    "the name was taken": functools.partial(is_image_to_blame, Stage.CREATE, Conflict("in use")),
    "create did not answer": functools.partial(is_image_to_blame, Stage.CREATE, NoAnswer("timeout")),
    "a network could not be connected": functools.partial(is_image_to_blame, Stage.CREATE, CreateIncomplete("no such network", "id")),
    "an archive could not be renamed back": functools.partial(is_image_to_blame, Stage.CREATE, BAD_REQUEST, is_archive=True),
    "the ID could not be recorded": functools.partial(is_image_to_blame, Stage.RECORD, BAD_REQUEST),
    "start was refused": functools.partial(is_image_to_blame, Stage.START, EngineError("port is already allocated")),
    "start did not answer": functools.partial(is_image_to_blame, Stage.START, NoAnswer("timeout")),
    "the container was gone at the start": functools.partial(is_image_to_blame, Stage.START, NotFound("no such container")),
    "the gate could not look": functools.partial(is_image_to_blame, Stage.HEALTH_GATE, was_seen=False),
    "a later run could not look": functools.partial(is_image_to_blame, Stage.RECOVERY, was_seen=False),
    "a later run never saw it up": functools.partial(is_image_to_blame, Stage.RECOVERY, was_seen_up=False),
}


@pytest.mark.parametrize("is_to_blame", REJECTED.values(), ids=REJECTED)
def test_image_is_rejected(is_to_blame: Row) -> None:
    assert is_to_blame()


@pytest.mark.parametrize("is_to_blame", NOT_REJECTED.values(), ids=NOT_REJECTED)
def test_image_is_not_rejected(is_to_blame: Row) -> None:
    assert not is_to_blame()


def test_each_step_has_a_row() -> None:
    assert {row.args[0] for row in (*REJECTED.values(), *NOT_REJECTED.values())} == set(Stage)
