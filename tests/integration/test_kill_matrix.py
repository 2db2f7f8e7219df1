# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any call to the engine may be the last of a run: another user runs the task again, one container serves, and nothing else is left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from support.real.faulty_proxy import Fault
from support.real.kills import check_recovery, check_recovery_of_recovery
from support.real.matrix import (
    HEALTH_TIMEOUT,
    SLOW_TO_STOP,
    SUCCESS,
    UPDATE_PATHS,
    Chunk,
    MatrixRunner,
    UpdatePath,
    describe_call,
    kill_points,
    parametrize,
)
from support.real.point_counter import PointCounter
from testbed.engines import ContainedEngine

Record = Callable[[str, object], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_kill:
        parametrize(metafunc, UPDATE_PATHS, chunks=4, sampled=14)
    elif metafunc.function is test_kill_the_recovery_too:
        parametrize(metafunc, (SUCCESS, HEALTH_TIMEOUT), chunks=6, sampled=9)
    elif metafunc.function is test_kill_and_restart_the_engine:
        # Each point's containers live as long as the test: more of them at a time, with a health check each, are too much for two cores.
        parametrize(metafunc, (SUCCESS, HEALTH_TIMEOUT), chunks=12, sampled=14)


@pytest.mark.behaviour("A6")
def test_kill(runner: MatrixRunner, path: UpdatePath, chunk: Chunk, record_property: Record) -> None:
    counter = PointCounter(record_property, "kill", path.name)
    check_recovery(runner, path, chunk, counter)
    counter.assert_held()


def test_kill_the_recovery_too(runner: MatrixRunner, path: UpdatePath, chunk: Chunk, record_property: Record) -> None:
    counter = PointCounter(record_property, "kill", f"{path.name}, and the recovery")
    check_recovery_of_recovery(runner, path, chunk, counter, second=runner.another_caller, third=runner.caller)
    counter.assert_held()


@pytest.mark.behaviour("A15")
def test_kill_and_restart_the_engine(
    private_runner: MatrixRunner, private_engine: ContainedEngine, path: UpdatePath, chunk: Chunk, record_property: Record
) -> None:
    """Interrupted at many points, each on a container of its own; then the engine itself goes down; then all is run again.

    What the engine starts by itself when it comes up must not be two containers of one service.
    """
    runner = private_runner
    calls = runner.calls(path)
    points = chunk.among(kill_points(calls, runner.distinct_calls(path)))
    counter = PointCounter(record_property, "kill", f"{path.name}, engine restarted")
    with contextlib.ExitStack() as stack:
        subjects = [stack.enter_context(runner.container_under_test(path, check_overlap=False)) for _point in points]
        for subject, (at, fault) in zip(subjects, points, strict=True):
            runner.kill(subject, path, at, fault)
        private_engine.restart("KILL" if chunk.first % 2 else "TERM")
        runner.client.close()  # Its connections ended with the engine.
        for subject, (at, fault) in zip(subjects, points, strict=True):
            with counter.point(f"{fault.value} {describe_call(calls, at)}, engine restarted"):
                subject.assert_at_most_one_runs()
                runner.run_again(subject, path, caller=runner.another_caller)
                subject.assert_intact(path.serves, kept=path.kept)
                subject.assert_at_most_one_runs()
    counter.assert_held()


ONLY_RECOVERY = UpdatePath("same image", SLOW_TO_STOP, "v1", old=SLOW_TO_STOP)


@pytest.mark.parametrize("path", [SUCCESS, ONLY_RECOVERY], ids=str)
def test_kill_during_a_slow_stop(runner: MatrixRunner, path: UpdatePath) -> None:
    """The engine goes on stopping it. Whoever brings it back must not be done before the engine is."""
    stop = next(at for at, call in enumerate(runner.calls(SUCCESS)) if call.path.endswith("/stop"))
    with runner.container_under_test(ONLY_RECOVERY) as subject:
        runner.kill(subject, SUCCESS, stop, Fault.KILL_DURING)
        runner.run(subject, path, caller=runner.another_caller)
        subject.wait_for_exit()
        subject.assert_intact(path.serves)
