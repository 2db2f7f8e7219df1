# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault matrix on a real engine: any one call fails. The service is up or the task fails loudly, and the result is always true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest

from support.real.faulty_proxy import Call, Fault
from support.real.matrix import UPDATE_PATHS, Chunk, ContainerUnderTest, MatrixRunner, UpdatePath, describe_call, parametrize
from support.real.point_counter import PointCounter

Record = Callable[[str, object], None]


class Point(NamedTuple):
    """One call that goes wrong; with `lasting`, also all like it that follow."""

    at: int
    fault: Fault
    lasting: bool = False

    def __str__(self) -> str:
        return f"{self.fault.value}{', and goes on so' if self.lasting else ''}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chunk" in metafunc.fixturenames:
        parametrize(metafunc, UPDATE_PATHS, chunks=4, sampled=14)


def points(calls: list[Call], places: Iterable[int]) -> list[Point]:
    """A call that only reads does nothing. To hang is the same for it, carried out or not."""
    reads = (Point(0, Fault.FAIL), Point(0, Fault.HANG), Point(0, Fault.LOST))
    changes = (*reads, Point(0, Fault.HANG_DONE), Point(0, Fault.FAIL, lasting=True))
    return [point._replace(at=at) for at in places for point in (reads if calls[at].reads else changes)]


@pytest.mark.behaviour("A20")
def test_fault(runner: MatrixRunner, path: UpdatePath, chunk: Chunk, record_property: Record) -> None:
    calls = runner.calls(path)
    counter = PointCounter(record_property, "fault", path.name)
    for point in chunk.among(points(calls, runner.distinct_calls(path))):
        with counter.point(f"{describe_call(calls, point.at)} {point}"), runner.container_under_test(path) as subject:
            result = runner.run_with_fault(subject, path, point.at, point.fault, lasting=point.lasting)
            try:
                assert_true(subject, path, result)
                assert_intact_in_the_end(runner, subject, path, result)
            except AssertionError as error:
                raise AssertionError(f"{error}\n  the run had returned {result}") from error
    counter.assert_held()


def assert_true(subject: ContainerUnderTest, path: UpdatePath, result: dict[str, Any]) -> None:
    """The result agrees with the engine, and a failure that leaves the service down gives a command."""
    before, now = subject.before, subject.state_or_none()
    up = now is not None and now.status == "running"
    same = now is not None and (now.id, now.started_at, now.status) == (before.id, before.started_at, "running")
    assert result["changed"] != same, "changed is wrong"
    if not result["failed"]:
        assert now is not None
        assert (now.status, now.health, now.id) == ("running", "healthy", result["container"]["id"]), now
        outcome = "restored" if path.is_rollback else "recreated"
        assert (result["outcome"], now.image) == (outcome, result["image"]["new"]["reference"])
        assert subject.names == sorted(filter(None, (subject.name, result["archive"])))
    elif result.get("outcome") == "rolled_back" and not result["rollback_failed"]:
        assert now is not None
        assert (now.status, now.health, now.id) == ("running", "healthy", before.id), now
        assert now.policy == before.policy, now.policy
        assert subject.names == subject.names_before
    elif not up:
        assert re.search(r"docker (start|rename)|again", result["msg"]), "the service is down, and the message gives no command"


def assert_intact_in_the_end(runner: MatrixRunner, subject: ContainerUnderTest, path: UpdatePath, result: dict[str, Any]) -> None:
    """Run the same task again, undisturbed."""
    told_of = not result["failed"] and result["archive"] is not None
    lost = [dependent["name"] for dependent in result.get("dependents", ()) if dependent["repair"] == "needs_attention"]
    warnings = " ".join(result["warnings"])
    assert all(name in warnings + result.get("msg", "") for name in lost), f"no warning names {lost}"
    runner.run_again(subject, path)
    subject.assert_intact(path.serves, kept=path.kept or told_of, sidecar_lost=subject.sidecar in lost)
    if "The archives of" not in warnings and told_of <= path.kept:
        subject.assert_archives_known()
