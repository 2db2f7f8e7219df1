# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An engine and a clock in memory, for order and failure points. They are never the proof that the real thing works."""

from __future__ import annotations

import copy
import hashlib
import itertools
import typing as t

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.old_container import OldContainer
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.health import HealthConfig
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.cycle.job import Job, Run
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Conflict, EngineError, NoAnswer, NotFound
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.image_reference import ImageReference, parse_if_possible
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.interfaces import (
    Context,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import (
    ContainerRuntimeState,
    Document,
    Failure,
    HookRun,
    ImageIdentity,
    Inspected,
    Published,
    Record,
    RuntimeStatus,
    Surroundings,
    is_active,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.timing import Stopwatch
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Decision
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.requests import ContainerRequest
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import Created, Holder, JournalEntry
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.lock import RunLock

HEALTHY = ContainerRuntimeState(RuntimeStatus.HEALTHY)
STARTING = ContainerRuntimeState(RuntimeStatus.STARTING)
UNHEALTHY = ContainerRuntimeState(RuntimeStatus.UNHEALTHY)
RUNNING = ContainerRuntimeState(RuntimeStatus.RUNNING)


def exited(code: int) -> ContainerRuntimeState:
    return ContainerRuntimeState(RuntimeStatus.EXITED, exit_code=code)


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, unix_seconds: int = 1000) -> None:
        self.now = 0.0
        self._epoch = unix_seconds

    def monotonic(self) -> float:
        return self.now

    def unix_seconds(self) -> int:
        return self._epoch + int(self.now)

    def sleep(self, seconds: float, events: list[float] | None = None) -> None:
        assert seconds > 0, "a gate that does not wait spins"
        self.now += min(seconds, events.pop(0)) if events else seconds


class Killed(BaseException):
    """The process ends here, and nothing that it still has to do is done."""


class Fuse:
    """Ends a run at its `at`th call to the engine, counted over everything that burns on it. 0 means never.

    With an `error`, only that one call fails, before it does anything, or `after` it was done. `burnt` counts the calls.
    """

    def __init__(self, at: int = 0, error: EngineError | None = None, *, after: bool = False) -> None:
        self._at = at
        self._error = error
        self._after = after
        self.burnt = 0

    def burn(self) -> None:
        self.burnt += 1
        if self._error is None and 0 < self._at <= self.burnt:
            raise Killed
        if not self._after:
            self._fail()

    def burn_out(self) -> None:
        """The call was done."""
        if self._after:
            self._fail()

    def _fail(self) -> None:
        if self._error and self._at == self.burnt:
            raise self._error


def digest_of(image: str) -> str:
    """Under which registries know an image of this ID."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


class FakeEngine:
    """DockerOps and HealthProbe in one, with every call in `calls`, by the name of the container at that moment (NEW: made here).

    `registry` and `local` map normalised references to image IDs. `platforms` and `publishes_indexes` say how the registry has them.
    `errors` makes a call fail before it does anything, `lost_answers` after it was done, `away` so many times with `away_error`.
    `looks` are the states that the next probes see, container by container, the last one for ever; without any they see what is true.
    `events_after` is when there is news, in seconds from when somebody began to wait for it, wait by wait. A running container is
    healthy. `hook_runs` is how commands in a container end, by their last word. `seconds` says how long a call takes, `images` what
    else an image's inspect document holds, by its ID. `fuse` ends the run at a call. `look_on` is called at each.

    Who asks for a name space of another can be started only while that runs. `is_served` tells whether it still has it.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.registry: dict[str, str] = {}
        self.local: dict[str, str] = {}
        self.images: dict[str, dict[str, t.Any]] = {}
        self.clock = FakeClock()
        self.seconds: dict[str, float] = {}
        self.errors: dict[str, EngineError] = {}
        self.lost_answers: set[str] = set()
        self.away: dict[str, int] = {}
        self.away_error: EngineError = NoAnswer("nobody listens")
        self.looks: dict[str, list[ContainerRuntimeState | EngineError]] = {}
        self.events_after: list[float] = []
        self.failures: dict[str, Failure] = {}
        self.hook_runs: dict[str, HookRun] = {}
        self.created: list[dict[str, t.Any]] = []
        self.stop_timeouts: list[int] = []
        self.images_in_use: set[str] = set()
        self.networks: set[str] = set()
        self.changed: dict[str, list[dict[str, t.Any]]] = {}
        self.architecture = "amd64"
        self.platforms: tuple[str, ...] = ()
        self.publishes_indexes = False
        self.own_container: str | None = None
        self.fuse = Fuse()
        self.look_on: t.Callable[[], None] = lambda: None
        self._containers: dict[str, dict[str, t.Any]] = {}
        self._ids = (f"{number:064x}" for number in itertools.count(1))
        self._starts = itertools.count(1)
        self.made_here: set[str] = set()
        self.old_id = ""

    def has_container(
        self, name: str, reference: str, image_id: str, host_config: t.Mapping[str, t.Any] | None = None, **config: t.Any
    ) -> str:
        """Put a running container there, as if somebody had made it earlier."""
        self.local[ImageReference.parse(reference).normalised] = image_id
        container_id = self._add(name, {"Image": reference, **config}, host_config)
        self._containers[container_id]["Image"] = image_id
        self._containers[container_id]["State"]["Status"] = "running"
        self._join(self._containers[container_id])
        return container_id

    def container(self, name: str) -> Document:
        return copy.deepcopy(self._find(name))

    @property
    def names(self) -> set[str]:
        return {container["Name"][1:] for container in self._containers.values()}

    def inspect(self, container: str) -> Inspected:
        with _Call(self, "inspect"):
            found = self._find(container)
            return Inspected(
                container=copy.deepcopy(found),
                image={"Id": found["Image"], "Config": {}, "RepoTags": [], "RepoDigests": [], **self.images.get(found["Image"], {})},
            )

    def surroundings(self, container: str, new_image: str) -> Surroundings:
        with _Call(self, "surroundings"):
            others = (other for other in self._containers.values() if other["Id"] != container)
            return Surroundings(
                others=tuple(copy.deepcopy(other) for other in others),
                networks=frozenset(self.networks),
                new_image={"Architecture": self.architecture, **self.images.get(new_image, {})} if new_image else {},
                architecture=self.architecture,
                own_container=self.own_container,
            )

    def changes(self, container: str) -> tuple[Document, ...]:
        with _Call(self, f"changes:{self._label(container)}"):
            return tuple(self.changed.get(self._name(container), ()))

    def published(self, reference: ImageReference) -> Published:
        with _Call(self, "published"):
            if reference.normalised not in self.registry:
                raise NotFound(f"manifest for {reference.normalised} not found")
            return Published(digest_of(self.registry[reference.normalised]), self.platforms, self.publishes_indexes)

    def local_image(self, reference: ImageReference) -> ImageIdentity:
        with _Call(self, "local_image"):
            here = {**self.local, **{reference.repository + "@" + digest_of(image): image for image in self.local.values()}}
            if reference.normalised not in here:
                raise NotFound(f"{reference.normalised} is not here")
            return ImageIdentity(reference.as_written, here[reference.normalised])

    def pull(self, reference: ImageReference) -> ImageIdentity:
        with _Call(self, "pull"):
            name = reference.normalised
            if name not in self.registry:
                raise NotFound(f"manifest for {name} not found")
            self.local[name] = self.registry[name]
            return ImageIdentity(reference.as_written, self.local[name])

    def stop(self, container: str, timeout: int) -> None:
        with _Call(self, f"stop:{self._label(container)}"):
            self.stop_timeouts.append(timeout)
            self._find(container)["State"]["Status"] = "exited"

    def rename(self, container: str, name: str) -> None:
        with _Call(self, f"rename:{self._name(container)}->{name}"):
            found = self._find(container)
            if name in self.names:
                raise Conflict(f"the name {name} is taken")
            before, found["Name"] = found["Name"], f"/{name}"
            for other in self._containers.values():
                for number, link in enumerate(other["HostConfig"].get("Links") or []):
                    other["HostConfig"]["Links"][number] = link.replace(f"{before}:", f"/{name}:")

    def set_restart_policy(self, container: str, policy: Document) -> None:
        with _Call(self, f"restart={policy['Name']}:{self._label(container)}"):
            self._find(container)["HostConfig"]["RestartPolicy"] = dict(policy)

    def create(self, name: str, body: Document) -> str:
        with _Call(self, f"create:{name}"):
            if name in self.names:
                raise Conflict(f"the name {name} is taken")
            self.created.append(copy.deepcopy(dict(body)))
            config = {key: value for key, value in body.items() if key not in ("HostConfig", "NetworkingConfig")}
            reference = parse_if_possible(body["Image"])
            if reference and reference.normalised not in self.local:
                raise NotFound(f"No such image: {body['Image']}")
            container_id = self._add(name, config, body.get("HostConfig"))
            self._containers[container_id]["Image"] = self.local[reference.normalised] if reference else body["Image"]
            self.made_here.add(container_id)
            return container_id

    def start(self, container: str) -> None:
        with _Call(self, f"start:{self._label(container)}"):
            found = self._find(container)
            if found["State"]["Status"] != "running":
                self._join(found)
                found["State"].update(Status="running", StartedAt=f"start {next(self._starts)}")

    def remove(self, container: str, *, force: bool = False) -> None:
        with _Call(self, f"remove:{self._label(container)}{' with force' if force else ''}"):
            found = self._find(container)
            if found["State"]["Status"] == "running" and not force:
                raise Conflict("you cannot remove a running container")
            del self._containers[found["Id"]]

    def run_in(self, container: str, command: t.Sequence[str], timeout: float) -> HookRun:
        with _Call(self, f"exec:{self._label(container)}:{command[-1]}"):
            if self._find(container)["State"]["Status"] != "running":
                raise Conflict(f"container {container} is not running")
            run = self.hook_runs.get(command[-1], HookRun(0, ""))
            if run.exit_code is None:
                self.clock.sleep(timeout)
            return run

    def tag(self, image_id: str, reference: ImageReference) -> None:
        with _Call(self, f"tag:{reference.as_written}={image_id}"):
            self.local[reference.normalised] = image_id

    def remove_image(self, image_id: str) -> None:
        with _Call(self, f"remove_image:{image_id}"):
            if image_id in self.images_in_use:
                raise Conflict("image is being used")

    def prune_dangling(self) -> None:
        with _Call(self, "prune"):
            pass

    def probe(self, container: str) -> ContainerRuntimeState:
        label = self._label(container)
        with _Call(self, f"probe:{label}"):
            looks = self.looks.get(label)
            truth = ContainerRuntimeState.from_inspect(self._find(container))
            look = truth if not looks else looks.pop(0) if len(looks) > 1 else looks[0]
            if isinstance(look, EngineError):
                raise look
            return look._replace(name=truth.name, image_id=truth.image_id, started_at=look.started_at or truth.started_at)

    def events(self, _container: str) -> list[float]:
        return self.events_after

    def failure(self, container: str) -> Failure:
        with _Call(self, f"failure:{self._label(container)}"):
            return self.failures.get(self._label(container), Failure())

    def vanish(self, container: str) -> None:
        """Somebody removes it."""
        del self._containers[self._find(container)["Id"]]

    def is_served(self, container: str) -> bool:
        """Whether all whose name spaces it asked for run, and have been running since it was started."""
        found = self._find(container)
        lives = {other["Id"]: other["State"].get("StartedAt", "") for other in self._containers.values() if is_active(other)}
        try:
            return all(found["State"]["Joined"][other["Id"]] == lives.get(other["Id"]) for other in self._providers(found))
        except (KeyError, NotFound):
            return False

    def _join(self, container: dict[str, t.Any]) -> None:
        providers = self._providers(container)
        for provider in providers:
            if not is_active(provider):
                raise EngineError(f"{provider['Name']} does not run")
        container["State"]["Joined"] = {provider["Id"]: provider["State"].get("StartedAt", "") for provider in providers}

    def _providers(self, container: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        host_config = container["HostConfig"]
        modes = ((host_config.get(mode) or "").partition(":") for mode in ("NetworkMode", "PidMode", "IpcMode"))
        return [self._find(other) for kind, _colon, other in modes if kind == "container"]

    def _add(self, name: str, config: dict[str, t.Any], host_config: t.Mapping[str, t.Any] | None = None) -> str:
        container_id = next(self._ids)
        self._containers[container_id] = {
            "Id": container_id,
            "Name": f"/{name}",
            "Image": "",
            "Config": copy.deepcopy(config),
            "HostConfig": copy.deepcopy(dict(host_config or {})),
            "State": {"Status": "created", "Health": {"Status": "healthy"}},
            "NetworkSettings": {"Networks": {}},
        }
        stored = self._containers[container_id]["HostConfig"]
        if stored.get("Links"):
            links = (link.partition(":") for link in stored["Links"])
            stored["Links"] = [f"/{target.lstrip('/')}:/{name}/{alias.rpartition('/')[2]}" for target, _colon, alias in links]
        return container_id

    def _find(self, name_or_id: str) -> dict[str, t.Any]:
        for container in self._containers.values():
            if name_or_id in (container["Id"], container["Name"][1:]):
                return container
        raise NotFound(f"No such container: {name_or_id}")

    def _name(self, container: str) -> str:
        try:
            name: str = self._find(container)["Name"]
        except NotFound:
            return container
        return name[1:]

    def _label(self, container: str) -> str:
        try:
            return "NEW" if self._find(container)["Id"] in self.made_here else self._name(container)
        except NotFound:
            return container


class _Call:
    """Records a call; makes it fail, or lose its answer, as the test wants."""

    def __init__(self, engine: FakeEngine, label: str) -> None:
        self._engine = engine
        self._label = label

    def __enter__(self) -> None:
        self._engine.fuse.burn()
        self._engine.look_on()
        self._engine.calls.append(self._label)
        self._engine.clock.now += self._engine.seconds.get(self._label, 0)
        error = self._engine.errors.get(self._label)
        if error:
            raise error
        if self._engine.away.get(self._label, 0) > 0:
            self._engine.away[self._label] -= 1
            raise self._engine.away_error

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self._engine.fuse.burn_out()
        if kind is None and self._label in self._engine.lost_answers:
            raise NoAnswer("the connection broke")


class FakeJournal:
    """Journal in memory. `calls` records into the list of an engine, if one is given. Its notes are as old as `age_of_all` says.

    With something in `errors`, every call fails with the first of it.
    """

    def __init__(self, calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.notes: dict[str, str] = {}
        self.age_of_all = 0.0
        self.errors: list[EngineError] = []
        self.fuse = Fuse()

    def write(self, key: str, text: str) -> str:
        self._record("write", key)
        there = self.notes.setdefault(key, text)
        self.fuse.burn_out()
        return there

    def read(self, key: str) -> Record | None:
        self._record("read", key)
        return Record(self.notes[key], "") if key in self.notes else None

    def keys(self, part: str) -> tuple[str, ...]:
        self._record("places", part)
        return tuple(key for key in self.notes if part in key)

    def erase(self, key: str) -> None:
        self._record("erase", key)
        self.notes.pop(key, None)
        self.fuse.burn_out()

    def age(self, _note: Record) -> float:
        return self.age_of_all

    def _record(self, call: str, key: str) -> None:
        self.fuse.burn()
        self.calls.append(f"{call}:{key}")
        for error in self.errors:
            raise error


class FakeProcesses:
    """Runs by token. Those in `dead` are; of those in `far_away` nobody knows."""

    def __init__(self, token: str = "me") -> None:  # noqa: S107 - a name, not a secret
        self.dead: set[str] = set()
        self.far_away: set[str] = set()
        self._token = token

    def me(self) -> Holder:
        return Holder(self._token, host="here", boot="boot", pid_namespace="pids", pid=1, pid_started="0", local=True)

    def is_dead(self, holder: Holder) -> bool | None:
        return None if holder.token in self.far_away else holder.token in self.dead


def a_journal_entry(token: str, *, old: t.Mapping[str, t.Any] | None = None, **changes: t.Any) -> JournalEntry:
    """What the run of `token` recorded before it moved web from shop:1 to shop:2. `old` are changes to the old container."""
    web = OldContainer("old", "web", "shop:1", HEALTHY, restart_policy={"Name": "always"})
    entry = JournalEntry(
        old=web._replace(**(old or {})),
        old_image_id="old",
        new_image_ref="shop:2",
        new_image_id="new",
        successor=Created(runs=True),
        archive="web-old-1000",
        stop_timeout=10,
        keep_archive=False,
        lease=100.0,
        holder=FakeProcesses(token).me(),
    )
    return entry._replace(**changes)


def fake_context(engine: FakeEngine, memory: FakeJournal | None = None) -> Context:
    return Context(engine, engine, engine.clock, memory or FakeJournal())


def fake_lock(journal: FakeJournal | None = None, runs: FakeProcesses | None = None, lock_timeout: float = 5) -> RunLock:
    return RunLock(journal or FakeJournal(), runs or FakeProcesses(), FakeClock(), lock_timeout)


def fake_run(context: Context, health: HealthConfig) -> Run:
    """A run on web that only recovers: it has nothing to plan."""

    def plan(_stopwatch: Stopwatch) -> Decision:
        raise AssertionError("a recovery does not plan")

    return Run(context, fake_lock(), Job(ContainerRequest("web"), plan, health))
