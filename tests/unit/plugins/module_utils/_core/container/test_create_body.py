# Copyright (c) 2026, evenkeel contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's wishes, got back from inspect documents that a real engine gave (fixtures/capture.sh)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.fleet.plugins.module_utils._core.container.create_body import ContainerSpec, shares_network_of
from ansible_collections.evenkeel.fleet.plugins.module_utils._core.engine.model import Inspected

FIXTURES = Path(__file__).parent / "fixtures"


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


def spec_from(container: dict[str, Any]) -> ContainerSpec:
    return ContainerSpec.from_inspect(Inspected(container, document("image")))


def spec_of(name: str) -> ContainerSpec:
    return spec_from(document(name))


def asked(name: str) -> dict[str, Any]:
    """The config wishes, less what the client sets on every container."""
    always = {"AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Domainname", "Image"}
    return {field: value for field, value in spec_of(name).config.items() if field not in always}


def test_who_asked_for_nothing_gets_everything_from_the_image() -> None:
    assert asked("plain") == {}


def test_what_the_operator_set_is_kept_and_the_rest_follows_the_image() -> None:
    assert asked("customised") == {
        "Hostname": "shop.example",
        "User": "0",
        "Env": ["A=b", "MODE=fast"],
        "Labels": {"owner": "me", "team": "shop"},
        "ExposedPorts": {"7070/tcp": {}, "8080/tcp": {}},
        "Cmd": ["sleep 601"],
        "WorkingDir": "/tmp",
        "StopSignal": "SIGTERM",
        "StopTimeout": 33,
        "Healthcheck": {"Interval": 5_000_000_000},
    }


def test_a_command_belongs_to_its_own_entrypoint() -> None:
    assert asked("entrypoint") == {"Entrypoint": ["sleep"], "Cmd": ["602"]}


def test_no_entrypoint_is_a_wish_too() -> None:
    assert asked("no-entrypoint") == {"Entrypoint": [""], "Cmd": ["sleep", "603"]}


def test_no_health_check_is_a_wish_too() -> None:
    assert asked("no-health-check") == {"Healthcheck": {"Test": ["NONE"]}}


def test_who_shares_a_network_has_no_host_name_and_no_ports() -> None:
    assert asked("shares-network") == {}
    assert spec_of("shares-network").endpoints == {}


def test_host_config_goes_through_whole() -> None:
    container = document("customised")
    container["HostConfig"]["FieldOfTheFuture"] = {"kept": True}
    host_config = dict(spec_from(container).host_config)
    assert {**host_config, "Binds": None} == {**container["HostConfig"], "Binds": None}


def test_an_anonymous_volume_stays_attached() -> None:
    volume = next(mount["Name"] for mount in document("plain")["Mounts"] if mount["Destination"] == "/data")
    assert spec_of("plain").host_config["Binds"] == [f"{volume}:/data"]


def test_named_volumes_and_binds_are_not_mounted_twice() -> None:
    container = document("customised")
    anonymous = next(mount["Name"] for mount in container["Mounts"] if mount["Destination"] == "/data")
    assert spec_of("customised").host_config["Binds"] == ["/tmp:/host:ro", f"{anonymous}:/data"]
    assert spec_of("customised").host_config["Mounts"] == container["HostConfig"]["Mounts"]


@pytest.mark.parametrize("target", ["/data", "/data/", "//data", "/x/../data", "data"])
def test_an_anonymous_volume_of_the_long_syntax_is_adopted_in_its_place(target: str) -> None:
    container = document("plain")
    options = {"NoCopy": True, "Labels": {"a": "b"}}
    mount, scratch = {"Type": "volume", "Target": target, "VolumeOptions": options}, {"Type": "tmpfs", "Target": "/scratch"}
    container["HostConfig"]["Mounts"] = [mount, scratch]
    host_config = spec_from(container).host_config
    assert host_config["Binds"] is None
    assert host_config["Mounts"] == [{**mount, "Source": container["Mounts"][0]["Name"]}, scratch]


def test_endpoints_keep_what_was_asked_and_drop_what_was_answered() -> None:
    by_alias = {endpoint["Aliases"][0]: endpoint for endpoint in spec_of("customised").endpoints.values()}
    assert by_alias == {
        "shop": {"IPAMConfig": {"IPv4Address": "10.99.1.50"}, "Aliases": ["shop", "shop.example"]},
        "shop-back": {"Aliases": ["shop-back", "shop.example"]},
    }


def test_the_default_network_needs_no_entry() -> None:
    assert spec_of("plain").endpoints == {}


@pytest.mark.parametrize(
    ("mode", "networks", "wished"),
    [
        ("default", ["bridge", "back"], ["bridge", "back"]),
        ("bridge", ["back", "bridge"], ["bridge", "back"]),
        ("front", ["back", "front"], ["front", "back"]),
        ("id-of-front", ["back", "front"], ["front", "back"]),
        ("front", ["front"], ["front"]),
        ("default", ["back"], ["back"]),
        ("default", ["bridge"], []),
        ("host", ["host"], []),
        ("none", ["none"], []),
    ],
)
def test_every_network_is_wished_for_and_the_first_comes_first(mode: str, networks: list[str], wished: list[str]) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = {name: {"NetworkID": f"id-of-{name}"} for name in networks}
    assert list(spec_from(container).endpoints) == wished


def test_every_wish_of_an_endpoint_is_kept() -> None:
    container = document("plain")
    wish = {"Links": ["db:db"], "DriverOpts": {"a": "b"}, "GwPriority": 5, "IPAMConfig": {"LinkLocalIPs": ["169.254.1.1"]}}
    container["HostConfig"]["NetworkMode"] = "front"
    container["NetworkSettings"]["Networks"] = {"front": {**wish, "IPAddress": "10.0.0.2", "MacAddress": "02:42:0a:00:00:02"}}
    assert spec_from(container).endpoints == {"front": wish}


def test_a_read_only_volume_stays_read_only() -> None:
    container = document("plain")
    container["Mounts"][0]["RW"] = False
    assert spec_from(container).host_config["Binds"][0].endswith(":/data:ro")


def test_a_bind_without_a_source_is_the_volume_that_it_got() -> None:
    container = document("plain")
    container["HostConfig"]["Binds"] = ["/data"]
    assert [bind.split(":")[1] for bind in spec_from(container).host_config["Binds"]] == ["/data"]


def test_volumes_of_another_container_stay_that_containers() -> None:
    container = document("plain")
    spec = ContainerSpec.from_inspect(Inspected(container, document("image"), borrowed_mounts=frozenset({"/data"})))
    assert spec.host_config == container["HostConfig"]


def test_what_only_an_image_can_say_is_not_asked_for() -> None:
    container = document("plain")
    container["Config"].update(OnBuild=["RUN x"], Shell=["/bin/ash"], ArgsEscaped=True, StopTimeout=5)
    config = spec_from(container).config
    assert "OnBuild" not in config
    assert (config["Shell"], config["ArgsEscaped"], config["StopTimeout"]) == (["/bin/ash"], True, 5)


@pytest.mark.parametrize("field", ["ArgsEscaped", "StopSignal", "User", "WorkingDir"])
def test_a_default_of_the_image_is_no_wish(field: str) -> None:
    container, image = document("plain"), document("image")
    container["Config"][field] = image["Config"][field] = "same"
    assert field not in ContainerSpec.from_inspect(Inspected(container, image)).config


@pytest.mark.parametrize("nothing", [None, []])
def test_no_entrypoint_is_written_in_two_ways(nothing: list[str] | None) -> None:
    container, image = document("no-entrypoint"), document("image")
    container["Config"]["Entrypoint"], image["Config"]["Entrypoint"] = nothing, [] if nothing is None else None
    assert "Entrypoint" not in ContainerSpec.from_inspect(Inspected(container, image)).config


def test_create_body() -> None:
    spec = spec_of("customised")
    body = spec.create_body("nginx:alpine")
    assert body["Image"] == "nginx:alpine"
    assert body["HostConfig"] == spec.host_config
    assert body["NetworkingConfig"] == {"EndpointsConfig": spec.endpoints}


def test_the_documents_are_left_as_they_were() -> None:
    container, image = document("customised"), document("image")
    ContainerSpec.from_inspect(Inspected(container, image)).create_body("nginx")
    assert (container, image) == (document("customised"), document("image"))


def test_the_images_entrypoint_given_without_a_command_gets_no_command() -> None:
    container = document("plain")
    container["Config"]["Cmd"] = None
    config = spec_from(container).config
    assert config["Entrypoint"] == ["sh", "-c"]
    assert "Cmd" not in config


@pytest.mark.parametrize("bind", ["/srv:/x/../data", "vol:/x/..//data/:ro", "vol://data"])
def test_a_target_that_is_written_in_another_way_is_the_same_target(bind: str) -> None:
    container = document("plain")
    container["HostConfig"]["Binds"] = [bind]
    assert spec_from(container).host_config["Binds"] == [bind]


def test_zero_is_a_wish_too() -> None:
    container = document("plain")
    container["Config"]["StopTimeout"] = 0
    assert spec_from(container).config["StopTimeout"] == 0


@pytest.mark.parametrize("image", [{"Config": {}}, {"Config": None}, {}, None])
def test_an_image_may_have_no_defaults(image: dict[str, Any] | None) -> None:
    fields = ("Env", "Labels", "ExposedPorts", "Volumes", "Healthcheck", "Cmd", "Entrypoint", "User")
    config = ContainerSpec.from_inspect(Inspected(document("plain"), image)).config
    assert {field: config.get(field) for field in fields} == {field: document("plain")["Config"][field] for field in fields}


def test_the_same_command_under_another_entrypoint_is_a_wish() -> None:
    container, image = document("entrypoint"), document("image")
    image["Config"]["Cmd"] = container["Config"]["Cmd"]
    assert ContainerSpec.from_inspect(Inspected(container, image)).config["Cmd"] == ["602"]


def test_who_shares_a_network_exposes_nothing() -> None:
    container = document("shares-network")
    container["Config"]["ExposedPorts"] = {"7070/tcp": {}}
    assert "ExposedPorts" not in spec_from(container).config


@pytest.mark.parametrize(
    ("mode", "other"),
    [("container:c0ffee", "c0ffee"), ("ns:/run/netns/a", None), ("container", None), ("bridge", None), ("", None), (None, None)],
)
def test_whose_network_is_shared(mode: str | None, other: str | None) -> None:
    assert shares_network_of({"NetworkMode": mode}) == other


VOLUME = {"Type": "volume", "Name": "shop", "Source": "/var/lib/docker/volumes/shop/_data", "Destination": "/shop", "RW": True}


def host_config_of(host_config: dict[str, Any], *mounts: dict[str, Any], borrowed: tuple[str, ...] = ()) -> dict[str, Any]:
    container = document("plain")
    container["HostConfig"].update(host_config)
    container["Mounts"] = list(mounts)
    inspected = Inspected(container, document("image"), borrowed_mounts=frozenset(borrowed))
    return dict(ContainerSpec.from_inspect(inspected).host_config)


@pytest.mark.parametrize("bind", ["shop:/shop", "shop:/shop/", "shop:/shop:ro"])
@pytest.mark.parametrize("destination", ["/shop", "/shop/"])
def test_a_volume_of_the_short_syntax_is_not_mounted_twice(bind: str, destination: str) -> None:
    assert host_config_of({"Binds": [bind]}, {**VOLUME, "Destination": destination})["Binds"] == [bind]


@pytest.mark.parametrize("target", ["/shop", "/shop/"])
def test_a_volume_of_the_long_syntax_is_not_mounted_twice(target: str) -> None:
    mounts = [{"Type": "volume", "Source": "shop", "Target": target}]
    host_config = host_config_of({"Mounts": mounts}, VOLUME)
    assert (host_config["Binds"], host_config["Mounts"]) == (None, mounts)


@pytest.mark.parametrize("path", ["/shop", "/shop/"])
def test_a_borrowed_volume_is_not_mounted_twice(path: str) -> None:
    assert host_config_of({"VolumesFrom": ["other"]}, VOLUME, borrowed=(path,))["Binds"] is None


def test_an_adopted_volume_leaves_the_rest_of_the_host_config_alone() -> None:
    host_config = host_config_of({"Binds": ["/a:/a"], "VolumesFrom": ["other"]}, VOLUME)
    assert (host_config["Binds"], host_config["VolumesFrom"]) == (["/a:/a", "shop:/shop"], ["other"])


def test_what_is_mounted_and_no_volume_is_not_adopted() -> None:
    mount = {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": True}
    assert host_config_of({"VolumesFrom": ["other"]}, mount)["Binds"] is None


def endpoints_of(mode: str, networks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = networks
    return dict(spec_from(container).endpoints)


@pytest.mark.parametrize(
    ("mode", "networks", "wished"),
    [
        ("default", ["back", "bridge"], ["bridge", "back"]),
        ("front", ["bridge", "front"], ["front", "bridge"]),
        ("fro", ["back", "front"], ["back", "front"]),
        ("bridge", ["bridge"], []),
        ("front", ["bridge"], ["bridge"]),
    ],
)
def test_more_networks_in_their_order(mode: str, networks: list[str], wished: list[str]) -> None:
    assert list(endpoints_of(mode, {name: {"NetworkID": name} for name in networks})) == wished
    assert list(endpoints_of(mode, {name: {} for name in networks})) == wished


def test_a_wish_of_the_only_built_in_network_is_kept() -> None:
    assert endpoints_of("default", {"bridge": {"GwPriority": 5}}) == {"bridge": {"GwPriority": 5}}


@pytest.mark.parametrize("settings", [None, {}, {"Networks": None}])
def test_no_network_at_all(settings: dict[str, Any] | None) -> None:
    assert spec_from({**document("plain"), "NetworkSettings": settings}).endpoints == {}


def test_an_entrypoint_that_has_no_command_anywhere_follows_the_image() -> None:
    container, image = document("plain"), document("image")
    container["Config"]["Cmd"] = image["Config"]["Cmd"] = None
    assert "Entrypoint" not in ContainerSpec.from_inspect(Inspected(container, image)).config


@pytest.mark.parametrize(
    ("field", "value"), [("StopTimeout", 30), ("Shell", ["/bin/ash", "-c"]), ("Domainname", "example"), ("Tty", True), ("OpenStdin", True)]
)
def test_what_no_image_can_set_is_a_wish_even_if_the_image_has_the_same(field: str, value: object) -> None:
    """An image that was made with docker commit says such things, and the engine does not look."""
    container, image = document("plain"), document("image")
    container["Config"][field] = image["Config"][field] = value
    assert ContainerSpec.from_inspect(Inspected(container, image)).config[field] == value


def config_of(container: dict[str, Any], image: dict[str, Any], **options: Any) -> dict[str, Any]:
    inspected = document("plain")
    inspected["Config"].update(container)
    return dict(ContainerSpec.from_inspect(Inspected(inspected, {"Config": image}), **options).config)


@pytest.mark.parametrize(
    ("ours", "theirs", "wished"),
    [
        (["A=2", "A=1"], ["A=1"], ["A=2", "A=1"]),
        (["A=1", "A=2"], ["A=1"], ["A=1", "A=2"]),
        (["A=1", "A=2"], ["A=1", "A=2"], None),
        (["A=1", "B=1"], ["A=1", "A=2", "B=1"], ["A=1"]),
        (["A"], ["A=1"], ["A"]),
        (["A="], ["A=1"], ["A="]),
        (["AB=1"], ["A=1"], ["AB=1"]),
        (["A=b=c"], ["A=b"], ["A=b=c"]),
        (["B=2", "A=2"], ["A=1", "B=1"], ["B=2", "A=2"]),
    ],
)
def test_variables_are_compared_whole(ours: list[str], theirs: list[str], wished: list[str] | None) -> None:
    """A variable is either the container's, with all of its entries, or the image's."""
    assert config_of({"Env": ours}, {"Env": theirs}).get("Env") == wished


def test_variables_that_are_to_be_kept() -> None:
    same = ["A=1", "AB=1", "B=1"]
    assert config_of({"Env": same}, {"Env": same}, keep_env=frozenset({"A", "C"}))["Env"] == ["A=1"]


def test_a_published_port_stays_exposed() -> None:
    """The engine does not publish what is not exposed, and the new image may expose other ports."""
    container = document("plain")
    container["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostIp": "", "HostPort": "80"}]}
    assert spec_from(container).config["ExposedPorts"] == {"8080/tcp": {}}


@pytest.mark.parametrize(("command", "wished"), [(["sleep"], {"Entrypoint": []}), (["other"], {"Entrypoint": [], "Cmd": ["other"]})])
def test_an_empty_entrypoint_takes_the_images_command_all_the_same(command: list[str], wished: dict[str, Any]) -> None:
    config = config_of({"Entrypoint": [], "Cmd": command}, {"Entrypoint": ["sh"], "Cmd": ["sleep"]})
    assert {field: config[field] for field in ("Entrypoint", "Cmd") if field in config} == wished


def test_how_a_command_is_written_goes_with_the_command() -> None:
    image = {"Cmd": ["a"], "ArgsEscaped": True, "Entrypoint": None}
    assert config_of({"Cmd": ["b"], "ArgsEscaped": True, "Entrypoint": None}, image)["ArgsEscaped"] is True
    assert "ArgsEscaped" not in config_of({"Cmd": ["a"], "ArgsEscaped": True, "Entrypoint": None}, image)


@pytest.mark.behaviour("E5")
def test_fields_of_the_future_go_through() -> None:
    container = document("plain")
    container["Config"]["Future"] = container["HostConfig"]["Future"] = {"kept": [True]}
    body = spec_from(container).create_body("nginx")
    assert body["Future"] == body["HostConfig"]["Future"] == {"kept": [True]}


@pytest.mark.behaviour("B9")
def test_verbatim_keeps_all_that_can_be_asked_for() -> None:
    container = document("customised")
    container["Config"]["OnBuild"] = ["RUN x"]
    config = ContainerSpec.from_inspect(Inspected(container, None)).config
    assert config == {field: value for field, value in container["Config"].items() if field != "OnBuild"}


def test_verbatim_names_no_host_and_no_entrypoint_that_nobody_asked_for() -> None:
    config = ContainerSpec.from_inspect(Inspected(document("plain"), None)).config
    assert "Hostname" not in config
    config = ContainerSpec.from_inspect(Inspected(document("no-entrypoint"), None)).config
    assert (config["Entrypoint"], config["Cmd"]) == ([""], ["sleep", "603"])
    config = ContainerSpec.from_inspect(Inspected(document("shares-network"), None)).config
    assert not {"Hostname", "Domainname", "ExposedPorts"} & set(config)


def test_who_shares_a_network_has_no_domain_either() -> None:
    container = document("shares-network")
    container["Config"]["Domainname"] = "of.the.other"
    assert "Domainname" not in spec_from(container).config


@pytest.mark.parametrize(("host_name", "wished"), [("box", None), ("", "box"), ("other", "box")])
def test_the_hosts_own_name_is_no_wish(host_name: str, wished: str | None) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = "host"
    container["Config"]["Hostname"] = "box"
    assert ContainerSpec.from_inspect(Inspected(container, document("image"), host_name=host_name)).config.get("Hostname") == wished


def test_on_a_network_of_its_own_the_hosts_name_is_a_wish() -> None:
    container = document("plain")
    container["Config"]["Hostname"] = "box"
    assert ContainerSpec.from_inspect(Inspected(container, document("image"), host_name="box")).config["Hostname"] == "box"


def test_a_volume_without_a_name_has_it_in_its_path() -> None:
    """As Engine 28 shows what came of a bind without a source."""
    nameless = {field: value for field, value in VOLUME.items() if field != "Name"}
    assert host_config_of({"Binds": ["/shop"]}, nameless)["Binds"] == ["shop:/shop"]


def test_a_bind_without_a_source_that_has_no_volume_stays() -> None:
    assert host_config_of({"Binds": ["/shop"]})["Binds"] == ["/shop"]


def test_a_mount_without_a_source_that_has_no_volume_stays() -> None:
    mounts = [{"Type": "volume", "Target": "/shop"}]
    assert host_config_of({"Mounts": mounts})["Mounts"] == mounts


@pytest.mark.parametrize(
    ("mode", "isolated"),
    [
        ("front", True),
        ("default", True),
        ("bridge", True),
        (None, True),
        ("none", False),
        ("host", False),
        ("container:c0ffee", False),
        ("ns:/run/netns/a", False),
        ("slirp4netns:port_handler=rootlesskit", False),
    ],
)
def test_who_was_taken_off_all_networks_is_put_back_on_none(mode: str | None, isolated: bool) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["NetworkSettings"]["Networks"] = {}
    spec = spec_from(container)
    assert (spec.host_config["NetworkMode"], spec.endpoints) == ("none" if isolated else mode, {})


def test_who_was_made_without_networks_is_left_so() -> None:
    container = document("plain")
    container["NetworkSettings"]["Networks"] = {}
    container["Config"]["NetworkDisabled"] = True
    spec = spec_from(container)
    assert (spec.host_config["NetworkMode"], spec.config["NetworkDisabled"]) == (document("plain")["HostConfig"]["NetworkMode"], True)


ENGINE_20 = {"NetworkID": "c0ffee", "IPAddress": "172.19.0.2"}
ENGINE_26 = {**ENGINE_20, "DNSNames": None}
ENGINE_28 = {**ENGINE_26, "GwPriority": 0}
NEVER_STARTED = {"NetworkID": "", "IPAddress": "", "DNSNames": None}


@pytest.mark.behaviour("D4")
@pytest.mark.parametrize(
    ("endpoint", "mac", "wished"),
    [
        (ENGINE_20, "02:42:ac:13:00:02", False),
        (ENGINE_20, "02:42:0a:11:22:36", False),
        (ENGINE_26, "02:42:ac:13:00:02", False),
        (ENGINE_26, "02:42:0a:11:22:36", True),
        (ENGINE_26, "de:ad:be:ef:00:01", True),
        (ENGINE_26, "", False),
        ({**ENGINE_26, "IPAddress": ""}, "02:42:0a:11:22:36", False),
        (ENGINE_28, "52:65:a3:da:fe:0c", False),
        (ENGINE_28, "02:42:ac:13:00:02", False),
        (ENGINE_28, "02:42:0a:11:22:36", True),
        (ENGINE_28, "00:16:3e:11:22:36", True),
        (NEVER_STARTED, "52:65:a3:da:fe:0c", True),
    ],
)
def test_a_mac_address_is_a_wish_unless_the_engine_made_it(endpoint: dict[str, Any], mac: str, wished: bool) -> None:
    endpoints = endpoints_of("front", {"front": {"NetworkID": "1"}, "back": {**endpoint, "MacAddress": mac}})
    assert endpoints["back"] == ({"MacAddress": mac} if wished else {})


@pytest.mark.behaviour("D4")
@pytest.mark.parametrize(("mode", "network"), [("front", "front"), ("default", "bridge"), ("bridge", "bridge")])
def test_the_containers_own_mac_address_is_that_of_its_first_network(mode: str, network: str) -> None:
    container = document("plain")
    container["HostConfig"]["NetworkMode"] = mode
    container["Config"]["MacAddress"] = "52:65:a3:da:fe:0c"
    container["NetworkSettings"]["Networks"] = {"back": ENGINE_28, network: {**ENGINE_28, "MacAddress": "52:65:a3:da:fe:0c"}}
    spec = spec_from(container)
    assert spec.config["MacAddress"] == "52:65:a3:da:fe:0c"
    assert spec.endpoints == {network: {"MacAddress": "52:65:a3:da:fe:0c"}, "back": {}}


@pytest.mark.parametrize(
    ("mode", "wished"), [("c0ffeec0ffee", ["front", "back"]), ("c0ffee", ["back", "front"]), ("back", ["back", "front"])]
)
def test_a_network_may_be_named_by_the_beginning_of_its_id(mode: str, wished: list[str]) -> None:
    networks = {"back": {"NetworkID": "beef" * 16}, "front": {"NetworkID": "c0ffee" * 10 + "c0ff"}}
    assert list(endpoints_of(mode, networks)) == wished


@pytest.mark.parametrize("alias", ["c0ffeec0ffee", "0123456789abcdef"])
def test_only_the_old_short_id_is_no_alias(alias: str) -> None:
    old = document("plain")["Id"][:12]
    endpoints = endpoints_of("front", {"front": {"Aliases": [alias, old, "shop", f"{old}f"]}})
    assert endpoints["front"]["Aliases"] == [alias, "shop", f"{old}f"]


def test_compose_finds_its_container_whatever_labels_its_images_have() -> None:
    """It writes the first two into the images that it builds, too."""
    ours = {f"com.docker.compose.{label}": value for label, value in (("project", "shop"), ("service", "web"), ("container-number", "1"))}
    container, image = document("plain"), document("image")
    container["Config"]["Labels"] = {**ours, "team": "shop"}
    image["Config"]["Labels"] = {**ours, "team": "shop"}
    del image["Config"]["Labels"]["com.docker.compose.container-number"]
    assert ContainerSpec.from_inspect(Inspected(container, image)).config["Labels"] == ours
