# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/tested_versions.md from what runs of the tests recorded.

A run of pytest with `--record FILE` records the versions that it used and how its tests ended. `make tested-versions` does so in
`.cache/tested`, and `make test-engines` for its own runs. `python -m support.docs.tested_versions` adds these records to
docs/tested_versions.json and writes the document.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import docker.errors

from support.real.ansible import ANSIBLE, TARGET_PYTHON
from testbed import compose, engine
from testbed.common import TestbedError

ROOT = Path(__file__).parents[3]
DATA = ROOT / "docs/tested_versions.json"
DOCUMENT = ROOT / "docs/tested_versions.md"
RECORDS = ROOT / ".cache/tested"

RUNS = {
    "29-like": "all engine tests",
    "28": "all engine tests",
    "26": "all engine tests",
    "20.10": "all engine tests",
    "floor": "main tests",
    **{f"core-{version}": "main tests, search for secrets" for version in ("2.18", "2.19", "2.20", "2.21", "2.22")},
}
"""The runs in the order of the table, by the name of their record, and what they test."""

HEAD = """# Tested versions

Each row is one run of the tests of this repository, with all the versions that it used. The collection should also work with the versions
in between. An engine "29-like" is the newest engine in Debian, set up as Engine 29 is by default: it uses the containerd image store and
accepts no API version below 1.44. Engine 29 itself and Compose 5 were not run, because no packages were available. A run skips tests of
features that its engine does not have.

`make tested-versions` does these runs and writes this page. A run that has no row has not been recorded yet.

"""


class Record(NamedTuple):
    """What one run used, and how many of its tests ended in which way. `api` are the oldest and the newest API version of the engine."""

    engine: str
    store: str
    api: str
    sdk: str
    ansible_core: str
    controller_python: str
    target_python: str
    compose: str
    passed: int
    failed: int
    skipped: int
    date: str


_TITLES = (
    "engine",
    "image store",
    "API",
    "Docker SDK",
    "ansible-core",
    "Python on the controller",
    "Python on the target",
    "Compose",
    "passed",
    "failed",
    "skipped",
    "date",
)


def record(file: Path, outcomes: Mapping[str, int]) -> None:
    """Write the record of the run that ends here. `outcomes` is how many tests ended in each way."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_record(outcomes)._asdict(), indent=2) + "\n")


def _record(outcomes: Mapping[str, int]) -> Record:
    with contextlib.closing(engine.client()) as client:
        about = client.version()
        store = "containerd" if engine.has_containerd_store(client) else "classic"
    ansible_core, controller = _versions(ANSIBLE / "python", "ansible-core")
    sdk, target = _versions(Path(TARGET_PYTHON), "docker")
    return Record(
        engine=about["Version"].partition("+")[0],
        store=store,
        api=f"{about['MinAPIVersion']} to {about['ApiVersion']}",
        sdk=sdk,
        ansible_core=ansible_core,
        controller_python=controller,
        target_python=target,
        compose=_compose(),
        passed=outcomes.get("passed", 0),
        failed=outcomes.get("failed", 0) + outcomes.get("error", 0),
        skipped=outcomes.get("skipped", 0),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
    )


def _versions(python: Path, package: str) -> tuple[str, str]:
    """Return the versions of a package and of the Python that it is installed for."""
    script = f"import importlib.metadata, platform; print(importlib.metadata.version({package!r}), platform.python_version())"
    package_version, python_version = subprocess.check_output((python, "-c", script), text=True).split()
    return package_version, python_version


def _compose() -> str:
    try:
        program = compose.program()
    except (TestbedError, docker.errors.DockerException):
        return "none"
    return subprocess.check_output((program, "version", "--short"), text=True).strip()


def records() -> dict[str, Record]:
    """Return the published records, by the name of their run."""
    published = json.loads(DATA.read_text()) if DATA.exists() else {}
    return {name: Record(**published[name]) for name in RUNS if name in published}


def add_new_records() -> None:
    new = {file.stem: Record(**json.loads(file.read_text())) for file in RECORDS.glob("*.json") if file.stem in RUNS}
    known = {**records(), **new}
    DATA.write_text(json.dumps({name: known[name]._asdict() for name in RUNS if name in known}, indent=2) + "\n")


def document() -> str:
    rows: list[tuple[str, ...]] = [("run", *_TITLES), ("---",) * (1 + len(_TITLES))]
    rows += [(f"{name}: {RUNS[name]}", *map(str, each)) for name, each in records().items()]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    add_new_records()
    DOCUMENT.write_text(document())
