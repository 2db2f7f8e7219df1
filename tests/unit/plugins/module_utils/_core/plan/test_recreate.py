# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an update decides before anything is changed."""

from __future__ import annotations

import json

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InspectFailed,
    InvalidImageReference,
    NoAnswer,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ImageIdentity,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup
from support.fakes.engine import (
    FakeEngine,
    FakeJournal,
    exited,
)
from support.fakes.update_of_web import REFUSAL, outdated_web, recreate

DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestTargetImage:
    def test_the_container_is_created_from_the_reference_as_written(self, engine: FakeEngine) -> None:
        recreate(engine)
        assert engine.created[0]["Image"] == "shop:1"

    def test_image_moves_the_container_to_another_reference(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "newer"
        result = recreate(engine, image="shop:2")
        assert engine.created[0]["Image"] == "shop:2"
        assert (result.new_image.reference, result.new_image.id) == ("shop:2", "newer")

    def test_a_container_with_the_same_image_is_unchanged(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        result = recreate(engine)
        assert result.outcome is Outcome.UNCHANGED
        assert engine.calls == ["inspect", "pull"]
        assert (result.container_id, result.downtime) == (engine.container("web")["Id"], None)

    def test_force_recreates_the_same_image(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:1"] = "old"
        assert recreate(engine, force=True).outcome is Outcome.RECREATED


class TestErrors:
    def test_a_container_that_does_not_exist_is_an_error(self, engine: FakeEngine) -> None:
        with pytest.raises(InspectFailed, match="no container .* shop "):
            recreate(engine, container="shop")

    @pytest.mark.parametrize("short_id", ["854aadc109de", "sha256:854aadc1"])
    def test_a_short_image_id_is_not_a_reference(self, engine: FakeEngine, short_id: str) -> None:
        engine._find("web")["Config"]["Image"] = short_id
        engine._find("web")["Image"] = "sha256:854aadc109de" + "0" * 52
        with pytest.raises(InvalidImageReference, match="created from an image ID"):
            recreate(engine)

    def test_a_full_id_names_a_container(self, engine: FakeEngine) -> None:
        assert recreate(engine, container=engine.container("web")["Id"]).container_name == "web"

    def test_a_container_that_cannot_be_inspected_is_not_changed(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = REFUSAL
        with pytest.raises(InspectFailed, match="was not changed: the engine says no"):
            recreate(engine)

    def test_a_container_created_from_an_image_id_needs_the_option_image(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference, match="web was not changed: it was created from an image ID"):
            recreate(engine)

    def test_a_refused_container_is_not_stopped(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            recreate(engine)
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web"]


class TestUnchanged:
    def test_a_container_that_is_up_to_date_is_not_refused(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        engine.registry["docker.io/library/shop:1"] = "old"
        assert recreate(engine).outcome is Outcome.UNCHANGED


class TestImages:
    def test_the_result_has_the_old_and_the_new_image(self, engine: FakeEngine) -> None:
        engine.images["old"] = {"RepoDigests": [f"shop@{DIGEST}"]}
        engine.registry["docker.io/library/shop:2"] = "newer"
        result = recreate(engine, image="shop:2")
        assert result.old_image == ImageIdentity("shop:1", "old", DIGEST, digests=(DIGEST,))
        assert result.new_image == ImageIdentity("shop:2", "newer")
        assert result.container_name == "web"

    def test_the_same_image_under_another_reference_is_unchanged(self, engine: FakeEngine) -> None:
        engine.registry["docker.io/library/shop:2"] = "old"
        result = recreate(engine, Cleanup(remove_replaced=True, prune_dangling=True), image="shop:2")
        assert engine.calls == ["inspect", "pull"], "there is nothing to clean up"
        assert (result.outcome, result.container_name) == (Outcome.UNCHANGED, "web")
        assert (result.old_image.reference, result.new_image.reference) == ("shop:1", "shop:2")
        assert [step.name for step in result.steps] == ["lock", "inspect", "pull"]

    def test_image_moves_a_container_that_was_created_from_an_image_id(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        engine.images["old"] = {"RepoTags": ["shop:1"]}
        result = recreate(engine, Cleanup(remove_replaced=True), image="shop:1")
        assert (result.outcome, result.old_image.digest) == (Outcome.RECREATED, None)
        assert "remove_image:old" not in engine.calls, "the tag shop:1 still points at it"


class TestMessages:
    def test_a_lost_connection_does_not_mean_that_the_container_does_not_exist(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = NoAnswer("the connection broke")
        with pytest.raises(InspectFailed, match="could not be inspected"):
            recreate(engine)

    def test_the_image_id_is_in_the_message(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference, match="an image ID \\(sha256:0000"):
            recreate(engine)


class TestArchives:
    @pytest.mark.parametrize("by_id", [False, True])
    def test_a_kept_archive_is_refused(self, engine: FakeEngine, by_id: bool) -> None:
        memory = FakeJournal()
        web = engine.container("web")["Id"]
        recreate(engine, keep_archive=True, memory=memory)
        before = engine.container("web-old-1000")
        with pytest.raises(Refused, match="web-old-1000 is an archive of web"):
            recreate(engine, container=web if by_id else "web-old-1000", memory=memory, force=True)
        assert engine.container("web-old-1000") == before

    def test_a_container_that_only_has_the_name_of_an_archive_is_updated(self, engine: FakeEngine) -> None:
        engine.add_container("shop-old-7", "shop:1", "old")
        assert recreate(engine, container="shop-old-7").outcome is Outcome.RECREATED


class TestRejected:
    """After a rollback, the same image is not tried again."""

    @pytest.fixture
    def memory(self, engine: FakeEngine) -> FakeJournal:
        memory = FakeJournal()
        engine.probe_results["NEW"] = [exited(3)]
        assert recreate(engine, memory=memory).outcome is Outcome.ROLLED_BACK
        engine.probe_results.clear()
        engine.calls.clear()
        return memory

    def test_a_rejected_image_is_skipped_and_its_tag_is_pointed_back_again(self, engine: FakeEngine, memory: FakeJournal) -> None:
        assert engine.local["docker.io/library/shop:1"] == "old"
        result = recreate(engine, memory=memory)
        assert engine.calls == ["inspect", "pull", "surroundings", "changes:web", "inspect", "surroundings", "tag:shop:1=old"]
        assert (result.outcome, result.downtime) == (Outcome.SKIPPED, None)
        assert result.skipped is not None
        assert result.warnings == (result.skipped.why,)
        assert "set force: true" in result.skipped.why
        assert result.container_id == engine.container("web")["Id"]
        assert result.rejected is not None
        assert (result.rejected.image_id, result.rejected.reason) == ("new", "crashed: web exited with code 3")
        assert engine.local["docker.io/library/shop:1"] == "old"

    def test_force_tries_a_rejected_image_and_erases_its_record(self, engine: FakeEngine, memory: FakeJournal) -> None:
        assert recreate(engine, memory=memory, force=True).outcome is Outcome.RECREATED
        assert memory.records == {}

    def test_a_newer_image_is_tried_after_a_rejected_one(self, engine: FakeEngine, memory: FakeJournal) -> None:
        engine.registry["docker.io/library/shop:1"] = "newer"
        assert recreate(engine, memory=memory).outcome is Outcome.RECREATED
        assert memory.records == {}

    def test_another_reference_to_a_rejected_image_is_tried(self, engine: FakeEngine, memory: FakeJournal) -> None:
        """The operator asks for it by its name."""
        engine.registry["docker.io/library/shop:2"] = "new"
        assert recreate(engine, memory=memory, image="shop:2").outcome is Outcome.RECREATED

    @pytest.mark.parametrize("image", ["shop:1", "docker.io/library/shop:1"])
    def test_same_reference_in_other_words_is_skipped(self, engine: FakeEngine, memory: FakeJournal, image: str) -> None:
        assert recreate(engine, memory=memory, image=image).outcome is Outcome.SKIPPED

    @pytest.mark.parametrize(
        "change",
        [
            {"Config": {"Env": ["PASSWORD=other"]}},
            {"Config": {"Cmd": ["serve", "--fast"]}},
            {"Config": {"User": "1000"}},
            {"HostConfig": {"Memory": 2**30}},
            {"HostConfig": {"Binds": ["/srv:/data"]}},
            {"NetworkSettings": {"Networks": {"shop": {}}}},
        ],
        ids=str,
    )
    def test_container_that_is_configured_in_another_way_tries_it(
        self, engine: FakeEngine, memory: FakeJournal, change: dict[str, dict[str, object]]
    ) -> None:
        for part, values in change.items():
            engine._find("web")[part].update(values)
        engine.networks.add("shop")
        assert recreate(engine, memory=memory).outcome is Outcome.RECREATED

    @pytest.mark.parametrize("kept", [{"keep_env": frozenset({"MODE"})}, {"keep": frozenset({"user"})}])
    def test_other_things_to_keep_are_another_configuration(
        self, engine: FakeEngine, memory: FakeJournal, kept: dict[str, frozenset[str]]
    ) -> None:
        assert recreate(engine, memory=memory, **kept).outcome is Outcome.RECREATED

    def test_record_without_a_configuration_holds_for_every_one(self, engine: FakeEngine, memory: FakeJournal) -> None:
        """Earlier versions recorded none."""
        fields = json.loads(memory.records["evenkeel-rejected.web"])
        memory.records["evenkeel-rejected.web"] = json.dumps({**fields, "configuration": "", "kept": None})
        engine._find("web")["Config"]["Env"] = ["PASSWORD=other"]
        assert recreate(engine, memory=memory).outcome is Outcome.SKIPPED

    @pytest.mark.behaviour("F-N6")
    @pytest.mark.parametrize(
        ("other_follows", "other_exists", "warns"), [("shop:1", True, True), ("shop:2", True, False), ("shop:1", False, False)]
    )
    def test_tag_that_moves_to_an_image_that_another_container_rejected_is_a_warning(
        self, engine: FakeEngine, memory: FakeJournal, other_follows: str, other_exists: bool, warns: bool
    ) -> None:
        memory.records["evenkeel-rejected.api"] = memory.records.pop("evenkeel-rejected.web")
        if other_exists:
            engine.add_container("api", other_follows, "old")
        result = recreate(engine, memory=memory)
        assert result.outcome is Outcome.RECREATED
        assert any("api was rolled back from (crashed)" in warning for warning in result.warnings) is warns
