# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make chaos CHAOS="--for 600 --seed 7 --engine 29-like"`: update random containers on a private engine while other actors interfere.

After each round, the promise is checked from outside. A failure prints its seed and the smallest scenario that fails in the same way. The
exit status is 1 if a round failed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from support.real.ansible import COLLECTIONS
from support.real.other_checkout import collections_of
from testbed.engines import KINDS

from .generate import scenario_of
from .ground import private_ground
from .scenario import Scenario
from .session import Session


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--for", dest="seconds", type=float, default=600, help="begin new rounds for so many seconds (default: 600)")
    parser.add_argument("--rounds", type=int, help="play at most so many rounds")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first round; each round adds 1 (default: 1)")
    parser.add_argument("--engine", choices=sorted(KINDS), default="29-like", help="the kind of engine (default: 29-like)")
    parser.add_argument("--checkout", type=Path, help="test the modules of another checkout of this collection")
    parser.add_argument("--replay", type=Path, help="play the scenario in this file")
    parser.add_argument("--save", type=Path, help="write each shrunk scenario to this folder, for --replay")
    parser.add_argument("--no-shrink", action="store_true", help="print failures as they were found")
    parser.add_argument("--show", action="store_true", help="print the scenarios, and play nothing")
    return parser.parse_args()


def scenarios(chosen: argparse.Namespace) -> Iterator[Scenario]:
    if chosen.replay:
        yield Scenario.from_json(chosen.replay.read_text())
        return
    yield from map(scenario_of, itertools.islice(itertools.count(chosen.seed), chosen.rounds))


def main() -> int:
    chosen = arguments()
    if chosen.show:
        for scenario in itertools.islice(scenarios(chosen), chosen.rounds or 10):
            print(f"seed {scenario.seed}\n{scenario}\n")
        return 0
    with contextlib.ExitStack() as stack:
        collections = stack.enter_context(collections_of(chosen.checkout)) if chosen.checkout else COLLECTIONS
        session = Session(stack.enter_context(private_ground(chosen.engine)), collections)
        for failure in session.failures(scenarios(chosen), chosen.seconds):
            print(failure, flush=True)
            smallest = failure if chosen.no_shrink else session.shrunk(failure)
            if not chosen.no_shrink:
                print(f"shrunk:\n{smallest}\n", flush=True)
            if chosen.save:
                chosen.save.mkdir(parents=True, exist_ok=True)
                (chosen.save / f"{smallest.scenario.seed}.json").write_text(smallest.scenario.to_json())
        print(f"{session.counts}, seeds from {chosen.seed}, engine {chosen.engine}")
        return 1 if session.counts.failures else 0


if __name__ == "__main__":
    sys.exit(main())
