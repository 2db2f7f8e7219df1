# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every verdict of the health gate."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import (
    HealthConfig,
    HealthOutcome,
    OnUnhealthy,
    Verdict,
    wait_for_health,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, InvalidInput, NoAnswer, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ContainerRuntimeState, RuntimeStatus
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import (
    LONGEST,
)
from support.fakes.engine import HEALTHY, RUNNING, STARTING, UNHEALTHY, FakeClock, FakeEngine, exited

BLIND = EngineError("the engine is busy")
PAUSED = ContainerRuntimeState(RuntimeStatus.PAUSED)
RESTARTED = RUNNING._replace(restarts=1)


def gate(*looks: ContainerRuntimeState | EngineError, **config: Any) -> tuple[HealthOutcome, float]:
    """Return the outcome and its duration in seconds. Each probe sees the next of these states; the last one repeats."""
    engine, clock = FakeEngine(), FakeClock()
    engine.add_container("web", "shop:1", "image")
    engine.probe_results["web"] = list(looks)
    outcome = wait_for_health(engine, clock, "web", HealthConfig(**config))
    return outcome, clock.now


@pytest.mark.parametrize(
    ("looks", "verdict", "seconds"),
    [
        pytest.param([HEALTHY], Verdict.HEALTHY, 0, id="healthy at once"),
        pytest.param([STARTING, STARTING, HEALTHY], Verdict.HEALTHY, 2, id="healthy in time"),
        pytest.param([STARTING, UNHEALTHY, HEALTHY], Verdict.HEALTHY, 2, id="unhealthy, then healthy in time"),
        pytest.param([UNHEALTHY], Verdict.TIMEOUT, 120, id="unhealthy until the deadline"),
        pytest.param([STARTING], Verdict.TIMEOUT, 120, id="starting until the deadline"),
        pytest.param([RUNNING], Verdict.HEALTHY, 10, id="no health check, up for the grace period"),
        pytest.param([RUNNING, RUNNING, exited(1)], Verdict.CRASHED, 2, id="exit during the grace period"),
        pytest.param([RUNNING, exited(0)], Verdict.CRASHED, 1, id="exit with code 0 is an exit"),
        pytest.param([STARTING, exited(1)], Verdict.CRASHED, 1, id="exit while starting"),
        pytest.param([BLIND, BLIND, HEALTHY], Verdict.HEALTHY, 2, id="two probes fail, then healthy"),
        pytest.param([RUNNING, BLIND, RUNNING], Verdict.HEALTHY, 10, id="a probe fails in the grace period"),
        pytest.param([BLIND], Verdict.TIMEOUT, 120, id="every probe fails"),
        pytest.param([RUNNING, NotFound("gone")], Verdict.CRASHED, 1, id="removed"),
        pytest.param([RUNNING, PAUSED], Verdict.TIMEOUT, 120, id="paused and not unpaused"),
        pytest.param([RUNNING, PAUSED, RUNNING], Verdict.HEALTHY, 10, id="paused and unpaused"),
        pytest.param([RESTARTED], Verdict.CRASHED, 0, id="restarted before the first probe"),
        pytest.param([RUNNING, RESTARTED], Verdict.CRASHED, 1, id="crash loop that looks alive"),
    ],
)
def test_verdict(looks: list[ContainerRuntimeState | EngineError], verdict: Verdict, seconds: float) -> None:
    outcome, took = gate(*looks)
    assert (outcome.verdict, took) == (verdict, seconds)


def test_manual_restart_counts_as_a_crash() -> None:
    first, second = (RUNNING._replace(started_at=moment) for moment in ("12:00:00", "12:00:05"))
    outcome, _seconds = gate(first, second)
    assert outcome.verdict is Verdict.CRASHED


@pytest.mark.behaviour("F-N9")
@pytest.mark.parametrize(
    ("looks", "verdict", "seconds"),
    [
        ([STARTING, UNHEALTHY, HEALTHY], Verdict.TIMEOUT, 1),
        ([UNHEALTHY], Verdict.TIMEOUT, 0),
        ([STARTING, HEALTHY], Verdict.HEALTHY, 1),
        ([STARTING], Verdict.TIMEOUT, 120),
        ([RUNNING], Verdict.HEALTHY, 10),
        ([STARTING, BLIND, UNHEALTHY], Verdict.TIMEOUT, 2),
    ],
)
def test_on_unhealthy_fail_ends_the_gate_at_once(
    looks: list[ContainerRuntimeState | EngineError], verdict: Verdict, seconds: float
) -> None:
    outcome, took = gate(*looks, on_unhealthy=OnUnhealthy.FAIL)
    assert (outcome.verdict, took) == (verdict, seconds)
    assert (outcome.why == "became unhealthy (on_unhealthy is fail)") is (UNHEALTHY in looks)


class TestEvents:
    """An event triggers the next probe early. Only the probe decides."""

    def gate(self, *looks: ContainerRuntimeState, event_delays: list[float], **config: float) -> tuple[Verdict, float]:
        engine, clock = FakeEngine(), FakeClock()
        engine.add_container("web", "shop:1", "image")
        engine.probe_results["web"], engine.event_delays = list(looks), event_delays
        return wait_for_health(engine, clock, "web", HealthConfig(**config)).verdict, clock.now

    def test_event_makes_healthy_visible_at_once(self) -> None:
        assert self.gate(STARTING, HEALTHY, event_delays=[0.25]) == (Verdict.HEALTHY, 0.25)

    def test_event_makes_a_crash_visible_at_once(self) -> None:
        assert self.gate(RUNNING, RUNNING, exited(1), event_delays=[0.125, 0.25]) == (Verdict.CRASHED, 0.375)

    def test_event_without_a_state_change_decides_nothing(self) -> None:
        assert self.gate(STARTING, STARTING, STARTING, HEALTHY, event_delays=[0.25]) == (Verdict.HEALTHY, 2.25)

    def test_event_does_not_shorten_the_grace_period(self) -> None:
        assert self.gate(RUNNING, event_delays=[0.25, 0.25], grace_period=5) == (Verdict.HEALTHY, 5)


class TestOldContainer:
    """A container that was restored, or that was never stopped."""

    def gate(self, *looks: ContainerRuntimeState, require_healthy: bool = True) -> Verdict:
        engine = FakeEngine()
        engine.add_container("web", "shop:1", "image")
        engine.probe_results["web"] = list(looks)
        return wait_for_health(engine, FakeClock(), "web", HealthConfig(), new=False, require_healthy=require_healthy).verdict

    def test_earlier_restarts_do_not_count(self) -> None:
        assert self.gate(HEALTHY._replace(restarts=4)) is Verdict.HEALTHY

    def test_new_restarts_count_as_a_crash(self) -> None:
        assert self.gate(RUNNING._replace(restarts=4), RUNNING._replace(restarts=5)) is Verdict.CRASHED

    def test_container_that_need_not_be_healthy_has_to_stay_up(self) -> None:
        assert self.gate(STARTING, UNHEALTHY, require_healthy=False) is Verdict.HEALTHY
        assert self.gate(UNHEALTHY, exited(3), require_healthy=False) is Verdict.CRASHED


class TestMinHealthyTime:
    def test_container_that_stays_healthy_passes(self) -> None:
        outcome, seconds = gate(STARTING, HEALTHY, min_healthy_time=5)
        assert (outcome.verdict, outcome.why, seconds) == (Verdict.HEALTHY, "is healthy", 6)

    def test_container_that_turns_unhealthy_fails(self) -> None:
        outcome, seconds = gate(HEALTHY, HEALTHY, UNHEALTHY, min_healthy_time=5)
        assert (outcome.verdict, seconds) == (Verdict.TIMEOUT, 2)
        assert outcome.why == "was healthy, but became unhealthy within min_healthy_time"

    def test_min_healthy_time_may_end_after_the_health_timeout(self) -> None:
        outcome, seconds = gate(STARTING, STARTING, HEALTHY, min_healthy_time=5, health_timeout=3)
        assert (outcome.verdict, seconds) == (Verdict.HEALTHY, 7)


def test_last_probe_falls_on_the_deadline() -> None:
    assert gate(STARTING, health_timeout=2.5)[1] == 2.5
    assert gate(RUNNING, grace_period=0.25)[1] == 0.25


def test_outcome_gives_the_reason_of_a_failure() -> None:
    assert gate(STARTING, health_timeout=2)[0].why == "was still starting after 2 s"
    assert gate(exited(137))[0].why == "exited with code 137"
    assert gate(BLIND)[0].why == "could not be inspected: the engine is busy"


@pytest.mark.parametrize(
    "config",
    [
        {"poll_interval": 0},
        {"poll_interval": 1e300},
        {"health_timeout": -1},
        {"grace_period": float("nan")},
        {"min_healthy_time": float("inf")},
    ],
)
def test_invalid_config_is_refused(config: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(config))):
        HealthConfig(**config)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"Status": "running"}, RuntimeStatus.RUNNING),
        ({"Status": "running", "Health": {"Status": "none"}}, RuntimeStatus.RUNNING),
        ({"Status": "running", "Health": {"Status": "starting"}}, RuntimeStatus.STARTING),
        ({"Status": "running", "Health": {"Status": "healthy"}}, RuntimeStatus.HEALTHY),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, RuntimeStatus.UNHEALTHY),
        ({"Status": "restarting", "Running": True, "Health": {"Status": "unhealthy"}}, RuntimeStatus.EXITED),
        ({"Status": "exited", "Health": {"Status": "healthy"}}, RuntimeStatus.EXITED),
        ({"Status": "created"}, RuntimeStatus.EXITED),
        ({"Status": "dead"}, RuntimeStatus.EXITED),
        ({"Status": "paused", "Running": True}, RuntimeStatus.PAUSED),
        ({"Status": "running", "Health": {"Status": "of the future"}}, RuntimeStatus.STARTING),
    ],
)
def test_status_from_an_inspect_document(state: dict[str, object], status: RuntimeStatus) -> None:
    assert ContainerRuntimeState.from_inspect({"State": state}).status is status


def test_other_fields_from_an_inspect_document() -> None:
    document = {
        "Name": "/web",
        "Image": "sha256:image",
        "RestartCount": 3,
        "State": {"Status": "exited", "ExitCode": 7, "StartedAt": "12:00:00"},
    }
    assert ContainerRuntimeState.from_inspect(document) == ContainerRuntimeState(
        RuntimeStatus.EXITED, exit_code=7, restarts=3, started_at="12:00:00", name="web", image_id="sha256:image"
    )


@pytest.mark.parametrize(
    ("looks", "verdict", "seconds"),
    [
        pytest.param([HEALTHY._replace(restarts=1)], Verdict.CRASHED, 0, id="crash loop that looks healthy"),
        pytest.param([NoAnswer("the connection broke"), HEALTHY], Verdict.HEALTHY, 1, id="no answer does not mean removed"),
        pytest.param([RUNNING._replace(started_at="12:00:00")], Verdict.HEALTHY, 10, id="a first start is not a restart"),
    ],
)
def test_verdict_on_misleading_states(looks: list[ContainerRuntimeState | EngineError], verdict: Verdict, seconds: float) -> None:
    outcome, took = gate(*looks)
    assert (outcome.verdict, took) == (verdict, seconds)


@pytest.mark.parametrize(
    ("looks", "verdict", "seconds"),
    [
        ([STARTING], Verdict.HEALTHY, 10),
        ([UNHEALTHY], Verdict.HEALTHY, 10),
        ([HEALTHY], Verdict.HEALTHY, 10),
        ([PAUSED], Verdict.TIMEOUT, 120),
    ],
)
def test_container_that_need_not_be_healthy_has_to_stay_up_for_the_grace_period(
    looks: list[ContainerRuntimeState], verdict: Verdict, seconds: float
) -> None:
    engine, clock = FakeEngine(), FakeClock()
    engine.add_container("web", "shop:1", "image")
    engine.probe_results["web"] = looks
    outcome = wait_for_health(engine, clock, "web", HealthConfig(), require_healthy=False)
    assert (outcome.verdict, clock.now) == (verdict, seconds)


def test_lower_restart_count_is_not_a_restart() -> None:
    """The engine resets the restart count when a container is started by hand."""
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "image")
    engine.probe_results["web"] = [RUNNING._replace(restarts=4), RUNNING]
    assert wait_for_health(engine, FakeClock(), "web", HealthConfig(), new=False).verdict is Verdict.HEALTHY


@pytest.mark.parametrize(("look", "seconds"), [(STARTING, 2.5), (BLIND, 31)])
def test_next_probe_falls_on_the_deadline_of_the_latest_state(look: ContainerRuntimeState | EngineError, seconds: float) -> None:
    assert gate(RUNNING, look, grace_period=10, health_timeout=2.5)[1] == seconds


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param([*[HEALTHY] * 4, BLIND, HEALTHY], id="while it has to stay healthy"),
        pytest.param([*[RUNNING] * 4, BLIND, RUNNING], id="in a long grace period"),
        pytest.param([*[RUNNING, RUNNING, BLIND] * 6, RUNNING], id="repeatedly"),
    ],
)
def test_failed_probe_after_the_health_timeout_is_retried(looks: list[ContainerRuntimeState | EngineError]) -> None:
    outcome, took = gate(*looks, health_timeout=2, grace_period=60, min_healthy_time=60)
    assert (outcome.verdict, took) == (Verdict.HEALTHY, 60)


def test_probes_that_keep_failing_after_the_health_timeout_fail_the_gate() -> None:
    outcome, took = gate(*[HEALTHY] * 4, BLIND, health_timeout=2, min_healthy_time=60)
    assert (outcome.verdict, outcome.unreadable, took) == (Verdict.TIMEOUT, True, 34)


@pytest.mark.parametrize(("look", "seconds"), [(STARTING, 120), (RUNNING, 10)])
def test_time_counts_from_the_first_probe(look: ContainerRuntimeState, seconds: float) -> None:
    engine, clock = FakeEngine(), FakeClock()
    engine.add_container("web", "shop:1", "image")
    engine.probe_results["web"] = [look]
    clock.now = 5000.0
    wait_for_health(engine, clock, "web", HealthConfig())
    assert clock.now - 5000 == seconds


@pytest.mark.parametrize(("look", "verdict"), [(RUNNING, Verdict.HEALTHY), (STARTING, Verdict.TIMEOUT)])
@pytest.mark.parametrize("patience", [0.75, 1.0])
def test_time_that_passes_between_a_probe_and_the_sleep_does_no_harm(
    look: ContainerRuntimeState, verdict: Verdict, patience: float
) -> None:
    class BusyClock(FakeClock):
        def monotonic(self) -> float:
            self.now += 0.5
            return self.now

    engine = FakeEngine()
    engine.add_container("web", "shop:1", "image")
    engine.probe_results["web"] = [look]
    outcome = wait_for_health(engine, BusyClock(), "web", HealthConfig(grace_period=patience, health_timeout=patience))
    assert outcome.verdict is verdict


def test_outcome_gives_the_reason_of_a_success() -> None:
    assert gate(RUNNING)[0].why == "stayed up for the grace period"


@pytest.mark.parametrize("option", ["health_timeout", "grace_period", "poll_interval", "min_healthy_time"])
def test_limits_of_every_option(option: str) -> None:
    assert LONGEST == 604800
    HealthConfig(**{option: LONGEST})
    for nonsense in (-1, LONGEST + 1):
        with pytest.raises(InvalidInput, match=option):
            HealthConfig(**{option: nonsense})


def test_missing_fields_of_an_inspect_document() -> None:
    assert ContainerRuntimeState.from_inspect({"State": {}}) == (RuntimeStatus.EXITED, None, 0, "", "", "")
