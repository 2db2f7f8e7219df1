# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container with all kinds of dependents on the fake engine, and what must be true at any moment and in the end."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import CallCounter, FakeClock, FakeEngine, FakeJournal, FakeProcesses, fake_context

ALWAYS = {"RestartPolicy": {"Name": "always"}}
HEALTH = HealthConfig(health_timeout=1, grace_period=1)
DEPENDENTS = ("net", "linker", "pid", "sleeper")


class FakeHost:
    """The container web, dependents of every kind, and a foreign container. `bad` makes every container of the image `new` exit."""

    def __init__(self, *, bad: bool = False, runs: bool = True) -> None:
        self.engine = FakeEngine()
        self.journal, self.memory = FakeJournal(), FakeJournal()
        self.bad = bad
        engine = self.engine
        self.web = engine.add_container("web", "shop:1", "old", ALWAYS)
        self.foreign = engine.add_container("web-old-2", "other:1", "other")
        engine.add_container("net", "tool:1", "tool", {"NetworkMode": f"container:{self.web}", **ALWAYS})
        engine.add_container("linker", "tool:1", "tool", {"Links": ["web:db"]})
        engine.add_container("pid", "tool:1", "tool", {"PidMode": f"container:{engine.container('net')['Id']}"})
        engine.add_container("sleeper", "tool:1", "tool", {"IpcMode": f"container:{self.web}"})
        engine._find("sleeper")["State"]["Status"] = "exited"
        if not runs:
            for name in ("web", "net", "linker", "pid"):
                engine._find(name)["State"]["Status"] = "exited"
        # Their tag has moved to another image since they were created.
        engine.local["docker.io/library/tool:1"] = "tool-2"
        engine.registry["docker.io/library/shop:1"] = "new"
        self.before = {name: engine.container(name) for name in engine.names}
        engine.on_each_call = self.on_each_call

    def make_the_archive_fail(self) -> None:
        """From now on, the first container exits as soon as it is started."""
        self._exits = lambda container: container["Id"] == self.web  # type: ignore[method-assign,assignment]

    def _exits(self, container: dict[str, t.Any]) -> bool:
        return self.bad and bool(container["Image"] == "new")

    def on_each_call(self) -> None:
        """Assert what must be true at any moment."""
        for container in self.engine._containers.values():
            if self._exits(container) and container["State"]["Status"] == "running":
                container["State"].update(Status="exited", ExitCode=3)
        up = [c["Id"] for c in self.engine._containers.values() if c["State"]["Status"] == "running" and c["Config"]["Image"] == "shop:1"]
        assert len(up) <= 1, "two containers that share data ran at once"
        assert self.engine.container("web-old-2") == self.before["web-old-2"], "a foreign container was touched"

    def lock(self, token: str, call_counter: CallCounter | None = None, dead: t.Iterable[str] = ()) -> RunLock:
        call_counter = call_counter or CallCounter()
        self.engine.call_counter = self.journal.call_counter = self.memory.call_counter = call_counter
        runs = FakeProcesses(token)
        runs.dead.update(dead)
        return RunLock(self.journal, runs, FakeClock(), lock_timeout=5)

    def recreate(self, lock: RunLock, container: str = "web", **options: t.Any) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        return recreate_with_health(context, lock, RecreateRequest(container), HEALTH, Cleanup(), **options)

    def rollback_to_archive(self, lock: RunLock, **options: t.Any) -> CycleResult:
        return rollback_to_archive(fake_context(self.engine, self.memory), lock, ContainerRequest("web"), HEALTH, **options)

    def assert_dependents_are_intact(self) -> None:
        for name in DEPENDENTS:
            now, before = self.engine.container(name), self.before[name]
            assert now["Image"] == before["Image"], f"{name} keeps its exact image"
            assert now["Config"]["Image"] == "tool:1", f"{name} follows its tag"
            assert (now["State"]["Status"] == "running") == (before["State"]["Status"] == "running"), f"{name} runs or is stopped as before"
            if now["State"]["Status"] == "running":
                assert self.engine.has_live_namespaces(name), name
        web = self.engine.container("web")["Id"]
        assert self.engine.container("sleeper")["HostConfig"]["IpcMode"] == f"container:{web}"
        assert self.engine.container("linker")["HostConfig"]["Links"] == ["/web:/linker/db"]
        assert self.engine.container("net")["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert self.engine.local["docker.io/library/tool:1"] == "tool-2", "the tag points to the same image as before"

    def assert_is(self, image: str, *, runs: bool = True, archives: t.Collection[str] = ()) -> None:
        web = self.engine.container("web")
        assert web["Image"] == image
        assert web["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert (web["State"]["Status"] == "running") is runs
        assert self.engine.names == {"web", "web-old-2", *DEPENDENTS, *archives}
        for archive in archives:
            assert self.engine.container(archive)["State"]["Status"] != "running"
            assert self.engine.container(archive)["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert self.journal.records == {}
        self.assert_dependents_are_intact()

    @property
    def kept(self) -> list[str]:
        """The names of the remembered archives."""
        self.memory.call_counter = CallCounter()
        return [archive.name for archive in ArchiveStore(self.memory).of("web")]

    def record_dependents(self) -> None:
        self.before.update({name: self.engine.container(name) for name in DEPENDENTS})


def updated(times: int = 1) -> FakeHost:
    """Return a host after that many updates, each with a kept archive."""
    host = FakeHost()
    for number in range(times):
        host.engine.registry["docker.io/library/shop:1"] = "newer" if number else "new"
        host.recreate(host.lock(f"earlier {number}"), keep_archive=True)
    host.record_dependents()
    return host
