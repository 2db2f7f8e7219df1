# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts over real hosts, as molecule scenarios: reached by SSH, each with an engine of its own, pulling from a registry."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from support.playbook.molecule_scenarios import PROJECT, Scenario, scenarios
from support.real.ansible import ANSIBLE
from testbed.fleet import Host

Molecule = Callable[..., None]


@pytest.fixture(scope="session")
def molecule(hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Molecule]:
    """Molecule, as it is with the hosts brought up for all scenarios."""
    state = tmp_path_factory.mktemp("molecule")

    def run(*arguments: str) -> None:
        environment = {
            "EVENKEEL_HOSTS": str(len(hosts)),
            "MOLECULE_COMMAND_BORDERS": "false",
            "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
            "NO_COLOR": "1",
            "PATH": f"{ANSIBLE}:{os.environ['PATH']}",
        }
        subprocess.run((ANSIBLE / "molecule", *arguments), check=True, cwd=PROJECT, env={**os.environ, **environment})

    run("create")
    yield run
    run("destroy")


def marked(scenario: Scenario) -> object:
    marks = [pytest.mark.behaviour(*scenario.behaviours)]
    if scenario.is_sample:
        marks.append(pytest.mark.sample)
    return pytest.param(scenario.name, marks=marks)


@pytest.mark.parametrize("name", [marked(scenario) for scenario in scenarios()])
def test_scenario(molecule: Molecule, hosts: list[Host], name: str) -> None:
    try:
        molecule("test", "--scenario-name", name, "--destroy", "never")
    finally:
        for host in hosts:  # One without power may be left by a scenario that failed.
            host.up()
