# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a task takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from support.real.ansible import Run
from support.real.sandbox import free_port
from testbed.images import WebImage

from .contenders import OURS, PEER, define, recreate
from .cost import Cost, cost_of
from .figures import Comparison, compared, in_turn
from .in_play import run_and_count
from .limits import Limit
from .on_host import Task, run_tasks
from .shapes import Shape
from .subject import Effort, Stage, Subject, stage

_IN_A_PLAY, _COMMAND = "one task of a play", "the whole command, one task"
_NOTHING, _NOTHING_PULLED, _RECREATES = "nothing to do", "nothing to do, registry asked", "recreates, health check once a second"
_TASKS, _COMMANDS = 20, 3


@dataclass(frozen=True)
class _Case:
    """The same work for both modules, as a task for each. `changes` is the expected value of `changed`."""

    name: str
    tasks: dict[str, Task]
    changes: bool


def _measure(effort: Effort) -> Iterator[Comparison]:
    with stage() as here:
        cases = effort.of(_cases(here))
        # Warm up: create the containers, and let Python compile what it compiles only once.
        run_tasks([task for case in cases for task in case.tasks.values()])
        for case in cases:
            yield from _told(_IN_A_PLAY, case, _in_a_play(here, case, effort.rounds(_TASKS)))
        for case in cases:
            yield from _told(_COMMAND, case, in_turn(effort.rounds(_COMMANDS), {who: _command(case, who) for who in case.tasks}))


def _cases(stage: Stage) -> tuple[_Case, ...]:
    image = stage.sandbox.image("1", WebImage("v1"))
    shape = Shape(image)
    names = {who: f"{stage.sandbox.prefix}-{who.replace('_', '-')}" for who in (PEER, OURS)}
    ports = {who: free_port() for who in names}
    stage.client.start(shape.make(stage.client, names[OURS], ports[OURS]))

    def case(name: str, pull: str, ours: Task, peer: Task, *, changes: bool = False) -> _Case:
        tasks = {
            PEER: define(shape, names[PEER], ports[PEER], pull=pull, **peer),
            OURS: recreate(names[OURS], pull=pull, **ours),
        }
        return _Case(name, tasks, changes)

    return (
        case(_NOTHING, "missing", {"force": False}, {}),
        case(_NOTHING_PULLED, "always", {"force": False}, {}),
        case(_RECREATES, "missing", {}, {"recreate": True, "state": "healthy"}, changes=True),
    )


def _told(where: str, case: _Case, given: dict[str, list[Cost]]) -> Iterator[Comparison]:
    for kind in ("wall", "cpu"):
        figure = f"{where}: {'CPU' if kind == 'cpu' else 'wall time'}"
        yield compared(figure, case.name, "s", {who: [getattr(cost, kind) for cost in costs] for who, costs in given.items()})


def _in_a_play(stage: Stage, case: _Case, count: int) -> dict[str, list[Cost]]:
    """Run `count` tasks of each module in one play, in turn. Return the cost of each task."""
    run, costs = run_and_count(stage.folder, list(case.tasks.values()) * count)
    _check(case, run)
    return {who: costs[place :: len(case.tasks)] for place, who in enumerate(case.tasks)}


def _command(case: _Case, who: str) -> Callable[[], Cost]:
    return lambda: cost_of(lambda: _check(case, run_tasks([case.tasks[who]])))


def _check(case: _Case, run: Run) -> None:
    if run.status or any(result["changed"] is not case.changes for result in run.results):
        raise AssertionError(f"{case.name}: unexpected result\n{run.output}")


SUBJECT = Subject(
    "task",
    "Wall time and CPU time of the controller and the host, which are the same machine here. *One task of a play* is measured in one play "
    f"with {_TASKS} tasks of each module, which take turns. It lasts from the start of the task to its result, so it does not include "
    "the start of Ansible. *The whole command* is `ansible-playbook` with one task. Both modules get the same work: *nothing to do* uses "
    "`pull: missing`, and *registry asked* uses `pull: always`.",
    _measure,
    (
        *(Limit(f"{_IN_A_PLAY}: wall time", case, OURS, PEER, 0.9) for case in (_NOTHING, _NOTHING_PULLED)),
        Limit(f"{_IN_A_PLAY}: wall time", _RECREATES, OURS, PEER, 0.6),
    ),
)
