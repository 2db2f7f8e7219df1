# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container with everything that hangs on it, on the fake engine, and what must be true of it at any moment and in the end."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.result import CycleResult
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import Cleanup, ContainerRequest, RecreateRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.recreate import recreate_with_health
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.use_cases.rollback import rollback_to_archive
from support.fakes.engine import FakeClock, FakeEngine, FakeJournal, FakeProcesses, Fuse, fake_context

ALWAYS = {"RestartPolicy": {"Name": "always"}}
HEALTH = HealthConfig(health_timeout=1, grace_period=1)
DEPENDENTS = ("net", "linker", "pid", "sleeper")


class FakeHost:
    """web, which runs and is depended on in every way, and a stranger. `bad` makes every container of the image `new` exit."""

    def __init__(self, *, bad: bool = False, runs: bool = True) -> None:
        self.engine = FakeEngine()
        self.journal, self.memory = FakeJournal(), FakeJournal()
        self.bad = bad
        engine = self.engine
        self.web = engine.has_container("web", "shop:1", "old", ALWAYS)
        self.stranger = engine.has_container("web-old-2", "other:1", "other")
        engine.has_container("net", "tool:1", "tool", {"NetworkMode": f"container:{self.web}", **ALWAYS})
        engine.has_container("linker", "tool:1", "tool", {"Links": ["web:db"]})
        engine.has_container("pid", "tool:1", "tool", {"PidMode": f"container:{engine.container('net')['Id']}"})
        engine.has_container("sleeper", "tool:1", "tool", {"IpcMode": f"container:{self.web}"})
        engine._find("sleeper")["State"]["Status"] = "exited"
        if not runs:
            for name in ("web", "net", "linker", "pid"):
                engine._find(name)["State"]["Status"] = "exited"
        # Since they were made, their tag has come to mean another image.
        engine.local["docker.io/library/tool:1"] = "tool-2"
        engine.registry["docker.io/library/shop:1"] = "new"
        self.before = {name: engine.container(name) for name in engine.names}
        engine.look_on = self.look_on

    def spoil_the_archive(self) -> None:
        """From now on, the container that was there first exits as soon as it is started."""
        self._exits = lambda container: container["Id"] == self.web  # type: ignore[method-assign,assignment]

    def _exits(self, container: dict[str, t.Any]) -> bool:
        return self.bad and bool(container["Image"] == "new")

    def look_on(self) -> None:
        """What must be true at any moment."""
        for container in self.engine._containers.values():
            if self._exits(container) and container["State"]["Status"] == "running":
                container["State"].update(Status="exited", ExitCode=3)
        up = [c["Id"] for c in self.engine._containers.values() if c["State"]["Status"] == "running" and c["Config"]["Image"] == "shop:1"]
        assert len(up) <= 1, "two that share their data ran at once"
        assert self.engine.container("web-old-2") == self.before["web-old-2"], "a stranger was touched"

    def lock(self, token: str, fuse: Fuse | None = None, dead: t.Iterable[str] = ()) -> RunLock:
        fuse = fuse or Fuse()
        self.engine.fuse = self.journal.fuse = self.memory.fuse = fuse
        runs = FakeProcesses(token)
        runs.dead.update(dead)
        return RunLock(self.journal, runs, FakeClock(), lock_timeout=5)

    def recreate(self, lock: RunLock, container: str = "web", **options: t.Any) -> CycleResult:
        context = fake_context(self.engine, self.memory)
        return recreate_with_health(context, lock, RecreateRequest(container), HEALTH, Cleanup(), **options)

    def rollback_to_archive(self, lock: RunLock, **options: t.Any) -> CycleResult:
        return rollback_to_archive(fake_context(self.engine, self.memory), lock, ContainerRequest("web"), HEALTH, **options)

    def assert_dependents_live(self) -> None:
        for name in DEPENDENTS:
            now, before = self.engine.container(name), self.before[name]
            assert now["Image"] == before["Image"], f"{name} keeps its exact image"
            assert now["Config"]["Image"] == "tool:1", f"{name} follows its tag"
            assert (now["State"]["Status"] == "running") == (before["State"]["Status"] == "running"), f"{name} does what it did"
            if now["State"]["Status"] == "running":
                assert self.engine.is_served(name), name
        web = self.engine.container("web")["Id"]
        assert self.engine.container("sleeper")["HostConfig"]["IpcMode"] == f"container:{web}"
        assert self.engine.container("linker")["HostConfig"]["Links"] == ["/web:/linker/db"]
        assert self.engine.container("net")["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert self.engine.local["docker.io/library/tool:1"] == "tool-2", "the tag means what it meant"

    def assert_is(self, image: str, *, runs: bool = True, archives: t.Collection[str] = ()) -> None:
        web = self.engine.container("web")
        assert web["Image"] == image
        assert web["HostConfig"]["RestartPolicy"] == {"Name": "always"}
        assert (web["State"]["Status"] == "running") is runs
        assert self.engine.names == {"web", "web-old-2", *DEPENDENTS, *archives}
        for archive in archives:
            assert self.engine.container(archive)["State"]["Status"] != "running"
            assert self.engine.container(archive)["HostConfig"]["RestartPolicy"] == {"Name": "no"}
        assert self.journal.notes == {}
        self.assert_dependents_live()

    @property
    def kept(self) -> list[str]:
        """The archives that are remembered."""
        self.memory.fuse = Fuse()
        return [archive.name for archive in ArchiveStore(self.memory).of("web")]

    def remember_who_runs(self) -> None:
        self.before.update({name: self.engine.container(name) for name in DEPENDENTS})


def updated(times: int = 1) -> FakeHost:
    """After as many updates, each with a kept archive."""
    host = FakeHost()
    for number in range(times):
        host.engine.registry["docker.io/library/shop:1"] = "newer" if number else "new"
        host.recreate(host.lock(f"earlier {number}"), keep_archive=True)
    host.remember_who_runs()
    return host
