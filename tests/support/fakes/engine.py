# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An engine and a clock in memory, to test the order of calls and failure points. Only real engines prove that the code works."""

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
    EventLog,
    Failure,
    HookRun,
    ImageIdentity,
    Inspected,
    Published,
    Record,
    RunningContainer,
    RuntimeStatus,
    Surroundings,
    is_active,
)
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.reported_image import stored_image
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
    """A clock that advances only during sleep()."""

    def __init__(self, unix_seconds: int = 1000) -> None:
        self.now = 0.0
        self._epoch = unix_seconds
        self._at: tuple[float, t.Callable[[], object]] | None = None

    def monotonic(self) -> float:
        return self.now

    def unix_seconds(self) -> int:
        return self._epoch + int(self.now)

    def sleep(self, seconds: float, events: FakeEvents | None = None) -> None:
        assert seconds > 0, "a gate that does not wait is a busy loop"
        self.now += min(seconds, events.delays.pop(0)) if events and events.delays else seconds
        if self._at and self.now >= self._at[0]:
            self._at[1]()

    def at(self, seconds: float, action: t.Callable[[], object]) -> None:
        """Call `action` after each wait that ends at this time or later."""
        self._at = seconds, action


class FakeEvents(t.NamedTuple):
    """The events of a container: the seconds until each, and what they say in the end."""

    delays: list[float]
    said: EventLog

    def log(self, _since: str) -> EventLog:
        return self.said


class Killed(BaseException):
    """Stands for SIGKILL: the run ends here without any clean-up."""


class CallCounter:
    """Count the calls of a run to the engine and its journals, and make call number `fail_at` fail. 0 means never.

    The run is killed at that call. With an `error`, only that call fails: before it does anything or, with `after`, after it was carried
    out. `count` is the number of calls.
    """

    def __init__(self, fail_at: int = 0, error: EngineError | None = None, *, after: bool = False) -> None:
        self._fail_at = fail_at
        self._error = error
        self._after = after
        self.count = 0

    def before_call(self) -> None:
        self.count += 1
        if self._error is None and 0 < self._fail_at <= self.count:
            raise Killed
        if not self._after:
            self._fail()

    def after_call(self) -> None:
        """Lose the answer to the call that was just carried out, if it is the one."""
        if self._after:
            self._fail()

    def _fail(self) -> None:
        if self._error and self._fail_at == self.count:
            raise self._error


def digest_of(image: str) -> str:
    """Return the digest that registries give an image of this ID."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


class FakeEngine:
    """DockerOps and HealthProbe in one. `calls` records each call with the current name of its container (NEW: created in this run).

    `registry` and `local` map normalised references to image IDs; `platforms` and `publishes_indexes` describe the registry's images.
    `errors` makes a call fail before it does anything, `lost_answers` after it was carried out; `unreachable` makes it fail that many
    times with `unreachable_error`. `call_counter` kills the run at a call, and `on_each_call` is called before each call.
    `probe_results` are the next results of probe() for each container, of which the last one repeats; without any, probe() returns the
    real state, in which a running container is healthy. `event_delays` are the seconds until an event arrives, wait by
    wait, and `event_log` is what the events say in the end.
    `hook_runs` are the results of commands by their last word, `call_seconds` the durations of calls, and `images` more fields of the
    inspect documents of images, by ID.

    A container that shares a namespace of another can be started only while that one runs; `has_live_namespaces` tells whether the
    namespace still exists.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.registry: dict[str, str] = {}
        self.local: dict[str, str] = {}
        self.images: dict[str, dict[str, t.Any]] = {}
        self.clock = FakeClock()
        self.call_seconds: dict[str, float] = {}
        self.errors: dict[str, EngineError] = {}
        self.lost_answers: set[str] = set()
        self.unreachable: dict[str, int] = {}
        self.unreachable_error: EngineError = NoAnswer("nobody listens")
        self.probe_results: dict[str, list[ContainerRuntimeState | EngineError]] = {}
        self.event_delays: list[float] = []
        self.event_log = EventLog()
        self.failures: dict[str, Failure] = {}
        self.hook_runs: dict[str, HookRun] = {}
        self.created: list[dict[str, t.Any]] = []
        self.stop_timeouts: list[int] = []
        self.images_in_use: set[str] = set()
        self.networks: set[str] = set()
        self.changed_files: dict[str, list[dict[str, t.Any]]] = {}
        self.architecture = "amd64"
        self.platforms: tuple[str, ...] = ()
        self.publishes_indexes = False
        self.own_container: str | None = None
        self.call_counter = CallCounter()
        self.on_each_call: t.Callable[[], None] = lambda: None
        self._containers: dict[str, dict[str, t.Any]] = {}
        self._ids = (f"{number:064x}" for number in itertools.count(1))
        self._starts = itertools.count(1)
        self.created_ids: set[str] = set()
        self.old_id = ""

    def add_container(
        self, name: str, reference: str, image_id: str, host_config: t.Mapping[str, t.Any] | None = None, **config: t.Any
    ) -> str:
        """Add a running container, as if it had been created earlier."""
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
                image=self._image(found["Image"]),
            )

    def _image(self, image_id: str) -> Document:
        return {"Id": image_id, "Os": "linux", "Config": {}, "RepoTags": [], "RepoDigests": [], **self.images.get(image_id, {})}

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

    def running(self) -> tuple[RunningContainer, ...]:
        """Unlike other calls, this one is not in `calls`: it comes before each start."""
        with _Call(self, "running"):
            self.calls.pop()
            up = ("running", "paused", "restarting")
            found = (container for container in self._containers.values() if container["State"]["Status"] in up)
            return tuple(RunningContainer(other["Id"], other["Name"][1:], tuple(other.get("Mounts") or ())) for other in found)

    def changes(self, container: str) -> tuple[Document, ...]:
        with _Call(self, f"changes:{self._label(container)}"):
            return tuple(self.changed_files.get(self._name(container), ()))

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
            return stored_image(self._image(here[reference.normalised]), reference)

    def image_with_id(self, image_id: str) -> ImageIdentity:
        with _Call(self, "image_with_id"):
            if image_id not in self.local.values():
                raise NotFound(f"no image has the ID {image_id}")
            return stored_image(self._image(image_id), None)

    def untagged_images(self, repository: str) -> tuple[ImageIdentity, ...]:
        with _Call(self, f"untagged_images:{repository}"):
            return tuple(stored_image(self._image(image), None) for image in self.images if image not in self.local.values())

    def pull(self, reference: ImageReference) -> ImageIdentity:
        with _Call(self, "pull"):
            name = reference.normalised
            if name not in self.registry:
                raise NotFound(f"manifest for {name} not found")
            self.local[name] = self.registry[name]
            return stored_image(self._image(self.local[name]), reference)

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
            self.created_ids.add(container_id)
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

    def untag(self, reference: ImageReference, *, force: bool = False) -> None:
        with _Call(self, f"untag:{reference.as_written}{' with force' if force else ''}"):
            image_id = self.local.get(reference.normalised)
            if image_id is None:
                raise NotFound(f"No such image: {reference.as_written}")
            users = [container for container in self._containers.values() if container["Image"] == image_id]
            if users and list(self.local.values()).count(image_id) == 1:
                if not force:
                    raise Conflict("a container is using its referenced image")
                assert any(is_active(user) for user in users), "the engine would remove the image too"
            del self.local[reference.normalised]

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
            results = self.probe_results.get(label)
            actual = ContainerRuntimeState.from_inspect(self._find(container))
            result = actual if not results else results.pop(0) if len(results) > 1 else results[0]
            if isinstance(result, EngineError):
                raise result
            return result._replace(name=actual.name, image_id=actual.image_id, started_at=result.started_at or actual.started_at)

    def events(self, _container: str) -> FakeEvents:
        return FakeEvents(self.event_delays, self.event_log)

    def failure(self, container: str) -> Failure:
        with _Call(self, f"failure:{self._label(container)}"):
            return self.failures.get(self._label(container), Failure())

    def remove_externally(self, container: str) -> None:
        """Remove a container, as another tool would."""
        del self._containers[self._find(container)["Id"]]

    def has_live_namespaces(self, container: str) -> bool:
        """Tell whether all containers whose namespaces it shares have been running since it was started."""
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
            return "NEW" if self._find(container)["Id"] in self.created_ids else self._name(container)
        except NotFound:
            return container


class _Call:
    """Record a call, and make it fail or lose its answer if the test asks for it."""

    def __init__(self, engine: FakeEngine, label: str) -> None:
        self._engine = engine
        self._label = label

    def __enter__(self) -> None:
        self._engine.call_counter.before_call()
        self._engine.on_each_call()
        self._engine.calls.append(self._label)
        self._engine.clock.now += self._engine.call_seconds.get(self._label, 0)
        error = self._engine.errors.get(self._label)
        if error:
            raise error
        if self._engine.unreachable.get(self._label, 0) > 0:
            self._engine.unreachable[self._label] -= 1
            raise self._engine.unreachable_error

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self._engine.call_counter.after_call()
        if kind is None and self._label in self._engine.lost_answers:
            raise NoAnswer("the connection broke")


class FakeJournal:
    """Journal in memory. `calls` is the list of an engine, if one is given. `age_of_records` is the age of every record.

    With anything in `errors`, every call fails with the first error.
    """

    def __init__(self, calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.records: dict[str, str] = {}
        self.age_of_records = 0.0
        self.errors: list[EngineError] = []
        self.call_counter = CallCounter()

    def write(self, key: str, text: str) -> str:
        self._record("write", key)
        stored = self.records.setdefault(key, text)
        self.call_counter.after_call()
        return stored

    def read(self, key: str) -> Record | None:
        self._record("read", key)
        return Record(self.records[key], "") if key in self.records else None

    def keys(self, part: str) -> tuple[str, ...]:
        self._record("keys", part)
        return tuple(key for key in self.records if part in key)

    def read_all(self, part: str) -> dict[str, Record]:
        self._record("read_all", part)
        return {key: Record(text, "") for key, text in self.records.items() if part in key}

    def erase(self, key: str) -> None:
        self._record("erase", key)
        self.records.pop(key, None)
        self.call_counter.after_call()

    def age(self, _note: Record) -> float:
        for error in self.errors:
            raise error
        return self.age_of_records

    def _record(self, call: str, key: str) -> None:
        self.call_counter.before_call()
        self.calls.append(f"{call}:{key}")
        for error in self.errors:
            raise error


class FakeProcesses:
    """ProcessTable by token. Processes in `dead` are dead; processes in `unknown` run on a machine that cannot be checked."""

    def __init__(self, token: str = "me") -> None:  # noqa: S107 - a name, not a secret
        self.dead: set[str] = set()
        self.unknown: set[str] = set()
        self._token = token

    def me(self) -> Holder:
        return Holder(self._token, host="here", boot="boot", pid_namespace="pids", pid=1, pid_started="0", local=True)

    def is_dead(self, holder: Holder) -> bool | None:
        return None if holder.token in self.unknown else holder.token in self.dead


def a_journal_entry(token: str, *, old: t.Mapping[str, t.Any] | None = None, **changes: t.Any) -> JournalEntry:
    """Return the entry of the run `token`, which moves web from shop:1 to shop:2. `old` are changes to the old container."""
    web = OldContainer("old", "web", "shop:1", HEALTHY, restart_policy={"Name": "always"})
    entry = JournalEntry(
        old=web._replace(**(old or {})),
        old_image=ImageIdentity("shop:1", "old"),
        new_image=ImageIdentity("shop:2", "new"),
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
