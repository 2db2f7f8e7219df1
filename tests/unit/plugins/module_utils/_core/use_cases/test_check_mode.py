# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode predicts what a run then does, and changes nothing."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.dependents import Repair, RepairResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.report import cycle_report
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult, Outcome
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    EngineError,
    Forbidden,
    InspectFailed,
    InvalidImageReference,
    JournalFailed,
    NoArchive,
    NotFound,
    PullFailed,
    RecoveryFailed,
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import PullPolicy
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest, LostFiles, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.check_recreate import check_recreate
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import check_rollback
from support.fakes.engine import CallCounter, FakeEngine, FakeJournal, Killed, digest_of, fake_context, fake_lock
from support.fakes.host import FakeHost, updated

READS = ("inspect", "published", "local_image", "surroundings", "changes:", "probe:")
SHOP = "docker.io/library/shop:1"
HEALTH = HealthConfig(health_timeout=1, grace_period=1)


@pytest.fixture
def engine() -> FakeEngine:
    """One container, web, on the image old; in the registry its tag has moved on to the image new."""
    engine = FakeEngine()
    engine.add_container("web", "shop:1", "old")
    engine.registry[SHOP] = "new"
    return engine


def check(engine: FakeEngine, memory: FakeJournal | None = None, lock: RunLock | None = None, **request: t.Any) -> CycleResult:
    before = (engine.names, copy.deepcopy(engine.local))
    engine.calls.clear()
    try:
        wanted = RecreateRequest(**{"container": "web", **request})
        return check_recreate(fake_context(engine, memory), lock or fake_lock(), wanted)
    finally:
        assert all(call.startswith(READS) for call in engine.calls), engine.calls
        assert (engine.names, engine.local) == before


class TestImage:
    def test_newer_image_would_be_recreated(self, engine: FakeEngine) -> None:
        result = check(engine)
        assert (result.outcome, result.container_id) == (Outcome.RECREATED, engine.container("web")["Id"])
        assert (result.new_image.id, result.new_image.digest) == ("", digest_of("new"))
        assert "compressed again" in result.doubt
        assert result.diff is not None

    def test_newer_image_that_is_local_leaves_no_doubt(self, engine: FakeEngine) -> None:
        engine.local["docker.io/library/other:1"] = "new"
        engine.local["docker.io/library/shop:2"] = "new"
        result = check(engine)
        assert (result.outcome, result.new_image.id, result.doubt) == (Outcome.RECREATED, "new", "")

    def test_same_image_would_be_unchanged(self, engine: FakeEngine) -> None:
        engine.registry[SHOP] = "old"
        result = check(engine)
        assert (result.outcome, result.doubt, result.diff) == (Outcome.UNCHANGED, "", None)
        assert check(engine, force=True).outcome is Outcome.RECREATED

    def test_same_image_in_another_repository_would_be_unchanged(self, engine: FakeEngine) -> None:
        engine.registry["mirror.example/shop:1"] = "old"
        engine.images["old"] = {"RepoDigests": [f"shop@{digest_of('old')}"]}
        engine.errors["local_image"] = NotFound("the host knows it by the other repository only")
        assert check(engine, image="mirror.example/shop:1").outcome is Outcome.UNCHANGED

    def test_other_index_leaves_a_doubt(self, engine: FakeEngine) -> None:
        engine.publishes_indexes = True
        result = check(engine)
        assert result.outcome is Outcome.RECREATED
        assert "a new index" in result.doubt

    @pytest.mark.parametrize("policy", [PullPolicy.MISSING, PullPolicy.NEVER])
    def test_local_image_is_used_when_it_need_not_be_pulled(self, engine: FakeEngine, policy: PullPolicy) -> None:
        assert check(engine, pull=policy).outcome is Outcome.UNCHANGED
        engine.local[SHOP] = "newer"
        result = check(engine, pull=policy)
        assert (result.outcome, result.new_image.id, result.doubt) == (Outcome.RECREATED, "newer", "")
        assert "published" not in engine.calls


class TestPlatform:
    def test_image_for_another_platform_is_refused(self, engine: FakeEngine) -> None:
        engine.platforms = ("linux/s390x",)
        with pytest.raises(Refused, match="built for s390x"):
            check(engine)

    def test_index_without_the_platform_of_the_engine_is_a_failed_pull(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/arm/v7", "unknown/unknown"), True
        with pytest.raises(PullFailed, match="no matching manifest for amd64: the registry has the image for linux/s390x, linux/arm/v7"):
            check(engine)

    def test_index_with_the_platform_of_the_engine_would_be_recreated(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/amd64"), True
        assert check(engine).outcome is Outcome.RECREATED

    def test_emulated_container_may_stay_on_its_platform(self, engine: FakeEngine) -> None:
        engine.platforms = ("linux/s390x",)
        engine.images["old"] = {"Architecture": "s390x"}
        result = check(engine)
        assert (result.outcome, result.warnings) == (Outcome.RECREATED, ())

    def test_emulated_container_that_moves_to_the_platform_of_the_engine_is_a_warning(self, engine: FakeEngine) -> None:
        """The engine does not report which platform was requested."""
        engine.platforms, engine.publishes_indexes = ("linux/s390x", "linux/amd64"), True
        engine.images["old"] = {"Architecture": "s390x"}
        result = check(engine)
        assert (result.outcome, len(result.warnings)) == (Outcome.RECREATED, 1)
        assert result.warnings[0].startswith("web runs an image for s390x, and the new image is for amd64. ")

    def test_index_without_the_platform_of_the_engine_fails_for_an_emulated_container(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/s390x",), True
        engine.images["old"] = {"Architecture": "s390x"}
        with pytest.raises(PullFailed):
            check(engine)

    def test_index_with_a_compatible_older_platform_is_refused_after_the_pull(self, engine: FakeEngine) -> None:
        engine.platforms, engine.publishes_indexes = ("linux/386",), True
        with pytest.raises(Refused, match="built for 386"):
            check(engine)


class TestFailures:
    """Check mode fails where a run would fail."""

    def test_unpublished_image_is_a_failed_pull(self, engine: FakeEngine) -> None:
        del engine.registry[SHOP]
        with pytest.raises(PullFailed, match="web was not changed"):
            check(engine)

    def test_missing_local_image_with_pull_never_is_a_failed_pull(self, engine: FakeEngine) -> None:
        with pytest.raises(PullFailed, match="never"):
            check(engine, image="shop:2", pull=PullPolicy.NEVER)

    def test_missing_container_is_an_error(self, engine: FakeEngine) -> None:
        with pytest.raises(InspectFailed):
            check(engine, container="nobody")

    def test_container_created_from_an_image_id_is_an_error(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Image"] = "sha256:" + "0" * 64
        with pytest.raises(InvalidImageReference):
            check(engine)

    def test_container_that_fails_a_preflight_check_is_refused(self, engine: FakeEngine) -> None:
        engine._find("web")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="--rm"):
            check(engine)

    def test_lost_files_are_predicted(self, engine: FakeEngine) -> None:
        engine.changed_files["web"] = [{"Path": "/etc/web.conf", "Kind": 1}]
        result = check(engine)
        assert result.lost_files == ("/etc/web.conf",)
        assert result.warnings[0].endswith("the new container will not have them: /etc/web.conf")
        with pytest.raises(Refused):
            check(engine, lost_files=LostFiles.REFUSE)


class TestRejectedImage:
    def rejected(self, image_id: str, digest: str | None) -> FakeJournal:
        memory = FakeJournal()
        Rejections(memory).remember("web", Rejected("shop:1", image_id, digest, "crashed", 1))
        return memory

    def test_rejected_image_that_is_not_local_is_recognised_by_its_digest(self, engine: FakeEngine) -> None:
        result = check(engine, self.rejected("new", digest_of("new")))
        assert result.outcome is Outcome.SKIPPED
        assert result.rejected
        assert check(engine, self.rejected("new", digest_of("new")), force=True).outcome is Outcome.RECREATED

    def test_rejected_image_that_is_local_is_recognised_by_its_id(self, engine: FakeEngine) -> None:
        engine.local["docker.io/library/shop:2"] = "new"
        assert check(engine, self.rejected("new", None)).outcome is Outcome.SKIPPED
        assert check(engine, self.rejected("other", digest_of("new"))).outcome is Outcome.RECREATED

    def test_newer_image_than_the_rejected_one_leaves_no_doubt_about_the_rejection(self, engine: FakeEngine) -> None:
        result = check(engine, self.rejected("bad", digest_of("bad")))
        assert (result.outcome, "an earlier rollback rejected" in result.doubt) == (Outcome.RECREATED, False)

    def test_rejected_image_without_a_digest_leaves_a_doubt(self, engine: FakeEngine) -> None:
        result = check(engine, self.rejected("bad", None))
        assert result.outcome is Outcome.RECREATED
        assert "an earlier rollback rejected" in result.doubt


class TestForbidden:
    NO = Forbidden("405 Method Not Allowed")

    @pytest.mark.parametrize("call", ["published", "local_image", "surroundings", "changes:web"])
    def test_forbidden_call_makes_the_outcome_unknown(self, engine: FakeEngine, call: str) -> None:
        engine.errors[call] = self.NO
        result = check(engine)
        assert (result.outcome, cycle_report(result)["changed"]) == (Outcome.UNKNOWN, False)
        assert "405 Method Not Allowed" in result.doubt
        assert result.warnings[0].startswith("Whether web would change is unknown")
        assert result.old_image.id == "old"

    def test_forbidden_inspect_of_the_container_is_an_error(self, engine: FakeEngine) -> None:
        engine.errors["inspect"] = self.NO
        with pytest.raises(InspectFailed):
            check(engine)

    def test_forbidden_journal_leaves_a_doubt(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors.append(self.NO)
        result = check(engine, lock=fake_lock(journal))
        assert result.outcome is Outcome.RECREATED
        assert "records of earlier runs cannot be read" in result.doubt

    def test_broken_journal_is_an_error(self, engine: FakeEngine) -> None:
        journal = FakeJournal()
        journal.errors.append(EngineError("no"))
        with pytest.raises(JournalFailed):
            check(engine, lock=fake_lock(journal))


def test_dependents_are_predicted(engine: FakeEngine) -> None:
    web = engine.container("web")["Id"]
    sidecar = engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{web}"})
    engine.registry["docker.io/library/shop:1"] = "new"
    assert check(engine).dependents == (RepairResult("sidecar", sidecar, Repair.RECREATED),)


class TestOtherRuns:
    def test_live_run_leaves_a_doubt(self) -> None:
        host = FakeHost()
        interrupt(host, FakeHost.recreate, 22)
        result = check_host(host, dead=())
        assert result.warnings[0].endswith("its result decides.")
        assert "another run is working" in result.doubt
        assert not result.recovered_first

    def test_live_run_that_has_renamed_the_container_makes_the_outcome_unknown(self) -> None:
        host = FakeHost()
        point = interrupt_until(host, FakeHost.recreate, lambda: "web" not in host.engine.names)
        assert point
        result = check_host(host, dead=())
        assert (result.outcome, cycle_report(result)["changed"], result.container_name) == (Outcome.UNKNOWN, False, "web")

    def test_interrupted_run_that_needs_an_operator_is_an_error(self) -> None:
        host = FakeHost()
        assert interrupt_until(host, FakeHost.recreate, lambda: "web" not in host.engine.names)
        host.engine.rename("web-old-1000", "somebody")
        with pytest.raises(RecoveryFailed):
            check_host(host)


@pytest.mark.parametrize("bad", [False, True])
def test_prediction_matches_the_run_after_a_killed_update(bad: bool) -> None:
    """Check mode cannot predict that the new container fails, but it does predict a change."""
    kill_points = 0
    for at in range(1, 200):
        host = FakeHost(bad=bad)
        if not interrupt(host, FakeHost.recreate, at):
            break
        kill_points += 1
        predicted = check_host(host)
        done = host.recreate(host.lock("later", dead=("killed",)))
        assert cycle_report(predicted)["changed"] == cycle_report(done)["changed"], at
        if not bad:
            assert (predicted.outcome, predicted.container_name) == (done.outcome, done.container_name), at
    assert kill_points > 20


@pytest.mark.parametrize("gone", [False, True])
def test_prediction_matches_the_run_after_a_killed_rollback(gone: bool) -> None:
    kill_points = 0
    for at in range(1, 200):
        host = updated(2)
        if gone:
            host.engine.remove_externally("web")
        if not interrupt(host, FakeHost.rollback_to_archive, at):
            break
        kill_points += 1
        predicted = check_host(host, check_rollback)
        done = host.rollback_to_archive(host.lock("later", dead=("killed",)))
        assert (predicted.outcome, cycle_report(predicted)["changed"]) == (done.outcome, cycle_report(done)["changed"]), at
        assert predicted.new_image == done.new_image, at
    assert kill_points > 10


class TestRollback:
    def test_rollback_to_the_archive_is_predicted(self) -> None:
        host = updated()
        result = check_host(host, check_rollback)
        assert (result.outcome, result.new_image.id) == (Outcome.RESTORED, "old")
        assert result.diff is not None
        done = host.rollback_to_archive(host.lock("later"))
        assert (done.outcome, done.new_image.id, done.diff) == (result.outcome, result.new_image.id, result.diff)

    def test_rollback_of_a_missing_container_is_predicted(self) -> None:
        host = updated()
        host.engine.remove_externally("web")
        result = check_host(host, check_rollback)
        done = host.rollback_to_archive(host.lock("later"))
        assert (result.outcome, result.container_id, result.container_name) == (done.outcome, done.container_id, done.container_name)
        assert (result.old_image, result.new_image) == (done.old_image, done.new_image)

    def test_rollback_without_an_archive_is_an_error(self) -> None:
        with pytest.raises(NoArchive):
            check_host(FakeHost(), check_rollback)

    def test_rollback_of_a_paused_container_is_refused(self) -> None:
        host = updated()
        host.engine._find("web")["State"]["Status"] = "paused"
        with pytest.raises(Refused):
            check_host(host, check_rollback)


def interrupt(host: FakeHost, run: t.Callable[[FakeHost, RunLock], CycleResult], at: int) -> bool:
    """Kill a run at that call. Return False if the run ended before it."""
    try:
        run(host, host.lock("killed", CallCounter(at)))
    except Killed:
        return True
    finally:
        host.engine.call_counter = host.journal.call_counter = host.memory.call_counter = CallCounter()
    return False


def interrupt_until(host: FakeHost, run: t.Callable[[FakeHost, RunLock], CycleResult], condition: t.Callable[[], bool]) -> bool:
    """Kill a run as soon as `condition` is true."""
    on_each_call = host.engine.on_each_call

    def kill() -> None:
        if condition():
            raise Killed

    host.engine.on_each_call = kill
    try:
        run(host, host.lock("killed"))
    except Killed:
        return True
    finally:
        host.engine.on_each_call = on_each_call
    return False


def check_host(host: FakeHost, work: t.Any = check_recreate, dead: t.Iterable[str] = ("killed",)) -> CycleResult:
    host.on_each_call()
    before = copy.deepcopy((host.engine._containers, host.engine.local, host.journal.records, host.memory.records))
    request = RecreateRequest("web") if work is check_recreate else ContainerRequest("web")
    try:
        result: CycleResult = work(fake_context(host.engine, host.memory), host.lock("check", dead=dead), request)
    finally:
        assert (host.engine._containers, host.engine.local, host.journal.records, host.memory.records) == before
    return result
