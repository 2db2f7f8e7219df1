# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.lost_files import LostFile, shortened
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.errors import Refused
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected, Surroundings
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.decision import Related
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.plan.preflight import Candidate, run_checks

SAME = object()


def inspected(
    status: str = "running",
    *,
    name: str = "web",
    auto_remove: bool = False,
    labels: dict[str, str] | None = None,
    image: Any = SAME,
    host_config: dict[str, Any] | None = None,
) -> Inspected:
    container = {
        "Id": f"id of {name}",
        "Name": f"/{name}",
        "Image": "sha256:old",
        "State": {"Status": status},
        "HostConfig": {"AutoRemove": auto_remove, **(host_config or {})},
        "Config": {"Labels": labels},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "10.0.0.2", "HostPort": "8080"}], "81/tcp": None},
            "Networks": {"front": {"IPAddress": "10.1.0.9", "Aliases": ["socket-proxy"]}, "back": {"IPAddress": "", "Aliases": None}},
        },
    }
    return Inspected(container=container, image={"Architecture": "amd64"} if image is SAME else image)


def candidate(
    status: str = "running",
    *,
    dependent: Inspected | None = None,
    new: str = "amd64",
    engine: str = "amd64",
    inside: str | None = None,
    others: tuple[Inspected, ...] = (),
    gateway: tuple[str, int] | None = ("10.0.0.1", 2375),
    **changes: Any,
) -> Candidate:
    """A container that is safe to replace, except for the given arguments."""
    fields: dict[str, Any] = {"verbatim": False, "networks": (), "lost_files": (), "related": frozenset()}
    fields.update({field: changes.pop(field) for field in list(changes) if field in fields})
    return Candidate(
        inspected=inspected(status, **changes),
        surroundings=Surroundings(
            others=tuple(other.container for other in others),
            networks=frozenset({"front", "0a1b2c" + "0" * 58}),
            new_image={"Architecture": new} if new else {},
            architecture=engine,
            own_container=inside,
            gateway=gateway,
        ),
        dependents=(dependent,) if dependent else (),
        new_image="shop:2",
        **fields,
    )


@pytest.mark.parametrize(
    "safe",
    [
        *(candidate(status) for status in ("running", "restarting", "exited", "created")),
        candidate(image=None, verbatim=True),
        candidate(labels={"com.docker.compose.oneoff": "False", "com.docker.compose.service": "web"}),
        candidate(networks=("front",)),
        *(candidate(host_config={"NetworkMode": mode}) for mode in ("default", "bridge", "host", "none", "front", "0a1b2c")),
        candidate(new="arm64", image={"Architecture": "arm64"}),
        candidate(new="amd64", image={"Architecture": "arm64"}),
        candidate(new="amd64", image={}),
        candidate(new=""),
        *(candidate(dependent=inspected(status, name="sidecar")) for status in ("running", "exited", "created")),
        candidate(dependent=inspected(name="sidecar", labels={"com.docker.compose.oneoff": "True"})),
        candidate(inside="id of another"),
        candidate(gateway=None),
        candidate(host_config={"NetworkMode": "container:id of app", "PidMode": "host"}, others=(inspected(name="app"),)),
        candidate("exited", host_config={"IpcMode": "container:id of app"}, others=(inspected("exited", name="app"),)),
        candidate(
            host_config={"VolumesFrom": ["store:ro", "id of keep"]}, others=(inspected("exited", name="store"), inspected(name="keep"))
        ),
    ],
)
def test_a_safe_container_passes_all_checks(safe: Candidate) -> None:
    run_checks("web", safe)


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        (candidate(inside="id of web"), "this task runs inside it"),
        (candidate(inside="id of sidecar", dependent=inspected(name="sidecar")), "runs inside a container that depends on it"),
        (
            candidate(host_config={"NetworkMode": "container:id of app"}),
            r"shares a namespace of a container \(id of app\) that no longer exists",
        ),
        (
            candidate(host_config={"PidMode": "container:id of app"}, others=(inspected("exited", name="app"),)),
            "shares a namespace of app, which is not running.*Start app first",
        ),
        (
            candidate(host_config={"VolumesFrom": ["store:ro"]}),
            "it uses volumes of the container store, which no longer exists.*Create store again",
        ),
        (candidate(gateway=("10.1.0.9", 1)), "this task reaches the engine through it.*Set docker_host"),
        (candidate(gateway=("socket-proxy", 1)), "this task reaches the engine through it"),
        (candidate(gateway=("web", 1)), "this task reaches the engine through it"),
        (candidate(gateway=("127.0.0.1", 8080)), "this task reaches the engine through it"),
        (
            candidate(gateway=("sidecar", 1), dependent=inspected(name="sidecar")),
            "this task reaches the engine through sidecar, which depends",
        ),
        (candidate(auto_remove=True), "it was started with --rm"),
        (candidate(labels={"com.docker.swarm.task.id": "x"}), r"Docker Swarm \(label com.docker.swarm.task.id\)"),
        (candidate(labels={"io.kubernetes.pod.name": "x"}), r"Kubernetes \(label io.kubernetes.pod.name\)"),
        (candidate(labels={"com.hashicorp.nomad.alloc_id": "x"}), "Nomad"),
        (candidate(labels={"com.amazonaws.ecs.task-arn": "x"}), "Amazon ECS"),
        (candidate(labels={"io.rancher.container.uuid": "x"}), "Rancher"),
        (candidate(labels={"com.docker.compose.oneoff": "True"}), "'docker compose run' created it"),
        (candidate("paused"), "it is paused.*Unpause it"),
        (candidate("dead"), "it is dead"),
        (
            candidate(related=frozenset({Related("n" * 250, "id", is_dependent=True)})),
            "the name of n+, to which it is related, has 250 char",
        ),
        (candidate("removing"), "it is removing"),
        (candidate(image=None), r"the image that it runs \(sha256:old\) is no longer on this host, or incomplete"),
        (candidate(new="arm64"), "shop:2 is built for arm64, but this engine runs amd64"),
        (candidate(networks=("front", "back", "side")), "its network back, side no longer exists"),
        (candidate(host_config={"NetworkMode": "side"}), "its network side no longer exists"),
        (candidate(host_config={"NetworkMode": "f" * 12}), f"its network {'f' * 12} no longer exists"),
        (candidate(lost_files=(LostFile("/etc/a"), LostFile("/etc/b", is_deleted=True))), r"would be lost: /etc/a, /etc/b \(deleted\)"),
        (candidate(dependent=inspected(name="sidecar", auto_remove=True)), "sidecar depends on it .* and was started with --rm"),
        (candidate(dependent=inspected("paused", name="sidecar")), "sidecar depends on it .* and is paused"),
        (
            candidate(dependent=inspected(name="sidecar", image=None)),
            "sidecar depends on it .* and its image is no longer on this host, or incomplete",
        ),
        (candidate(dependent=inspected(name="sidecar", labels={"io.kubernetes.pod.name": "x"})), "sidecar .* and is managed by Kubernetes"),
    ],
)
def test_an_unsafe_container_is_refused_with_the_reason(unsafe: Candidate, reason: str) -> None:
    with pytest.raises(Refused, match=f"^Container web was not changed: .*{reason}"):
        run_checks("web", unsafe)


def test_verbatim_does_not_allow_a_dependent_without_its_image() -> None:
    with pytest.raises(Refused, match="sidecar depends on it"):
        run_checks("web", candidate(verbatim=True, dependent=inspected(name="sidecar", image=None)))


@pytest.mark.parametrize(("count", "text"), [(0, ""), (2, "/0, /1"), (3, "/0, /1, /2"), (4, "/0, /1, /2 and 1 more")])
def test_a_long_list_is_shortened(count: int, text: str) -> None:
    assert shortened([f"/{number}" for number in range(count)], limit=3) == text


class TestLinkTargets:
    """The engine does not start a container that links to a stopped one."""

    LINKS = {"Links": ["/db:/web/database"]}  # noqa: RUF012

    @pytest.mark.parametrize("status", ["exited", "created", None])
    def test_a_stopped_or_missing_link_target_is_refused(self, status: str | None) -> None:
        others = (inspected(status, name="db"),) if status else ()
        with pytest.raises(Refused, match="it links to db, which is not running.*Start db first"):
            run_checks("web", candidate(others=others, host_config=self.LINKS))

    @pytest.mark.parametrize(("db", "web"), [("running", "running"), ("paused", "running"), ("exited", "exited")])
    def test_a_running_or_paused_link_target_is_accepted_and_a_stopped_container_needs_none(self, db: str, web: str) -> None:
        run_checks("web", candidate(web, others=(inspected(db, name="db"),), host_config=self.LINKS))


class TestDependenciesOfDependents:
    """Dependents are recreated, so all containers that they depend on must exist."""

    @staticmethod
    def candidate_with_sidecar(status: str, host_config: dict[str, Any], *others: Inspected, web: str = "running") -> Candidate:
        dependent = inspected(status, name="sidecar", host_config=host_config)
        return candidate(web, dependent=dependent, others=(dependent, *others))

    @pytest.mark.parametrize("host_config", [{"Links": ["/web:/sidecar/web", "/db:/sidecar/db"]}, {"PidMode": "container:id of db"}])
    def test_a_running_dependent_needs_running_dependencies(self, host_config: dict[str, Any]) -> None:
        with pytest.raises(Refused, match="^Container web was not changed: sidecar depends on it .* db, which is not running"):
            run_checks("web", self.candidate_with_sidecar("running", host_config, inspected("exited", name="db")))
        run_checks("web", self.candidate_with_sidecar("exited", host_config, inspected("exited", name="db")))
        run_checks("web", self.candidate_with_sidecar("running", host_config, inspected(name="db")))

    @pytest.mark.parametrize("web", ["running", "exited"])
    @pytest.mark.parametrize("host_config", [{"Links": ["/web:/sidecar/web"]}, {"NetworkMode": "container:id of web"}])
    def test_the_container_itself_counts_as_running(self, host_config: dict[str, Any], web: str) -> None:
        run_checks("web", self.candidate_with_sidecar("running", host_config, web=web))

    def test_a_missing_dependency_of_a_dependent_is_refused(self) -> None:
        with pytest.raises(
            Refused, match=r"sidecar depends on it .* and shares a namespace of a container \(id of db\) that no longer exists"
        ):
            run_checks("web", self.candidate_with_sidecar("exited", {"PidMode": "container:id of db"}))
        with pytest.raises(Refused, match="sidecar depends on it .* and uses volumes of the container store, which no longer exists"):
            run_checks("web", self.candidate_with_sidecar("running", {"VolumesFrom": ["store"]}))
