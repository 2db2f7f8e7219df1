# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m rollout): what a rollout costs the controller a host, in fleets of several sizes, on hosts that only pretend."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from support.stand_ins import StandIns

SIZES = (25, 50, 100, 200)


def main() -> None:
    print("| hosts | seconds | milliseconds a host |")
    print("| --- | --- | --- |")
    for size in map(int, sys.argv[1:] or SIZES):
        with tempfile.TemporaryDirectory() as folder:
            fleet = StandIns(Path(folder), [f"h{number}" for number in range(1, size + 1)])
            began = time.monotonic()
            run = fleet.run(waves=[1, "25%", "100%"])
            seconds = time.monotonic() - began
        if run.returncode:
            sys.exit(run.stdout + run.stderr)
        print(f"| {size} | {seconds:.0f} | {1000 * seconds / size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
