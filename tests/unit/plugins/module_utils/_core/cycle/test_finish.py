# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent, Repair
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.finish import forget_archive, remember, repair_dependents
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Conflict,
    EngineError,
    NoAnswer,
    NotFound,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from support.fakes.engine import (
    FakeEngine,
    FakeJournal,
    a_journal_entry,
    fake_context,
)
from support.fakes.update_of_web import GATE_AND_SECOND_LOOK, REFUSAL, TO_THE_START, outdated_web, recreate

OLD = ArchiveRecord("old", "web-old-1000", runs=True, restart_policy={"Name": "always"})


BACK = ArchiveRecord("back", "web-old-900", runs=True, restart_policy={})


@pytest.fixture
def memory() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


def test_success_forgets_the_rejected_image(memory: FakeJournal) -> None:
    Rejections(memory).remember("web", Rejected("shop:2", "bad", None, "crashed", 1))
    warnings = remember(fake_context(FakeEngine(), memory), a_journal_entry("me"), "new-id")
    assert (warnings, memory.records) == ((), {})


def test_success_remembers_a_kept_archive_once(memory: FakeJournal) -> None:
    for _time in range(2):
        assert remember(fake_context(FakeEngine(), memory), a_journal_entry("me", keep_archive=True, rollout="7"), "new-id") == ()
    assert ArchiveStore(memory).of("web") == (OLD._replace(rollout="7"),)


def test_rollback_by_the_operator_rejects_the_replaced_image_and_forgets_the_archive(memory: FakeJournal) -> None:
    ArchiveStore(memory).add("web", BACK)
    engine = FakeEngine()
    entry = a_journal_entry("me", old_image=ImageIdentity("shop:1", "bad"), new_image=ImageIdentity("shop:1", "good"), successor=BACK)
    assert remember(fake_context(engine, memory), entry, "back") == ()
    rejected = Rejections(memory).recall("web")
    assert rejected is not None
    assert (rejected.image_id, rejected.reason) == ("bad", "the operator rolled it back")
    assert ArchiveStore(memory).of("web") == ()
    assert engine.calls == ["inspect", "surroundings", "tag:shop:1=good"]


def test_rollback_for_another_reason_rejects_nothing_and_points_the_tag_back(memory: FakeJournal) -> None:
    engine = FakeEngine()
    images = {"old_image": ImageIdentity("shop:1", "good-too"), "new_image": ImageIdentity("shop:1", "good")}
    entry = a_journal_entry("me", **images, successor=BACK, rejects=False)
    assert remember(fake_context(engine, memory), entry, "back") == ()
    assert Rejections(memory).recall("web") is None
    assert engine.calls == ["surroundings", "tag:shop:1=good"]


def test_dependent_that_was_removed_needs_attention(memory: FakeJournal) -> None:
    gone = Dependent("gone", "sidecar", "old", "web", runs=True, shares_with=("old",), archive="sidecar-old-1000")
    repaired = repair_dependents(fake_context(FakeEngine(), memory), a_journal_entry("me", old={"dependents": (gone,)}), "new-id")
    assert [(dependent.repair, dependent.problem) for dependent in repaired] == [(Repair.NEEDS_ATTENTION, "it was removed")]


def test_memory_that_cannot_be_written_is_a_warning(memory: FakeJournal) -> None:
    memory.errors.append(EngineError("no"))
    context = fake_context(FakeEngine(), memory)
    warnings = remember(context, a_journal_entry("me", keep_archive=True), "new-id")
    assert [warning.partition(" ")[0] for warning in warnings] == ["The", "The"]
    assert "container_rollback may not find them: no" in forget_archive(context, "web", "old")[0]


class TestRemoveArchive:
    def test_archive_that_cannot_be_removed_is_a_warning_and_keeps_its_image(self, engine: FakeEngine) -> None:
        engine.errors["remove:web-old-1000"] = REFUSAL
        result = recreate(engine, Cleanup(remove_replaced=True))
        assert result.outcome is Outcome.RECREATED
        assert result.archive == "web-old-1000"
        assert "web-old-1000" in result.warnings[0]
        assert not [call for call in engine.calls if call.startswith("remove_image")], "the archive still needs its image"

    def test_kept_archive_keeps_its_image(self, engine: FakeEngine) -> None:
        result = recreate(engine, Cleanup(remove_replaced=True, prune_dangling=True), keep_archive=True)
        assert engine.calls == [*TO_THE_START, *["probe:NEW"] * 3]
        assert result.archive == "web-old-1000"

    @pytest.mark.parametrize("how", ["removed by another tool", "answer lost"])
    def test_archive_that_is_already_gone_is_no_warning(self, engine: FakeEngine, how: str) -> None:
        if how == "removed by another tool":
            engine.errors["remove:web-old-1000"] = NotFound("no such container")
        else:
            engine.lost_answers.add("remove:web-old-1000")
        result = recreate(engine)
        assert (result.archive, result.warnings) == (None, ())

    @pytest.mark.parametrize("error", [REFUSAL, Conflict("it runs")])
    def test_archive_that_cannot_be_removed_message(self, engine: FakeEngine, error: EngineError) -> None:
        engine.errors["remove:web-old-1000"] = error
        result = recreate(engine, Cleanup(prune_dangling=True))
        assert result.warnings == (f"The archive web-old-1000 could not be removed ({error}). Remove it with: docker rm web-old-1000",)
        assert engine.calls[-2] == "prune", "pruning does not depend on the removal of the archive"

    def test_archive_that_may_still_exist_is_reported(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        remove = engine.remove

        def from_here_on(container: str, *, force: bool = False) -> None:
            if force:
                return remove(container, force=True)
            engine.errors["inspect"] = REFUSAL
            raise NoAnswer("the connection broke")

        monkeypatch.setattr(engine, "remove", from_here_on)
        result = recreate(engine)
        assert (result.archive, len(result.warnings)) == ("web-old-1000", 1)


class TestCleanUpImages:
    EVERYTHING = Cleanup(remove_replaced=True, prune_dangling=True)

    ORDER = (*TO_THE_START, *GATE_AND_SECOND_LOOK, "remove:web-old-1000", "remove_image:old", "prune", "probe:NEW")

    def test_archive_image_and_dangling_images_are_removed_in_this_order(self, engine: FakeEngine) -> None:
        recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)

    def test_image_in_use_is_kept_without_a_warning(self, engine: FakeEngine) -> None:
        engine.images_in_use.add("old")
        result = recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    @pytest.mark.parametrize("call", ["remove_image:old", "prune"])
    def test_failed_image_cleanup_is_a_warning(self, engine: FakeEngine, call: str) -> None:
        engine.errors[call] = REFUSAL
        result = recreate(engine, self.EVERYTHING)
        assert engine.calls == list(self.ORDER)
        assert result.outcome is Outcome.RECREATED
        assert "the engine says no" in result.warnings[0]

    def test_image_that_cannot_be_removed_message(self, engine: FakeEngine) -> None:
        engine.errors["remove_image:old"] = REFUSAL
        expected = ("The replaced image old could not be removed: the engine says no",)
        assert recreate(engine, Cleanup(remove_replaced=True)).warnings == expected

    def test_twins_without_a_tag_are_removed_on_the_containerd_store(self, engine: FakeEngine) -> None:
        """Each index that listed the old image was an image of its own."""
        manifest, other = ({"Descriptor": {"digest": f"sha256:{letter * 64}"}} for letter in "ab")
        engine.images.update({"old": manifest, "twin": manifest, "stranger": other})
        recreate(engine, Cleanup(remove_replaced=True))
        assert engine.calls[-4:-1] == ["untagged_images:docker.io/library/shop", "remove_image:old", "remove_image:twin"]

    def test_twins_that_cannot_be_listed_stay(self, engine: FakeEngine) -> None:
        engine.images["old"] = {"Descriptor": {"digest": f"sha256:{'a' * 64}"}}
        engine.errors["untagged_images:docker.io/library/shop"] = REFUSAL
        assert recreate(engine, Cleanup(remove_replaced=True)).warnings == ()
        assert engine.calls[-2] == "remove_image:old"

    def test_unknown_old_image_is_not_removed(self, engine: FakeEngine) -> None:
        engine = FakeEngine()
        engine.add_container("web", "shop:1", "")
        engine.registry["docker.io/library/shop:1"] = "new"
        assert recreate(engine, Cleanup(remove_replaced=True)).outcome is Outcome.RECREATED
        assert engine.calls == [*TO_THE_START, *GATE_AND_SECOND_LOOK, "remove:web-old-1000", "probe:NEW"]

    def test_image_of_a_forced_recreation_is_not_removed(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        recreate(engine, Cleanup(remove_replaced=True), force=True)
        assert engine.calls == [*TO_THE_START, *GATE_AND_SECOND_LOOK, "remove:web-old-1000", "probe:NEW"]

    @pytest.mark.parametrize(
        ("tags", "removed"),
        [
            (None, True),
            (["<none>:<none>"], True),
            (["shop:1"], True),
            (["docker.io/library/shop:1"], True),
            (["shop:stable"], False),
            (["shop:1", "shop:stable"], False),
            (["shop:1", f"shop@sha256:{'a' * 64}"], True),
            (["shop:1", f"mirror.example/shop@sha256:{'a' * 64}"], False),
        ],
    )
    def test_replaced_image_with_another_tag_is_kept(self, engine: FakeEngine, tags: list[str] | None, removed: bool) -> None:
        engine.images["old"] = {"RepoTags": tags}
        recreate(engine, Cleanup(remove_replaced=True))
        assert ("remove_image:old" in engine.calls) is removed


class TestDependents:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def repairs(self, result: CycleResult) -> list[tuple[str, str]]:
        return [(dependent.name, dependent.repair.value) for dependent in result.dependents]

    def test_dependents_are_recreated_before_the_archive_is_removed(self, engine: FakeEngine) -> None:
        result = recreate(engine)
        assert self.repairs(result) == [("sidecar", "recreated")]
        assert engine.calls.index("create:sidecar") < engine.calls.index("remove:web-old-1000")
        assert engine.has_live_namespaces("sidecar")
