# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a container is to be replaced: the name of its archive, its create body, and what prevents a replacement."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import (
    Refused,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    Document,
    Inspected,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import NewContainer, Replacement
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.recreate import plan_regardless_of_rules
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import (
    LostFiles,
    RecreateRequest,
)
from support.fakes.engine import (
    FakeEngine,
    fake_context,
)
from support.fakes.update_of_web import outdated_web, recreate

DIGEST = "sha256:" + "d" * 64


@pytest.fixture
def engine() -> FakeEngine:
    return outdated_web()


class TestArchiveName:
    def test_a_name_that_is_taken_is_not_used(self, engine: FakeEngine) -> None:
        engine.add_container("web-old-1000", "other:1", "other")
        recreate(engine)
        assert "rename:web->web-old-1001" in engine.calls
        assert "web-old-1000" in engine.names

    def test_the_archive_is_named_after_the_container_even_if_the_request_has_an_id(self, engine: FakeEngine) -> None:
        recreate(engine, container=engine.container("web")["Id"])
        assert "rename:web->web-old-1000" in engine.calls


class TestPlan:
    def plan(self, engine: FakeEngine) -> Replacement:
        plan = plan_regardless_of_rules(fake_context(engine), Stopwatch(engine.clock), RecreateRequest("web"))
        assert isinstance(plan, Replacement)
        return plan

    def inspected(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **around: object) -> None:
        inspect = engine.inspect

        def changed(container: str) -> Inspected:
            found = inspect(container)
            return found._replace(**{key: value(found) if callable(value) else value for key, value in around.items()})

        monkeypatch.setattr(engine, "inspect", changed)

    def body(self, engine: FakeEngine) -> Document:
        successor = self.plan(engine).successor
        assert isinstance(successor, NewContainer)
        return successor.body

    def test_defaults_of_the_old_image_are_dropped(self, engine: FakeEngine) -> None:
        engine._find("web")["Config"]["Env"] = ["A=1", "B=2"]
        engine.images["old"] = {"Config": {"Env": ["A=1"]}}
        assert self.body(engine)["Env"] == ["B=2"]

    def test_volumes_from_another_container_are_not_bound(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        mount = {"Type": "volume", "Name": "other", "Source": "/volumes/other", "Destination": "/other"}
        engine._find("web")["Mounts"] = [mount]
        self.inspected(engine, monkeypatch, borrowed_mounts=(mount,))
        assert "Binds" not in self.body(engine)["HostConfig"]

    def test_the_reference_is_not_pinned_to_a_known_digest(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        pull = engine.pull
        monkeypatch.setattr(engine, "pull", lambda *arguments: pull(*arguments)._replace(digest=DIGEST))
        assert self.body(engine)["Image"] == "shop:1"

    def test_a_name_may_come_without_a_slash(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, container=lambda found: {**found.container, "Name": "web"})
        assert self.plan(engine).old.name == "web"

    def test_a_container_whose_image_was_removed_is_refused(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspected(engine, monkeypatch, image=None)
        with pytest.raises(Refused, match="Container web was not changed: the image that it runs"):
            recreate(engine)


class TestLostFiles:
    @pytest.fixture(autouse=True)
    def _files(self, engine: FakeEngine) -> None:
        engine.changed_files["web"] = [{"Path": "/srv/upload", "Kind": 1}]

    def test_lost_files_can_be_a_reason_to_refuse(self, engine: FakeEngine) -> None:
        with pytest.raises(Refused, match="would be lost: /srv/upload"):
            recreate(engine, lost_files=LostFiles.REFUSE)

    def test_lost_files_can_be_ignored(self, engine: FakeEngine) -> None:
        result = recreate(engine, lost_files=LostFiles.IGNORE)
        assert (result.lost_files, result.warnings) == ((), ())


class TestDependents:
    @pytest.fixture(autouse=True)
    def _sidecar(self, engine: FakeEngine) -> None:
        engine.add_container("sidecar", "tool:1", "tool", {"NetworkMode": f"container:{engine.container('web')['Id']}"})

    def test_a_dependent_that_could_not_be_recreated_is_a_reason_to_refuse(self, engine: FakeEngine) -> None:
        engine._find("sidecar")["HostConfig"]["AutoRemove"] = True
        with pytest.raises(Refused, match="sidecar depends on it"):
            recreate(engine)
