# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another version of the collection is killed in an update, and this version brings the update to its end.

EVENKEEL_KILLED_CHECKOUT is the checkout whose modules are killed, at the points of the kill matrix:

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
from support.real.faulty_proxy import Fault, Proxy, socket_of
from support.real.matrix import (
    HEALTH_TIMEOUT,
    SUCCESS,
    UPDATE_PATHS,
    Chunk,
    MatrixRunner,
    UpdatePath,
    describe_call,
    kill_points,
    parametrize,
)
from support.real.other_checkout import collections_of
from support.real.point_counter import PointCounter
from testbed import engine

Record = Callable[[str, object], None]

VARIABLE = "EVENKEEL_KILLED_CHECKOUT"
EVERY_NTH_SECOND_KILL = 16

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} does not name a checkout of another version, whose modules are to be killed"
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
    """The first point of each chunk is run again through Ansible."""
    runner = old_runner
    calls = runner.calls(path)
    counter = PointCounter(record_property, "kill", f"{path.name}, by another version")
    for number, (at, fault) in enumerate(chunk.among(kill_points(calls, runner.distinct_calls(path)))):
        with counter.point(f"{fault.value} {describe_call(calls, at)}"), runner.container_under_test(path) as subject:
            runner.kill(subject, path, at, fault)
            runner.run_again(subject, path, caller=runner.another_caller, by_ansible=not number)
            subject.assert_intact(path.serves, kept=path.kept)
            subject.assert_archives_known()
    counter.assert_held()


@pytest.mark.parametrize("second_is_old", [True, False], ids=["recovery by that version", "recovery by this version"])
def test_the_recovery_is_killed_too(
    old_runner: MatrixRunner, path: UpdatePath, chunk: Chunk, second_is_old: bool, record_property: Record
) -> None:
    """Then the lock that is left is the other version's, and its successor is that of either version."""
    runner = old_runner
    second = runner.caller if second_is_old else Caller(cwd=str(CHECKOUT))
    first_calls = runner.calls(path)
    counter = PointCounter(record_property, "kill", f"{path.name}, by another version, and the recovery")
    for number, at in chunk.among(list(enumerate(at for at, call in enumerate(first_calls) if not call.reads))):
        with runner.container_under_test(path) as subject, Proxy(socket_of(runner.host)) as proxy:
            runner.kill(subject, path, at, Fault.KILL_AFTER)
            runner.run(subject, path, host=proxy.url, caller=second)
        for second_at, fault in kill_points(proxy.calls, range(len(proxy.calls)))[number % EVERY_NTH_SECOND_KILL :: EVERY_NTH_SECOND_KILL]:
            with (
                counter.point(f"killed after {describe_call(first_calls, at)}, then {fault.value} {describe_call(proxy.calls, second_at)}"),
                runner.container_under_test(path) as subject,
            ):
                runner.kill(subject, path, at, Fault.KILL_AFTER)
                runner.kill(subject, path, second_at, fault, caller=second)
                runner.run_again(subject, path, caller=runner.another_caller)
                subject.assert_intact(path.serves, kept=path.kept)
    counter.assert_held()
