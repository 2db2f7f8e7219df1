# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another version of the collection is killed in an update, and this version brings the update to its end.

EVENKEEL_KILLED_CHECKOUT is a checkout of the other version. The test kills its modules at the points of the kill matrix:

    git worktree add /tmp/25b84f9 25b84f9
    EVENKEEL_KILLED_CHECKOUT=/tmp/25b84f9 .venv/bin/pytest -n 2 tests/integration/test_upgrade_in_mid_update.py

As in the kill matrix, `--whole-matrices` goes through every point, not through a sample.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from support.real.ansible import CHECKOUT, Caller
from support.real.kills import check_recovery, check_recovery_of_recovery
from support.real.matrix import (
    HEALTH_TIMEOUT,
    SUCCESS,
    UPDATE_PATHS,
    Chunk,
    MatrixRunner,
    UpdatePath,
    parametrize,
)
from support.real.other_checkout import collections_of
from support.real.point_counter import PointCounter
from testbed import engine

Record = Callable[[str, object], None]

VARIABLE = "EVENKEEL_KILLED_CHECKOUT"

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"set {VARIABLE} to a checkout of another version: the test kills its modules"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_killed_in_an_update:
        parametrize(metafunc, UPDATE_PATHS, chunks=4, sampled=14)
    elif metafunc.function is test_the_recovery_is_killed_too:
        parametrize(metafunc, (SUCCESS, HEALTH_TIMEOUT), chunks=6, sampled=9)


@pytest.fixture(scope="module")
def old_runner(client: docker.APIClient) -> Iterator[MatrixRunner]:
    """The runner of the kill matrix. What it runs without a caller of its own is the other version."""
    with collections_of(Path(os.environ[VARIABLE])) as collections:
        runner = MatrixRunner(client, engine.host())
        runner.caller = Caller(cwd=str(CHECKOUT), collections=collections)
        yield runner
        runner.clean_up()


def test_killed_in_an_update(old_runner: MatrixRunner, path: UpdatePath, chunk: Chunk, record_property: Record) -> None:
    counter = PointCounter(record_property, "kill", f"{path.name}, by another version")
    check_recovery(old_runner, path, chunk, counter)
    counter.assert_held()


@pytest.mark.parametrize("second_is_old", [True, False], ids=["recovery by that version", "recovery by this version"])
def test_the_recovery_is_killed_too(
    old_runner: MatrixRunner, path: UpdatePath, chunk: Chunk, second_is_old: bool, record_property: Record
) -> None:
    """The other version leaves the journal, and either version is killed while it recovers."""
    second = old_runner.caller if second_is_old else Caller(cwd=str(CHECKOUT))
    counter = PointCounter(record_property, "kill", f"{path.name}, by another version, and the recovery")
    check_recovery_of_recovery(old_runner, path, chunk, counter, second=second, third=old_runner.another_caller)
    counter.assert_held()
