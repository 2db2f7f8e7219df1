# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kill matrix and the fault matrix share: the paths of an update or a rollback, and what must be true afterwards."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import docker
import docker.errors
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import JOURNAL_LABEL, MEMORY_LABEL, VolumeJournal
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.archives import ArchiveStore
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.journal import lock_key
from support.real.ansible import CHECKOUT, Caller, play, run_playbook
from support.real.faulty_proxy import Call, Fault, Proxy, socket_of
from support.real.sandbox import Sandbox, wait_for
from testbed.images import PORT, PROBE, WebImage, serve_after, shell

Result = dict[str, Any]

_OFTEN_PROBED = f"HEALTHCHECK --interval=300ms --timeout=15s --retries=3 CMD {PROBE}"
_OWNER = "evenkeel.test.service"
_SPOILT = "/data/spoilt"
_TIMEOUT = 60
_SHORT_TIMEOUT = 2
"""Seconds the client waits for an answer: normally, and where the proxy withholds the answer."""


def _image(page: str, command: tuple[str, ...] = serve_after(), check: str | None = _OFTEN_PROBED) -> WebImage:
    return WebImage(page, command, health=None, changes=("VOLUME /data", *([check] if check else [])))


OLD = _image("v1")
SLOW_TO_STOP = _image("v1", shell(f"trap 'sleep 4; exit 0' TERM; httpd -f -p {PORT} -h /www & wait"))
HEALTHY_UNLESS_SPOILT = _image("v1", check=f"HEALTHCHECK --interval=300ms --timeout=15s --retries=3 CMD test ! -e {_SPOILT} && {PROBE}")
"""Unhealthy when the data are spoilt."""
SIDECAR = WebImage("sidecar", shell("trap 'exit 0' TERM; sleep 1000000 & wait"), health=None)


@dataclass(frozen=True)
class UpdatePath:
    """One path that a run of a module can take.

    `new` is the image to deploy, `serves` the page expected afterwards, `kept` whether an archive is expected.
    `health_timeout` (seconds) is short only where it is expected to expire: a busy machine must not turn a success into a failure.

    Preparation: the container is created from `old`; with `dependent`, another container uses its network. `preceded_by` is a path that
    runs first, undisturbed; with `spoilt`, the data are then made unhealthy for `HEALTHY_UNLESS_SPOILT`.

    The first calls are the same as those of `shares_start_with`, so only later calls become points. `sampling_factor` divides the number
    of points in a sample, for paths whose points take longer.
    """

    name: str
    new: WebImage
    serves: str
    kept: bool = False
    health_timeout: float = 60
    module: str = "container_recreate"
    old: WebImage = OLD
    dependent: bool = False
    preceded_by: UpdatePath | None = None
    spoilt: bool = False
    shares_start_with: UpdatePath | None = None
    sampling_factor: int = 1

    @property
    def succeeds(self) -> bool:
        return self.serves == self.new.page

    @property
    def is_rollback(self) -> bool:
        return self.module == "container_rollback"

    def __str__(self) -> str:
        return self.name


SUCCESS = UpdatePath("success", _image("v2"), "v2")
ARCHIVE_KEPT = UpdatePath("archive kept", _image("v2"), "v2", kept=True, shares_start_with=SUCCESS)
HEALTH_TIMEOUT = UpdatePath(
    "health timeout",
    _image("v3", check="HEALTHCHECK --interval=300ms --timeout=5s CMD false"),
    "v1",
    health_timeout=1.5,
    shares_start_with=SUCCESS,
)
CRASH = UpdatePath("crash", _image("v3", shell("exit 3"), check=None), "v1", shares_start_with=SUCCESS)
START_FAILS = UpdatePath("start fails", _image("v3", ("/no/such/program",)), "v1", shares_start_with=SUCCESS)
CREATE_FAILS = UpdatePath("create fails", _image("v3", ()), "v1", shares_start_with=SUCCESS)
ROLLBACK = UpdatePath("go back", OLD, "v1", module="container_rollback", preceded_by=ARCHIVE_KEPT, sampling_factor=5)
FAILED_ROLLBACK = UpdatePath(
    "go back fails",
    HEALTHY_UNLESS_SPOILT,
    "v2",
    kept=True,
    health_timeout=1.5,
    module="container_rollback",
    old=HEALTHY_UNLESS_SPOILT,
    preceded_by=ARCHIVE_KEPT,
    spoilt=True,
    shares_start_with=ROLLBACK,
    sampling_factor=5,
)
WITH_DEPENDENT = UpdatePath("success with a dependent", _image("v2"), "v2", dependent=True, sampling_factor=5)
CRASH_WITH_DEPENDENT = UpdatePath(
    "crash with a dependent", CRASH.new, "v1", dependent=True, shares_start_with=WITH_DEPENDENT, sampling_factor=3
)
UPDATE_PATHS = (
    SUCCESS,
    ARCHIVE_KEPT,
    HEALTH_TIMEOUT,
    CRASH,
    START_FAILS,
    CREATE_FAILS,
    ROLLBACK,
    FAILED_ROLLBACK,
    WITH_DEPENDENT,
    CRASH_WITH_DEPENDENT,
)


def another_caller(host: str) -> Caller:
    """Return another user in another working directory if the tests may switch users, else the same user in another directory.

    Root becomes `nobody`, with the group of the engine's socket and the right to read the Python of the tests.
    """
    if os.geteuid() or not shutil.which("setpriv"):
        return Caller(cwd="/")
    nobody = pwd.getpwnam("nobody")
    group = os.stat(socket_of(host)).st_gid
    identity = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", f"--groups={group}")
    read_only = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    return Caller(("setpriv", *identity, *read_only), cwd="/")


@dataclass(frozen=True)
class Chunk:
    """Every `of`-th point from `first` on, so that the points of a matrix can be spread over processes."""

    first: int
    of: int

    def among(self, points: list[Any]) -> list[Any]:
        return points[self.first :: self.of]

    def __str__(self) -> str:
        return f"{self.first + 1} of {self.of}"


@dataclass(frozen=True)
class ActualState:
    """What the engine says about a container, independent of the module."""

    id: str
    status: str
    health: str | None
    started_at: str
    image: str
    policy: dict[str, Any]


class ContainerUnderTest:
    """The container that a run updates, and a foreign container whose name looks like an archive.

    After the preparation, `before` is the state of the container with the name; `names_before` are its name and those of its archives.
    """

    def __init__(self, runner: MatrixRunner, path: UpdatePath) -> None:
        self._client = runner.client
        self._runner = runner
        self.name = f"{runner.sandbox.prefix}-{secrets.token_hex(4)}"
        self.secret = secrets.token_hex(12)
        policy = {"Name": "always", "MaximumRetryCount": 0}
        body = {"Image": runner.image(path.old), "HostConfig": {"RestartPolicy": policy}}
        self._foreign_id = self._client.create_container_from_config(body, f"{self.name}-old-2")["Id"]
        body = {**body, "Env": [f"SECRET={self.secret}"], "Labels": {_OWNER: self.name}}
        self.id: str = self._client.create_container_from_config(body, self.name)["Id"]
        self.event_recorder = EventRecorder(runner.new_client(), f"{_OWNER}={self.name}")
        self._client.start(self.id)
        wait_for(lambda: self.state(self.id).health == "healthy", "the health of the old container")
        self._marker = secrets.token_hex(12)
        self._run_in(self.id, f"echo {self._marker} >/data/marker")
        self.sidecar = f"{runner.sandbox.prefix}-with-{secrets.token_hex(4)}" if path.dependent else None
        if self.sidecar:
            mode = {"NetworkMode": f"container:{self.id}"}
            body = {"Image": runner.image(SIDECAR), "HostConfig": mode}
            self._client.start(self._client.create_container_from_config(body, self.sidecar)["Id"])
        self._there_before = {path.old.page: self.id}
        self._record_state()

    def _record_state(self) -> None:
        self.before = self.state()
        self.names_before = self.names

    def prepare(self, path: UpdatePath) -> None:
        """Run what precedes `path`."""
        if path.preceded_by:
            result = self._runner.run(self, path.preceded_by)
            assert not result["failed"], result
            self._there_before[path.preceded_by.new.page] = result["container"]["id"]
        if path.spoilt:
            self._wait_for_output(self.name, f"touch {_SPOILT} && echo spoilt", "spoilt")
        self._record_state()

    def state(self, container: str | None = None) -> ActualState:
        """Return the state of the container with the name, or of `container`. Raise docker.errors.NotFound."""
        found = self._client.inspect_container(container or self.name)
        self._runner.volumes.update(mount["Name"] for mount in found["Mounts"])
        state = found["State"]
        return ActualState(
            found["Id"],
            state["Status"],
            (state.get("Health") or {}).get("Status"),
            state["StartedAt"],
            found["Config"]["Image"],
            found["HostConfig"]["RestartPolicy"],
        )

    def state_or_none(self) -> ActualState | None:
        try:
            return self.state()
        except docker.errors.NotFound:
            return None

    @property
    def names(self) -> list[str]:
        """The names of the container and its archives, without the foreign container."""
        return self._names_from(self.name)

    def _names_from(self, beginning: str) -> list[str]:
        found = self._client.containers(all=True, filters={"name": f"^/{beginning}"})
        return sorted(container["Names"][0].lstrip("/") for container in found if container["Id"] != self._foreign_id)

    @property
    def journal(self) -> list[str]:
        found = self._client.volumes(filters={"label": JOURNAL_LABEL, "name": self.name})["Volumes"] or ()
        return [volume["Name"] for volume in found]

    def assert_intact(self, serves: str, *, kept: bool = False, sidecar_lost: bool = False) -> None:
        """Assert that one healthy container has the name, the data and the restart policy, nothing is left and nothing foreign was touched.

        With `sidecar_lost`, a warning said that the container in its network needs attention.
        """
        archives = [name for name in self.names if name != self.name]
        assert self.name in self.names, f"no container has the name; there is {archives}"
        assert len(archives) == kept, f"archives: {archives}"
        now = self.state()
        assert (now.status, now.health) == ("running", "healthy"), now
        assert now.policy == self.before.policy, now
        assert all(self.state(archive).status == "exited" for archive in archives), archives
        assert now.id == self._there_before.get(serves) if serves in self._there_before else now.id not in self._there_before.values(), (
            f"the wrong container has the name: {now}"
        )
        self._wait_for_output(now.id, "cat /data/marker", self._marker)
        self._wait_for_output(now.id, f"wget -q -O - http://127.0.0.1:{PORT}/", serves)
        assert self.journal == [], self.journal
        if self.sidecar and not sidecar_lost:
            self._assert_sidecar_well(self.sidecar)
        foreign = self._client.inspect_container(self._foreign_id)
        assert (foreign["Name"], foreign["State"]["Status"]) == (f"/{self.name}-old-2", "created"), "the foreign container was touched"

    def _assert_sidecar_well(self, sidecar: str) -> None:
        """There is exactly one, and it uses the network of the container that serves."""
        assert self._names_from(sidecar) == [sidecar], f"containers in its network: {self._names_from(sidecar)}"
        assert self.state(sidecar).status == "running", self.state(sidecar)
        network = "busybox readlink /proc/self/ns/net"
        namespaces: list[str] = []

        def both_answered() -> bool:
            namespaces[:] = [self._run_in(container, network) for container in (self.name, sidecar)]
            return all(output.startswith("net:") for output in namespaces)

        wait_for(both_answered, network, seconds=10)
        assert len(set(namespaces)) == 1, f"the two containers have different networks: {namespaces}"

    def assert_archives_known(self) -> None:
        """The remembered archives are those that exist."""
        known = ArchiveStore(VolumeJournal(self._client, MEMORY_LABEL)).of(self.name)
        there = {(self.state(name).id, name) for name in self.names if name != self.name}
        assert {(archive.id, archive.name) for archive in known} == there, f"known: {known}, there: {there}"

    def is_restored(self) -> bool:
        """Tell whether the first container runs under its name again, after another one had the name."""
        now = self.state_or_none()
        return now is not None and (now.id, now.status) == (self.id, "running") and now.id != self.before.id

    def assert_at_most_one_runs(self) -> None:
        found = self._client.containers(filters={"label": f"{_OWNER}={self.name}"})
        assert len(found) < 2, f"two containers run at once: {[container['Names'] for container in found]}"

    def wait_for_exit(self) -> None:
        """Wait until the first container has stopped, even if only for a moment."""
        self.event_recorder.wait_for("die", self.id)

    def _run_in(self, container: str, command: str) -> str:
        run = self._client.exec_create(container, ["sh", "-c", command])
        output: bytes = self._client.exec_start(run)
        return output.decode().strip()

    def _wait_for_output(self, container: str, command: str, expected: str) -> None:
        """Retry the command: a busy engine sometimes loses the output of a short command."""
        outputs: list[str] = []

        def is_printed() -> bool:
            outputs.append(self._run_in(container, command))
            return outputs[-1] == expected

        try:
            wait_for(is_printed, command, seconds=10)
        except AssertionError as error:
            raise AssertionError(f"{error}; not {expected!r} but {outputs[-1]!r}") from None

    def remove(self) -> set[str]:
        """Remove the container, its archives and everything around it. Return the IDs of the containers that still existed."""
        left = {self.state(name).id for name in self.names}
        sidecars = self._names_from(self.sidecar) if self.sidecar else ()
        for container in (*sidecars, *left, self._foreign_id):
            self._client.remove_container(container, force=True, v=True)
        for volume in self.journal:
            self._client.remove_volume(volume, force=True)
        return left


class EventRecorder:
    """Record, from the engine's events, which containers with a label start and stop, in order."""

    def __init__(self, client: docker.APIClient, label: str) -> None:
        self._client = client
        filters = {"type": "container", "event": ["start", "die", "destroy"], "label": label}
        # The engine may open the stream before it listens for the client. `since` covers the time between.
        self._stream = client.events(since=f"{time.time():.6f}", filters=filters, decode=True)
        self._events: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # Closing the stream ends it, with or without an error.
            for event in self._stream:
                self._events.append((event["Action"], event["id"]))

    def wait_for(self, action: str, container: str) -> None:
        wait_for(lambda: (action, container) in self._events, f"{action} of {container}")

    def assert_never_two_ran(self, *, until_gone: set[str]) -> None:
        """Assert that no two containers ran at once. Read events until the containers in `until_gone` are destroyed."""
        running: set[str] = set()
        for container in until_gone:
            self.wait_for("destroy", container)
        for action, container in self._events:
            if action == "start":
                running.add(container)
            else:
                running.discard(container)
            assert len(running) < 2, f"two containers ran at once: {self._events}"

    def close(self) -> None:
        with contextlib.suppress(Exception):  # The stream may have ended with the engine.
            self._stream.close()
        self._client.close()


class MatrixRunner:
    """Run the modules against one engine that has the images. `host` is its `unix://` URL.

    Without `registry`, the images exist only on the engine, and nothing is pulled.
    """

    def __init__(self, client: docker.APIClient, host: str, *, registry: bool = True) -> None:
        self.client = client
        self.sandbox = Sandbox(client)
        self.host = host
        self.volumes: set[str] = set()
        self._registry = registry
        self._images: dict[WebImage, str] = {}
        self._recorded_calls: dict[UpdatePath, list[Call]] = {}
        self._folder = tempfile.TemporaryDirectory()
        os.chmod(self._folder.name, 0o777)  # noqa: S103 - the home directory of whichever user runs the module
        self.caller = Caller(cwd=str(CHECKOUT))
        self.another_caller = another_caller(host)

    def new_client(self) -> docker.APIClient:
        return docker.APIClient(self.host, version="auto", timeout=600)

    def image(self, like: WebImage) -> str:
        if like not in self._images:
            self._images[like] = self.sandbox.image(f"{len(self._images)}", like, push=self._registry)
        return self._images[like]

    @contextlib.contextmanager
    def container_under_test(self, path: UpdatePath = SUCCESS, *, check_overlap: bool = True) -> Iterator[ContainerUnderTest]:
        """Yield a container prepared for `path`. With `check_overlap`, assert that no two containers ran at once meanwhile."""
        subject = ContainerUnderTest(self, path)
        with contextlib.closing(subject.event_recorder):
            try:
                subject.prepare(path)
                yield subject
            finally:
                left = subject.remove()
            if check_overlap:
                subject.event_recorder.assert_never_two_ran(until_gone=left)

    def calls(self, path: UpdatePath) -> list[Call]:
        """The calls that the module makes when it takes that path undisturbed."""
        if path not in self._recorded_calls:
            with self.container_under_test(path) as subject, Proxy(socket_of(self.host)) as proxy:
                result = self.run(subject, path, host=proxy.url)
                assert result["failed"] != path.succeeds, result
                subject.assert_intact(path.serves, kept=path.kept)
                subject.assert_archives_known()
            self._recorded_calls[path] = proxy.calls
        return self._recorded_calls[path]

    def distinct_calls(self, path: UpdatePath) -> range:
        """The indexes of the calls from the last one that `path` has in common with `shares_start_with`.

        Earlier calls are the same on both paths, so their points need to be tried only once.
        """
        own, common = self.calls(path), self.calls(path.shares_start_with) if path.shares_start_with else []
        same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(own, common, strict=False))))
        return range(max(0, same - 1), len(own))

    def options(self, subject: ContainerUnderTest, path: UpdatePath, host: str | None = None, timeout: int = _TIMEOUT) -> dict[str, Any]:
        options = {
            "docker_host": host or self.host,
            "name": subject.name,
            "health_timeout": path.health_timeout,
            "grace_period": 0.5,
            "poll_interval": 0.1,
            "timeout": timeout,
        }
        if path.is_rollback:
            return options
        pull = "always" if self._registry else "never"
        return {**options, "image": self.image(path.new), "pull": pull, "pull_timeout": timeout, "keep_archive": path.kept}

    def run(
        self,
        subject: ContainerUnderTest,
        path: UpdatePath,
        *,
        host: str | None = None,
        timeout: int = _TIMEOUT,
        caller: Caller | None = None,
    ) -> Result:
        """Run the module of the path as Ansible does: in its own process, with its arguments as JSON on standard input."""
        run = self._start(path, self.options(subject, path, host, timeout), caller or self.caller)
        assert run.returncode >= 0, f"killed by signal {-run.returncode}"
        assert "Traceback" not in run.stdout + run.stderr, run.stdout + run.stderr
        assert subject.secret not in run.stdout + run.stderr, "a secret was printed"
        result: Result = {"failed": False, "warnings": [], **json.loads(run.stdout)}
        # A module prints each warning as text or as a document, depending on the version of ansible-core.
        result["warnings"] = [warning if isinstance(warning, str) else str(warning) for warning in result["warnings"]]
        return result

    def run_by_ansible(self, subject: ContainerUnderTest, path: UpdatePath, caller: Caller) -> Result:
        """Run the module of the path through ansible-playbook."""
        task = {"name": path.name, f"evenkeel.fleet.{path.module}": self.options(subject, path)}
        run = run_playbook([play(task)], caller=caller, collections=caller.collections)
        assert len(run.results) == 1, run.output
        return run.results[0]

    def run_again(self, subject: ContainerUnderTest, path: UpdatePath, *, caller: Caller | None = None, by_ansible: bool = False) -> Result:
        """Run the module undisturbed after a disturbed run, and assert that it succeeds where it should.

        After a complete rollback that left no lock, nothing is left to go back to.
        """
        is_restored = path.is_rollback and subject.is_restored()
        is_over = is_restored and lock_key(subject.name) not in subject.journal
        caller = caller or self.caller
        result = self.run_by_ansible(subject, path, caller) if by_ansible else self.run(subject, path, caller=caller)
        if is_over:
            assert "There is no archive of" in result.get("msg", ""), result
        elif path.succeeds:
            assert not result["failed"], result
            assert not is_restored or result["outcome"] == "recovered", result
        return result

    def kill(self, subject: ContainerUnderTest, path: UpdatePath, at: int, fault: Fault, caller: Caller | None = None) -> None:
        """Run the module, and kill it at that call."""
        with Proxy(socket_of(self.host), at, fault) as proxy:
            run = self._start(path, self.options(subject, path, proxy.url), caller or self.caller)
        assert run.returncode == -9, f"the module was not killed but ended:\n{run.stdout}{run.stderr}\n{list(map(str, proxy.calls))}"

    def run_with_fault(self, subject: ContainerUnderTest, path: UpdatePath, at: int, fault: Fault, *, lasting: bool = False) -> Result:
        with Proxy(socket_of(self.host), at, fault, lasting=lasting) as proxy:
            short_timeout = fault in (Fault.HANG, Fault.HANG_DONE)
            result = self.run(subject, path, host=proxy.url, timeout=_SHORT_TIMEOUT if short_timeout else _TIMEOUT)
        assert proxy.hit, f"the module did not make that call: {list(map(str, proxy.calls))}"
        return result

    def _start(self, path: UpdatePath, options: dict[str, Any], caller: Caller) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*caller.prefix, sys.executable, "-m", f"ansible_collections.evenkeel.fleet.plugins.modules.{path.module}"),
            cwd=caller.cwd,
            env={**os.environ, "HOME": self._folder.name, "PYTHONPATH": caller.collections},
            input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def clean_up(self) -> None:
        for volume in self.volumes:
            with contextlib.suppress(docker.errors.NotFound):
                self.client.remove_volume(volume)
        self.sandbox.clean_up()
        self._folder.cleanup()


def describe_call(calls: list[Call], at: int) -> str:
    return f"call {at + 1} of {len(calls)} ({calls[at]})"


def kill_points(calls: list[Call], indexes: Iterable[int]) -> list[tuple[int, Fault]]:
    """Kill before and after each of those calls, and also during each call that changes something."""
    around = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
    return [
        (at, fault) for at in indexes for fault in (around if calls[at].reads else (Fault.KILL_BEFORE, Fault.KILL_DURING, Fault.KILL_AFTER))
    ]


def parametrize(metafunc: pytest.Metafunc, paths: tuple[UpdatePath, ...], *, chunks: int, sampled: int) -> None:
    """Create `chunks` tests for each path that cover all points together, or one test for every `sampled`-th point or fewer."""
    if metafunc.config.getoption("--whole-matrices"):
        parts = [(path, Chunk(first, chunks)) for path in paths for first in range(chunks)]
    else:
        every = [sampled * path.sampling_factor for path in paths]
        parts = [(path, Chunk((5 * number + 2) % nth, nth)) for number, (path, nth) in enumerate(zip(paths, every, strict=True))]
    metafunc.parametrize(("path", "chunk"), parts, ids=[f"{path}, {chunk}" for path, chunk in parts])
