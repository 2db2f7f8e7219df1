# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill runs at many points, and check that the next run recovers."""

from __future__ import annotations

from support.real.ansible import Caller
from support.real.faulty_proxy import Fault, Proxy, socket_of
from support.real.matrix import Chunk, MatrixRunner, UpdatePath, describe_call, kill_points
from support.real.point_counter import PointCounter

EVERY_NTH_SECOND_KILL = 16


def check_recovery(runner: MatrixRunner, path: UpdatePath, chunk: Chunk, counter: PointCounter) -> None:
    """Kill a run at each point, and run again as another user. The first point of the chunk is run again through Ansible.

    The other points call the module as Ansible does. A point that fails is recorded in `counter`.
    """
    calls = runner.calls(path)
    for number, (at, fault) in enumerate(chunk.among(kill_points(calls, runner.distinct_calls(path)))):
        with counter.point(f"{fault.value} {describe_call(calls, at)}"), runner.container_under_test(path) as subject:
            runner.kill(subject, path, at, fault)
            runner.run_again(subject, path, caller=runner.another_caller, by_ansible=not number)
            subject.assert_intact(path.serves, kept=path.kept)
            subject.assert_archives_known()


def check_recovery_of_recovery(
    runner: MatrixRunner, path: UpdatePath, chunk: Chunk, counter: PointCounter, *, second: Caller, third: Caller
) -> None:
    """Kill a run after a call that changes something, then kill the `second` run, which recovers from that, and run as `third`.

    A point that fails is recorded in `counter`.
    """
    first_calls = runner.calls(path)
    first_points = [at for at, call in enumerate(first_calls) if not call.reads]
    for number, at in chunk.among(list(enumerate(first_points))):
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
                runner.run_again(subject, path, caller=third)
                subject.assert_intact(path.serves, kept=path.kept)
