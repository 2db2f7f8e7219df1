# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An update that commit 25b84f9 began, and that was killed, is brought to its end by this version.

Each state was captured from a real engine (`fixtures/journal_25b84f9/capture.py`).
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.processes import LocalProcesses
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.recovery import recover
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Busy, Refused
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import CallCounter, FakeProcesses, Killed, fake_context, fake_run
from support.fakes.journal_states import HostInState, JournalState, OnlyThisRunLives, load_states

STATES = load_states(Path(__file__).parent / "fixtures/journal_25b84f9")
LOCKED = [state for state in STATES if state.entry]
WITH_RECOVERY_KILLED_TOO = LOCKED[::7]

HEALTH = HealthConfig(health_timeout=1, grace_period=1)
ALWAYS = {"Name": "always", "MaximumRetryCount": 0}
CANNOT_BE_CREATED = "cannot be created"


def lock_of_this_run(host: HostInState, runs: FakeProcesses | None = None) -> RunLock:
    return RunLock(host.journal, runs or OnlyThisRunLives(), host.engine.clock, lock_timeout=5)


def recover_only(host: HostInState, state: JournalState, lock: RunLock | None = None) -> None:
    """What every module does first on a container that an interrupted run holds."""
    run = fake_run(fake_context(host.engine, host.memory), HEALTH)
    lock = lock or lock_of_this_run(host)
    lock.wait_and_recover(state.container, lambda entry, new_id: recover(run, entry, new_id))


def run_again(host: HostInState, state: JournalState) -> CycleResult:
    """The task that was killed."""
    context, way = fake_context(host.engine, host.memory), state.way
    if way["module"] == "container_rollback":
        return rollback_to_archive(
            context, lock_of_this_run(host), ContainerRequest(state.container), HEALTH, keep_archive=way["keeps_archive"]
        )
    request = RecreateRequest(state.container, image=way["image"])
    return recreate_with_health(context, lock_of_this_run(host), request, HEALTH, Cleanup(), keep_archive=way["keeps_archive"])


def rejected_before(state: JournalState) -> bool:
    """Whether the killed run had recorded that its image is rejected."""
    return f"evenkeel-rejected.{state.container}" in state.records("fleet.evenkeel.memory")


def recovery_keeps_the_new_one(state: JournalState) -> bool:
    """Whether the new container came up and is good, read from the captured documents alone."""
    if state.way["touch"] == "remove":
        return True  # There is only the archive to put back.
    occupant, old = state.by_name(state.container), state.by_id(state.run["old_id"])
    if occupant is None or occupant["Id"] == state.run["old_id"]:
        return False
    if old is None:
        return True  # The run had come to its end.
    if state.way["touch"] == "stop":
        is_kept = any(state.run["old_id"] in note.text for note in state.records("fleet.evenkeel.memory").values())
        return state.has_note("evenkeel-new") or is_kept
    return occupant["State"]["Status"] == "running" and not state.way["fails"]


def assert_promise_kept(host: HostInState, state: JournalState, *, new: bool, archives: int) -> None:
    """One container has the name, and does what the old one did; nothing is left but the archives that a later run knows."""
    engine, way, run = host.engine, state.way, state.run
    now = engine.container(state.container)
    assert now["State"]["Status"] == ("exited" if way["touch"] == "stop" and not new else _what_it_is_to_do(way))
    assert now["HostConfig"]["RestartPolicy"] == ALWAYS
    assert now["State"].get("Health", {}).get("Status") in ("healthy", None) or way["touch"] == "stop"
    goes_back = way["module"] == "container_rollback"
    if new:
        assert now["Id"] == run["first_id"] if goes_back else now["Id"] != run["old_id"]
        assert now["Image"] == way["image_id"]
    else:
        assert now["Id"] == run["old_id"]
    assert host.journal.records == {}

    kept = ArchiveStore(host.memory).of(state.container)
    names = {name for name in engine.names if name == state.container or name.startswith(f"{state.container}-old-")}
    assert names == {state.container, run["stranger"], *(archive.name for archive in kept)}
    assert len(kept) == archives
    for archive in kept:
        document = engine.container(archive.name)
        assert document["Id"] == archive.id
        assert document["State"]["Status"] == "exited"
        assert document["HostConfig"]["RestartPolicy"]["Name"] == "no"
        assert archive.restart_policy == ALWAYS
        assert archive.runs is (way["touch"] != "stop")
    assert engine.container(run["stranger"]) == state.by_name(run["stranger"])
    if run["dependent"]:
        assert_dependent_lives(host, state)


def _what_it_is_to_do(way: dict[str, str]) -> str:
    return "created" if way["touch"] == "stop" else "running"


def assert_dependent_lives(host: HostInState, state: JournalState) -> None:
    """It runs, alone, in the network of the container that has the name."""
    dependent = state.run["dependent"]
    assert [name for name in host.engine.names if name.startswith(dependent)] == [dependent]
    now = host.engine.container(dependent)
    assert now["State"]["Status"] == "running"
    assert now["HostConfig"]["NetworkMode"] == f"container:{host.engine.container(state.container)['Id']}"
    assert host.engine.has_live_namespaces(dependent)


def archives_after_recovery(state: JournalState, *, new: bool) -> int:
    if state.way["touch"] == "remove":
        return 0
    goes_back = state.way["module"] == "container_rollback"
    return int(state.way["keeps_archive"]) if new else int(goes_back)


def assert_recovered(host: HostInState, state: JournalState) -> None:
    new = recovery_keeps_the_new_one(state)
    assert_promise_kept(host, state, new=new, archives=archives_after_recovery(state, new=new))


def test_there_are_states_of_every_kind() -> None:
    """A fixture that went missing must not look like a test that passed."""
    kinds = {key.partition(".")[0] for state in STATES for key in state.records("fleet.evenkeel.journal")}
    assert kinds == {"evenkeel-lock", "evenkeel-lock-after", "evenkeel-new", "evenkeel-touch"}
    assert {bool(state.entry["returning"]) for state in LOCKED if state.entry} == {False, True}
    assert {bool(state.entry["dependents"]) for state in LOCKED if state.entry} == {False, True}
    assert {recovery_keeps_the_new_one(state) for state in STATES} == {False, True}
    assert len(STATES) > 150


@pytest.mark.parametrize("state", STATES, ids=str)
def test_recovered(state: JournalState) -> None:
    host = HostInState(state)
    recover_only(host, state)
    assert_recovered(host, state)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_same_task_again(state: JournalState) -> None:
    host = HostInState(state)
    if state.way["fails"] == CANNOT_BE_CREATED:
        if rejected_before(state):
            assert run_again(host, state).outcome is Outcome.SKIPPED
        else:
            with pytest.raises(Refused, match="No command specified"):
                run_again(host, state)
        assert_promise_kept(host, state, new=False, archives=0)
        return
    result = run_again(host, state)
    way = state.way
    new = way["serves"] == "new"
    outcomes = (
        {Outcome.RECREATED, Outcome.RESTORED, Outcome.RECOVERED, Outcome.UNCHANGED} if new else {Outcome.ROLLED_BACK, Outcome.SKIPPED}
    )
    assert result.outcome in outcomes
    archives = 0 if way["touch"] == "remove" else int(way["keeps_archive"])
    assert_promise_kept(host, state, new=new, archives=archives)


@pytest.mark.parametrize("state", LOCKED, ids=str)
def test_a_stop_that_the_killed_run_asked_for_is_waited_for(state: JournalState) -> None:
    """The engine may still be stopping a container that was not started since. No other container is stopped before its time."""
    entry, old = state.entry, state.by_id(state.run["old_id"])
    assert entry is not None
    host = HostInState(state)
    recover_only(host, state)
    assert set(host.engine.stop_timeouts) <= {entry["stop_timeout"]}
    if entry["announces_touch"] and not state.has_note("evenkeel-touch"):
        assert not [call for call in host.engine.calls if call != "inspect"]
    elif old and old["Name"] == f"/{state.container}" and old["State"]["Status"] == "running":
        may_be_stopping = old["State"]["StartedAt"] == entry["old_started_at"]
        assert (f"stop:{state.container}" in host.engine.calls) is may_be_stopping


@pytest.mark.parametrize("state", LOCKED, ids=str)
def test_an_archive_that_was_to_be_kept_keeps_what_is_known_of_it(state: JournalState) -> None:
    host = HostInState(state)
    recover_only(host, state)
    entry, kept = state.entry, ArchiveStore(host.memory).of(state.container)
    assert entry is not None
    for archive in kept:
        if archive.id == entry["old_id"]:
            assert archive.name == entry["archive"]
            assert archive.rollout == entry["rollout"]
        else:
            assert entry["returning"] == archive._asdict()


@pytest.mark.parametrize("state", LOCKED, ids=str)
def test_an_image_that_failed_is_rejected(state: JournalState) -> None:
    """An image of which no container can be created is refused before anything is stopped, each time."""
    host = HostInState(state)
    with contextlib.suppress(Refused):
        run_again(host, state)
    entry, rejected = state.entry, Rejections(host.memory).recall(state.container)
    assert entry is not None
    if state.way["fails"] == CANNOT_BE_CREATED:
        assert (rejected is not None) is rejected_before(state)
    elif state.way["fails"]:
        assert rejected
        assert (rejected.image_id, rejected.reference) == (entry["new_image_id"], entry["new_image_ref"])
    elif state.way["module"] == "container_rollback" and state.way["touch"] != "remove":
        assert rejected
        assert (rejected.image_id, rejected.reference) == (entry["old_image_id"], entry["old_image_ref"])
    else:
        assert rejected is None


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="this machine does not say when it was booted")
@pytest.mark.parametrize("state", LOCKED[:1], ids=str)
def test_a_holder_from_before_a_reboot_is_dead(state: JournalState) -> None:
    host = HostInState(state)
    recover_only(host, state, RunLock(host.journal, LocalProcesses("unix:///var/run/docker.sock"), host.engine.clock, lock_timeout=0))
    assert_recovered(host, state)


class OnlyTheLeaseCounts(FakeProcesses):
    """As seen from another machine, where nobody can tell whether a process lives."""

    def is_dead(self, holder: object) -> None:
        del holder


@pytest.mark.parametrize("state", LOCKED, ids=str)
def test_a_holder_on_another_machine_is_waited_for_until_its_lease_ends(state: JournalState) -> None:
    assert state.entry
    host, runs = HostInState(state), OnlyTheLeaseCounts()
    before = dict(host.journal.records)
    host.journal.age_of_records = state.entry["lease"] - 1
    with pytest.raises(Busy, match=r"process \d+ on web1"):
        recover_only(host, state, lock_of_this_run(host, runs))
    assert host.journal.records == before
    assert host.engine.calls == []
    host.journal.age_of_records = state.entry["lease"] + 1
    recover_only(host, state, lock_of_this_run(host, runs))
    assert_recovered(host, state)


@pytest.mark.parametrize("state", WITH_RECOVERY_KILLED_TOO, ids=str)
def test_the_recovery_is_killed_too(state: JournalState) -> None:
    """Then the lock is the old version's, and its successor is this version's."""
    for at in range(1, 200):
        host = HostInState(state)
        host.engine.call_counter = host.journal.call_counter = host.memory.call_counter = CallCounter(at)
        try:
            recover_only(host, state, lock_of_this_run(host, OnlyThisRunLives("second")))
        except Killed:
            host.engine.call_counter = host.journal.call_counter = host.memory.call_counter = CallCounter()
            recover_only(host, state, lock_of_this_run(host, OnlyThisRunLives("third")))
            assert_recovered(host, state)
        else:
            return
    pytest.fail("it does not end")
