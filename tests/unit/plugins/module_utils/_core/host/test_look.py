# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of each container on a host, and the calls that it takes to find it out."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import EngineError, Forbidden, InspectFailed, PullErrorKind
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import Selection, Status
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.report import host_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from support.fakes.engine import FakeEngine, digest_of
from support.fakes.host_of_web import DAY, NOW, TAG, host_of_web, inspect
from support.fakes.host_reader import FakeHostReader


@pytest.fixture
def reader() -> FakeHostReader:
    return host_of_web()


@pytest.fixture
def engine(reader: FakeHostReader) -> FakeEngine:
    return reader.engine


def status(reader: FakeHostReader, name: str = "web", **query: Any) -> Status:
    found = {info.name: info.assessment.status for info in inspect(reader, **query).containers}
    return found[name]


class TestStatus:
    def test_a_container_is_up_to_date_if_the_registry_has_its_digest(self, reader: FakeHostReader) -> None:
        assert status(reader) is Status.UP_TO_DATE
        assert reader.calls == ["containers", "memory", "journal", "images", f"ask:{TAG}"]

    def test_a_container_is_outdated_if_the_registry_has_another_digest(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        (web,) = inspect(reader).containers
        assert (web.assessment.status, web.outdated, web.assessment.certain) == (Status.OUTDATED, True, False)
        assert "compressed again" in web.assessment.reason
        assert reader.calls[-1] == "container:web"

    def test_a_container_whose_tag_has_moved_is_inspected_to_read_its_reference(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.local[TAG] = engine.registry[TAG] = "new"
        (web,) = inspect(reader).containers
        assert web.image.reference == "shop:1"
        assert web.outdated
        assert reader.calls == ["containers", "memory", "journal", "container:web", "images", f"ask:{TAG}", "image:new", "image:old"]

    def test_the_same_digest_in_another_repository_is_the_same_image(
        self, engine: FakeEngine, reader: FakeHostReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The image was pulled from a mirror and tagged."""
        mirrored = {"Id": "old", "RepoTags": ["shop:1"], "RepoDigests": [f"mirror.example/shop@{digest_of('old')}"], "Created": 0}
        monkeypatch.setattr(reader, "images", lambda: (mirrored,))
        assert status(reader, "web") is Status.UP_TO_DATE
        engine.registry[TAG] = "new"
        assert status(reader, "web") is Status.OUTDATED

    def test_an_image_on_this_host_makes_the_result_certain(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        (web,) = inspect(reader).containers
        assert (web.outdated, web.assessment.certain, web.assessment.reason) == (True, True, "")

    def test_a_different_index_leaves_the_result_uncertain(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        (web,) = inspect(reader).containers
        assert (web.outdated, web.assessment.certain) == (True, False)
        assert "a new index" in web.assessment.reason

    def test_an_index_without_this_platform_is_not_an_update(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        engine.platforms = ("linux/s390x", "linux/arm64")
        (web,) = inspect(reader).containers
        assert (web.assessment.status, web.assessment.problem) == (Status.UNKNOWN, PullErrorKind.NO_PLATFORM)
        engine.platforms = ("linux/s390x", "linux/amd64")
        assert status(reader, "web") is Status.OUTDATED

    def test_an_unknown_architecture_does_not_rule_out_an_index(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        engine.platforms = ("linux/s390x",)
        reader.errors["architecture"] = EngineError("no")
        assert status(reader, "web") is Status.OUTDATED

    @pytest.mark.parametrize("reference", [f"shop@{digest_of('old')}", f"shop:1@{digest_of('old')}"])
    def test_a_pinned_container_is_not_looked_up(self, engine: FakeEngine, reader: FakeHostReader, reference: str) -> None:
        engine.add_container("pinned", reference, "old")
        engine.remove_externally("web")
        assert status(reader, "pinned") is Status.PINNED
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("text", [f"sha256:{'a' * 64}", "a" * 64, "a" * 12])
    def test_a_container_created_from_an_image_id_is_local(self, engine: FakeEngine, reader: FakeHostReader, text: str) -> None:
        engine._find("web")["Config"]["Image"] = text
        engine._find("web")["Image"] = f"sha256:{'a' * 64}"
        assert status(reader) is Status.LOCAL
        assert "ask" not in "".join(reader.calls)

    def test_an_image_built_here_that_the_registry_does_not_have_is_local(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        engine.registry.clear()
        (web,) = inspect(reader).containers
        assert web.assessment.status is Status.LOCAL
        assert (
            "docker.io does not offer it: the image does not exist: manifest for docker.io/library/shop:1 not found"
            in web.assessment.reason
        )

    def test_an_image_built_here_is_outdated_if_the_registry_has_its_reference(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        engine.registry[TAG] = "new"
        assert status(reader) is Status.OUTDATED

    def test_a_pulled_image_that_the_registry_no_longer_has_is_unknown(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry.clear()
        (web,) = inspect(reader).containers
        assert (web.assessment.status, web.assessment.problem and web.assessment.problem.value) == (Status.UNKNOWN, "not_found")

    def test_an_image_built_here_is_unknown_if_the_registry_does_not_answer(self, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        reader.no_answer[TAG] = EngineError("dial tcp: connection refused")
        (web,) = inspect(reader).containers
        assert (web.assessment.status, web.assessment.reason) == (
            Status.UNKNOWN,
            "shop:1: the registry is unreachable or out of order: dial tcp: connection refused",
        )

    def test_an_excluded_container_is_not_looked_up(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine._find("web")["Config"]["Labels"] = {"evenkeel.enable": "false"}
        assert status(reader) is Status.EXCLUDED
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("label", ["com.docker.swarm.task.id", "io.kubernetes.pod.name"])
    def test_a_container_of_an_orchestrator_is_managed_elsewhere(self, engine: FakeEngine, reader: FakeHostReader, label: str) -> None:
        engine._find("web")["Config"]["Labels"] = {label: "1"}
        assert status(reader) is Status.MANAGED_ELSEWHERE

    def test_a_container_of_compose_run_is_managed_elsewhere(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine._find("web")["Config"]["Labels"] = {"com.docker.compose.oneoff": "True"}
        assert status(reader) is Status.MANAGED_ELSEWHERE

    @pytest.mark.parametrize("is_here", [True, False])
    def test_a_rejected_image_is_recognised_by_id_or_digest(self, engine: FakeEngine, reader: FakeHostReader, is_here: bool) -> None:
        """The image may have been removed since, so that only its digest is known."""
        engine.registry[TAG] = "new"
        if is_here:
            engine.local["docker.io/library/shop:bad"] = "new"
        Rejections(reader.records["memory"]).remember("web", Rejected("shop:1", "new", digest_of("new"), "crashed", 1))
        info = inspect(reader)
        assert info.containers[0].assessment.status is Status.REJECTED
        assert info.outdated == ()

    def test_a_rejected_image_does_not_prevent_an_update_to_another_one(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "newer"
        Rejections(reader.records["memory"]).remember("web", Rejected("shop:1", "new", digest_of("new"), "crashed", 1))
        assert status(reader) is Status.OUTDATED

    @pytest.mark.parametrize(("age", "expected"), [(DAY - 1, Status.TOO_YOUNG), (DAY, Status.OUTDATED)])
    def test_an_image_below_min_image_age_is_too_young(
        self, engine: FakeEngine, reader: FakeHostReader, age: int, expected: Status
    ) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        engine.images["new"] = {"Created": datetime.fromtimestamp(NOW - age, timezone.utc).isoformat()}
        assert status(reader, min_image_age=DAY) is expected

    def test_the_age_of_an_image_that_is_not_on_this_host_is_uncertain(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        (web,) = inspect(reader, min_image_age=DAY).containers
        assert (web.outdated, web.assessment.certain) == (True, False)
        assert web.assessment.reason.endswith("; the age of the image is unknown until it is pulled")

    def test_an_image_without_a_credible_build_date_causes_a_warning(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        info = inspect(reader, min_image_age=DAY)
        assert info.outdated == ("web",)
        assert info.warnings == ("web: min_image_age is not applied, because shop:1 has no credible build date.",)

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_other_pull_policies_use_the_local_tag(self, engine: FakeEngine, reader: FakeHostReader, policy: PullPolicy) -> None:
        engine.registry[TAG] = "newest"
        assert status(reader, policy=policy) is Status.UP_TO_DATE
        engine.local[TAG] = "new"
        assert status(reader, policy=policy) is Status.OUTDATED
        assert "ask" not in "".join(reader.calls)

    def test_pull_missing_asks_the_registry_if_the_tag_does_not_exist_here(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        del engine.local[TAG]
        assert status(reader, policy=PullPolicy.MISSING) is Status.UP_TO_DATE
        assert status(reader, policy=PullPolicy.NEVER) is Status.UNKNOWN
        assert reader.calls.count(f"ask:{TAG}") == 1


class TestObstacles:
    @pytest.mark.parametrize(
        ("change", "words"),
        [({"State": {"Status": "paused"}}, "it is paused"), ({"HostConfig": {"AutoRemove": True}}, "started with --rm")],
    )
    def test_a_container_that_an_update_would_refuse_is_outdated_with_an_obstacle(
        self, engine: FakeEngine, reader: FakeHostReader, change: dict[str, Any], words: str
    ) -> None:
        engine.registry[TAG] = "new"
        for part, values in change.items():
            engine._find("web")[part].update(values)
        info = inspect(reader)
        assert info.containers[0].outdated
        assert words in info.containers[0].obstacle
        assert info.outdated == ()


class TestSelection:
    def test_names_that_do_not_exist_are_missing(self, reader: FakeHostReader) -> None:
        selection = Selection(names=frozenset({"web", "absent", "no"}), states=frozenset({"exited"}))
        assert inspect(reader, selection=selection).missing == ("absent", "no")

    def test_each_reference_of_the_selected_containers_is_looked_up_once(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.add_container("db", "db:1", "db")
        engine.add_container("cache", "cache:1", "cache")
        engine._find("cache")["State"]["Status"] = "exited"
        for number in range(5):
            engine.add_container(f"more-{number}", ("db", "docker.io/library/db:latest", "db:1")[number % 3], "db")
        engine._find("more-0")["Config"]["Image"] = "db:latest"
        inspect(reader, selection=Selection(states=frozenset({"running"})))
        asked = [call for call in reader.calls if call.startswith("ask:")]
        assert sorted(asked) == ["ask:docker.io/library/db:1", "ask:docker.io/library/db:latest", f"ask:{TAG}"]


class TestForbiddenCalls:
    """If a call is not allowed, its answer is unknown. All other answers are still given."""

    FORBIDDEN = Forbidden("Request forbidden by administrative rules")

    @pytest.fixture(autouse=True)
    def _outdated_and_pinned(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "new"
        engine.add_container("pinned", f"shop@{digest_of('old')}", "old")

    def test_without_the_list_of_containers_the_inspection_fails(self, reader: FakeHostReader) -> None:
        reader.errors["containers"] = self.FORBIDDEN
        with pytest.raises(InspectFailed, match=r"could not be listed: Request forbidden by administrative rules$"):
            inspect(reader)

    def test_without_the_registry_the_status_is_unknown(self, reader: FakeHostReader) -> None:
        reader.no_answer[TAG] = self.FORBIDDEN
        pinned, web = host_report(inspect(reader))["containers"]
        assert (pinned["status"], web["status"], web["problem"]) == ("pinned", "unknown", "forbidden")
        assert web["registry"] is None
        assert web["reason"].startswith("shop:1: something in front of the engine blocks this call: Request forbidden")

    def test_without_the_list_of_images_the_status_is_unknown(self, reader: FakeHostReader) -> None:
        reader.errors["images"] = self.FORBIDDEN
        pinned, web = host_report(inspect(reader))["containers"]
        assert (pinned["status"], web["status"]) == ("pinned", "unknown")
        assert web["reason"].startswith("the images of this host could not be listed")
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("call", ["memory", "journal"])
    def test_without_the_volumes_the_result_is_uncertain(self, reader: FakeHostReader, call: str) -> None:
        reader.errors[call] = self.FORBIDDEN
        info = inspect(reader)
        web = host_report(info)["containers"][1]
        assert (web["status"], web["certain"], web["archives"], web["interrupted"], web["busy"]) == ("outdated", False, None, None, None)
        assert len(info.warnings) == 1

    def test_a_container_whose_tag_has_moved_is_unknown_if_it_cannot_be_inspected(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.local[TAG] = "new"
        reader.errors["container:web"] = self.FORBIDDEN
        info = inspect(reader)
        assert info.containers[1].assessment.status is Status.UNKNOWN
        assert info.warnings[0] == "web could not be inspected: Request forbidden by administrative rules"
        assert info.warnings[1].startswith("web: whether it is outdated is unknown: it could not be inspected")

    def test_an_outdated_container_that_cannot_be_inspected_causes_a_warning(self, reader: FakeHostReader) -> None:
        reader.errors["container:web"] = self.FORBIDDEN
        info = inspect(reader)
        assert info.outdated == ("web",)
        assert len(info.warnings) == 1
