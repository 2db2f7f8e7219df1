# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode predicts for an update: the image, and where a run would fail."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InspectFailed,
    InvalidImageReference,
    NotFound,
    PullFailed,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import LostFiles
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from support.fakes.check_mode import check_web
from support.fakes.engine import FakeEngine, FakeJournal, digest_of
from support.fakes.update_of_web import outdated_web

SHOP = "docker.io/library/shop:1"


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestImage:
    def test_newer_image_would_be_recreated(self, engine: FakeEngine) -> None:
        result = check_web(engine)
        assert (result.outcome, result.container_id) == (Outcome.RECREATED, engine.container("web")["Id"])
        assert (result.new_image.id, result.new_image.digest) == ("", digest_of("new"))
        assert "compressed again" in result.doubt
        assert result.diff is not None

    def test_newer_image_that_is_local_leaves_no_doubt(self, engine: FakeEngine) -> None:
        engine.local["docker.io/library/other:1"] = "new"
        engine.local["docker.io/library/shop:2"] = "new"
        result = check_web(engine)
        assert (result.outcome, result.new_image.id, result.doubt) == (Outcome.RECREATED, "new", "")

    def test_same_image_would_be_unchanged(self, engine: FakeEngine) -> None:
        engine.registry[SHOP] = "old"
        result = check_web(engine)
        assert (result.outcome, result.doubt, result.diff) == (Outcome.UNCHANGED, "", None)
        assert check_web(engine, force=True).outcome is Outcome.RECREATED

    def test_same_image_in_another_repository_would_be_unchanged(self, engine: FakeEngine) -> None:
        engine.registry["mirror.example/shop:1"] = "old"
        engine.images["old"] = {"RepoDigests": [f"shop@{digest_of('old')}"]}
        engine.errors["local_image"] = NotFound("the host knows it by the other repository only")
        assert check_web(engine, image="mirror.example/shop:1").outcome is Outcome.UNCHANGED

    def test_other_index_leaves_a_doubt(self, engine: FakeEngine) -> None:
        engine.publishes_indexes = True
        result = check_web(engine)
        assert result.outcome is Outcome.RECREATED
        assert "a new index" in result.doubt

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_local_image_is_used_when_it_need_not_be_pulled(self, engine: FakeEngine, policy: PullPolicy) -> None:
        assert check_web(engine, pull=policy).outcome is Outcome.UNCHANGED
        engine.local[SHOP] = "newer"
        result = check_web(engine, pull=policy)
        assert (result.outcome, result.new_image.id, result.doubt) == (Outcome.RECREATED, "newer", "")
        assert "published" not in engine.calls


class TestPlatform:
    def test_image_for_another_platform_is_refused(self, engine: FakeEngine) -> None:
        engine.platforms = ("linux/s390x",)
        with pytest.raises(Refused, match="built for s390x"):
            check_web(engine)

    def test_index_without_the_platform_of_the_engine_is_a_failed_pull(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/arm/v7", "unknown/unknown"), True
        with pytest.raises(PullFailed, match="no matching manifest for amd64: the registry has the image for linux/s390x, linux/arm/v7"):
            check_web(engine)

    def test_index_with_the_platform_of_the_engine_would_be_recreated(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/amd64"), True
        assert check_web(engine).outcome is Outcome.RECREATED

    def test_emulated_container_may_stay_on_its_platform(self, engine: FakeEngine) -> None:
        engine.platforms = ("linux/s390x",)
        engine.images["old"] = {"Architecture": "s390x"}
        result = check_web(engine)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    def test_emulated_container_that_moves_to_the_platform_of_the_engine_is_a_warning(self, engine: FakeEngine) -> None:
        """The engine does not report which platform was requested."""
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/amd64"), True
        engine.images["old"] = {"Architecture": "s390x"}
        result = check_web(engine)
        assert (result.outcome, len(result.warnings)) == (Outcome.RECREATED, 1)
        assert result.warnings[0].startswith("web runs an image for s390x, and the new image is for amd64. ")

    def test_index_without_the_platform_of_the_engine_fails_for_an_emulated_container(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x",), True
        engine.images["old"] = {"Architecture": "s390x"}
        with pytest.raises(PullFailed):
            check_web(engine)

    def test_index_with_a_compatible_older_platform_is_refused_after_the_pull(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/386",), True
        with pytest.raises(Refused, match="built for 386"):
            check_web(engine)


class TestFailures:
    """Check mode fails where a run would fail."""

    def test_unpublished_image_is_a_failed_pull(self, engine: FakeEngine) -> None:
        del engine.registry[SHOP]
        with pytest.raises(PullFailed, match="web was not changed"):
            check_web(engine)

    def test_missing_local_image_with_pull_never_is_a_failed_pull(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="never"):
            check_web(engine, image="shop:2", pull=PullPolicy.NEVER)

    def test_missing_container_is_an_error(self, engine: FakeEngine) -> None:
        with pytest.raises(InspectFailed):
            check_web(engine, container="nobody")

    def test_container_created_from_an_image_id_is_an_error(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference):
            check_web(engine)

    def test_container_that_fails_a_preflight_check_is_refused(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            check_web(engine)

    def test_lost_files_are_predicted(self, engine: FakeEngine) -> None:
        engine.changed_files["web"] = [{"Path": "/etc/web.conf", "Kind": 1}]
        result = check_web(engine)
        assert result.lost_files == ("/etc/web.conf",)
        assert result.warnings[0].endswith("the new container will not have them: /etc/web.conf")
        with pytest.raises(Refused):
            check_web(engine, lost_files=LostFiles.REFUSE)


class TestRejectedImage:
    def rejected(self, image_id: str, digest: str | None) -> FakeJournal:
        memory = FakeJournal()
        Rejections(memory).remember("web", Rejected("shop:1", image_id, digest, "crashed", 1))
        return memory

    def test_rejected_image_that_is_not_local_is_recognised_by_its_digest(self, engine: FakeEngine) -> None:
        result = check_web(engine, self.rejected("new", digest_of("new")))
        assert result.outcome is Outcome.SKIPPED
        assert result.rejected
        assert check_web(engine, self.rejected("new", digest_of("new")), force=True).outcome is Outcome.RECREATED

    def test_rejected_image_that_is_local_is_recognised_by_its_id(self, engine: FakeEngine) -> None:
        engine.local["docker.io/library/shop:2"] = "new"
        assert check_web(engine, self.rejected("new", None)).outcome is Outcome.SKIPPED
        assert check_web(engine, self.rejected("other", digest_of("other"))).outcome is Outcome.RECREATED

    def test_newer_image_than_the_rejected_one_leaves_no_doubt_about_the_rejection(self, engine: FakeEngine) -> None:
        result = check_web(engine, self.rejected("bad", digest_of("bad")))
        assert (result.outcome, "an earlier rollback rejected" in result.doubt) == (Outcome.RECREATED, False)

    def test_rejected_image_without_a_digest_leaves_a_doubt(self, engine: FakeEngine) -> None:
        result = check_web(engine, self.rejected("bad", None))
        assert result.outcome is Outcome.RECREATED
        assert "an earlier rollback rejected" in result.doubt
