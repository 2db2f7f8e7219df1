# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play a scenario on an engine, and return what was seen."""

from __future__ import annotations

import dataclasses

from support.real.faulty_proxy import socket_of

from . import modules
from .ground import Ground
from .held_calls import HoldingProxy
from .interference import Meddler, wait_for_engine
from .observe import Listener, snapshot
from .scenario import Scenario, Task
from .story import Run, Story
from .world import World

_MOST_RERUNS = 2


def play(ground: Ground, scenario: Scenario, collections: str) -> Story:
    """Create the world, run the tasks with interference and then again without, and remove the world."""
    world = World(ground, scenario)
    try:
        world.create()
        return _Round(world, collections).play()
    finally:
        ground.free_disk()
        wait_for_engine(ground.client)
        world.remove()


class _Round:
    def __init__(self, world: World, collections: str) -> None:
        self._world = world
        self._collections = collections
        self._meddler = Meddler(world, collections)

    def play(self) -> Story:
        scenario = self._world.scenario
        before = snapshot(self._world)
        listener = Listener(self._world)
        runs = [run for number, task in enumerate(scenario.tasks) for run in self._disturbed(number, task)]
        self._meddler.withdraw()
        reruns = [run for task in _last_tasks(scenario) for run in self._rerun(task)]
        end = snapshot(self._world, pages=True)
        changes = listener.stop()
        deeds = tuple(self._meddler.deeds)
        return Story(scenario, before, tuple(runs), deeds, tuple(reruns), end, changes, self._world.secret)

    def _disturbed(self, number: int, task: Task) -> list[Run]:
        """Run a task with interference. Return the run, and those of tasks that were started meanwhile."""
        world, meddler = self._world, self._meddler
        meddler.target = task.target
        events = [event for event in world.scenario.events if event.run == number]
        with HoldingProxy(socket_of(world.ground.host), events, meddler.interfere, world.short) as proxy:
            output = modules.finish(modules.start(task, world.name(task.target), proxy.url, self._collections))
        others = meddler.finish_others()
        wait_for_engine(world.client)
        after = snapshot(world)
        for event in events:
            if not event.moment.call:
                meddler.interfere(event, len(proxy.made))
        run = Run(task, output.result, tuple(proxy.made), after, output.printed)
        return [run, *(Run(other, finished.result, after=after, printed=finished.printed, meanwhile=True) for other, finished in others)]

    def _rerun(self, task: Task) -> list[Run]:
        """Run a task without interference, and once more if it fails: the image may have been tried and failed."""
        runs: list[Run] = []
        while len(runs) < _MOST_RERUNS and (not runs or runs[-1].failed):
            output = modules.finish(modules.start(task, self._world.name(task.target), self._world.ground.host, self._collections))
            runs.append(Run(task, output.result, after=snapshot(self._world), printed=output.printed))
        return runs


def _last_tasks(scenario: Scenario) -> list[Task]:
    """The last task of each target, without a shifted clock."""
    tasks = [*(event.task for event in scenario.events if event.task), *scenario.tasks]
    last = {task.target: dataclasses.replace(task, clock=0) for task in tasks}
    return [last[target] for target in scenario.targets()]
