# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show an update of a container while a client uses it, and then an update to a broken image."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from support.real.ansible import run_playbook
from support.real.polling_client import PollingClient, fetch
from support.real.sandbox import Sandbox, Service
from testbed import __main__ as testbed
from testbed import engine
from testbed.common import TestbedError
from testbed.images import reference

PLAYBOOK = """\
- hosts: localhost
  tasks:
    - evenkeel.fleet.container_recreate: {{name: {name}, image: "{image}"}}
"""


def main() -> None:
    try:
        testbed.up()
    except TestbedError as error:
        sys.exit(f"testbed: {error}")
    sandbox = Sandbox(engine.client())
    try:
        sandbox.client.pull(*reference("v1").rsplit(":", 1))
        if not show(sandbox):
            sys.exit("The demo did not end as expected.")
    finally:
        sandbox.clean_up()


def show(sandbox: Sandbox) -> bool:
    """Perform both updates. Return whether each ended as expected."""
    service = sandbox.service(reference("v1"))
    headline(f"The container {service.name} serves {fetch(service.port)!r}. A client requests its page 50 times a second.")
    fact("container", short(service.id))

    good = update(service, reference("v2"))
    after_good = sandbox.inspect(service.name)["Id"]

    bad = update(service, reference("v3-crashes"))
    after_bad = sandbox.inspect(service.name)["Id"]
    fact("same container as before", "yes" if after_bad == after_good else "NO")
    archives = [name for name in sandbox.containers if name != service.name]
    fact("archives left", ", ".join(archives) or "none")

    return (
        (good["outcome"], bad["outcome"]) == ("recreated", "rolled_back")
        and service.id != after_good == after_bad
        and fetch(service.port) == "v2"
        and not archives
    )


def update(service: Service, image: str) -> dict[str, Any]:
    """Run the playbook while the client sends requests, and print the result."""
    playbook = PLAYBOOK.format(name=service.name, image=image)
    headline(f"Update it to {image}")
    print(playbook)
    with tempfile.TemporaryDirectory() as folder, PollingClient(service.port) as polling_client:
        file = Path(folder, "update.yml")
        file.write_text(playbook)
        run = run_playbook(file)
    result = run.results[-1]
    if "outcome" not in result:
        sys.exit(run.output)
    fact("ansible-playbook", "ok" if run.status == 0 else "failed")
    fact("outcome", result["outcome"])
    if result["rollback"]:
        fact("reason", result["msg"])
        fact("last log lines", " | ".join(result["rollback"]["failure"]["logs"]))
    fact("downtime", f"{result['downtime_seconds']:.2f} s")
    fact("longest gap in answers", f"{polling_client.longest_gap:.2f} s")
    fact("pages that the client saw", " -> ".join(page or "nothing" for page in polling_client.distinct_pages))
    fact("container", short(result["container"]["id"]))
    fact("page now", str(fetch(service.port)))
    return result


def headline(text: str) -> None:
    print(f"\n== {text}", flush=True)


def fact(name: str, value: str) -> None:
    print(f"   {name:<25} {value}", flush=True)


def short(container_id: str) -> str:
    return container_id[:12]


if __name__ == "__main__":
    main()
