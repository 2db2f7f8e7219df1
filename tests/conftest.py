# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from support.docs import tested_versions
from support.real import point_counter
from support.real.matrix import MatrixRunner
from support.real.sandbox import Sandbox
from testbed import __main__ as testbed
from testbed import engine
from testbed.engines import ContainedEngine, beside
from testbed.scripted_registry import ScriptedRegistry, scripted_registry
from testbed.secured_registry import SecuredRegistry, bridge_address, registry_with_password, registry_with_tls


@pytest.fixture(scope="session")
def client() -> Iterator[docker.APIClient]:
    """The engine that is there, or that the test bed starts."""
    testbed.up()
    client = engine.client()
    yield client
    client.close()


@pytest.fixture
def sandbox(client: docker.APIClient) -> Iterator[Sandbox]:
    sandbox = Sandbox(client)
    yield sandbox
    sandbox.clean_up()


@pytest.fixture(scope="session")
def private_engine() -> Iterator[ContainedEngine]:
    """An engine that a test may stop and start, in a network namespace of its own: what it publishes on loopback is not seen from here."""
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine in a container")
    engine = ContainedEngine(beside(), f"private-{secrets.token_hex(4)}")
    try:
        engine.up()
        yield engine
    finally:
        engine.down()


@pytest.fixture
def private_sandbox(private_engine: ContainedEngine) -> Iterator[Sandbox]:
    """A corner of it. Start services there with `wait=False`, and look at them with inspect and exec."""
    client = private_engine.client()
    sandbox = Sandbox(client)
    yield sandbox
    sandbox.clean_up()
    client.close()


@pytest.fixture(scope="session")
def password_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredRegistry]:
    """A real registry on loopback that wants a user name and a password, which are random."""
    with registry_with_password(tmp_path_factory.mktemp("password-registry")) as registry:
        yield registry


@pytest.fixture(scope="session")
def tls_registry(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredRegistry]:
    """A real registry on an address of this machine, with a certificate that the engine does not know. `trusted` changes that."""
    with registry_with_tls(tmp_path_factory.mktemp("tls-registry"), bridge_address(client)) as registry:
        yield registry


@pytest.fixture
def scripted() -> Iterator[ScriptedRegistry]:
    """A registry on loopback that goes wrong as it is told."""
    with scripted_registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def runner(client: docker.APIClient) -> Iterator[MatrixRunner]:
    runner = MatrixRunner(client, engine.host())
    yield runner
    runner.clean_up()


@pytest.fixture(scope="session")
def private_runner(private_engine: ContainedEngine) -> Iterator[MatrixRunner]:
    runner = MatrixRunner(private_engine.client(), private_engine.host, registry=False)
    yield runner
    runner.clean_up()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-matrices", action="store_true", help="go through every point of the matrices, not through a sample")
    parser.addoption("--record", metavar="FILE", help="write the versions that the tests used and how they ended to this file")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what the matrices went through, in all processes, and record the run."""
    lines = point_counter.lines(
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == point_counter.PROPERTY
    )
    if lines:
        terminalreporter.section("matrices")
    for line in lines:
        terminalreporter.line(line)
    file = terminalreporter.config.getoption("--record")
    if file:
        tested_versions.record(Path(file), {outcome: len(reports) for outcome, reports in terminalreporter.stats.items()})
