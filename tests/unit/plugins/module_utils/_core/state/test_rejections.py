# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import ImageIdentity
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.image.tags import point_tag_back
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections, how_to_forget, reject
from support.fakes.engine import FakeEngine, FakeJournal, fake_context

BAD = Rejected("shop:1", "bad", None, "crashed: web exited with code 3", 1000)
OLD, NEW = ImageIdentity("shop:1", "old"), ImageIdentity("shop:1", "new", "sha256:d")
KEY = "evenkeel-rejected.web"


@pytest.fixture
def memory() -> FakeJournal:
    return FakeJournal()


def test_rejection_is_recalled_until_it_is_forgotten(memory: FakeJournal) -> None:
    rejections = Rejections(memory)
    assert rejections.recall("web") is None
    assert rejections.remember("web", BAD) == ()
    assert rejections.recall("web") == BAD
    assert rejections.recall("web-2") is None
    assert rejections.forget("web") == ()
    assert (rejections.recall("web"), memory.records) == (None, {})


def test_last_rejection_wins(memory: FakeJournal) -> None:
    rejections = Rejections(memory)
    rejections.remember("web", BAD)
    worse = Rejected("shop:1", "worse", "sha256:d", "crashed", 2000)
    rejections.remember("web", worse)
    assert rejections.recall("web") == worse


def test_rejections_of_others_are_all_readable_ones_except_the_own(memory: FakeJournal) -> None:
    rejections = Rejections(memory)
    for container in ("web", "web-2", "db"):
        rejections.remember(container, BAD)
    memory.records.update({"evenkeel-rejected.odd": "no JSON", "evenkeel-archives.web": "[]", "their-evenkeel-rejected.x": "{}"})
    memory.calls.clear()
    assert dict(rejections.of_others("web")) == {"web-2": BAD, "db": BAD}
    assert memory.calls == ["read_all:evenkeel-rejected."], "one call, however many there are"
    memory.errors.append(EngineError("the engine says no"))
    assert list(rejections.of_others("web")) == []


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"reference": "shop:1"}', "3"])
def test_unreadable_rejection_is_not_recalled(memory: FakeJournal, text: str) -> None:
    memory.records[KEY] = text
    assert Rejections(memory).recall("web") is None


def test_rejection_that_was_recorded_before_manifests_were_is_recalled(memory: FakeJournal) -> None:
    memory.records[KEY] = '{"reference": "shop:1", "image_id": "new", "digest": "sha256:d", "reason": "crashed", "since": 3}'
    rejected = Rejections(memory).recall("web")
    assert rejected
    assert rejected.is_image(ImageIdentity("shop:1", "new"))
    assert rejected.is_image(ImageIdentity("shop:1", "", "sha256:d"))
    assert not rejected.is_image(ImageIdentity("shop:1", "newer"))


def test_rejected_image_is_recognised_in_a_new_index(memory: FakeJournal) -> None:
    bad = ImageIdentity("shop:1", "index", "index", "manifest", "content", ("index", "manifest"))
    reject(fake_context(FakeEngine(), memory), "web", "web-id", OLD, bad, "crashed")
    rejected = Rejections(memory).recall("web")
    assert rejected
    assert rejected.is_image(ImageIdentity("shop:1", "new-index", manifest="manifest"))
    assert rejected.is_image(ImageIdentity("shop:1", "compressed-again", manifest="other", content="content"))
    assert not rejected.is_image(ImageIdentity("shop:1", "new-index", manifest="other", content="other"))
    assert not rejected.is_image(ImageIdentity("shop:1", "", "new-index"))


def test_memory_that_cannot_be_used_is_a_warning(memory: FakeJournal) -> None:
    memory.errors.append(EngineError("the engine says no"))
    rejections = Rejections(memory)
    assert rejections.recall("web") is None
    assert "tries it again: the engine says no" in rejections.remember("web", BAD)[0]
    assert rejections.forget("web")[0].endswith("Remove it with: docker volume rm evenkeel-rejected.web")
    assert how_to_forget("web") == f"docker volume rm {KEY}"


def test_reject_remembers_the_image_and_points_the_tag_back(memory: FakeJournal) -> None:
    engine = FakeEngine()
    engine.local["docker.io/library/shop:1"] = "new"
    assert reject(fake_context(engine, memory), "web", "web-id", OLD, NEW, "crashed") == ()
    assert Rejections(memory).recall("web") == Rejected("shop:1", "new", "sha256:d", "crashed", 1000)
    assert engine.local["docker.io/library/shop:1"] == "old"


def test_reject_warns_once_for_each_failure(memory: FakeJournal) -> None:
    engine = FakeEngine()
    memory.errors.append(EngineError("no"))
    engine.errors["tag:shop:1=old"] = EngineError("no")
    assert len(reject(fake_context(engine, memory), "web", "web-id", OLD, NEW, "crashed")) == 2


@pytest.mark.parametrize(
    ("running", "rejected", "calls"),
    [
        ("shop:1", "shop:1", ["surroundings", "tag:shop:1=old"]),
        ("docker.io/library/shop:1", "shop:1", ["surroundings", "tag:docker.io/library/shop:1=old"]),
        ("shop", "shop:latest", ["surroundings", "tag:shop=old"]),
        ("shop:1", "shop:2", []),
        ("shop:1", "shop:1@sha256:" + "d" * 64, []),
        ("shop@sha256:" + "d" * 64, "shop@sha256:" + "d" * 64, []),
        ("sha256:" + "e" * 64, "shop:1", []),
        ("<none>", "shop:1", []),
    ],
)
def test_only_the_shared_tag_is_pointed_back(running: str, rejected: str, calls: list[str]) -> None:
    engine = FakeEngine()
    assert point_tag_back(engine, "web-id", ImageIdentity(running, "old"), ImageIdentity(rejected, "new")) == ()
    assert engine.calls == calls


def test_same_image_moves_no_tag() -> None:
    engine = FakeEngine()
    assert point_tag_back(engine, "web-id", OLD, OLD) == ()
    assert engine.calls == []


@pytest.mark.parametrize("status", ["running", "exited"])
def test_tag_that_another_running_container_uses_is_left_alone(status: str) -> None:
    """Moving the tag would roll that container back too, the next time its tag is resolved."""
    engine = FakeEngine()
    web = engine.add_container("web", "shop:1", "old")
    engine.add_container("api", "docker.io/library/shop:1", "new")
    engine._find("api")["State"]["Status"] = status
    warnings = point_tag_back(engine, web, OLD, NEW)
    assert ("tag:shop:1=old" in engine.calls) == (status != "running")
    assert ["because api runs that image under it. A new container" in warning for warning in warnings] == (
        [True] if status == "running" else []
    )


@pytest.mark.parametrize(("reference", "image_id"), [("shop:2", "new"), ("shop:1", "old")])
def test_other_containers_on_other_images_do_not_matter(reference: str, image_id: str) -> None:
    engine = FakeEngine()
    web = engine.add_container("web", "shop:1", "old")
    engine.add_container("api", reference, image_id)
    assert point_tag_back(engine, web, OLD, NEW) == ()
    assert engine.calls[-1] == "tag:shop:1=old"
