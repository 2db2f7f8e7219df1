# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m bench`: measure, beside the floor and the peers, and write docs/benchmarks.md and docs/benchmarks.svg.

With `--only` or `--smoke` it prints what it measured, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from support.real.ansible import CHECKOUT
from testbed import __main__ as testbed
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

How long a service is away, how soon a bad image is gone again, how long a task takes, and how a fleet's time grows: of this collection,
of `community.docker.docker_container`, of Docker Compose, and of the bare engine calls, which nobody can be faster than. `make bench`
measures it all on one machine, in one go, and writes this document and the chart.

![Chart of all the figures below](benchmarks.svg)

Those who are compared take turns, A B C A B C, so that what disturbs the machine disturbs all alike. A ratio is the median of the ratios
within each round, to the first of its case. Beside each median are the quartiles around it. Ratios hold on other machines, seconds do
not. `make bench BENCH="--only SUBJECT --repeat ROUNDS"` measures one subject and prints it.
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
    text = document(INTRODUCTION, sections, versions())
    picture = chart([comparison for section in sections for comparison in section.comparisons])
    if options.smoke or options.only:
        print(text)
    else:
        docs = CHECKOUT / "docs"
        (docs / "benchmarks.md").write_text(text)
        (docs / "benchmarks.svg").write_text(picture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and write docs/benchmarks.md and docs/benchmarks.svg.")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT", choices=[subject.name for subject in SUBJECTS], help="print these only")
    parser.add_argument("--repeat", type=int, metavar="ROUNDS", help="so many rounds of each, instead of as many as fit into the time")
    parser.add_argument("--smoke", action="store_true", help="one round of one case of a subject, or of two subjects, to see that it works")
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
