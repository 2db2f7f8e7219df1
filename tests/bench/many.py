# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the time for one host grows with its number of containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .contenders import OURS, recreate
from .cost import cost_of
from .engine_gap import SERVES
from .figures import Comparison, compared
from .in_play import run_and_count
from .limits import Limit
from .on_host import keep
from .subject import Effort, Stage, Subject, stage

_CHECK, _UPDATE = "check with container_update_info", f"update with {OURS}, one task with a loop"
_SIZES, _IMAGES = (5, 20, 50), 5
_CASE = f"containers of {_IMAGES} images"
_ROUNDS = 5


def _measure(effort: Effort) -> Iterator[Comparison]:
    checks, updates = {}, {}
    with stage() as here:
        images = [here.sandbox.image(str(number), SERVES) for number in range(_IMAGES)]
        names: list[str] = []
        for size in effort.of(_SIZES):
            _fill(here, images, names, size)
            checks[_containers(size)] = _check(here, names, effort.rounds(_ROUNDS))
            updates[_containers(size)] = [_update(here, names)]
    yield compared(_CHECK, _CASE, "s", checks)
    yield compared(_UPDATE, _CASE, "s", updates)


def _fill(stage: Stage, images: Sequence[str], names: list[str], size: int) -> None:
    """Start containers until there are `size`, and add their names to `names`."""
    for number in range(len(names), size):
        stage.sandbox.container(str(number), images[number % len(images)])
        names.append(f"{stage.sandbox.prefix}-{number}")


def _containers(size: int) -> str:
    return f"{size} containers"


def _check(stage: Stage, names: Sequence[str], rounds: int) -> list[float]:
    (check,) = keep(stage.folder, [{"evenkeel.fleet.container_update_info": {"name": list(names)}}])
    return [cost_of(check.run).wall for _round in range(rounds)]


def _update(stage: Stage, names: Sequence[str]) -> float:
    task = recreate("{{ item }}", pull="always", grace_period=0)
    run, costs = run_and_count(stage.folder, [{**task, "loop": list(names)}])
    if run.status:
        raise AssertionError(f"an update failed:\n{run.output}")
    return costs[0].wall


SUBJECT = Subject(
    "many",
    f"One host with {_SIZES[0]}, {_SIZES[1]} and {_SIZES[2]} running containers that use {_IMAGES} images. *Check* is one task, measured "
    "from the start to the end of the module. *Update* is one task with a loop that asks the registry, measured once. The cases do "
    "not take turns, because the containers are added from case to case.",
    _measure,
    (Limit(_CHECK, _CASE, _containers(50), _containers(5), 1.5),),
)
