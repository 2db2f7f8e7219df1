# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trial before the stop. If it fails, nothing was touched; whatever happens to it, no trial container stays for long."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.trial import TRIAL_LABEL
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    BadRequest,
    CreateIncomplete,
    EngineError,
    NoAnswer,
    Refused,
    TrialLeft,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Document
from support.fakes.engine import FakeEngine, FakeJournal, FakeProcesses, fake_lock
from support.fakes.host import updated
from support.fakes.update_of_web import REFUSAL, TRIAL, outdated_web, recreate

CREATE, REMOVE = TRIAL


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def assert_untouched(engine: FakeEngine, journal: FakeJournal) -> None:
    assert engine.names == {"web"}
    assert engine.container("web")["State"]["Status"] == "running"
    assert "stop:web" not in engine.calls
    assert journal.records == {}


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BadRequest("unknown or invalid runtime name: gone"), "unknown or invalid runtime name: gone"),
        (BadRequest("bind source path does not exist: /srv"), "/srv, which is mounted into it, does not exist"),
        (NoAnswer("timed out"), "could not be found out: timed out"),
    ],
)
def test_refused_trial_leaves_the_container_alone(engine: FakeEngine, error: EngineError, says: str) -> None:
    engine.errors[CREATE] = error
    journal, memory = FakeJournal(), FakeJournal()
    with pytest.raises(Refused, match=f"Container web was not changed: .*{says}"):
        recreate(engine, lock=fake_lock(journal), memory=memory)
    assert_untouched(engine, journal)
    assert memory.records == {}, "the image is not rejected"


def test_trial_whose_answer_was_lost_is_removed(engine: FakeEngine) -> None:
    engine.lost_answers.add(CREATE)
    journal = FakeJournal()
    with pytest.raises(Refused):
        recreate(engine, lock=fake_lock(journal))
    assert_untouched(engine, journal)


def test_incomplete_trial_is_removed(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    create = engine.create

    def incomplete(name: str, body: Document) -> str:
        raise CreateIncomplete("no such network", create(name, body))

    monkeypatch.setattr(engine, "create", incomplete)
    journal = FakeJournal()
    with pytest.raises(Refused, match="no such network"):
        recreate(engine, lock=fake_lock(journal))
    assert_untouched(engine, journal)


class TestTrialThatCannotBeRemoved:
    @pytest.fixture
    def journal(self, engine: FakeEngine) -> FakeJournal:
        journal = FakeJournal()
        engine.errors[REMOVE] = REFUSAL
        with pytest.raises(TrialLeft, match="web-trial-me"):
            recreate(engine, lock=fake_lock(journal))
        assert "stop:web" not in engine.calls
        del engine.errors[REMOVE]
        return journal

    @pytest.mark.parametrize("published", ["new", "old"])
    def test_next_run_removes_it_whatever_it_does(self, engine: FakeEngine, journal: FakeJournal, published: str) -> None:
        engine.registry["docker.io/library/shop:1"] = published
        runs = FakeProcesses("next")
        runs.dead.add("me")
        result = recreate(engine, lock=fake_lock(journal, runs))
        assert result.outcome is (Outcome.RECREATED if published == "new" else Outcome.UNCHANGED)
        assert not result.recovered_first, "nothing was touched, so nothing was recovered"
        assert engine.names == {"web"}
        assert journal.records == {}


def test_trial_that_the_engine_created_late_is_removed_by_the_next_replacement(engine: FakeEngine) -> None:
    labels = {"Labels": {TRIAL_LABEL: "web"}}
    engine.add_container("web-trial-late", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"}, **labels)
    engine.add_container("other-trial-late", "tool:1", "tool", Labels={TRIAL_LABEL: "other"})
    result = recreate(engine)
    assert (result.outcome, result.dependents) == (Outcome.RECREATED, ())
    assert engine.names == {"web", "other-trial-late"}


def test_container_that_is_not_replaced_is_not_tried(engine: FakeEngine) -> None:
    engine.registry["docker.io/library/shop:1"] = "old"
    recreate(engine)
    assert engine.trials == []


def test_trial_of_a_rollback_has_the_mounts_of_both_containers() -> None:
    host = updated()
    archive = host.kept[0]
    host.engine._find(archive)["HostConfig"]["Binds"] = ["/srv/old:/data"]
    host.engine._find("web")["HostConfig"]["Binds"] = ["/srv/new:/data"]
    host.rollback_to_archive(host.lock("me"))
    mounts = host.engine.trials[-1]["HostConfig"]["Mounts"]
    assert [mount["Source"] for mount in mounts] == ["/srv/old", "/srv/new"]
