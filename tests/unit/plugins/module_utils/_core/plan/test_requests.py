# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which options a request accepts."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    InvalidInput,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    PullPolicy,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import LONGEST
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from support.fakes.engine import (
    FakeEngine,
)
from support.fakes.update_by_digest import ELSEWHERE, TESTED
from support.fakes.update_of_web import outdated_web, recreate


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestRequest:
    def test_the_defaults_are_those_of_the_module(self) -> None:
        assert RecreateRequest("web") == RecreateRequest("web", image=None, pull=PullPolicy("always"), force=False, stop_timeout=None)
        assert [policy.value for policy in PullPolicy] == ["always", "missing", "never"]

    @pytest.mark.parametrize("name", ["", "-web", "web app", "web/1"])
    def test_an_invalid_container_name_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidInput, match="must be the name or the full ID of one container, not"):
            RecreateRequest(name)

    @pytest.mark.parametrize("name", ["w", "Web_1.2-3"])
    def test_a_valid_container_name_is_accepted(self, name: str) -> None:
        assert RecreateRequest(name).container == name

    @pytest.mark.parametrize("seconds", [-1, LONGEST + 1])
    def test_a_stop_timeout_out_of_range_is_refused(self, seconds: int) -> None:
        with pytest.raises(InvalidInput, match="stop_timeout"):
            RecreateRequest("web", stop_timeout=seconds)

    @pytest.mark.parametrize("seconds", [0, LONGEST])
    def test_a_stop_timeout_within_range_is_accepted(self, seconds: int) -> None:
        assert RecreateRequest("web", stop_timeout=seconds).stop_timeout == seconds

    def test_the_containers_own_stop_timeout_may_be_zero(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["StopTimeout"] = 0
        recreate(engine)
        assert engine.stop_timeouts == [0]

    def test_an_invalid_image_reference_is_refused_before_any_call(self) -> None:
        with pytest.raises(InvalidInput, match="lower case"):
            RecreateRequest("web", image="Shop")


class TestContainerId:
    @pytest.mark.parametrize(("container", "by_id"), [("a" * 64, True), ("a" * 12, False), ("a" * 65, False)])
    def test_only_a_full_id_is_an_id(self, container: str, by_id: bool) -> None:
        assert RecreateRequest(container).is_by_id is by_id


class TestImageDigest:
    @pytest.mark.parametrize("image", ["shop", "shop:1"])
    def test_an_image_with_another_digest_than_image_digest_is_refused(self, image: str) -> None:
        with pytest.raises(InvalidInput, match="has another digest"):
            RecreateRequest("web", image=f"{image}@{ELSEWHERE}", image_digest=TESTED)

    @pytest.mark.parametrize("digest", ["", "latest", "sha256:abc", TESTED[7:], f"shop@{TESTED}"])
    def test_an_image_digest_that_is_not_a_digest_is_refused(self, digest: str) -> None:
        with pytest.raises(InvalidInput, match="image_digest must be a digest"):
            RecreateRequest("web", image_digest=digest)


@pytest.mark.parametrize("age", [-1, float("inf"), float("nan")])
def test_a_request_refuses_an_impossible_age(age: float) -> None:
    with pytest.raises(InvalidInput, match="min_image_age must be"):
        RecreateRequest("web", min_image_age=age)
