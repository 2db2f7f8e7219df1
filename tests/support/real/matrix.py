# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kill matrix and the fault matrix share: the ways that an update can go, or a way back, and what must be true afterwards."""

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
_RESULT_WITHIN = 60
_IMPATIENCE = 2
"""Seconds that the client waits for an answer: where there is to be one, and where one is withheld."""


def _image(page: str, command: tuple[str, ...] = serve_after(), check: str | None = _OFTEN_PROBED) -> WebImage:
    return WebImage(page, command, health=None, changes=("VOLUME /data", *([check] if check else [])))


OLD = _image("v1")
SLOW_TO_STOP = _image("v1", shell(f"trap 'sleep 4; exit 0' TERM; httpd -f -p {PORT} -h /www & wait"))
FUSSY = _image("v1", check=f"HEALTHCHECK --interval=300ms --timeout=15s --retries=3 CMD test ! -e {_SPOILT} && {PROBE}")
"""Not healthy where the data are spoilt."""
SIDECAR = WebImage("sidecar", shell("trap 'exit 0' TERM; sleep 1000000 & wait"), health=None)


@dataclass(frozen=True)
class Way:
    """One way that a run of a module can go.

    `new` is the image that it is to bring, `serves` the page afterwards, `kept` tells whether there is to be an archive then.
    `health_timeout` in seconds is short only where it is to pass: a busy machine must not make a failure of what is to succeed.

    How it is prepared: `old` is the image that the container is made from, `dependent` tells whether another one lives in its network.
    `after` is the way that goes before, undisturbed, and `spoilt` tells whether something then makes the data unfit for `FUSSY`.

    `like` is the way that it begins like: only what comes then is worth a point. `thinned` says how many times fewer points a sample
    has than of another way, where a point takes longer.
    """

    name: str
    new: WebImage
    serves: str
    kept: bool = False
    health_timeout: float = 60
    module: str = "container_recreate"
    old: WebImage = OLD
    dependent: bool = False
    after: Way | None = None
    spoilt: bool = False
    like: Way | None = None
    thinned: int = 1

    @property
    def succeeds(self) -> bool:
        return self.serves == self.new.page

    @property
    def goes_back(self) -> bool:
        return self.module == "container_rollback"

    def __str__(self) -> str:
        return self.name


SUCCESS = Way("success", _image("v2"), "v2")
ARCHIVE_KEPT = Way("archive kept", _image("v2"), "v2", kept=True, like=SUCCESS)
HEALTH_TIMEOUT = Way(
    "health timeout", _image("v3", check="HEALTHCHECK --interval=300ms --timeout=5s CMD false"), "v1", health_timeout=1.5, like=SUCCESS
)
CRASH = Way("crash", _image("v3", shell("exit 3"), check=None), "v1", like=SUCCESS)
START_FAILS = Way("start fails", _image("v3", ("/no/such/program",)), "v1", like=SUCCESS)
CREATE_FAILS = Way("create fails", _image("v3", ()), "v1", like=SUCCESS)
GO_BACK = Way("go back", OLD, "v1", module="container_rollback", after=ARCHIVE_KEPT, thinned=5)
GO_BACK_FAILS = Way(
    "go back fails",
    FUSSY,
    "v2",
    kept=True,
    health_timeout=1.5,
    module="container_rollback",
    old=FUSSY,
    after=ARCHIVE_KEPT,
    spoilt=True,
    like=GO_BACK,
    thinned=5,
)
WITH_DEPENDENT = Way("success with a dependent", _image("v2"), "v2", dependent=True, thinned=5)
CRASH_WITH_DEPENDENT = Way("crash with a dependent", CRASH.new, "v1", dependent=True, like=WITH_DEPENDENT, thinned=3)
WAYS = (
    SUCCESS,
    ARCHIVE_KEPT,
    HEALTH_TIMEOUT,
    CRASH,
    START_FAILS,
    CREATE_FAILS,
    GO_BACK,
    GO_BACK_FAILS,
    WITH_DEPENDENT,
    CRASH_WITH_DEPENDENT,
)


def another_caller(host: str) -> Caller:
    """Another user in another working directory, where the tests may become one; otherwise the same user in another directory.

    Root becomes `nobody`, who may use the engine's socket as its group may, and may read where the tests' Python lies.
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
    """Every `of`-th point, from `first` on: so that the points of a matrix can be spread over processes."""

    first: int
    of: int

    def among(self, points: list[Any]) -> list[Any]:
        return points[self.first :: self.of]

    def __str__(self) -> str:
        return f"{self.first + 1} of {self.of}"


@dataclass(frozen=True)
class Truth:
    """What the engine says of a container, without asking the module."""

    id: str
    status: str
    health: str | None
    started_at: str
    image: str
    policy: dict[str, Any]


class Patient:
    """One container that is to be updated, and a stranger whose name looks like its archive's.

    `before` is what has its name when all is prepared for the way, `names_before` are the names of that and of its archives.
    """

    def __init__(self, bench: Bench, way: Way) -> None:
        self._client = bench.client
        self._bench = bench
        self.name = f"{bench.sandbox.prefix}-{secrets.token_hex(4)}"
        self.secret = secrets.token_hex(12)
        policy = {"Name": "always", "MaximumRetryCount": 0}
        body = {"Image": bench.image(way.old), "HostConfig": {"RestartPolicy": policy}}
        self._stranger = self._client.create_container_from_config(body, f"{self.name}-old-2")["Id"]
        body = {**body, "Env": [f"SECRET={self.secret}"], "Labels": {_OWNER: self.name}}
        self.id: str = self._client.create_container_from_config(body, self.name)["Id"]
        self.witness = Witness(bench.new_client(), f"{_OWNER}={self.name}")
        self._client.start(self.id)
        wait_for(lambda: self.truth(self.id).health == "healthy", "the health of the old container")
        self._letter = secrets.token_hex(12)
        self._say(self.id, f"echo {self._letter} >/data/letter")
        self.sidecar = f"{bench.sandbox.prefix}-with-{secrets.token_hex(4)}" if way.dependent else None
        if self.sidecar:
            mode = {"NetworkMode": f"container:{self.id}"}
            body = {"Image": bench.image(SIDECAR), "HostConfig": mode}
            self._client.start(self._client.create_container_from_config(body, self.sidecar)["Id"])
        self._there_before = {way.old.page: self.id}
        self._take_stock()

    def _take_stock(self) -> None:
        self.before = self.truth()
        self.names_before = self.names

    def prepare(self, way: Way) -> None:
        """Have behind it what goes before `way`."""
        if way.after:
            result = self._bench.run(self, way.after)
            assert not result["failed"], result
            self._there_before[way.after.new.page] = result["container"]["id"]
        if way.spoilt:
            self._wait_for_words(self.name, f"touch {_SPOILT} && echo spoilt", "spoilt")
        self._take_stock()

    def truth(self, container: str | None = None) -> Truth:
        """Of the container under the name, unless another one is named. Raises docker.errors.NotFound."""
        found = self._client.inspect_container(container or self.name)
        self._bench.volumes.update(mount["Name"] for mount in found["Mounts"])
        state = found["State"]
        return Truth(
            found["Id"],
            state["Status"],
            (state.get("Health") or {}).get("Status"),
            state["StartedAt"],
            found["Config"]["Image"],
            found["HostConfig"]["RestartPolicy"],
        )

    def truth_if_any(self) -> Truth | None:
        try:
            return self.truth()
        except docker.errors.NotFound:
            return None

    @property
    def names(self) -> list[str]:
        """Of all containers that the update was about, archives included, the stranger not."""
        return self._names_from(self.name)

    def _names_from(self, beginning: str) -> list[str]:
        found = self._client.containers(all=True, filters={"name": f"^/{beginning}"})
        return sorted(container["Names"][0].lstrip("/") for container in found if container["Id"] != self._stranger)

    @property
    def journal(self) -> list[str]:
        found = self._client.volumes(filters={"label": JOURNAL_LABEL, "name": self.name})["Volumes"] or ()
        return [volume["Name"] for volume in found]

    def assert_whole(self, serves: str, *, kept: bool = False, sidecar_lost: bool = False) -> None:
        """One container, under its name, well, with its data and its policy; nothing left, and no stranger touched.

        With `sidecar_lost`, somebody was told that the one in its network needs attention.
        """
        archives = [name for name in self.names if name != self.name]
        assert self.name in self.names, f"nothing has the name, there is {archives}"
        assert len(archives) == kept, f"archives: {archives}"
        now = self.truth()
        assert (now.status, now.health) == ("running", "healthy"), now
        assert now.policy == self.before.policy, now
        assert all(self.truth(archive).status == "exited" for archive in archives), archives
        assert now.id == self._there_before.get(serves) if serves in self._there_before else now.id not in self._there_before.values(), (
            f"it is not the container that it should be: {now}"
        )
        self._wait_for_words(now.id, "cat /data/letter", self._letter)
        self._wait_for_words(now.id, f"wget -q -O - http://127.0.0.1:{PORT}/", serves)
        assert self.journal == [], self.journal
        if self.sidecar and not sidecar_lost:
            self._assert_sidecar_well(self.sidecar)
        stranger = self._client.inspect_container(self._stranger)
        assert (stranger["Name"], stranger["State"]["Status"]) == (f"/{self.name}-old-2", "created"), "the stranger was touched"

    def _assert_sidecar_well(self, sidecar: str) -> None:
        """It is the only one of its kind, and lives in the network of the container that serves."""
        assert self._names_from(sidecar) == [sidecar], f"of the one in its network there are {self._names_from(sidecar)}"
        assert self.truth(sidecar).status == "running", self.truth(sidecar)
        network = "busybox readlink /proc/self/ns/net"
        namespaces: list[str] = []

        def has_spoken() -> bool:
            namespaces[:] = [self._say(container, network) for container in (self.name, sidecar)]
            return all(words.startswith("net:") for words in namespaces)

        wait_for(has_spoken, network, seconds=10)
        assert len(set(namespaces)) == 1, f"it does not live in that one's network: {namespaces}"

    def assert_archives_known(self) -> None:
        """Those that a later run can go back to are those that are there."""
        known = ArchiveStore(VolumeJournal(self._client, MEMORY_LABEL)).of(self.name)
        there = {(self.truth(name).id, name) for name in self.names if name != self.name}
        assert {(archive.id, archive.name) for archive in known} == there, f"known: {known}, there: {there}"

    def is_back(self) -> bool:
        """Whether the one that was made first has its name and runs, though another one did before."""
        now = self.truth_if_any()
        return now is not None and (now.id, now.status) == (self.id, "running") and now.id != self.before.id

    def assert_not_two_now(self) -> None:
        found = self._client.containers(filters={"label": f"{_OWNER}={self.name}"})
        assert len(found) < 2, f"two run at once: {[container['Names'] for container in found]}"

    def wait_for_death(self) -> None:
        """Of the container that was there first, if only for a moment."""
        self.witness.wait_for("die", self.id)

    def _say(self, container: str, command: str) -> str:
        run = self._client.exec_create(container, ["sh", "-c", command])
        said: bytes = self._client.exec_start(run)
        return said.decode().strip()

    def _wait_for_words(self, container: str, command: str, words: str) -> None:
        """A busy engine loses what a short command says now and then, so it may be asked again."""
        said: list[str] = []

        def is_said() -> bool:
            said.append(self._say(container, command))
            return said[-1] == words

        try:
            wait_for(is_said, command, seconds=10)
        except AssertionError as error:
            raise AssertionError(f"{error}; not {words!r} but {said[-1]!r}") from None

    def leave(self) -> set[str]:
        """Remove it, and whatever became of it. Returns the IDs of the containers that were still there."""
        left = {self.truth(name).id for name in self.names}
        sidecars = self._names_from(self.sidecar) if self.sidecar else ()
        for container in (*sidecars, *left, self._stranger):
            self._client.remove_container(container, force=True, v=True)
        for volume in self.journal:
            self._client.remove_volume(volume, force=True)
        return left


class Witness:
    """Hears from the engine which containers with a label start and die, in order."""

    def __init__(self, client: docker.APIClient, label: str) -> None:
        self._client = client
        filters = {"type": "container", "event": ["start", "die", "destroy"], "label": label}
        # The engine may open the stream before it listens for the client. `since` covers the time between.
        self._stream = client.events(since=f"{time.time():.6f}", filters=filters, decode=True)
        self._story: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(Exception):  # The stream ends when it is closed, one way or another.
            for event in self._stream:
                self._story.append((event["Action"], event["id"]))

    def wait_for(self, action: str, container: str) -> None:
        wait_for(lambda: (action, container) in self._story, f"{action} of {container}")

    def assert_never_two(self, *, until_gone: set[str]) -> None:
        """Hear the story to its end: `until_gone` are the containers that were removed last."""
        running: set[str] = set()
        for container in until_gone:
            self.wait_for("destroy", container)
        for action, container in self._story:
            if action == "start":
                running.add(container)
            else:
                running.discard(container)
            assert len(running) < 2, f"two ran at once: {self._story}"

    def close(self) -> None:
        with contextlib.suppress(Exception):  # It may have ended with the engine.
            self._stream.close()
        self._client.close()


class Bench:
    """One engine with the images, and the module run against it. `host` is its `unix://` URL.

    Without `registry`, the images are only on the engine, and nothing is pulled.
    """

    def __init__(self, client: docker.APIClient, host: str, *, registry: bool = True) -> None:
        self.client = client
        self.sandbox = Sandbox(client)
        self.host = host
        self.volumes: set[str] = set()
        self._registry = registry
        self._images: dict[WebImage, str] = {}
        self._rehearsed: dict[Way, list[Call]] = {}
        self._folder = tempfile.TemporaryDirectory()
        os.chmod(self._folder.name, 0o777)  # noqa: S103 - the home of whoever the module runs as
        self.caller = Caller(cwd=str(CHECKOUT))
        self.another_caller = another_caller(host)

    def new_client(self) -> docker.APIClient:
        return docker.APIClient(self.host, version="auto", timeout=600)

    def image(self, like: WebImage) -> str:
        if like not in self._images:
            self._images[like] = self.sandbox.image(f"{len(self._images)}", like, push=self._registry)
        return self._images[like]

    @contextlib.contextmanager
    def patient(self, way: Way = SUCCESS, *, witnessed: bool = True) -> Iterator[Patient]:
        """A container that is prepared for `way`, for the time of the block. `witnessed`: never may two have run at once meanwhile."""
        patient = Patient(self, way)
        with contextlib.closing(patient.witness):
            try:
                patient.prepare(way)
                yield patient
            finally:
                left = patient.leave()
            if witnessed:
                patient.witness.assert_never_two(until_gone=left)

    def calls(self, way: Way) -> list[Call]:
        """What the module asks of the engine when it goes that way undisturbed."""
        if way not in self._rehearsed:
            with self.patient(way) as patient, Proxy(socket_of(self.host)) as proxy:
                result = self.run(patient, way, host=proxy.url)
                assert result["failed"] != way.succeeds, result
                patient.assert_whole(way.serves, kept=way.kept)
                patient.assert_archives_known()
            self._rehearsed[way] = proxy.calls
        return self._rehearsed[way]

    def calls_of_its_own(self, way: Way) -> range:
        """The places of the calls that make `way` another one than the one it is like: from the last one on that they have in common.

        Up to there the engine was asked the same things, so what holds there on the one way holds on the other.
        """
        own, common = self.calls(way), self.calls(way.like) if way.like else []
        same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(own, common, strict=False))))
        return range(max(0, same - 1), len(own))

    def options(self, patient: Patient, way: Way, host: str | None = None, timeout: int = _RESULT_WITHIN) -> dict[str, Any]:
        options = {
            "docker_host": host or self.host,
            "name": patient.name,
            "health_timeout": way.health_timeout,
            "grace_period": 0.5,
            "poll_interval": 0.1,
            "timeout": timeout,
        }
        if way.goes_back:
            return options
        pull = "always" if self._registry else "never"
        return {**options, "image": self.image(way.new), "pull": pull, "pull_timeout": timeout, "keep_archive": way.kept}

    def run(
        self, patient: Patient, way: Way, *, host: str | None = None, timeout: int = _RESULT_WITHIN, caller: Caller | None = None
    ) -> Result:
        """Run the way's module as Ansible does: in a process of its own, with its arguments as JSON on standard input."""
        run = self._start(way, self.options(patient, way, host, timeout), caller or self.caller)
        assert run.returncode >= 0, f"killed by signal {-run.returncode}"
        assert "Traceback" not in run.stdout + run.stderr, run.stdout + run.stderr
        assert patient.secret not in run.stdout + run.stderr, "a secret was told"
        result: Result = {"failed": False, "warnings": [], **json.loads(run.stdout)}
        # What a module itself prints has each warning as ansible-core passes it on, which is text or a document, as its version likes.
        result["warnings"] = [warning if isinstance(warning, str) else str(warning) for warning in result["warnings"]]
        return result

    def run_by_ansible(self, patient: Patient, way: Way, caller: Caller) -> Result:
        """The same through ansible-playbook."""
        task = {"name": way.name, f"evenkeel.fleet.{way.module}": self.options(patient, way)}
        run = run_playbook([play(task)], caller=caller, collections=caller.collections)
        assert len(run.results) == 1, run.output
        return run.results[0]

    def run_again(self, patient: Patient, way: Way, *, caller: Caller | None = None, by_ansible: bool = False) -> Result:
        """Run it undisturbed after a run that was not, and see that it succeeds if it is to.

        When a way back was gone to its end, and nothing says that somebody has not heard of that, there is nothing more to go back to.
        """
        is_back = way.goes_back and patient.is_back()
        is_over = is_back and lock_key(patient.name) not in patient.journal
        caller = caller or self.caller
        result = self.run_by_ansible(patient, way, caller) if by_ansible else self.run(patient, way, caller=caller)
        if is_over:
            assert "There is no archive of" in result.get("msg", ""), result
        elif way.succeeds:
            assert not result["failed"], result
            assert not is_back or result["outcome"] == "recovered", result
        return result

    def kill(self, patient: Patient, way: Way, at: int, fault: Fault, caller: Caller | None = None) -> None:
        """Run the module and kill it at that call."""
        with Proxy(socket_of(self.host), at, fault) as proxy:
            run = self._start(way, self.options(patient, way, proxy.url), caller or self.caller)
        assert run.returncode == -9, f"it was not killed, but ended:\n{run.stdout}{run.stderr}\n{list(map(str, proxy.calls))}"

    def run_with_fault(self, patient: Patient, way: Way, at: int, fault: Fault, *, lasting: bool = False) -> Result:
        with Proxy(socket_of(self.host), at, fault, lasting=lasting) as proxy:
            impatient = fault in (Fault.HANG, Fault.HANG_DONE)
            result = self.run(patient, way, host=proxy.url, timeout=_IMPATIENCE if impatient else _RESULT_WITHIN)
        assert proxy.hit, f"that call was not made: {list(map(str, proxy.calls))}"
        return result

    def _start(self, way: Way, options: dict[str, Any], caller: Caller) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*caller.prefix, sys.executable, "-m", f"ansible_collections.evenkeel.fleet.plugins.modules.{way.module}"),
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


def place(calls: list[Call], at: int) -> str:
    return f"call {at + 1} of {len(calls)} ({calls[at]})"


def kill_points(calls: list[Call], places: Iterable[int]) -> list[tuple[int, Fault]]:
    """Before each of those calls, after it, and, where the engine has something to do, while it does it."""
    around = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
    return [
        (at, fault) for at in places for fault in (around if calls[at].reads else (Fault.KILL_BEFORE, Fault.KILL_DURING, Fault.KILL_AFTER))
    ]


def parametrize(metafunc: pytest.Metafunc, ways: tuple[Way, ...], *, chunks: int, sampled: int) -> None:
    """Make `chunks` tests of each way, to go through all points together; or one, to go through every `sampled`-th, or fewer."""
    if metafunc.config.getoption("--whole-matrices"):
        parts = [(way, Chunk(first, chunks)) for way in ways for first in range(chunks)]
    else:
        every = [sampled * way.thinned for way in ways]
        parts = [(way, Chunk((5 * number + 2) % nth, nth)) for number, (way, nth) in enumerate(zip(ways, every, strict=True))]
    metafunc.parametrize(("way", "chunk"), parts, ids=[f"{way}, {chunk}" for way, chunk in parts])
