# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show two rollouts over four real hosts: one of a good image, and one of an image that fails on the third host."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from support.real.fleet import RealFleet
from support.real.polling_client import PollingClient
from support.real.sandbox import wait_for
from testbed import __main__ as testbed
from testbed import fleet
from testbed.common import TestbedError
from testbed.containment import locked
from testbed.images import WebImage, serve_after

V1, V2 = WebImage("v1"), WebImage("v2")
FAILS_ON_H3 = WebImage("v3", command=serve_after('test "$HOST" != h3 || { echo "v3: cannot read /etc/web.conf" >&2; exit 1; };'))


def main() -> None:
    try:
        testbed.up()
        with locked("fleet-in-use"), tempfile.TemporaryDirectory() as folder:
            real = RealFleet(fleet.up(4), Path(folder))
            real.clean_up()
            try:
                ok = show(real)
            finally:
                real.clean_up()
    except TestbedError as error:
        sys.exit(f"testbed: {error}")
    if not ok:
        sys.exit("The demo did not end as expected.")


def show(real: RealFleet) -> bool:
    """Perform both rollouts. Return whether each ended as expected."""
    real.publish(V1)
    for host in real.hosts:
        real.serve(host, Env=[f"HOST={host.name}"])
    wait_for(lambda: set(real.pages().values()) == {"v1"}, "v1 everywhere")
    headline(f"Four hosts, reached by SSH, with the engines {', '.join(engines_of(real))}, serve 'v1'. Each has a client.")
    real.publish(V2)
    good = roll(real, "A good image: the canary, then the other hosts") == 0 and set(real.pages().values()) == {"v2"}
    before = real.ids()
    real.publish(FAILS_ON_H3)
    bad = roll(real, "An image that fails on h3: all hosts are rolled back") != 0 and set(real.pages().values()) == {"v2"}
    same = real.ids() == before
    print(f"The same containers as before the bad image: {'yes' if same else 'NO'}")
    return good and bad and same


def roll(real: RealFleet, text: str) -> int:
    """Run the playbook while the clients send requests, and print its report. Return the exit status."""
    headline(text)
    with contextlib.ExitStack() as stack:
        polling_clients = [stack.enter_context(PollingClient(host.service_port)) for host in real.hosts]
        run = real.rollout.run(waves=[1, "100%"])
    newest = max(real.folder.glob("rolling_update_reports/*.md"), key=lambda file: file.stat().st_mtime_ns)
    print(newest.read_text())
    for host, polling_client in zip(real.hosts, polling_clients, strict=True):
        story = " -> ".join(page or "nothing" for page in polling_client.distinct_pages)
        print(f"The client of {host.name} saw {story}. Its longest time without an answer was {polling_client.longest_gap:.1f} s.")
    print(f"ansible-playbook exited with status {run.returncode}.")
    if run.returncode not in (0, 2):
        print(run.stdout, run.stderr)
    return run.returncode


def engines_of(real: RealFleet) -> list[str]:
    versions = []
    for host in real.hosts:
        with contextlib.closing(host.client()) as client:
            versions.append(client.version()["Version"].partition("+")[0])
    return versions


def headline(text: str) -> None:
    print(f"\n== {text}\n", flush=True)


if __name__ == "__main__":
    main()
