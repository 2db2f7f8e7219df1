# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play rounds one after the other, and report each failure with its seed and the smallest scenario that fails in the same way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from . import rounds
from .ground import Ground
from .judge import Violation, violations
from .scenario import Scenario
from .shrink import shrink
from .story import Story


@dataclass
class Counts:
    """What a session did: rounds, runs of modules, and interference by act."""

    rounds: int = 0
    runs: int = 0
    failures: int = 0
    planned: int = 0
    acts: Counter[str] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        self.rounds += 1
        self.runs += len(story.runs) + len(story.reruns)
        self.planned += len(story.scenario.events)
        self.acts.update(deed.event.act for deed in story.deeds)

    def __str__(self) -> str:
        acts = ", ".join(f"{act} {count}" for act, count in sorted(self.acts.items()))
        done = f"{sum(self.acts.values())} of {self.planned} interferences done"
        return f"{self.rounds} rounds, {self.runs} runs of modules, {done} ({acts or 'none'}), {self.failures} rounds failed"


@dataclass(frozen=True)
class Failure:
    scenario: Scenario
    found: tuple[Violation, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.scenario.seed} failed:", *(f"  {violation}" for violation in self.found)]
        return "\n".join([*lines, *(f"    {line}" for line in str(self.scenario).splitlines())])


class Session:
    """Rounds on one engine, with the modules in `collections`."""

    def __init__(self, ground: Ground, collections: str) -> None:
        self._ground = ground
        self._collections = collections
        self.counts = Counts()

    def failures(self, scenarios: Iterable[Scenario], seconds: float = float("inf")) -> Iterator[Failure]:
        """Play the scenarios until the time is over, and yield each failure."""
        deadline = time.monotonic() + seconds
        for scenario in scenarios:
            if time.monotonic() > deadline:
                return
            story = rounds.play(self._ground, scenario, self._collections)
            self.counts.add(story)
            found = violations(story)
            if found:
                self.counts.failures += 1
                yield Failure(scenario, tuple(found))

    def shrunk(self, failure: Failure) -> Failure:
        """The smallest scenario that breaks the same rule."""
        smallest = failure

        def fails(candidate: Scenario) -> bool:
            nonlocal smallest
            found = violations(rounds.play(self._ground, candidate, self._collections))
            if failure.found[0].rule not in {violation.rule for violation in found}:
                return False
            smallest = Failure(candidate, tuple(found))
            return True

        shrink(failure.scenario, fails)
        return smallest
