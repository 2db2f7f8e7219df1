# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepare pulls the image and predicts the update; the container stays untouched."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, PullFailed, Refused
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.prepare import (
    Prepared,
    check_prepare,
    preparation_report,
    prepare,
)
from support.fakes.engine import FakeEngine, FakeJournal, FakeProcesses, a_journal_entry, digest_of, fake_context, fake_lock

SHOP = "docker.io/library/shop:1"
BY_DIGEST = f"docker.io/library/shop@{digest_of('new')}"


@pytest.fixture
def engine() -> FakeEngine:
    """One container, web, on the image old; in the registry its tag has moved on to the image new."""
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    engine.registry.update({SHOP: "new", BY_DIGEST: "new"})
    return engine


def run(engine: FakeEngine, work: t.Callable[..., Prepared] = prepare, **request: t.Any) -> Prepared:
    before = copy.deepcopy(engine.container("web"))
    engine.calls.clear()
    try:
        return work(fake_context(engine), fake_lock(), RecreateRequest(**{"container": "web", **request}))
    finally:
        assert engine.container("web") == before
        assert engine.names == {"web"}


def test_prepare_pulls_the_image_and_predicts_the_update(engine: FakeEngine) -> None:
    prepared = run(engine)
    assert (prepared.pulled, prepared.predicted.outcome, prepared.predicted.new_image.id) == (True, Outcome.RECREATED, "new")
    assert prepared.predicted.doubt == ""
    assert engine.calls == ["inspect", "local_image", "pull", "surroundings", "changes:web"]


def test_prepare_by_digest_moves_no_tag(engine: FakeEngine) -> None:
    prepared = run(engine, image_digest=digest_of("new"), pull=PullPolicy.MISSING)
    assert (prepared.pulled, prepared.predicted.new_image.id) == (True, "new")
    assert engine.local[SHOP] == "old"
    again = run(engine, image_digest=digest_of("new"), pull=PullPolicy.MISSING)
    assert (again.pulled, "pull" in engine.calls) == (False, False)


def test_prepare_of_the_running_image_changes_nothing(engine: FakeEngine) -> None:
    engine.registry[SHOP] = "old"
    prepared = run(engine)
    assert (prepared.pulled, prepared.predicted.outcome) == (False, Outcome.UNCHANGED)


def test_check_mode_pulls_nothing(engine: FakeEngine) -> None:
    prepared = run(engine, check_prepare)
    assert (prepared.pulled, prepared.predicted.outcome) == (True, Outcome.RECREATED)
    assert "pull" not in engine.calls
    engine.local["docker.io/library/other:1"] = "new"
    engine.local["docker.io/library/shop:2"] = "new"
    assert run(engine, check_prepare).pulled, "the image is local already, and the tag does not point at it yet"
    assert run(engine).pulled
    assert not run(engine, check_prepare).pulled
    assert not run(engine).pulled


def test_prepare_fails_when_the_update_would_be_refused(engine: FakeEngine) -> None:
    engine.images["new"] = {"Architecture": "s390x"}
    with pytest.raises(Refused, match="built for s390x"):
        run(engine)
    engine.registry.clear()
    with pytest.raises(PullFailed):
        run(engine)


class TestTagOfContainerThatStays:
    """The pull moves the tag. If no update will follow, it must not give other containers another image, nor another ID (F-E4)."""

    @pytest.fixture
    def engine(self, engine: FakeEngine) -> FakeEngine:
        for image_id in ("old", "new"):
            engine.images[image_id] = {"Descriptor": {"mediaType": "manifest", "digest": "manifest"}}
        return engine

    def test_tag_of_the_same_image_goes_back(self, engine: FakeEngine) -> None:
        for _time in range(2):
            prepared = run(engine)
            assert (prepared.predicted.outcome, prepared.pulled, engine.local[SHOP]) == (Outcome.UNCHANGED, False, "old")
            assert "pull" in engine.calls

    def test_tag_of_a_rejected_image_goes_back(self, engine: FakeEngine) -> None:
        engine.images.clear()
        memory = FakeJournal()
        Rejections(memory).remember("web", Rejected("shop:1", "new", digest_of("new"), "crashed", 0))
        prepared = prepare(fake_context(engine, memory), fake_lock(), RecreateRequest("web"))
        assert (prepared.predicted.outcome, prepared.pulled, engine.local[SHOP]) == (Outcome.SKIPPED, False, "old")

    def test_tag_that_was_elsewhere_is_a_change(self, engine: FakeEngine) -> None:
        engine.local[SHOP] = "elsewhere"
        assert run(engine, check_prepare).pulled
        assert engine.local[SHOP] == "elsewhere"
        assert run(engine).pulled
        assert engine.local[SHOP] == "old"

    def test_check_mode_agrees(self, engine: FakeEngine) -> None:
        engine.local["docker.io/library/other:1"] = "new"
        assert not run(engine, check_prepare).pulled
        assert not run(engine).pulled

    def test_tag_that_has_to_stay_is_a_change_once(self, engine: FakeEngine) -> None:
        engine.errors["tag:shop:1=old"] = EngineError("no")
        assert [(prepared.pulled, len(prepared.predicted.warnings)) for prepared in (run(engine), run(engine))] == [(True, 1), (False, 1)]

    def test_other_reference_keeps_the_pulled_image(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "new"
        assert [run(engine, image="shop:2").pulled for _time in range(2)] == [True, False]
        assert engine.local["docker.io/library/shop:2"] == "new"

    def test_tag_is_left_to_a_run_at_work(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        lock = fake_lock(journal, FakeProcesses("other"))
        assert lock.acquire(a_journal_entry("other", old={"id": engine.container("web")["Id"]}))
        prepared = prepare(fake_context(engine), fake_lock(journal), RecreateRequest("web"))
        assert (prepared.predicted.outcome, prepared.pulled, engine.local[SHOP]) == (Outcome.UNCHANGED, True, "new")


def test_report_has_no_values_of_a_finished_update(engine: FakeEngine) -> None:
    report = preparation_report(run(engine))
    assert report["image"]["new"]["id"] == "new"
    assert (report["changed"], report["outcome"]) == (True, "recreated")
    assert not {"steps", "downtime_seconds", "archive", "rollback", "failed"} & set(report), (
        "a prediction has no values of a finished update"
    )
