# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed at any call to the engine, and run again by somebody else: one of the two containers serves, and nothing is left of the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from support.real.faulty_proxy import Fault, Proxy, socket_of
from support.real.matrix import (
    HEALTH_TIMEOUT,
    SLOW_TO_STOP,
    SUCCESS,
    WAYS,
    Bench,
    Chunk,
    Way,
    kill_points,
    parametrize,
    place,
)
from support.real.point_counter import PointCounter
from testbed.engines import ContainedEngine

Record = Callable[[str, object], None]

EVERY_NTH_SECOND_KILL = 16


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_kill:
        parametrize(metafunc, WAYS, chunks=4, sampled=14)
    elif metafunc.function is test_kill_the_recovery_too:
        parametrize(metafunc, (SUCCESS, HEALTH_TIMEOUT), chunks=6, sampled=9)
    elif metafunc.function is test_kill_and_restart_the_engine:
        # Each point's containers live as long as the test: more of them at a time, with a health check each, are too much for two cores.
        parametrize(metafunc, (SUCCESS, HEALTH_TIMEOUT), chunks=12, sampled=14)


@pytest.mark.behaviour("A6")
def test_kill(bench: Bench, way: Way, chunk: Chunk, record_property: Record) -> None:
    """The first point of each chunk is run again through Ansible, the others by calling the module as Ansible does."""
    calls = bench.calls(way)
    counter = PointCounter(record_property, "kill", way.name)
    for number, (at, fault) in enumerate(chunk.among(kill_points(calls, bench.calls_of_its_own(way)))):
        with counter.point(f"{fault.value} {place(calls, at)}"), bench.patient(way) as patient:
            bench.kill(patient, way, at, fault)
            bench.run_again(patient, way, caller=bench.another_caller, by_ansible=not number)
            patient.assert_whole(way.serves, kept=way.kept)
            patient.assert_archives_known()
    counter.assert_held()


def test_kill_the_recovery_too(bench: Bench, way: Way, chunk: Chunk, record_property: Record) -> None:
    """Killed after a call that changes something; the run that recovers from that is killed; and then the third run."""
    first_calls = bench.calls(way)
    counter = PointCounter(record_property, "kill", f"{way.name}, and the recovery")
    first_points = [at for at, call in enumerate(first_calls) if not call.reads]
    for number, at in chunk.among(list(enumerate(first_points))):
        with bench.patient(way) as patient, Proxy(socket_of(bench.host)) as proxy:
            bench.kill(patient, way, at, Fault.KILL_AFTER)
            bench.run(patient, way, host=proxy.url)
        for second_at, fault in kill_points(proxy.calls, range(len(proxy.calls)))[number % EVERY_NTH_SECOND_KILL :: EVERY_NTH_SECOND_KILL]:
            with (
                counter.point(f"killed after {place(first_calls, at)}, then {fault.value} {place(proxy.calls, second_at)}"),
                bench.patient(way) as patient,
            ):
                bench.kill(patient, way, at, Fault.KILL_AFTER)
                bench.kill(patient, way, second_at, fault, caller=bench.another_caller)
                bench.run_again(patient, way)
                patient.assert_whole(way.serves, kept=way.kept)
    counter.assert_held()


@pytest.mark.behaviour("A15")
def test_kill_and_restart_the_engine(
    private_bench: Bench, private_engine: ContainedEngine, way: Way, chunk: Chunk, record_property: Record
) -> None:
    """Interrupted at many points, each on a container of its own; then the engine itself goes down; then all is run again.

    What the engine starts by itself when it comes up must not be two containers of one service.
    """
    bench = private_bench
    calls = bench.calls(way)
    points = chunk.among(kill_points(calls, bench.calls_of_its_own(way)))
    counter = PointCounter(record_property, "kill", f"{way.name}, engine restarted")
    with contextlib.ExitStack() as stack:
        patients = [stack.enter_context(bench.patient(way, witnessed=False)) for _point in points]
        for patient, (at, fault) in zip(patients, points, strict=True):
            bench.kill(patient, way, at, fault)
        private_engine.restart("KILL" if chunk.first % 2 else "TERM")
        bench.client.close()  # Its connections ended with the engine.
        for patient, (at, fault) in zip(patients, points, strict=True):
            with counter.point(f"{fault.value} {place(calls, at)}, engine restarted"):
                patient.assert_not_two_now()
                bench.run_again(patient, way, caller=bench.another_caller)
                patient.assert_whole(way.serves, kept=way.kept)
                patient.assert_not_two_now()
    counter.assert_held()


ONLY_RECOVERY = Way("same image", SLOW_TO_STOP, "v1", old=SLOW_TO_STOP)


@pytest.mark.parametrize("way", [SUCCESS, ONLY_RECOVERY], ids=str)
def test_killed_while_the_old_container_takes_its_time_to_stop(bench: Bench, way: Way) -> None:
    """The engine goes on stopping it. Whoever brings it back must not be done before the engine is."""
    stop = next(at for at, call in enumerate(bench.calls(SUCCESS)) if call.path.endswith("/stop"))
    with bench.patient(ONLY_RECOVERY) as patient:
        bench.kill(patient, SUCCESS, stop, Fault.KILL_DURING)
        bench.run(patient, way, caller=bench.another_caller)
        patient.wait_for_death()
        patient.assert_whole(way.serves)
