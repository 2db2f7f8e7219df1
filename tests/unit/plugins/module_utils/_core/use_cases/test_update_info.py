# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Dependent
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    Forbidden,
    InspectFailed,
    InvalidInput,
    PullErrorKind,
    PullFailed,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.model import HostInfo, Selection, Status, UpdateQuery
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.host.report import host_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_recreation
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveRecord, ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key, successor_key
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.update_info import inspect_host
from support.fakes.engine import FakeClock, FakeEngine, FakeProcesses, a_journal_entry, digest_of, fake_context
from support.fakes.host_reader import FakeHostReader

NOW = 1_790_000_000
DAY = 24 * 3600
TAG = "docker.io/library/shop:1"
REFUSAL = EngineError("the engine says no")


@pytest.fixture
def engine() -> FakeEngine:
    """web, on image old, which is what the registry has."""
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    engine.add_container("web", "shop:1", "old")
    engine.registry[TAG] = "old"
    return engine


@pytest.fixture
def reader(engine: FakeEngine) -> FakeHostReader:
    return FakeHostReader(engine)


def look(reader: FakeHostReader, runs: FakeProcesses | None = None, **query: Any) -> HostInfo:
    return inspect_host(reader, runs or FakeProcesses(), reader.engine.clock, UpdateQuery(**query))


def status(reader: FakeHostReader, name: str = "web", **query: Any) -> Status:
    found = {info.name: info.assessment.status for info in look(reader, **query).containers}
    return found[name]


class TestStatus:
    def test_up_to_date(self, reader: FakeHostReader) -> None:
        info = look(reader)
        assert host_report(info) == {
            "changed": False,
            "containers": [
                {
                    "name": "web",
                    "id": reader.engine.container("web")["Id"],
                    "state": "running",
                    "created": 1795428000,
                    "image": {"reference": "shop:1", "id": "old", "digest": digest_of("old")},
                    "registry": {"digest": digest_of("old"), "platforms": []},
                    "status": "up_to_date",
                    "outdated": False,
                    "certain": True,
                    "reason": "",
                    "problem": None,
                    "obstacle": "",
                    "archives": [],
                    "interrupted": False,
                    "busy": False,
                    "compose": None,
                }
            ],
            "outdated": [],
            "interrupted": [],
            "missing": [],
            "left_over": [],
        }
        assert info.warnings == ()
        assert reader.calls == ["containers", "memory", "journal", "images", f"ask:{TAG}"]

    def test_outdated(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        (web,) = look(reader).containers
        assert (web.assessment.status, web.outdated, web.assessment.certain) == (Status.OUTDATED, True, False)
        assert "packed anew" in web.assessment.reason
        assert reader.calls[-1] == "container:web"

    def test_a_tag_that_was_moved_here_already_is_asked_for_by_the_name_that_it_has(
        self, engine: FakeEngine, reader: FakeHostReader
    ) -> None:
        engine.local[TAG] = engine.registry[TAG] = "new"
        (web,) = look(reader).containers
        assert web.image.reference == "shop:1"
        assert web.outdated
        assert reader.calls == ["containers", "memory", "journal", "container:web", "images", f"ask:{TAG}"]

    def test_no_environment_and_no_label_is_told(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine._find("web")["Config"].update(Env=["PASSWORD=hunter2"], Labels={"token": "hunter3"})
        rejected = Rejected("shop:1", "new", digest_of("new"), "start_failed: cannot run with PASSWORD=hunter2", 1)
        engine.add_container("bad", "shop:1", "old")
        Rejections(reader.records["memory"]).remember("bad", rejected)
        info = look(reader)
        assert [one.assessment.status for one in info.containers] == [Status.REJECTED, Status.OUTDATED]
        assert "hunter" not in str(host_report(info)) + str(info.warnings)

    def test_the_same_digest_in_another_repository_is_the_same_image(
        self, engine: FakeEngine, reader: FakeHostReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was pulled from a mirror, and tagged."""
        mirrored = {"Id": "old", "RepoTags": ["shop:1"], "RepoDigests": [f"mirror.example/shop@{digest_of('old')}"], "Created": 0}
        monkeypatch.setattr(reader, "images", lambda: (mirrored,))
        assert status(reader, "web") is Status.UP_TO_DATE
        engine.registry[TAG] = "new"
        assert status(reader, "web") is Status.OUTDATED

    def test_what_is_here_already_is_certain(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        (web,) = look(reader).containers
        assert (web.outdated, web.assessment.certain, web.assessment.reason) == (True, True, "")

    def test_another_index_is_no_certainty(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        (web,) = look(reader).containers
        assert (web.outdated, web.assessment.certain) == (True, False)
        assert "another index" in web.assessment.reason

    def test_an_index_without_this_platform_is_no_update(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        engine.platforms = ("linux/s390x", "linux/arm64")
        (web,) = look(reader).containers
        assert (web.assessment.status, web.assessment.problem) == (Status.UNKNOWN, PullErrorKind.NO_PLATFORM)
        engine.platforms = ("linux/s390x", "linux/amd64")
        assert status(reader, "web") is Status.OUTDATED

    def test_an_architecture_that_must_not_be_asked_for_is_left_to_the_run(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        engine.publishes_indexes = True
        engine.platforms = ("linux/s390x",)
        reader.errors["architecture"] = EngineError("no")
        assert status(reader, "web") is Status.OUTDATED

    @pytest.mark.parametrize("reference", [f"shop@{digest_of('old')}", f"shop:1@{digest_of('old')}"])
    def test_pinned_is_not_asked_for(self, engine: FakeEngine, reader: FakeHostReader, reference: str) -> None:
        engine.add_container("pinned", reference, "old")
        engine.remove_externally("web")
        assert status(reader, "pinned") is Status.PINNED
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("text", [f"sha256:{'a' * 64}", "a" * 64, "a" * 12])
    def test_made_from_an_id(self, engine: FakeEngine, reader: FakeHostReader, text: str) -> None:
        engine._find("web")["Config"]["Image"] = text
        engine._find("web")["Image"] = f"sha256:{'a' * 64}"
        assert status(reader) is Status.LOCAL
        assert "ask" not in "".join(reader.calls)

    def test_built_here_and_nobody_has_it(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        engine.registry.clear()
        (web,) = look(reader).containers
        assert web.assessment.status is Status.LOCAL
        assert (
            "docker.io does not offer it: there is no such image: manifest for docker.io/library/shop:1 not found" in web.assessment.reason
        )

    def test_built_here_and_the_registry_has_one_of_that_name(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        engine.registry[TAG] = "new"
        assert status(reader) is Status.OUTDATED

    def test_pulled_once_and_now_gone_from_the_registry(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry.clear()
        (web,) = look(reader).containers
        assert (web.assessment.status, web.assessment.problem and web.assessment.problem.value) == (Status.UNKNOWN, "not_found")

    def test_built_here_and_the_registry_says_nothing(self, reader: FakeHostReader) -> None:
        reader.built_here.add("old")
        reader.no_answer[TAG] = EngineError("dial tcp: connection refused")
        (web,) = look(reader).containers
        assert (web.assessment.status, web.assessment.reason) == (
            Status.UNKNOWN,
            "shop:1: the registry cannot be reached, or is out of order: dial tcp: connection refused",
        )

    def test_excluded_is_not_asked_for(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine._find("web")["Config"]["Labels"] = {"evenkeel.enable": "false"}
        assert status(reader) is Status.EXCLUDED
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("label", ["com.docker.swarm.task.id", "io.kubernetes.pod.name"])
    def test_managed_elsewhere(self, engine: FakeEngine, reader: FakeHostReader, label: str) -> None:
        engine._find("web")["Config"]["Labels"] = {label: "1"}
        assert status(reader) is Status.MANAGED_ELSEWHERE

    def test_one_off(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine._find("web")["Config"]["Labels"] = {"com.docker.compose.oneoff": "True"}
        assert status(reader) is Status.MANAGED_ELSEWHERE

    @pytest.mark.parametrize("is_here", [True, False])
    def test_rejected(self, engine: FakeEngine, reader: FakeHostReader, is_here: bool) -> None:
        """Also when the image was removed since, and only its digest tells."""
        engine.registry[TAG] = "new"
        if is_here:
            engine.local["docker.io/library/shop:bad"] = "new"
        Rejections(reader.records["memory"]).remember("web", Rejected("shop:1", "new", digest_of("new"), "crashed", 1))
        info = look(reader)
        assert info.containers[0].assessment.status is Status.REJECTED
        assert info.outdated == ()

    def test_what_was_rejected_is_not_what_there_is(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "newer"
        Rejections(reader.records["memory"]).remember("web", Rejected("shop:1", "new", digest_of("new"), "crashed", 1))
        assert status(reader) is Status.OUTDATED

    @pytest.mark.parametrize(("age", "expected"), [(DAY - 1, Status.TOO_YOUNG), (DAY, Status.OUTDATED)])
    def test_age(self, engine: FakeEngine, reader: FakeHostReader, age: int, expected: Status) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        engine.images["new"] = {"Created": datetime.fromtimestamp(NOW - age, timezone.utc).isoformat()}
        assert status(reader, min_image_age=DAY) is expected

    def test_age_of_what_is_not_here(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = "new"
        (web,) = look(reader, min_image_age=DAY).containers
        assert (web.outdated, web.assessment.certain) == (True, False)
        assert web.assessment.reason.endswith("; how old the image is can be known only once it is pulled")

    def test_age_of_what_does_not_say(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.registry[TAG] = engine.local["docker.io/library/shop:next"] = "new"
        info = look(reader, min_image_age=DAY)
        assert info.outdated == ("web",)
        assert info.warnings == ("shop:1 does not tell when it was built, so min_image_age does not hold it back.",)

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_without_a_registry_the_local_tag_counts(self, engine: FakeEngine, reader: FakeHostReader, policy: PullPolicy) -> None:
        engine.registry[TAG] = "newest"
        assert status(reader, policy=policy) is Status.UP_TO_DATE
        engine.local[TAG] = "new"
        assert status(reader, policy=policy) is Status.OUTDATED
        assert "ask" not in "".join(reader.calls)

    def test_what_is_missing_is_asked_for(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        del engine.local[TAG]
        assert status(reader, policy=PullPolicy.MISSING) is Status.UP_TO_DATE
        assert status(reader, policy=PullPolicy.NEVER) is Status.UNKNOWN
        assert reader.calls.count(f"ask:{TAG}") == 1


class TestObstacles:
    @pytest.mark.parametrize(
        ("change", "words"),
        [({"State": {"Status": "paused"}}, "it is paused"), ({"HostConfig": {"AutoRemove": True}}, "started with --rm")],
    )
    def test_what_a_run_would_refuse_is_outdated_but_not_in_the_list(
        self, engine: FakeEngine, reader: FakeHostReader, change: dict[str, Any], words: str
    ) -> None:
        engine.registry[TAG] = "new"
        for part, values in change.items():
            engine._find("web")[part].update(values)
        info = look(reader)
        assert info.containers[0].outdated
        assert words in info.containers[0].obstacle
        assert info.outdated == ()


class TestSelection:
    @pytest.fixture(autouse=True)
    def _more(self, engine: FakeEngine) -> None:
        engine.add_container("db", "db:1", "db", Labels={"tier": "data", "mine": ""})
        engine.add_container("cache", "db:1", "db", Labels={"tier": "data=hot"})
        engine._find("cache")["State"]["Status"] = "exited"

    @pytest.mark.parametrize(
        ("selection", "names"),
        [
            (Selection(), ["cache", "db", "web"]),
            (Selection(names=frozenset({"db", "cach"})), ["db"]),
            (Selection(labels=("tier",)), ["cache", "db"]),
            (Selection(labels=("tier=data",)), ["db"]),
            (Selection(labels=("tier=data=hot",)), ["cache"]),
            (Selection(labels=("tier", "mine")), ["db"]),
            (Selection(labels=("mine=",)), ["db"]),
            (Selection(states=frozenset({"exited", "paused"})), ["cache"]),
            (Selection(frozenset({"db", "cache"}), ("tier",), frozenset({"exited"})), ["cache"]),
        ],
    )
    def test_who_is_chosen(self, reader: FakeHostReader, selection: Selection, names: list[str]) -> None:
        assert [info.name for info in look(reader, selection=selection).containers] == names

    def test_by_id(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        chosen = frozenset({engine.container("db")["Id"]})
        info = look(reader, selection=Selection(names=chosen))
        assert ([info.name for info in info.containers], info.missing) == (["db"], ())

    def test_missing(self, reader: FakeHostReader) -> None:
        selection = Selection(names=frozenset({"web", "nobody", "no"}), states=frozenset({"exited"}))
        assert look(reader, selection=selection).missing == ("no", "nobody")

    def test_only_what_is_chosen_is_asked_for_and_each_once(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        for number in range(5):
            engine.add_container(f"more-{number}", ("db", "docker.io/library/db:latest", "db:1")[number % 3], "db")
        engine._find("more-0")["Config"]["Image"] = "db:latest"
        look(reader, selection=Selection(states=frozenset({"running"})))
        asked = [call for call in reader.calls if call.startswith("ask:")]
        assert sorted(asked) == ["ask:docker.io/library/db:1", "ask:docker.io/library/db:latest", f"ask:{TAG}"]


class TestOrder:
    @pytest.fixture(autouse=True)
    def _all_outdated(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "new"

    @staticmethod
    def service(name: str, depends_on: str = "", project: str = "shop") -> dict[str, str]:
        prefix = "com.docker.compose"
        return {f"{prefix}.project": project, f"{prefix}.service": name, f"{prefix}.depends_on": depends_on}

    def test_compose(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.add_container("a", "shop:1", "old", Labels=self.service("app", "db:service_healthy:true,cache:service_started:false"))
        engine.add_container("x-db-1", "shop:1", "old", Labels=self.service("db"))
        engine.add_container("x-db-2", "shop:1", "old", Labels=self.service("db"))
        engine.add_container("x-cache", "shop:1", "old", Labels=self.service("cache", "db:service_started"))
        engine.add_container("b", "shop:1", "old", Labels=self.service("db", "app:service_started:true", project="other"))
        info = look(reader)
        assert info.outdated == ("b", "web", "x-db-1", "x-db-2", "x-cache", "a")
        assert host_report(info)["containers"][0]["compose"] == {"project": "shop", "service": "app", "depends_on": ["db", "cache"]}

    @pytest.mark.parametrize("mode", ["NetworkMode", "PidMode", "IpcMode"])
    def test_namespaces(self, engine: FakeEngine, reader: FakeHostReader, mode: str) -> None:
        engine.add_container("a", "shop:1", "old", {mode: f"container:{engine.container('web')['Id']}"})
        assert look(reader).outdated == ("web", "a")

    def test_links(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.add_container("a", "shop:1", "old", {"Links": ["web:db"]})
        assert look(reader).outdated == ("web", "a")

    def test_through_one_that_is_up_to_date(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.add_container("a", "shop:1", "old", Labels=self.service("app", "middle"))
        engine.add_container("b", "other:1", "other", Labels=self.service("middle", "db"))
        engine.add_container("c", "shop:1", "old", Labels=self.service("db"))
        assert look(reader).outdated == ("c", "a", "web")

    def test_a_circle(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.add_container("a", "shop:1", "old", Labels=self.service("a", "b"))
        engine.add_container("b", "shop:1", "old", Labels=self.service("b", "a"))
        assert look(reader).outdated == ("a", "b", "web")


class TestLeftovers:
    def archive(self, engine: FakeEngine, name: str, image: str = "older") -> str:
        archive = engine.add_container(name, "shop:1", image)
        engine._find(name)["State"]["Status"] = "exited"
        engine.local[TAG] = "old"
        return archive

    def test_kept(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        archive = self.archive(engine, "web-old-1")
        self.archive(engine, "web-old-2")
        ArchiveStore(reader.records["memory"]).add("web", ArchiveRecord(archive, "web-old-1", runs=True, restart_policy={}, rollout="7"))
        report = host_report(look(reader))
        assert [one["name"] for one in report["containers"]] == ["web", "web-old-2"], "a stranger is no archive"
        assert report["containers"][0]["archives"] == [{"name": "web-old-1", "id": archive, "kept": True, "rollout": "7"}]
        assert "container:web-old-1" not in reader.calls

    def test_renamed_it_is_no_archive_any_more(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        archive = self.archive(engine, "mine")
        ArchiveStore(reader.records["memory"]).add("web", ArchiveRecord(archive, "web-old-1", runs=True, restart_policy={}))
        assert [info.name for info in look(reader).containers] == ["mine", "web"]

    def test_whose_container_is_gone(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        archive = self.archive(engine, "shop-old-1")
        ArchiveStore(reader.records["memory"]).add("shop", ArchiveRecord(archive, "shop-old-1", runs=True, restart_policy={}))
        info = look(reader, selection=Selection(names=frozenset({"shop"})))
        assert (info.containers, info.missing, info.left_over) == ((), ("shop",), ("shop-old-1",))

    def run_on_web(self, engine: FakeEngine, reader: FakeHostReader, **changes: Any) -> None:
        """A run has put web away."""
        entry = a_journal_entry("other", old_id=engine.container("web")["Id"], **changes)
        reader.records["journal"].records[lock_key("web")] = entry.to_text()
        engine._find("web").update(Name="/web-old-1000")

    @pytest.mark.parametrize("dead", [True, False])
    def test_an_archive_stands_for_its_container_where_there_is_none(self, engine: FakeEngine, reader: FakeHostReader, dead: bool) -> None:
        engine.registry[TAG] = "new"
        self.run_on_web(engine, reader)
        runs = FakeProcesses()
        runs.dead.update({"other"} if dead else ())
        info = look(reader, runs, selection=Selection(names=frozenset({"web"})))
        report = host_report(info)
        (web,) = report["containers"]
        assert (web["name"], web["interrupted"], web["busy"], web["status"]) == ("web", dead, not dead, "outdated")
        assert web["archives"] == [{"name": "web-old-1000", "id": web["id"], "kept": False, "rollout": None}]
        assert (report["interrupted"], info.outdated, info.missing) == (["web"] if dead else [], ("web",), ())

    def test_beside_the_new_one(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        self.run_on_web(engine, reader)
        new = engine.add_container("web", "shop:1", "new")
        (web,) = look(reader).containers
        assert (web.id, [archive.name for archive in web.archives or ()]) == (new, ["web-old-1000"])

    def test_that_of_a_dependent(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        web = engine.container("web")["Id"]
        net = engine.add_container("net-old-1000", "shop:1", "old", {"NetworkMode": f"container:{web}"})
        dependent = Dependent(net, "net", web, "web", runs=True, shares_with=(web,), archive="net-old-1000")
        self.run_on_web(engine, reader, dependents=(dependent,))
        assert [info.name for info in look(reader).containers] == ["net", "web"]

    @pytest.mark.parametrize(("age", "busy"), [(99.0, True), (101.0, False)])
    def test_from_afar_the_lease_tells(self, engine: FakeEngine, reader: FakeHostReader, age: float, busy: bool) -> None:
        self.run_on_web(engine, reader)
        runs = FakeProcesses()
        runs.unknown.add("other")
        reader.records["journal"].age_of_records = age
        (web,) = look(reader, runs).containers
        assert (web.busy, web.interrupted) == (busy, not busy)

    def test_one_who_is_at_it_to_bring_it_to_its_end(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        self.run_on_web(engine, reader)
        notes = reader.records["journal"].records
        notes[successor_key(a_journal_entry("other"))] = a_journal_entry("rescuer")._replace(old_id="x").to_text()
        runs = FakeProcesses()
        runs.dead.add("other")
        (web,) = look(reader, runs).containers
        assert (web.busy, web.interrupted) == (True, False)

    def test_what_cannot_be_read_is_a_warning(self, reader: FakeHostReader) -> None:
        reader.records["journal"].records[lock_key("web")] = "{}"
        reader.records["memory"].records["evenkeel-archives.web"] = "no JSON"
        info = look(reader)
        assert [info.name for info in info.containers] == ["web"]
        assert "The archives of web are not known" in info.warnings[0]
        assert "Whether a run on web was interrupted is not known" in info.warnings[1]


class TestForbidden:
    """What cannot be asked is unknown, and the rest is told."""

    FORBIDDEN = Forbidden("Request forbidden by administrative rules")

    @pytest.fixture(autouse=True)
    def _outdated(self, engine: FakeEngine) -> None:
        engine.registry[TAG] = "new"
        engine.add_container("pinned", f"shop@{digest_of('old')}", "old")

    def test_the_list(self, reader: FakeHostReader) -> None:
        reader.errors["containers"] = self.FORBIDDEN
        with pytest.raises(InspectFailed, match=r"could not be listed: Request forbidden by administrative rules$"):
            look(reader)

    def test_the_registry(self, reader: FakeHostReader) -> None:
        reader.no_answer[TAG] = self.FORBIDDEN
        pinned, web = host_report(look(reader))["containers"]
        assert (pinned["status"], web["status"], web["problem"]) == ("pinned", "unknown", "forbidden")
        assert web["registry"] is None
        assert web["reason"].startswith("shop:1: what stands before the engine does not let this call through: Request forbidden")

    def test_images(self, reader: FakeHostReader) -> None:
        reader.errors["images"] = self.FORBIDDEN
        pinned, web = host_report(look(reader))["containers"]
        assert (pinned["status"], web["status"]) == ("pinned", "unknown")
        assert web["reason"].startswith("the images of this host could not be listed")
        assert "ask" not in "".join(reader.calls)

    @pytest.mark.parametrize("call", ["memory", "journal"])
    def test_volumes(self, reader: FakeHostReader, call: str) -> None:
        reader.errors[call] = self.FORBIDDEN
        info = look(reader)
        web = host_report(info)["containers"][1]
        assert (web["status"], web["certain"], web["archives"], web["interrupted"], web["busy"]) == ("outdated", False, None, None, None)
        assert len(info.warnings) == 1

    def test_inspect_of_one_whose_tag_has_moved(self, engine: FakeEngine, reader: FakeHostReader) -> None:
        engine.local[TAG] = "new"
        reader.errors["container:web"] = self.FORBIDDEN
        info = look(reader)
        assert info.containers[1].assessment.status is Status.UNKNOWN
        assert info.warnings == ("web could not be inspected: Request forbidden by administrative rules",)

    def test_inspect_of_one_that_is_outdated(self, reader: FakeHostReader) -> None:
        reader.errors["container:web"] = self.FORBIDDEN
        info = look(reader)
        assert info.outdated == ("web",)
        assert len(info.warnings) == 1


def generated(seed: int) -> tuple[FakeHostReader, UpdateQuery]:
    """A host as it may be found, and a question that has an answer."""
    chance = random.Random(seed)  # noqa: S311
    engine = FakeEngine()
    engine.clock = FakeClock(NOW)
    reader = FakeHostReader(engine)
    images = [f"image-{number}" for number in range(6)]
    for image in images:
        made = chance.choice((0, NOW - 3 * DAY, NOW - 3600))
        engine.images[image] = {"Created": datetime.fromtimestamp(made, timezone.utc).isoformat()}
    tags = [f"repo-{number}:{tag}" for number in range(3) for tag in ("1", "2")]
    for number in range(chance.randint(1, 6)):
        image, tag = chance.choice(images), chance.choice(tags)
        pin = chance.random() < 0.2
        reference = f"{tag}@{digest_of(image)}" if pin else tag
        engine.add_container(f"c{number}", reference, image, Labels=chance.choice((None, {"evenkeel.enable": "false"}, {"x": "y"})))
        if pin:
            engine.registry[ImageReference.parse(reference).normalised] = image
        if chance.random() < 0.3:
            rejected = chance.choice(images)
            Rejections(reader.records["memory"]).remember(f"c{number}", Rejected(tag, rejected, digest_of(rejected), "crashed", 1))
    for where in (engine.local, engine.registry):
        for tag in chance.sample(tags, chance.randint(0, len(tags))):
            where[ImageReference.parse(tag).normalised] = chance.choice(images)
    return reader, UpdateQuery(policy=chance.choice(list(PullPolicy)), min_image_age=chance.choice((0, DAY)))


@pytest.mark.parametrize("seed", range(300))
def test_it_tells_what_a_run_then_does(seed: int) -> None:
    """Of each container by itself, since a run that moves a tag moves it for all."""
    reader, query = generated(seed)
    info = inspect_host(reader, FakeProcesses(), reader.engine.clock, query)
    for container in info.containers:
        engine, memory = generated(seed)[0].engine, reader.records["memory"]
        request = RecreateRequest(container.name, pull=query.policy, min_image_age=query.min_image_age, respect_labels=True)
        decision = None
        with contextlib.suppress(PullFailed):
            decision = plan_recreation(fake_context(engine, memory), Stopwatch(engine.clock), request)
        would = isinstance(decision, Replacement)
        if container.assessment.certain:
            assert (container.name in info.outdated) is would, container
        elif would:
            assert container.outdated, "doubt is for what a run may not do after all"


@pytest.mark.parametrize("label", ["", "=", "=x", " "])
def test_a_label_without_a_key(label: str) -> None:
    with pytest.raises(InvalidInput, match="labels must each be key or key=value"):
        Selection(labels=("a", label))
