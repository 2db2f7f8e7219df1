# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time that the controller needs for a fleet."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support.playbook.stub_modules import IMAGE, StubModules

from .contenders import OURS, PEER
from .cost import Cost, cost_of
from .figures import Comparison, compared
from .subject import Effort, Subject

_PLAIN, _ROLLOUT = f"serial playbook with {PEER}", "rolling_update"
_PEERS_MODULE = f"community.docker.{PEER}"
_SIZES = (10, 100)
_WAVES = [1, "25%", "100%"]


def _measure(effort: Effort) -> Iterator[Comparison]:
    for size in effort.of(_SIZES):
        costs = {_PLAIN: _cost(size, playbook="plain.yml"), _ROLLOUT: _cost(size, waves=_WAVES)}
        yield _shares("a host's share: wall time", size, {who: cost.wall for who, cost in costs.items()})
        yield _shares("a host's share: CPU", size, {who: cost.cpu for who, cost in costs.items()})


def _shares(figure: str, size: int, seconds: Mapping[str, float]) -> Comparison:
    return compared(figure, f"{size} hosts", "s", {who: [value / size] for who, value in seconds.items()})


def _cost(size: int, **options: Any) -> Cost:
    """Measure one run over simulated hosts, on which a module takes almost no time."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = StubModules(Path(folder), [f"h{number}" for number in range(1, size + 1)])
        fleet.install_stub_as(OURS, _PEERS_MODULE)
        task = {_PEERS_MODULE: {"name": "web", "image": IMAGE, "docker_host": "tcp://{{ inventory_hostname }}"}}
        (fleet.folder / "plain.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "serial": _WAVES, "tasks": [task]}]))

        def run() -> None:
            ended = fleet.run(**options)
            if ended.returncode or len(fleet.finished(OURS)) != size:
                raise AssertionError(ended.stdout + ended.stderr)

        return cost_of(run)


SUBJECT = Subject(
    "fleet",
    "The time that the controller needs per host, for one container on each host. A playbook with a single task and "
    f"`serial: {json.dumps(_WAVES)}` is compared with `rolling_update` with the same waves, which also plans, checks the failure budget "
    "before each wave, settles and reports. The hosts are simulated, and a module takes almost no time there. One run each.",
    _measure,
)
