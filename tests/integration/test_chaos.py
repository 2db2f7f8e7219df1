# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few rounds of the chaos tester: fixed seeds, and scenarios of findings. `make chaos` plays more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.generate import scenario_of
from chaos.ground import Ground, private_ground
from chaos.scenario import Scenario
from chaos.session import Session
from support.real.ansible import CHECKOUT, COLLECTIONS
from testbed import __main__ as testbed
from testbed.engines import beside

SEEDS = (203, 211, 213, 222, 224)
"""Among them: killed modules, refused calls, lost answers, an engine that is killed, a removed archive, two tasks on one container."""

FINDINGS = CHECKOUT / "tests/chaos/findings"
OPEN = ("H2", "H5")
"""Findings that are not mended yet."""


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    testbed.up()
    with private_ground(beside()) as ground:
        yield ground


@pytest.mark.parametrize("seed", SEEDS)
def test_promise_holds_while_others_interfere(ground: Ground, seed: int) -> None:
    session = Session(ground, COLLECTIONS)
    failures = list(session.failures([scenario_of(seed)]))
    assert not failures, f'{failures[0]}\nShrink it: make chaos CHAOS="--seed {seed} --rounds 1 --engine {beside()}"'


def case(file: Path) -> object:
    is_open = pytest.mark.xfail(strict=True, raises=AssertionError, reason="open")
    return pytest.param(file, id=file.stem, marks=[is_open] if file.stem in OPEN else [])


@pytest.mark.parametrize("finding", [case(file) for file in sorted(FINDINGS.glob("*.json"))])
def test_finding_is_mended(ground: Ground, finding: Path) -> None:
    session = Session(ground, COLLECTIONS)
    failures = list(session.failures([Scenario.from_json(finding.read_text())]))
    assert not failures, failures[0]
