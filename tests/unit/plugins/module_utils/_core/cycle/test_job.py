# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Under which name a run locks its container."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.job import name_to_lock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Busy,
    EngineError,
    JournalFailed,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from support.fakes.engine import (
    FakeClock,
    FakeEngine,
    FakeJournal,
    FakeProcesses,
    a_journal_entry,
    exited,
    fake_context,
    fake_lock,
)
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def name_of(engine: FakeEngine, container: str, journal: FakeJournal | None = None) -> str:
    return name_to_lock(fake_context(engine), fake_lock(journal), ContainerRequest(container))


def locked_by_another_run(**entry: t.Any) -> FakeJournal:
    journal = FakeJournal()
    assert fake_lock(journal, FakeProcesses("other")).acquire(a_journal_entry("other", **entry))
    return journal


def test_name_is_taken_as_it_is(engine: FakeEngine) -> None:
    journal = FakeJournal()
    assert name_of(engine, "web", journal) == "web"
    assert (engine.calls, journal.calls) == ([], [])


def test_id_stands_for_the_name_of_the_container(engine: FakeEngine) -> None:
    assert name_of(engine, engine.container("web")["Id"]) == "web"


def test_id_of_an_archive_stands_for_the_name_that_the_other_run_locked(engine: FakeEngine) -> None:
    web = engine.container("web")["Id"]
    journal = locked_by_another_run(old={"id": web})
    engine.rename("web", "web-old-1000")
    assert name_of(engine, web, journal) == "web"


def test_container_renamed_after_the_look_is_locked_by_the_name_that_the_other_run_locked(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run acquires its lock and renames the container after the look and before the search for its lock."""
    web, journal = engine.container("web")["Id"], FakeJournal()
    engine.rename("web", "shop")
    probe = engine.probe

    def probe_then_rename(container: str) -> t.Any:
        now = probe(container)
        journal.records.update(locked_by_another_run(old={"id": web}).records)
        return now

    monkeypatch.setattr(engine, "probe", probe_then_rename)
    assert name_of(engine, web, journal) == "web"


@pytest.mark.parametrize("error", [REFUSAL, NotFound("no such container")])
def test_id_that_cannot_be_looked_up_is_left_to_the_plan(engine: FakeEngine, error: EngineError) -> None:
    web = engine.container("web")["Id"]
    engine.errors["probe:web"] = error
    assert name_of(engine, web) == web
    assert name_of(engine, web, locked_by_another_run(old={"id": web})) == "web"


def test_journal_that_cannot_be_read_is_an_error(engine: FakeEngine) -> None:
    journal = FakeJournal()
    journal.errors = [REFUSAL]
    with pytest.raises(JournalFailed, match="the engine says no"):
        name_of(engine, engine.container("web")["Id"], journal)


def test_lock_uses_the_name_of_a_container_given_by_id(engine: FakeEngine) -> None:
    journal = FakeJournal()
    recreate(engine, container=engine.container("web")["Id"], lock=fake_lock(journal))
    calls = {"keys:evenkeel-lock.", "write:evenkeel-lock.web", "erase:evenkeel-lock.web"}
    assert {call for call in journal.calls if "lock" in call} == calls


def test_run_by_id_waits_for_a_run_that_has_renamed_the_container(engine: FakeEngine) -> None:
    journal, web = FakeJournal(), engine.container("web")["Id"]
    answers: list[Exception] = []

    def ask_by_id() -> None:
        if "start:NEW" in engine.calls:
            engine.on_each_call = lambda: None
            with pytest.raises(Busy, match="Container web was not changed") as busy:
                recreate(engine, container=web, lock=RunLock(journal, FakeProcesses("second"), FakeClock(), lock_timeout=2))
            answers.append(busy.value)

    engine.on_each_call = ask_by_id
    engine.probe_results["NEW"] = [exited(1)]
    assert recreate(engine, lock=fake_lock(journal)).outcome is Outcome.ROLLED_BACK
    assert (len(answers), engine.container("web")["Id"]) == (1, web)
