# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m bench`: compare our speed with that of the bare engine calls and of other tools.

It writes docs/benchmarks.md and docs/benchmarks.svg, or docs/benchmarks_classic.* if the engine has the classic image store. With `--only`
or `--smoke`, it prints the results instead.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence

from support.real.ansible import CHECKOUT
from testbed import __main__ as testbed
from testbed import engine
from testbed.common import TestbedError

from . import back_in_service, calls, client_gap, engine_gap, fleet, many, tasks, verdict
from .chart import chart
from .report import Section, document
from .subject import Effort, Subject, say
from .versions import versions

SUBJECTS = tuple(module.SUBJECT for module in (engine_gap, client_gap, back_in_service, verdict, tasks, calls, many, fleet))
SMOKE = (engine_gap.SUBJECT, tasks.SUBJECT)

INTRODUCTION = """
# Benchmarks

This page shows how long a service is down during an update, how soon it is back after a bad image, how long a task takes, and how the time
grows with the number of containers and hosts. It compares this collection with `community.docker.docker_container`, Docker Compose, and the
bare engine calls that no update can do without. `make bench` measures everything on one machine, first on the newest engine with the
containerd image store ([benchmarks.md](benchmarks.md)), then on Engine 20.10 with the classic store
([benchmarks_classic.md](benchmarks_classic.md)). It writes these pages and their charts. The last table says what this page was measured
with.

![Chart of all the figures below]({chart})

The contenders take turns (A B C A B C), so that a disturbance of the machine affects all of them equally. A ratio compares a contender with
the first one of its case: it is the median of the ratios within each round. The quartiles show the spread of each median. Ratios should be
similar on other machines, seconds will not. Measured times vary, so a ratio to the bare engine calls can be below 1. It does not mean that
a contender makes fewer calls. `make bench BENCH="--only SUBJECT --repeat ROUNDS"` measures one subject and prints the result.
"""


def main() -> None:
    options = _options()
    try:
        testbed.up()
    except TestbedError as error:
        sys.exit(f"testbed: {error}")
    wanted = options.only or [subject.name for subject in (SMOKE if options.smoke else SUBJECTS)]
    effort = Effort(1 if options.smoke else options.repeat, options.smoke)
    sections = _measured([subject for subject in SUBJECTS if subject.name in wanted], effort)
    with contextlib.closing(engine.client()) as client:
        name = "benchmarks" if engine.has_containerd_store(client) else "benchmarks_classic"
    text = document(INTRODUCTION.replace("{chart}", f"{name}.svg"), sections, versions())
    picture = chart([comparison for section in sections for comparison in section.comparisons])
    if options.smoke or options.only:
        print(text)
    else:
        (CHECKOUT / f"docs/{name}.md").write_text(text)
        (CHECKOUT / f"docs/{name}.svg").write_text(picture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and write docs/benchmarks*.")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT", choices=[subject.name for subject in SUBJECTS], help="print only these")
    parser.add_argument("--repeat", type=int, metavar="ROUNDS", help="measure this number of rounds instead of the default")
    parser.add_argument("--smoke", action="store_true", help="measure one round of one case, to check that the benchmark works")
    return parser.parse_args()


def _measured(subjects: Sequence[Subject], effort: Effort) -> list[Section]:
    sections = []
    for subject in subjects:
        began = time.monotonic()
        comparisons = tuple(subject.measure(effort))
        sections.append(Section(subject.name.replace("-", " ").capitalize(), subject.about, comparisons, subject.limits))
        say(f"{subject.name} took {time.monotonic() - began:.0f} s")
    return sections


if __name__ == "__main__":
    main()
