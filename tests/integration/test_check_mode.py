# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What check mode says is what a run then does, and nothing is touched for it."""

from __future__ import annotations

import functools
import io
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import docker
import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._adapters.volume_journal import MEMORY_LABEL, VolumeJournal
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.state.rejections import Rejected, Rejections
from ansible_collections.evenkeel.fleet.plugins.modules import container_recreate
from support.real.ansible import play, run_module, run_module_here, run_playbook
from support.real.faulty_proxy import Call, Fault, Proxy, socket_of
from support.real.read_only_proxy import ReadOnlyProxy
from support.real.repository import Repository, Where
from support.real.sandbox import Sandbox, free_port
from testbed import engine, registry
from testbed.engine import has_containerd_store
from testbed.images import WebImage, listed, shell
from testbed.manifests import packed_anew
from testbed.secured_registry import bridge_address, registry_with_password, registry_with_tls, trusted

Options = dict[str, Any]


class Images:
    """Built when they are asked for: what the container runs, what comes after it, one for another platform, and one that does not work."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @functools.cached_property
    def old(self) -> str:
        return self._build("old", WebImage("v1", health=None, changes=("ENV VERSION=1",)))

    @functools.cached_property
    def new(self) -> str:
        return self._build("new", WebImage("v2", health=None, changes=("ENV VERSION=2",)))

    @functools.cached_property
    def foreign(self) -> str:
        return self._build("foreign", WebImage("v2"), OTHERS)

    @functools.cached_property
    def broken(self) -> str:
        return self._build("broken", WebImage("v3", command=shell("exit 3"), health=None))

    def _build(self, tag: str, like: WebImage, architecture: str | None = None) -> str:
        built: str = self._sandbox.client.inspect_image(self._sandbox.image(tag, like, push=False, architecture=architecture))["Id"]
        return built


Prepare = Callable[[Repository, Images, Sandbox], "Options | None"]


@dataclass(frozen=True)
class Row:
    """A state of a container and of a registry.

    `prepare` brings them about and returns the options of the task. `outcome` is that of a run, `failed at …` where it fails.
    `foretold` is what check mode says, where it has to admit that it may be wrong. With the containerd image store, it need not if
    `containerd_tells` is true.
    """

    name: str
    outcome: str
    prepare: Prepare
    where: str = "plain"
    foretold: str = ""
    containerd_tells: bool = False

    @property
    def changed(self) -> bool:
        return self.outcome in ("recreated", "rolled_back")


def up_to_date(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    repository.publish(images.old)
    repository.make(repository.pull())


def moved(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    up_to_date(repository, images, _sandbox)
    repository.publish(images.new)


def with_options(prepare: Prepare, **options: Any) -> Prepare:
    def prepare_and_ask(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
        return {**(prepare(repository, images, sandbox) or {}), **options}

    return prepare_and_ask


def moved_and_known_by_another_tag(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    moved(repository, images, sandbox)
    repository.publish(images.new, "2")
    repository.pull("2")


def moved_and_pulled_by_hand(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    moved(repository, images, sandbox)
    repository.pull()


def another_tag(what: str) -> Prepare:
    def prepare(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
        up_to_date(repository, images, sandbox)
        repository.publish(getattr(images, what), "other")
        return {"image": repository.reference("other")}

    return prepare


def another_repository(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    up_to_date(repository, images, sandbox)
    mirror = Repository(sandbox, PLAIN, f"{repository.suffix}-mirror")
    mirror.publish(images.old)
    return {"image": mirror.reference()}


def pinned(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    repository.make(repository.pull(repository.publish(images.old)))
    repository.publish(images.new)


def pinned_with_tag(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    digest = repository.publish(images.old)
    repository.pull(digest)
    repository.make(f"{repository.reference()}@{digest}")
    repository.publish(images.new)


def to_the_tag_again(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    pinned(repository, images, sandbox)
    return {"image": repository.reference()}


def to_a_pinned_tag(what: str) -> Prepare:
    def prepare(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
        up_to_date(repository, images, sandbox)
        return {"image": f"{repository.reference()}@{repository.publish(getattr(images, what))}"}

    return prepare


def built_here(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    repository.make(repository.call(images.old))


def built_anew(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    built_here(repository, images, sandbox)
    repository.call(images.new)


def built_anew_and_published_before(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    """The host's tag means another image than the container runs, and the registry's that very one."""
    up_to_date(repository, images, sandbox)
    repository.call(images.new)


def to_an_image_that_is_not_here(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    up_to_date(repository, images, sandbox)
    repository.publish(images.new, "2")
    return {"image": repository.reference("2")}


def to_an_image_that_is_nowhere(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    up_to_date(repository, images, sandbox)
    return {"image": repository.reference("nowhere")}


def by_its_id(what: str, *, known: bool = False) -> Prepare:
    def prepare(repository: Repository, images: Images, _sandbox: Sandbox) -> Options:
        repository.make(images.old)
        if not what:
            return {}
        repository.publish(getattr(images, what))
        if known:
            repository.pull()
        return {"image": repository.reference()}

    return prepare


def by_several_digests(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.manifests.write("again", packed_anew(repository.manifests.read("latest")))
    repository.pull("again")
    other = Repository(sandbox, PLAIN, f"{repository.suffix}-other")
    other.publish(images.old)
    other.pull()


def published_again(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.manifests.remove("latest")
    repository.publish(images.old)


def packed_again(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.manifests.write("latest", packed_anew(repository.manifests.read("latest")))


def index(old: tuple[str, str], new: tuple[str, str] | None = None) -> Prepare:
    """An index of an image for our platform and of one for another, before, and after the container was made."""

    def prepare(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
        repository.publish_index(**{OURS: getattr(images, old[0]), OTHERS: getattr(images, old[1])})
        repository.make(repository.pull())
        if new:
            repository.publish_index(**{OURS: getattr(images, new[0]), OTHERS: getattr(images, new[1])})

    return prepare


def out_of_the_index(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    index(("old", "foreign"))(repository, images, sandbox)
    repository.manifests.write("latest", repository.manifests.read(OURS))


def into_an_index(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.publish_index(**{OURS: images.old, OTHERS: images.foreign})


def index_without_ours(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.publish_index(**{OTHERS: images.foreign})


def for_another_platform(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.publish(images.foreign)


def tag_gone(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    up_to_date(repository, images, sandbox)
    repository.manifests.remove("latest")


def registry_gone(repository: Repository, images: Images, _sandbox: Sandbox) -> Options:
    repository.make(images.old)
    return {"image": f"127.0.0.1:{free_port()}/shop:1"}


def rejected(what: str) -> Prepare:
    def prepare(repository: Repository, images: Images, sandbox: Sandbox) -> None:
        moved(repository, images, sandbox)
        digest = repository.publish(getattr(images, what), "rejected")
        memory = Rejected(repository.reference(), getattr(images, what), digest, "crashed", 1)
        Rejections(VolumeJournal(sandbox.client, MEMORY_LABEL)).remember(repository.container_name, memory)

    return prepare


def files_inside(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    moved(repository, images, sandbox)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("by-hand"))
    sandbox.client.put_archive(repository.container_name, "/www", buffer.getvalue())


def auto_remove(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    repository.publish(images.old)
    repository.make(repository.pull(), HostConfig={"AutoRemove": True})
    repository.publish(images.new)


def paused(repository: Repository, images: Images, sandbox: Sandbox) -> None:
    repository.publish(images.old)
    sandbox.client.pause(repository.make(repository.pull(), start=True))
    repository.publish(images.new)


def running(what: str) -> Prepare:
    def prepare(repository: Repository, images: Images, _sandbox: Sandbox) -> Options:
        repository.publish(images.old)
        repository.make(repository.pull(), start=True, Cmd=None)
        repository.publish(getattr(images, what))
        return {"grace_period": 1, "poll_interval": 0.2, "stop_timeout": 1}

    return prepare


def nobody(repository: Repository, images: Images, _sandbox: Sandbox) -> None:
    repository.publish(images.old)


def nobody_may_ask(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    up_to_date(repository, images, sandbox)
    return {"registry_username": None, "registry_password": None}


def somebody_else(repository: Repository, images: Images, sandbox: Sandbox) -> Options:
    up_to_date(repository, images, sandbox)
    return {"registry_password": secrets.token_hex()}


OURS, OTHERS = "amd64", "s390x"
PLAIN = Where(registry.ADDRESS)

ROWS = [
    Row("up to date", "unchanged", up_to_date),
    Row("up to date, with force", "recreated", with_options(up_to_date, force=True)),
    Row("the tag moved", "recreated", moved),
    Row("the tag moved, and the image is here under another one", "recreated", moved_and_known_by_another_tag),
    Row("the tag moved and was pulled by hand", "recreated", moved_and_pulled_by_hand),
    Row("the tag moved and was pulled by hand, which is enough", "recreated", with_options(moved_and_pulled_by_hand, pull="never")),
    Row("the tag moved, and only what is missing is pulled", "unchanged", with_options(moved, pull="missing")),
    Row("another tag of the same image", "unchanged", another_tag("old")),
    Row("another tag of the same image, with force", "recreated", with_options(another_tag("old"), force=True)),
    Row("another tag of another image", "recreated", another_tag("new")),
    Row("the same image in another repository", "unchanged", another_repository),
    Row("pinned to a digest", "unchanged", pinned),
    Row("pinned to a digest, with a tag that moved", "unchanged", pinned_with_tag),
    Row("from a digest to the tag", "recreated", to_the_tag_again),
    Row("to the digest that runs, with a tag", "unchanged", to_a_pinned_tag("old")),
    Row("to another digest, with a tag", "recreated", to_a_pinned_tag("new")),
    Row("built here, never pulled", "unchanged", with_options(built_here, pull="never")),
    Row("built here anew, never pulled", "recreated", with_options(built_anew, pull="never")),
    Row("built here, pulled if missing", "unchanged", with_options(built_here, pull="missing")),
    Row("built here, asked of the registry", "failed at pull", built_here),
    Row("built here anew, and the registry has what runs", "unchanged", built_anew_and_published_before),
    Row("another image that is missing", "recreated", with_options(to_an_image_that_is_not_here, pull="missing")),
    Row("another image that is missing and never pulled", "failed at pull", with_options(to_an_image_that_is_not_here, pull="never")),
    Row("another image that is nowhere", "failed at pull", with_options(to_an_image_that_is_nowhere, pull="missing")),
    Row("made from an image ID", "failed", by_its_id("")),
    Row("made from an image ID, to a tag of the same image", "unchanged", by_its_id("old", known=True)),
    Row(
        "made from an image ID, to a tag that was not pulled yet",
        "unchanged",
        by_its_id("old"),
        foretold="recreated",
        containerd_tells=True,
    ),
    Row("made from an image ID, to a tag of another image", "recreated", by_its_id("new")),
    Row("known by several digests", "unchanged", by_several_digests),
    Row("published again", "unchanged", published_again),
    Row("packed again, under another digest", "unchanged", packed_again, foretold="recreated"),
    Row("an index", "unchanged", index(("old", "foreign"))),
    Row("an index that moved", "recreated", index(("old", "foreign"), ("new", "foreign"))),
    Row("an index in which another platform moved", "unchanged", index(("old", "foreign"), ("old", "broken")), foretold="recreated"),
    Row("an index before, the same image by itself now", "unchanged", out_of_the_index, foretold="recreated", containerd_tells=True),
    Row("an image before, the same in an index now", "unchanged", into_an_index, foretold="recreated"),
    Row("an index without our platform", "failed at pull", index_without_ours),
    Row("an image for another platform", "failed at preflight", for_another_platform),
    Row("the tag is gone", "failed at pull", tag_gone),
    Row("the registry is gone", "failed at pull", registry_gone),
    Row("rolled back from that image before", "skipped", rejected("new")),
    Row("rolled back from that image before, with force", "recreated", with_options(rejected("new"), force=True)),
    Row("rolled back from another image before", "recreated", rejected("broken")),
    Row("files inside", "recreated", files_inside),
    Row("files inside that must not be lost", "failed at preflight", with_options(files_inside, lost_files="refuse")),
    Row("started with --rm", "failed at preflight", auto_remove),
    Row("paused", "failed at preflight", paused),
    Row("running", "recreated", running("new")),
    Row("running, and the new image does not work", "rolled_back", running("broken"), foretold="recreated"),
    Row("nobody of that name", "failed at inspect", nobody),
    Row("behind a password, up to date", "unchanged", up_to_date, "password"),
    Row("behind a password, the tag moved", "recreated", moved, "password"),
    Row("behind a password, an index that moved", "recreated", index(("old", "foreign"), ("new", "foreign")), "password"),
    Row("behind a password that nobody tells", "failed at pull", nobody_may_ask, "password"),
    Row("behind a password that is not this one", "failed at pull", somebody_else, "password"),
    Row("over TLS, up to date", "unchanged", up_to_date, "tls"),
    Row("over TLS, the tag moved", "recreated", moved, "tls"),
    Row("over TLS, an index", "unchanged", index(("old", "foreign")), "tls"),
]


@pytest.fixture
def images(sandbox: Sandbox) -> Images:
    return Images(sandbox)


@pytest.fixture(scope="module")
def with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Where]:
    with registry_with_password(tmp_path_factory.mktemp("password")) as secured:
        credentials = secured.credentials
        yield Where(secured.address, (credentials.username, credentials.password) if credentials else None)


@pytest.fixture(scope="module")
def with_tls(client: docker.APIClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Where]:
    with registry_with_tls(tmp_path_factory.mktemp("tls"), bridge_address(client)) as secured, trusted(secured):
        yield Where(secured.address, authority=secured.authority)


@pytest.fixture
def where(request: pytest.FixtureRequest, row: Row) -> Where:
    found: Where = PLAIN if row.where == "plain" else request.getfixturevalue(f"with_{row.where}")
    return found


@pytest.mark.behaviour("J1", "A13", "G1", "G4", "G12")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_prediction_agrees_with_the_run(sandbox: Sandbox, images: Images, row: Row, where: Where) -> None:
    """In check mode, through a proxy that lets nobody change anything, and then for real."""
    repository = Repository(sandbox, where, "web")
    options = {**repository.options, **(row.prepare(repository, images, sandbox) or {}), "name": repository.container_name}
    before = everything_of(sandbox)
    with ReadOnlyProxy(socket_of(engine.host())) as proxy:
        foretold = run_module_here(container_recreate, check_mode=True, docker_host=proxy.url, **options)
    assert (proxy.writes, proxy.refused) == ([], [])
    assert everything_of(sandbox) == before
    done = run_module_here(container_recreate, docker_host=engine.host(), **options)

    assert (summary(done), done["changed"]) == (row.outcome, row.changed), done
    if row.foretold and not (row.containerd_tells and has_containerd_store(sandbox.client)):
        assert (summary(foretold), foretold["changed"]) == (row.foretold, True), foretold
    else:
        assert (summary(foretold), foretold["changed"]) == (row.outcome, row.changed), foretold
    if foretold["changed"] != done["changed"]:
        assert "only a pull can tell" in foretold["doubt"]


def summary(result: dict[str, Any]) -> str:
    """How a task ended, in a word or two."""
    if "outcome" in result:
        return str(result["outcome"])
    return f"failed at {result['failed_step']}" if result["failed_step"] else "failed"


def everything_of(sandbox: Sandbox) -> Any:
    """Whatever there is of a scene on the engine."""
    client = sandbox.client
    containers = [client.inspect_container(name) for name in sandbox.containers]
    images = [
        (image["Id"], sorted(image["RepoTags"] or ()), sorted(image["RepoDigests"] or ()))
        for image in listed(client, all=True)
        if sandbox.prefix in json.dumps(image)
    ]
    return containers, sorted(images), sandbox.journal, sandbox.memory


class TestCheckMode:
    @pytest.fixture
    def repository(self, sandbox: Sandbox, images: Images) -> Repository:
        repository = Repository(sandbox, PLAIN, "web")
        moved(repository, images, sandbox)
        return repository

    def test_forbidden_registry_lookup_is_reported(self, repository: Repository) -> None:
        with ReadOnlyProxy(socket_of(engine.host()), forbidden="^/distribution/") as proxy:
            result = check(repository, docker_host=proxy.url)
        assert (result["outcome"], result["changed"], result["failed"]) == ("unknown", False, False)
        assert "is not allowed" in result["doubt"]
        assert result["warnings"][0].startswith(f"Whether {repository.container_name} would change is unknown")

    def test_forbidden_journal_is_reported(self, repository: Repository) -> None:
        with ReadOnlyProxy(socket_of(engine.host()), forbidden="^/volumes") as proxy:
            result = check(repository, docker_host=proxy.url)
        assert (result["outcome"], result["changed"]) == ("recreated", True)
        assert "the records of earlier runs cannot be read here" in result["doubt"]

    def test_recovery_of_an_interrupted_run_is_predicted(self, sandbox: Sandbox, repository: Repository) -> None:
        with KilledBeforeCreate(socket_of(engine.host())) as proxy:
            run_module("container_recreate", name=repository.container_name, docker_host=proxy.url)
        assert repository.container_name not in sandbox.containers
        before = everything_of(sandbox)
        result = check(repository)
        assert everything_of(sandbox) == before
        assert (result["outcome"], result["changed"]) == ("recreated", True)
        assert "was interrupted" in result["warnings"][0]
        done = run_module("container_recreate", name=repository.container_name, grace_period=0)
        assert (done["outcome"], done["changed"]) == ("recreated", True)

    def test_rollback_is_predicted(self, sandbox: Sandbox, repository: Repository) -> None:
        assert check(repository, "container_rollback")["msg"].startswith("There is no archive of")
        run_module("container_recreate", name=repository.container_name, keep_archive=True)
        before = everything_of(sandbox)
        with ReadOnlyProxy(socket_of(engine.host())) as proxy:
            foretold = check(repository, "container_rollback", docker_host=proxy.url)
        assert (proxy.refused, everything_of(sandbox)) == ([], before)
        done = run_module("container_rollback", name=repository.container_name)
        for result in (foretold, done):
            assert (result["outcome"], result["changed"]) == ("restored", True)
        assert foretold["image"] == done["image"]


class KilledBeforeCreate(Proxy):
    """Whoever would create a container is killed, once the old one is renamed."""

    def _fault_for(self, call: Call) -> Fault | None:
        return Fault.KILL_BEFORE if call == ("POST", "/containers/create") and ("POST", "/containers/*/rename") in self.calls else None


def check(repository: Repository, module: str = "container_recreate", **options: Any) -> dict[str, Any]:
    task = {"name": module, f"evenkeel.fleet.{module}": {"name": repository.container_name, **options}}
    run = run_playbook([{**play(task), "check_mode": True}])
    assert len(run.results) == 1, run.output
    return run.results[0]
